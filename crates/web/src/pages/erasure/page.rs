use super::wording;
use crate::erasure::{reason, words};
use crate::guard::SignedIn;
use crate::pages::field::{Choice, Faults, Field};
use crate::pages::form::Form;
use crate::pages::frame::Frame;
use crate::wording::moment;
use askama::Template;
use identity::role::Deed;
use standard::value::Private;
use std::collections::BTreeMap;
use store::{COOLING, Ends, ErasureDetail, ErasureRow, Kind, Reason};

/// Kinds that end by an erasure.
pub(super) fn erasable() -> impl Iterator<Item = Kind> {
    Kind::ALL.into_iter().filter(|kind| kind.facts().ends == Ends::ByErasure)
}

/// 消去の一覧.
#[derive(Template)]
#[template(path = "erasure/list.html")]
pub(super) struct List {
    frame: Frame,
    rows: Vec<Row>,
    more: bool,
    /// Whether this person asks for erasures.
    asks: bool,
}

struct Row {
    id: String,
    kind: &'static str,
    objects: u64,
    reason: String,
    at: String,
    state: String,
    look: &'static str,
}

impl From<ErasureRow> for Row {
    fn from(row: ErasureRow) -> Self {
        let (state, look) = wording::state(&row.state);
        Self {
            id: row.id.to_string(),
            kind: words(row.kind).label,
            objects: row.objects,
            reason: reason(&row.reason).to_owned(),
            at: moment(&row.requested_at),
            state: state.to_owned(),
            look,
        }
    }
}

impl List {
    pub(super) fn new(signed_in: &SignedIn, rows: Vec<ErasureRow>, more: bool, notice: Option<&'static str>) -> Self {
        Self {
            frame: signed_in.frame("消去").notice(notice),
            rows: rows.into_iter().map(Row::from).collect(),
            more,
            asks: signed_in.person.may(Deed::Erase),
        }
    }
}

/// 消去を申請する.
#[derive(Template)]
#[template(path = "erasure/new.html")]
pub(super) struct Asking {
    frame: Frame,
    faults: Faults,
    fields: [Field; 4],
}

impl Asking {
    pub(super) fn new(signed_in: &SignedIn, form: &Form, faults: Faults) -> Self {
        let kinds = erasable()
            .map(|kind| Choice { value: kind.id().to_owned(), label: words(kind).label.to_owned() })
            .collect();
        let reasons = Reason::GIVEN
            .into_iter()
            .map(|given| Choice { value: given.id().to_owned(), label: reason(given.id()).to_owned() })
            .collect();
        let fields = [
            Field::select("kind", "情報種別", kinds),
            Field::area("objects", "対象の番号", 20_000)
                .hint("送受信データなら「送達の記録」の番号、ほかは証跡の「対象」の番号です。空白か改行で区切ります。"),
            Field::select("reason", "理由", reasons),
            Field::area("basis", "根拠", 500)
                .hint("だれからの、どのような申し出かを書きます。氏名や被保険者番号は書かないでください。"),
        ];
        let fields = fields.map(|field| {
            let value = form.text(field.id()).to_owned();
            field.value(value).faults(&faults)
        });
        Self { frame: signed_in.frame("消去を申請する").narrow().faulty(!faults.is_empty()), faults, fields }
    }
}

/// 消去一件.
#[derive(Template)]
#[template(path = "erasure/one.html")]
pub(super) struct One {
    frame: Frame,
    faults: Faults,
    id: String,
    kind: &'static str,
    method: &'static str,
    objects: Vec<String>,
    done: u64,
    reason: String,
    basis: String,
    state: String,
    look: &'static str,
    /// Who did what, and when.
    people: Vec<(&'static str, String, String)>,
    /// From when on it may be run.
    from: Option<String>,
    approves: bool,
    withdraws: bool,
    runs: bool,
    certifies: bool,
    certified: bool,
    /// It is this person's own request, which another has to agree to.
    own: bool,
}

/// Everybody who had to do with it, as tables spell them.
pub(super) fn actors(detail: &ErasureDetail) -> Vec<String> {
    let row = &detail.row;
    let others = [&row.approved_by, &detail.run_by, &detail.verified_by];
    std::iter::once(&row.requested_by).chain(others.into_iter().flatten()).cloned().collect()
}

/// Who, by name where it is known.
pub(super) fn named(actor: &str, names: &BTreeMap<String, Private<String>>) -> String {
    names.get(actor).map_or_else(|| crate::wording::actor(actor), |name| name.reveal().clone())
}

impl One {
    pub(super) fn new(
        signed_in: &SignedIn,
        detail: ErasureDetail,
        names: &BTreeMap<String, Private<String>>,
        notice: Option<&'static str>,
        faults: Faults,
    ) -> Self {
        let ErasureDetail { row, objects, done, run_by, verified_by } = detail;
        let at = |time: &Option<String>| time.as_deref().map_or_else(String::new, moment);
        let steps = [
            ("申請", Some(&row.requested_by), &Some(row.requested_at.clone())),
            ("承認", row.approved_by.as_ref(), &row.approved_at),
            ("実行", run_by.as_ref(), &row.erased_at),
            ("検証", verified_by.as_ref(), &row.certified_at),
        ];
        let people =
            steps.into_iter().filter_map(|(step, who, when)| Some((step, named(who?, names), at(when)))).collect();
        let approved_at = row.approved_at.as_deref().and_then(|at| at.parse::<jiff::Timestamp>().ok());
        let from = approved_at.filter(|_| row.state == "approved").map(|at| moment(&(at + COOLING).to_string()));
        let (state, look) = wording::state(&row.state);
        let may = |deed| signed_in.person.may(deed);
        let is = |states: &[&str]| states.contains(&&*row.state);
        let own = row.requested_by == format!("person:{}", signed_in.person.account_id);
        Self {
            frame: signed_in.frame("消去の内容").notice(notice).faulty(!faults.is_empty()),
            faults,
            id: row.id.to_string(),
            kind: words(row.kind).label,
            method: words(row.kind).method,
            objects: objects.into_iter().collect(),
            done,
            reason: reason(&row.reason).to_owned(),
            basis: row.basis,
            state: state.to_owned(),
            look,
            people,
            from,
            approves: is(&["requested"]) && may(Deed::ApproveErasure) && !own,
            withdraws: is(&["requested", "approved"]),
            runs: is(&["approved", "erasing"]) && may(Deed::Erase),
            certifies: is(&["erased"]) && may(Deed::VerifyErasure),
            certified: is(&["certified"]),
            own: own && is(&["requested"]),
        }
    }
}

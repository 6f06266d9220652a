use crate::guard::SignedIn;
use crate::pages::field::Faults;
use crate::pages::frame::Frame;
use crate::wording::{day, month};
use askama::Template;
use exchange::misdirection::Caution;
use standard::survey::{Mending, Remark, SetState, ShownChange, StrayFile, SurveyedSet};
use std::collections::BTreeMap;
use store::{HeldRow, Office};

/// 送る.
#[derive(Template)]
#[template(path = "send/start.html")]
pub(super) struct Start {
    frame: Frame,
    faults: Faults,
    fault: Option<String>,
    /// Whose page it is, for its script alone.
    mark: String,
    waiting: usize,
}

impl Start {
    pub(super) fn new(
        signed_in: &SignedIn,
        mark: String,
        waiting: usize,
        notice: Option<&'static str>,
        faults: Faults,
    ) -> Self {
        let fault = faults.beside("files");
        let frame = signed_in.frame("送る").notice(notice).faulty(!faults.is_empty());
        Self { frame, faults, fault, mark, waiting }
    }
}

/// A set as its line says it.
pub(super) struct SetLine {
    pub(super) number: usize,
    pub(super) label: &'static str,
    pub(super) month: String,
    pub(super) serial: String,
    pub(super) receiver: String,
    pub(super) people: usize,
    pub(super) files: Vec<String>,
    pub(super) remarks: Vec<Remark>,
    pub(super) more: u64,
    pub(super) changes: Vec<ShownChange>,
}

impl SetLine {
    fn new(number: usize, set: SurveyedSet, receiver: String, mending: Option<Mending>) -> Self {
        Self {
            number,
            label: set.label,
            month: set.month.as_deref().map_or_else(|| "—".to_owned(), month),
            serial: set.serial,
            receiver,
            people: set.people,
            files: set.files,
            remarks: set.remarks,
            more: set.more,
            changes: mending.map(|mending| mending.changes).unwrap_or_default(),
        }
    }
}

/// One receiver, and what goes to it.
pub(super) struct Partner {
    pub(super) number: String,
    pub(super) name: String,
    pub(super) sets: Vec<SetLine>,
    pub(super) cautions: Vec<String>,
    pub(super) ticked: bool,
}

impl Partner {
    fn people(&self) -> usize {
        self.sets.iter().map(|set| set.people).sum()
    }
}

/// 送る前の確認, of a draft.
#[derive(Template)]
#[template(path = "send/draft.html")]
pub(super) struct DraftPage {
    frame: Frame,
    faults: Faults,
    fault: Option<String>,
    id: String,
    partners: Vec<Partner>,
    ready: usize,
    unserved: Vec<SetLine>,
    faulty: Vec<SetLine>,
    strays: Vec<StrayFile>,
}

/// What a draft is shown with.
pub(super) struct Looked {
    pub(super) sets: Vec<(SurveyedSet, Option<Mending>)>,
    pub(super) strays: Vec<StrayFile>,
    pub(super) receivers: Vec<Office>,
    pub(super) cautions: BTreeMap<String, Vec<Caution>>,
    pub(super) acknowledged: Vec<String>,
}

impl DraftPage {
    pub(super) fn new(
        signed_in: &SignedIn,
        id: String,
        looked: Looked,
        notice: Option<&'static str>,
        faults: Faults,
    ) -> Self {
        let name = |number: &str| {
            let office = looked.receivers.iter().find(|office| office.register.number.to_string() == number);
            office.map_or_else(|| "登録のない事業所".to_owned(), |office| office.name.clone())
        };
        let (mut partners, mut unserved, mut faulty): (Vec<Partner>, Vec<_>, Vec<_>) = Default::default();
        for (index, (set, mending)) in looked.sets.into_iter().enumerate() {
            let (state, number) = (set.state, set.receiver.clone());
            let line = SetLine::new(index, set, format!("{}（{number}）", name(&number)), mending);
            match state {
                SetState::Faulty => faulty.push(line),
                SetState::Unserved => unserved.push(line),
                SetState::Ready => match partners.iter_mut().find(|partner| partner.number == number) {
                    Some(partner) => partner.sets.push(line),
                    None => partners.push(Partner {
                        name: name(&number),
                        cautions: looked.cautions.get(&number).into_iter().flatten().map(|one| one.says()).collect(),
                        ticked: looked.acknowledged.contains(&number),
                        number,
                        sets: vec![line],
                    }),
                },
            }
        }
        let fault = faults.beside("acknowledged");
        Self {
            frame: signed_in.frame("送る前の確認").notice(notice).faulty(!faults.is_empty()),
            faults,
            fault,
            id,
            ready: partners.iter().map(|partner| partner.sets.len()).sum(),
            partners,
            unserved,
            faulty,
            strays: looked.strays,
        }
    }
}

/// 送った結果.
#[derive(Template)]
#[template(path = "send/result.html")]
pub(super) struct ResultPage {
    frame: Frame,
    rows: Vec<ResultRow>,
    sent: usize,
    others: usize,
    /// The draft with what was not part of the confirmation, and how many sets that is.
    rest: Option<String>,
    kept: usize,
}

pub(super) struct ResultRow {
    pub(super) serial: String,
    pub(super) receiver: String,
    /// Its name, where it is registered.
    pub(super) name: String,
    pub(super) says: String,
    pub(super) good: bool,
    pub(super) id: Option<String>,
    /// The draft in which it waits.
    pub(super) rest: Option<String>,
}

impl ResultPage {
    pub(super) fn new(signed_in: &SignedIn, mut rows: Vec<ResultRow>, offices: &[Office]) -> Self {
        for row in &mut rows {
            let office = offices.iter().find(|office| office.register.number.to_string() == row.receiver);
            row.name = office.map_or_else(|| "登録のない事業所".to_owned(), |office| office.name.clone());
        }
        let sent = rows.iter().filter(|row| row.good).count();
        let kept = rows.iter().filter(|row| row.rest.is_some()).count();
        let rest = rows.iter().find_map(|row| row.rest.clone());
        Self { frame: signed_in.frame("送った結果"), others: rows.len() - sent, sent, rest, kept, rows }
    }
}

/// 確認待ち.
#[derive(Template)]
#[template(path = "send/held.html")]
pub(super) struct HeldList {
    frame: Frame,
    rows: Vec<HeldLine>,
}

struct HeldLine {
    id: String,
    label: &'static str,
    serial: String,
    receiver: String,
    by: String,
    until: String,
    own: bool,
}

impl HeldLine {
    fn new(signed_in: &SignedIn, row: &HeldRow) -> Self {
        let name = row.receiver_name.as_deref().unwrap_or("登録のない事業所");
        Self {
            id: row.id.to_string(),
            label: row.kind.label(),
            serial: row.serial.to_string(),
            receiver: format!("{name}（{}）", row.receiver),
            by: row.by_name.reveal().clone(),
            until: day(&row.expires_at),
            own: row.by == signed_in.person.account_id,
        }
    }
}

impl HeldList {
    pub(super) fn new(signed_in: &SignedIn, rows: &[HeldRow], notice: Option<&'static str>) -> Self {
        let rows = rows.iter().map(|row| HeldLine::new(signed_in, row)).collect();
        Self { frame: signed_in.frame("確認待ち").notice(notice), rows }
    }
}

/// One of them, for whoever confirms it.
#[derive(Template)]
#[template(path = "send/held_set.html")]
pub(super) struct HeldSet {
    frame: Frame,
    line: HeldLine,
    reason: String,
    set: Option<SetLine>,
    receiver: String,
    cautions: Vec<String>,
}

impl HeldSet {
    pub(super) fn new(signed_in: &SignedIn, row: &HeldRow, set: Option<SurveyedSet>, cautions: Vec<String>) -> Self {
        let line = HeldLine::new(signed_in, row);
        let set = set.map(|set| SetLine::new(0, set, line.receiver.clone(), None));
        let (reason, receiver) = (row.reason.reveal().clone(), row.receiver.to_string());
        Self { frame: signed_in.frame("確認して送る"), line, reason, set, receiver, cautions }
    }
}

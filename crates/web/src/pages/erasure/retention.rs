//! 保存と保全: what is kept how long, what comes up, and what is kept from being erased (R11.1, R11.6).

use super::page::{erasable, named};
use super::{officer, wording};
use crate::app::App;
use crate::erasure::words;
use crate::guard::SignedIn;
use crate::pages::asked::Asked;
use crate::pages::field::{Choice, Faults, Field};
use crate::pages::form::Form;
use crate::pages::frame::{Frame, on_to, show, show_again};
use crate::problem::Problem;
use crate::wording::{day, moment};
use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use identity::role::Deed;
use standard::value::Private;
use std::collections::BTreeMap;
use store::{Hold, HoldId, HoldPlaced, HoldReleased, HoldScope, Kind, Outlook, RuleInForce};

/// Holds on the page; older ones stand at a terminal.
const HOLDS_SHOWN_MAX: usize = 200;

/// 保存と保全.
#[derive(Template)]
#[template(path = "erasure/retention.html")]
struct Page {
    frame: Frame,
    faults: Faults,
    kinds: Vec<KindRow>,
    archives: Vec<ArchiveRow>,
    holds: Vec<HoldRow>,
    /// The form for another hold, for whoever may.
    fields: Option<[Field; 3]>,
}

struct KindRow {
    label: &'static str,
    condition: &'static str,
    method: &'static str,
    /// Days, and those before which nobody may; nothing for what does not end by an erasure.
    days: Option<(i64, i64)>,
    /// The version of the procedure; 0 while there is none.
    version: u64,
    staff: String,
    next_due: Option<String>,
}

struct ArchiveRow {
    office: String,
    days: i64,
    reason: String,
}

struct HoldRow {
    id: String,
    subject: String,
    reason: String,
    placed: String,
    asked_by: Option<String>,
    released_at: Option<String>,
    /// What this person may do.
    asks: bool,
    agrees: bool,
}

pub(crate) async fn page(State(app): State<App>, signed_in: SignedIn, asked: Asked) -> Result<Response, Problem> {
    show(&made(&app, &signed_in, asked.done(wording::HOLD_DONE), &Form::default(), Faults::default()).await?)
}

async fn made(
    app: &App,
    signed_in: &SignedIn,
    notice: Option<&'static str>,
    form: &Form,
    faults: Faults,
) -> Result<Page, Problem> {
    let outlook = app.store.retention_outlook().await?;
    let kinds = app.store.retention_rules().await?.into_iter().map(|rule| kind_row(rule, &outlook)).collect();
    let archives = app.store.retention_archives().await?.into_iter().filter(|archive| archive.minimum_days > 0);
    let archives = archives.take(HOLDS_SHOWN_MAX).map(|archive| ArchiveRow {
        office: archive.office.to_string(),
        days: archive.minimum_days,
        reason: archive.reason,
    });
    let mut holds = app.store.holds().await?;
    holds.truncate(HOLDS_SHOWN_MAX);
    let mut actors: Vec<String> = holds.iter().map(|hold| hold.placed_by.clone()).collect();
    actors.extend(holds.iter().filter_map(|hold| hold.release_asked_by.clone()));
    let names = app.store.operator_names(actors).await?;
    Ok(Page {
        kinds,
        archives: archives.collect(),
        holds: holds.into_iter().map(|hold| hold_row(signed_in, hold, &names)).collect(),
        fields: signed_in.person.may(Deed::HoldErasures).then(|| fields(form, &faults)),
        frame: signed_in.frame("保存と保全").notice(notice).faulty(!faults.is_empty()),
        faults,
    })
}

fn kind_row(rule: RuleInForce, outlook: &[Outlook]) -> KindRow {
    let words = words(rule.kind);
    let ends = erasable().any(|kind| kind == rule.kind);
    let next = outlook.iter().find(|next| next.kind == rule.kind).and_then(|next| next.next_due.as_deref());
    let staff: Vec<String> = rule.staff.iter().map(|actor| crate::wording::actor(actor)).collect();
    KindRow {
        label: words.label,
        condition: words.condition,
        method: words.method,
        days: ends.then_some((rule.keep_days, rule.minimum_days)),
        version: rule.version,
        staff: staff.join("、"),
        next_due: next.map(day),
    }
}

fn hold_row(signed_in: &SignedIn, hold: Hold, names: &BTreeMap<String, Private<String>>) -> HoldRow {
    let me = format!("person:{}", signed_in.person.account_id);
    let may = signed_in.person.may(Deed::HoldErasures) && hold.released_at.is_none();
    let subject = match (&*hold.scope, Kind::from_id(&hold.subject), hold.office) {
        ("all", ..) => "すべて".to_owned(),
        ("kind", Some(kind), _) => format!("{}のすべて", words(kind).label),
        ("office", _, Some(number)) => format!("事業所 {number} のもの"),
        _ => format!("番号 {}", hold.subject),
    };
    HoldRow {
        id: hold.id.to_string(),
        subject,
        reason: hold.reason,
        placed: format!("{}　{}", named(&hold.placed_by, names), moment(&hold.placed_at)),
        asks: may && hold.release_asked_by.is_none(),
        agrees: may && hold.release_asked_by.as_ref().is_some_and(|asked| *asked != me),
        asked_by: hold.release_asked_by.filter(|_| hold.released_at.is_none()).map(|asked| named(&asked, names)),
        released_at: hold.released_at.as_deref().map(moment),
    }
}

fn fields(form: &Form, faults: &Faults) -> [Field; 3] {
    let choice = |value: &str, label: String| Choice { value: value.to_owned(), label };
    let mut scopes = vec![
        choice("office", "一つの事業所のもの（事業所番号）".to_owned()),
        choice("object", "一件（番号）".to_owned()),
    ];
    scopes.extend(erasable().map(|kind| choice(kind.id(), format!("{}のすべて", words(kind).label))));
    scopes.push(choice("all", "すべて".to_owned()));
    let fields = [
        Field::select("scope", "何を", scopes),
        Field::text("subject", "事業所番号か、対象の番号")
            .optional()
            .hint("「一つの事業所」か「一件」を選んだときに書きます。"),
        Field::area("reason", "理由", 500).hint("氏名や被保険者番号は書かないでください。"),
    ];
    fields.map(|field| {
        let value = form.text(field.id()).to_owned();
        field.value(value).faults(faults)
    })
}

fn scope(form: &Form) -> Result<HoldScope, Faults> {
    let subject = form.text("subject");
    match (form.text("scope"), Kind::from_id(form.text("scope"))) {
        ("all", _) => Ok(HoldScope::All),
        (_, Some(kind)) => Ok(HoldScope::Kind(kind)),
        ("office", _) => {
            subject.parse().map(HoldScope::Office).map_err(|_| Faults::of("subject", wording::HOLD_SUBJECT))
        }
        ("object", _) if !subject.is_empty() => Ok(HoldScope::Object(subject.to_owned())),
        ("object", _) => Err(Faults::of("subject", wording::HOLD_SUBJECT)),
        _ => Err(Faults::of("scope", wording::HOLD_SCOPE)),
    }
}

pub(crate) async fn hold(State(app): State<App>, signed_in: SignedIn, form: Form) -> Result<Response, Problem> {
    let by = officer(&signed_in, Deed::HoldErasures)?;
    let faults = match scope(&form) {
        Err(faults) => faults,
        Ok(scope) => match app.store.place_hold(scope, form.text("reason"), &by).await? {
            HoldPlaced::Done(_) => return Ok(on_to("/operator/retention?done=held")),
            HoldPlaced::Incomplete => Faults::of("reason", wording::HOLD_REASON),
            HoldPlaced::NoOffice => Faults::of("subject", wording::HOLD_NO_OFFICE),
            HoldPlaced::TooMany => Faults::of("scope", wording::HOLD_TOO_MANY),
        },
    };
    show_again(&made(&app, &signed_in, None, &form, faults).await?)
}

async fn again(app: &App, signed_in: &SignedIn, fault: &'static str) -> Result<Response, Problem> {
    show_again(&made(app, signed_in, None, &Form::default(), Faults::of("", fault)).await?)
}

pub(crate) async fn ask_release(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(id): Path<String>,
    _form: Form,
) -> Result<Response, Problem> {
    let by = officer(&signed_in, Deed::HoldErasures)?;
    match app.store.ask_hold_release(parsed(&id)?, &by).await? {
        true => Ok(on_to("/operator/retention?done=asked")),
        false => again(&app, &signed_in, wording::HOLD_GONE).await,
    }
}

pub(crate) async fn agree_release(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(id): Path<String>,
    _form: Form,
) -> Result<Response, Problem> {
    let by = officer(&signed_in, Deed::HoldErasures)?;
    match app.store.agree_hold_release(parsed(&id)?, &by).await? {
        HoldReleased::Done => Ok(on_to("/operator/retention?done=released")),
        HoldReleased::OwnRequest => again(&app, &signed_in, wording::HOLD_OWN).await,
        HoldReleased::NoSuchHold => again(&app, &signed_in, wording::HOLD_GONE).await,
    }
}

pub(crate) async fn keep(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(id): Path<String>,
    _form: Form,
) -> Result<Response, Problem> {
    let by = officer(&signed_in, Deed::HoldErasures)?;
    match app.store.keep_hold(parsed(&id)?, &by).await? {
        true => Ok(on_to("/operator/retention?done=kept")),
        false => again(&app, &signed_in, wording::HOLD_GONE).await,
    }
}

fn parsed(id: &str) -> Result<HoldId, Problem> {
    id.parse().map_err(|_| Problem::not_found())
}

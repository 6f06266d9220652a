use super::wording;
use crate::guard::SignedIn;
use crate::pages::field::Faults;
use crate::pages::frame::Frame;
use crate::wording::day;
use askama::Template;
use identity::role::Deed;
use standard::value::Private;
use store::people::{OperatingRule, Registers, ResponsibleEntry};

/// 責任者・規程・教育訓練.
#[derive(Template)]
#[template(path = "registers/page.html")]
pub(super) struct Overview {
    frame: Frame,
    faults: Faults,
    gaps: Vec<String>,
    responsible: Vec<Responsible>,
    past: Vec<Responsible>,
    rules: Vec<Rule>,
    keeps: bool,
    trains: bool,
}

struct Responsible {
    id: String,
    duty: &'static str,
    name: String,
    contact: String,
    deputy: Option<(String, String)>,
    needs_deputy: bool,
    period: String,
    in_force: bool,
    ended: bool,
}

struct Rule {
    id: String,
    title: String,
    version: i64,
    digest: String,
    made: String,
    approved: Option<String>,
    state: &'static str,
    look: &'static str,
    /// Whether this person may approve it.
    mine_to_approve: bool,
}

impl Overview {
    pub(super) fn new(
        signed_in: &SignedIn,
        registers: Registers,
        notice: Option<&'static str>,
        faults: Faults,
    ) -> Self {
        let person = &signed_in.person;
        let me = person.account_id.to_string();
        let (responsible, past) =
            registers.responsible.into_iter().map(Responsible::from).partition(|row: &Responsible| !row.ended);
        let approves = person.may(Deed::ApproveRules);
        Self {
            frame: signed_in.frame("責任者・規程・教育訓練").notice(notice).faulty(!faults.is_empty()),
            faults,
            gaps: registers.gaps.into_iter().map(wording::gap).collect(),
            responsible,
            past,
            rules: registers.rules.into_iter().map(|rule| Rule::new(rule, &me, approves)).collect(),
            keeps: person.may(Deed::KeepRegisters),
            trains: person.may(Deed::RecordTraining),
        }
    }
}

impl From<ResponsibleEntry> for Responsible {
    fn from(entry: ResponsibleEntry) -> Self {
        let until = entry.until.map_or_else(String::new, wording::day);
        Self {
            id: entry.id.to_string(),
            duty: entry.duty.label(),
            name: entry.name.into_revealed(),
            contact: entry.contact.into_revealed(),
            deputy: entry.deputy.map(|(name, contact)| (name.into_revealed(), contact.into_revealed())),
            needs_deputy: entry.duty.needs_deputy(),
            period: format!("{}〜{until}", wording::day(entry.from)),
            in_force: entry.in_force,
            ended: entry.ended_at.is_some(),
        }
    }
}

impl Rule {
    fn new(rule: OperatingRule, me: &str, approves: bool) -> Self {
        let (state, look) = match (rule.in_force, rule.approved_at.is_some()) {
            (true, _) => ("有効", "good"),
            (false, true) => ("前の版", "gone"),
            (false, false) => ("承認待ち（有効ではありません）", "care"),
        };
        Self {
            id: rule.id.to_string(),
            title: rule.title,
            version: rule.version,
            digest: rule.document_digest,
            made: by(rule.made_by, &rule.made_at),
            mine_to_approve: approves && rule.approved_at.is_none() && rule.made_by_id != me,
            approved: rule.approved_at.map(|at| by(rule.approved_by, &at)),
            state,
            look,
        }
    }
}

/// `架空 花子（2027年4月1日）`.
fn by(name: Option<Private<String>>, at: &str) -> String {
    let name = name.map_or_else(|| "運営者（端末から）".to_owned(), |name| name.into_revealed());
    format!("{name}（{}）", day(at))
}

use super::wording;
use crate::guard::SignedIn;
use crate::pages::field::Faults;
use crate::pages::frame::Frame;
use crate::pages::log::{base, wording as log_wording};
use crate::wording::day;
use askama::Template;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use ledger::{Action, Actor};
use store::FindingId;
use store::log::{ReviewFinding, ReviewPage, ReviewRow, Verdict};

/// Findings of one page; what the store hands out.
const FINDINGS_SHOWN: u32 = 50;

/// ログ点検.
#[derive(Template)]
#[template(path = "reviews/list.html")]
pub(super) struct List {
    frame: Frame,
    base: &'static str,
    whole: bool,
    rows: Vec<Row>,
}

/// One month.
pub(super) struct Row {
    id: String,
    month: String,
    entries: u64,
    findings: u64,
    waiting: u64,
    unlisted: u64,
    due: String,
    closed: Option<String>,
    closed_by: String,
    late: bool,
}

impl Row {
    fn of(row: ReviewRow) -> Self {
        Self {
            id: row.id.to_string(),
            month: wording::month(&row.month),
            entries: row.entries,
            findings: row.findings,
            waiting: row.findings.saturating_sub(row.judged),
            unlisted: row.unlisted,
            due: day(&row.due_at),
            closed: row.closed_at.as_deref().map(day),
            closed_by: row.closed_by.map(|name| name.into_revealed()).unwrap_or_default(),
            late: row.overdue,
        }
    }
}

impl List {
    pub(super) fn new(signed_in: &SignedIn, reviews: Vec<ReviewRow>, notice: Option<&'static str>) -> Self {
        Self {
            frame: signed_in.frame("ログ点検").notice(notice),
            base: base(signed_in),
            whole: signed_in.person.office.is_operator,
            rows: reviews.into_iter().map(Row::of).collect(),
        }
    }
}

/// What somebody typed into a form that came back.
pub(super) struct Typed {
    pub(super) finding: FindingId,
    pub(super) verdict: String,
    pub(super) note: String,
    pub(super) fault: &'static str,
}

/// One review.
#[derive(Template)]
#[template(path = "reviews/review.html")]
pub(super) struct Review {
    frame: Frame,
    faults: Faults,
    base: &'static str,
    review: Row,
    findings: Vec<Finding>,
    waiting_own: u64,
    from: u32,
    before: Option<u32>,
    after: Option<u32>,
}

/// One finding, with its form.
struct Finding {
    id: String,
    ordinal: u64,
    title: &'static str,
    seen: String,
    look: &'static str,
    who: String,
    office: String,
    entries: u64,
    first: String,
    last: String,
    examples: String,
    log: String,
    own: bool,
    judged: Option<Judged>,
    choices: Vec<VerdictChoice>,
    note: String,
    fault: Option<&'static str>,
}

/// What somebody made of it.
struct Judged {
    verdict: &'static str,
    grave: bool,
    by: String,
    at: String,
    note: String,
}

struct VerdictChoice {
    id: &'static str,
    label: &'static str,
    hint: &'static str,
    checked: bool,
}

impl Review {
    pub(super) fn new(signed_in: &SignedIn, page: ReviewPage, from: u32, typed: Option<Typed>, faults: Faults) -> Self {
        let base = base(signed_in);
        let finding = |found: ReviewFinding| {
            let typed = typed.as_ref().filter(|typed| typed.finding == found.id);
            Finding::of(found, base, typed)
        };
        Self {
            frame: signed_in.frame("ログ点検").faulty(!faults.is_empty()),
            faults,
            base,
            review: Row::of(page.review),
            findings: page.findings.into_iter().map(finding).collect(),
            waiting_own: page.waiting_own,
            from,
            before: (from > 0).then(|| from.saturating_sub(FINDINGS_SHOWN)),
            after: page.more.then_some(from + FINDINGS_SHOWN),
        }
    }

    pub(super) fn notice(mut self, notice: Option<&'static str>) -> Self {
        self.frame = self.frame.notice(notice);
        self
    }
}

impl Finding {
    fn of(found: ReviewFinding, base: &str, typed: Option<&Typed>) -> Self {
        let (title, seen, look) = wording::pattern(found.pattern);
        let office = match (found.office_name, &found.office_number) {
            (Some(name), Some(number)) => format!("{name}（{number}）"),
            (None, Some(number)) => number.clone(),
            (_, None) => String::new(),
        };
        let chosen = typed.map(|typed| typed.verdict.as_str()).or(found.verdict.map(Verdict::id));
        let note = found.note.map(|note| note.into_revealed()).unwrap_or_default();
        let examples: Vec<String> = found.examples.iter().map(u64::to_string).collect();
        Self {
            log: log_address(base, &found.subject, found.office_number.as_deref(), &found.first_at, &found.last_at),
            id: found.id.to_string(),
            ordinal: found.ordinal,
            title,
            seen,
            look,
            who: who(&found.subject, found.name.map(|name| name.into_revealed())),
            office,
            entries: found.entries,
            first: moment(&found.first_at),
            last: moment(&found.last_at),
            examples: examples.join("、"),
            own: found.own,
            choices: Verdict::ALL
                .into_iter()
                .map(|verdict| VerdictChoice {
                    id: verdict.id(),
                    label: wording::verdict(verdict),
                    hint: wording::verdict_hint(verdict),
                    checked: chosen == Some(verdict.id()),
                })
                .collect(),
            judged: found.verdict.map(|verdict| Judged {
                verdict: wording::verdict(verdict),
                grave: verdict != Verdict::Sound,
                by: found.judged_by.map(|name| name.into_revealed()).unwrap_or_default(),
                at: found.judged_at.as_deref().map(store::japanese_time).unwrap_or_default(),
                note: note.clone(),
            }),
            note: typed.map_or(note, |typed| typed.note.clone()),
            fault: typed.map(|typed| typed.fault),
        }
    }
}

/// `2027年4月1日 09:05`, in Japan.
fn moment(instant: &str) -> String {
    match instant.parse::<Timestamp>() {
        Ok(at) => at.to_zoned(TimeZone::fixed(jiff::tz::offset(9))).strftime("%Y年%-m月%-d日 %H:%M").to_string(),
        Err(_) => instant.to_owned(),
    }
}

/// Who a finding is about: by name, or by what is known.
fn who(subject: &str, name: Option<String>) -> String {
    let (spelled, action) = subject.split_once(' ').unwrap_or((subject, ""));
    let who = match (name, spelled.parse::<Actor>()) {
        (Some(name), _) => name,
        (None, Ok(actor)) => log_wording::actor(&actor),
        // An address.
        (None, Err(_)) => spelled.strip_prefix("ip:").unwrap_or(spelled).to_owned(),
    };
    match Action::from_id(action) {
        Some(action) => format!("{who}: {}", log_wording::action(action)),
        None => who,
    }
}

/// Where the entries of a finding are listed, as narrowly as the search goes.
fn log_address(base: &str, subject: &str, office: Option<&str>, first_at: &str, last_at: &str) -> String {
    let day = |instant: &str| {
        let at = instant.parse::<Timestamp>().unwrap_or_default();
        at.to_zoned(TimeZone::fixed(jiff::tz::offset(9))).date().to_string()
    };
    let (spelled, action) = subject.split_once(' ').unwrap_or((subject, ""));
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("from", &day(first_at)).append_pair("until", &day(last_at));
    if spelled.parse::<Actor>().is_ok() {
        query.append_pair("who", spelled);
    } else if let Some(office) = office.filter(|_| !base.is_empty()) {
        query.append_pair("office", office);
    }
    if Action::from_id(action).is_some() {
        query.append_pair("action", action);
    }
    format!("{base}/log?{}", query.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_leads_to_its_entries() {
        let address = log_address(
            "/operator",
            "operator-cli:sato office.add",
            None,
            "2027-03-31T15:00:00.000Z",
            "2027-04-01T00:00:00.000Z",
        );
        assert_eq!(address, "/operator/log?from=2027-04-01&until=2027-04-01&who=operator-cli%3Asato&action=office.add");
        assert_eq!(who("operator-cli:sato office.add", None), "運営者の端末（sato）: 事業所を登録した");
        assert_eq!(who("ip:192.0.2.66", None), "192.0.2.66");
    }
}

use super::{is_receiver, wording};
use crate::guard::SignedIn;
use crate::pages::field::{Choice, Faults, Field};
use crate::pages::form::Form;
use crate::pages::frame::Frame;
use crate::wording::{moment, month};
use askama::Template;
use exchange::{ImportPlace, Outcome, Reason};
use identity::role::Deed;
use store::{GivenReceipt, ImportGiven, NOTE_CHARACTERS_MAX, State};

/// Positions that the form takes; software may send more.
pub(super) const PLACE_ROWS: usize = 5;

/// 送達の記録.
#[derive(Template)]
#[template(path = "receipts/page.html")]
pub(super) struct Page {
    frame: Frame,
    faults: Faults,
    id: String,
    kind: &'static str,
    month: String,
    serial: String,
    sender: String,
    receiver: String,
    digest: String,
    /// 一方向の受渡し: by letter.
    by_letter: bool,
    state: &'static str,
    look: &'static str,
    steps: Vec<Row>,
    import: Option<Import>,
    next: Next,
    form: Option<Answer>,
    checkpoint: Option<String>,
}

struct Row {
    name: &'static str,
    says: &'static str,
    at: String,
    index: Option<u64>,
}

struct Import {
    outcome: &'static str,
    look: &'static str,
    at: String,
    places: Vec<Place>,
    note: Option<String>,
}

struct Place {
    file: String,
    record: String,
    column: String,
    reason: &'static str,
}

/// What the reader may do now.
#[derive(PartialEq, Eq)]
enum Next {
    Nothing,
    Collect,
    Acknowledge,
    Answer,
    Withdraw,
}

struct Answer {
    outcomes: Vec<OutcomeBox>,
    outcome_fault: Option<String>,
    places: Vec<PlaceBox>,
    places_fault: Option<String>,
    files: Vec<Choice>,
    reasons: Vec<Choice>,
    note: Field,
}

struct OutcomeBox {
    id: &'static str,
    label: &'static str,
    ticked: bool,
}

struct PlaceBox {
    row: usize,
    file: String,
    record: String,
    column: String,
    reason: String,
}

impl Page {
    pub(super) fn new(
        signed_in: &SignedIn,
        given: &GivenReceipt,
        import: Option<ImportGiven>,
        form: Option<&Form>,
        faults: Faults,
        notice: Option<&'static str>,
    ) -> Self {
        let (set, receipt) = (&given.set, &given.receipt);
        let files: Vec<String> = set.files.iter().map(|file| file.name.clone()).collect();
        let steps = receipt.steps.iter().map(|step| Row {
            name: step.step.label(),
            says: wording::step_says(step.step),
            at: moment(&step.at),
            index: step.proof.as_ref().map(ledger::EntryProof::index),
        });
        let acting = is_receiver(signed_in, given) && signed_in.person.may(Deed::CollectSets);
        let sent = set.sender == signed_in.person.office.register.number;
        let next = match set.state() {
            State::Waiting if acting => Next::Collect,
            State::Collected if acting => Next::Acknowledge,
            State::Acknowledged if acting => Next::Answer,
            // What went by a letter is taken back with the letter.
            State::Waiting if sent && set.handover.is_none() && signed_in.person.may(Deed::WithdrawSets) => {
                Next::Withdraw
            }
            _ => Next::Nothing,
        };
        let answer = (next == Next::Answer).then(|| Answer::new(&files, form, &faults));
        let newest = receipt.steps.iter().filter_map(|step| step.proof.as_ref()).next_back();
        Self {
            frame: signed_in.frame("送達の記録").notice(notice).faulty(!faults.is_empty()),
            faults,
            id: set.id.to_string(),
            kind: set.kind.label(),
            month: set.service_month.map_or_else(|| "—".to_owned(), |at| month(&at.to_string())),
            serial: set.serial.to_string(),
            sender: format!("{}（{}）", set.sender_name, set.sender),
            receiver: format!("{}（{}）", set.receiver_name, set.receiver),
            digest: set.digest.to_string(),
            by_letter: set.handover.is_some(),
            state: set.state().label(),
            look: wording::look(set.state()),
            steps: steps.collect(),
            import: import.map(|import| Import::new(import, &files)),
            next,
            form: answer,
            checkpoint: newest.map(|proof| proof.checkpoint().checkpoint().origin().to_string()),
        }
    }
}

impl Import {
    fn new(given: ImportGiven, files: &[String]) -> Self {
        let place = |place: &ImportPlace| Place {
            file: files
                .get(usize::from(place.file) - 1)
                .cloned()
                .unwrap_or_else(|| format!("{}番目のファイル", place.file)),
            record: place.record.map_or_else(|| "全体".to_owned(), |record| record.to_string()),
            column: place.column.map_or_else(|| "全体".to_owned(), |column| column.to_string()),
            reason: place.reason.label(),
        };
        Self {
            outcome: wording::outcome(given.outcome),
            look: wording::look(given.outcome.state()),
            at: moment(&given.at),
            places: given.places.iter().map(place).collect(),
            note: given.note.map(standard::value::Private::into_revealed),
        }
    }
}

impl Answer {
    fn new(files: &[String], form: Option<&Form>, faults: &Faults) -> Self {
        let written = |name: &str| form.map_or("", |form| form.text(name)).to_owned();
        let chosen = written("outcome");
        let choice = |value: String, label: String| Choice { value, label };
        let label = "伝えたいこと";
        let note = Field::area("note", label, NOTE_CHARACTERS_MAX)
            .hint("送信元だけが読めます。利用者の氏名や被保険者番号は書かないでください。")
            .value(written("note"))
            .optional()
            .faults(faults);
        Self {
            outcomes: Outcome::ALL
                .map(|outcome| OutcomeBox {
                    id: outcome.id(),
                    label: wording::outcome(outcome),
                    ticked: chosen == outcome.id(),
                })
                .into(),
            outcome_fault: faults.beside("outcome"),
            places: (0..PLACE_ROWS)
                .map(|row| PlaceBox {
                    row,
                    file: written(&format!("file{row}")),
                    record: written(&format!("record{row}")),
                    column: written(&format!("column{row}")),
                    reason: written(&format!("reason{row}")),
                })
                .collect(),
            places_fault: faults.beside("places"),
            files: files.iter().enumerate().map(|(at, name)| choice((at + 1).to_string(), name.clone())).collect(),
            reasons: Reason::ALL.map(|reason| choice(reason.id().to_owned(), reason.label().to_owned())).into(),
            note,
        }
    }
}

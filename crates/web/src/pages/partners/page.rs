use super::wording;
use crate::guard::SignedIn;
use crate::pages::field::{Choice, Faults, Field};
use crate::pages::form::Form;
use crate::pages::frame::Frame;
use crate::wording::day;
use askama::Template;
use identity::role::Deed;
use store::{Channel, DIRECTORY_ROWS_MAX, DirectoryRow, PARTNER_NOTE_CHARACTERS_MAX};

/// Rows of one page; a search narrows it.
const ROWS_MAX: usize = 100;

/// 連携先.
#[derive(Template)]
#[template(path = "partners/list.html")]
pub(super) struct List {
    frame: Frame,
    find: String,
    rows: Vec<Row>,
    more: bool,
    acting: bool,
    software: String,
    /// Whether this person says which software the office uses.
    declares: bool,
}

struct Row {
    number: String,
    name: String,
    types: String,
    place: String,
    software: String,
    since: Option<String>,
    closed: bool,
    channel: &'static str,
    note: String,
}

impl From<&DirectoryRow> for Row {
    fn from(row: &DirectoryRow) -> Self {
        let types: Vec<&str> =
            row.service_types.iter().map(|kind| kind.name().unwrap_or_else(|| kind.as_str())).collect();
        let text =
            |note: &store::PartnerNote| note.note.as_ref().map_or_else(String::new, |text| text.reveal().clone());
        Self {
            number: row.number.to_string(),
            name: row.name.clone(),
            types: types.join("、"),
            place: row.place.clone(),
            software: row.software.clone(),
            since: row.since.as_deref().map(day),
            closed: row.closed,
            channel: row.note.as_ref().map_or("", |note| wording::channel(note.channel)),
            note: row.note.as_ref().map(text).unwrap_or_default(),
        }
    }
}

impl List {
    pub(super) fn new(
        signed_in: &SignedIn,
        rows: Vec<DirectoryRow>,
        find: &str,
        software: &str,
        notice: Option<&'static str>,
    ) -> Self {
        Self {
            frame: signed_in.frame("連携先").notice(notice),
            find: find.to_owned(),
            more: rows.len() > ROWS_MAX || (!find.is_empty() && rows.len() >= DIRECTORY_ROWS_MAX as usize),
            rows: rows.iter().take(ROWS_MAX).map(Row::from).collect(),
            acting: signed_in.person.may(Deed::SendSets),
            software: software.to_owned(),
            declares: signed_in.person.may(Deed::ManageSoftware),
        }
    }
}

/// 連携先の控え.
#[derive(Template)]
#[template(path = "partners/edit.html")]
pub(super) struct Edit {
    frame: Frame,
    faults: Faults,
    /// What is known already and cannot be changed here.
    known: Option<Row>,
    kept: bool,
    fields: Vec<Field>,
}

impl Edit {
    pub(super) fn new(signed_in: &SignedIn, row: Option<&DirectoryRow>, form: &Form, faults: Faults) -> Self {
        let registered = row.is_some_and(|row| row.since.is_some());
        let note = row.and_then(|row| row.note.as_ref());
        // What was typed comes back; before that, what is kept.
        let typed = |name: &str, kept: String| match form.text(name) {
            "" if form.text("channel").is_empty() && form.text("number").is_empty() => kept,
            typed => typed.to_owned(),
        };
        let mut fields = Vec::new();
        if row.is_none() {
            let field = Field::text("number", "事業所番号").numeric().hint("10桁の番号").value(form.text("number"));
            fields.push(field.faults(&faults));
        }
        if !registered {
            let name = row.map(|row| row.name.clone()).unwrap_or_default();
            let place = row.map(|row| row.place.clone()).unwrap_or_default();
            let kinds: Vec<String> =
                row.iter().flat_map(|row| row.service_types.iter()).map(ToString::to_string).collect();
            fields.push(Field::text("name", "事業所名").value(typed("name", name)).faults(&faults));
            fields.push(
                Field::text("service_type", "サービス種類コード")
                    .optional()
                    .hint("2文字のコード。例: 訪問介護は 11、通所介護は 15")
                    .value(typed("service_type", kinds.into_iter().next().unwrap_or_default()))
                    .faults(&faults),
            );
            fields.push(
                Field::text("place", "所在地")
                    .optional()
                    .hint("例: 架空市見本町")
                    .value(typed("place", place))
                    .faults(&faults),
            );
        }
        let channels = Channel::ALL
            .into_iter()
            .filter(|channel| registered || *channel != Channel::Exchange)
            .map(|channel| Choice { value: channel.id().to_owned(), label: wording::channel(channel).to_owned() });
        let channel = note.map_or("", |note| note.channel.id()).to_owned();
        fields.push(
            Field::select("channel", "連絡の手段", channels.collect()).value(typed("channel", channel)).faults(&faults),
        );
        let text = note.and_then(|note| note.note.as_ref()).map_or_else(String::new, |text| text.reveal().clone());
        fields.push(
            Field::area("note", "控え", PARTNER_NOTE_CHARACTERS_MAX)
                .optional()
                .hint("受け渡しのしかたなど。例: 金曜の夕方にファクス。利用者のことは書かないでください。この事業所の職員だけが見られます。")
                .value(typed("note", text))
                .faults(&faults),
        );
        Self {
            frame: signed_in
                .frame(if row.is_some() { "連携先の控え" } else { "連携先を加える" })
                .narrow()
                .faulty(!faults.is_empty()),
            faults,
            known: row.map(Row::from),
            kept: note.is_some(),
            fields,
        }
    }
}

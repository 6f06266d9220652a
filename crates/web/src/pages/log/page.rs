use super::query::{Query, japan};
use super::{base, wording};
use crate::guard::SignedIn;
use crate::pages::field::{Choice, Faults, Field};
use crate::pages::frame::Frame;
use askama::Template;
use jiff::Timestamp;
use ledger::{Action, Detail, EntryDraft, Outcome};
use store::log::{LogPage, LogRow};

/// 証跡.
#[derive(Template)]
#[template(path = "log/list.html")]
pub(super) struct List {
    frame: Frame,
    faults: Faults,
    base: &'static str,
    fields: Vec<Field>,
    only_failed: bool,
    /// The log of everybody: an office knows whose its own is.
    whole: bool,
    /// What the export takes along.
    hidden: Vec<(&'static str, String)>,
    purpose: Field,
    kind: Field,
    rows: Vec<Row>,
    next: Option<String>,
    /// The log was looked at: an empty list is an answer.
    read: bool,
    complete: bool,
}

/// One entry.
struct Row {
    index: u64,
    at: String,
    clock_sound: bool,
    who: String,
    what: &'static str,
    object: String,
    office: String,
    outcome: &'static str,
    good: bool,
    facts: Vec<(&'static str, String)>,
    line: String,
}

impl List {
    pub(super) fn new(signed_in: &SignedIn, query: &Query, page: LogPage) -> Self {
        let fields = query.fields();
        let value = |name: &str| {
            fields.iter().find(|(found, _)| *found == name).map(|(_, value)| value.clone()).unwrap_or_default()
        };
        let mut list = Self::unread(signed_in, &value, Faults::default());
        list.next = page.next.as_ref().map(|cursor| format!("{}/log?{}", list.base, query.next(cursor)));
        list.rows = page.rows.into_iter().map(row).collect();
        list.hidden = fields;
        list.complete = page.complete;
        list.read = true;
        list
    }

    /// The form alone: what was asked for cannot be looked for.
    pub(super) fn unread(signed_in: &SignedIn, value: &dyn Fn(&str) -> String, faults: Faults) -> Self {
        const NAMES: [&str; 7] = ["from", "until", "who", "office", "action", "object", "failed"];
        let mut fields = vec![
            Field::date("from", "いつから").value(value("from")).faults(&faults),
            Field::date("until", "いつまで").value(value("until")).faults(&faults),
            Field::text("who", "だれが")
                .optional()
                .value(value("who"))
                .faults(&faults)
                .hint("ログインIDか、証跡にある番号"),
        ];
        if signed_in.person.office.is_operator {
            let office = Field::text("office", "事業所番号").numeric().optional().value(value("office"));
            fields.push(office.faults(&faults).hint("10桁の番号"));
        }
        let choice =
            |found: &Action| Choice { value: found.id().to_owned(), label: wording::action(*found).to_owned() };
        let mut choices = vec![Choice { value: String::new(), label: "すべて".to_owned() }];
        choices.extend(Action::ALL.iter().map(choice));
        fields.push(Field::select("action", "何を", choices).optional().value(value("action")).faults(&faults));
        let object = Field::text("object", "対象の番号").optional().value(value("object")).faults(&faults);
        fields.push(object.hint("データや端末の番号"));
        let kinds = vec![
            Choice { value: "csv".to_owned(), label: "CSV（表計算ソフトで開く）".to_owned() },
            Choice { value: "jsonl".to_owned(), label: "JSON（証跡の行をそのまま）".to_owned() },
        ];
        Self {
            frame: signed_in.frame("証跡").faulty(!faults.is_empty()),
            base: base(signed_in),
            fields,
            only_failed: value("failed") == "1",
            whole: signed_in.person.office.is_operator,
            hidden: NAMES.iter().map(|name| (*name, value(name))).filter(|(_, value)| !value.is_empty()).collect(),
            purpose: Field::text("purpose", "書き出す目的")
                .value(value("purpose"))
                .faults(&faults)
                .hint("例: 4月の運営指導のため。目的は暗号化して保管し、書き出したことは証跡に残ります。"),
            kind: Field::select("kind", "形式", kinds).value("csv"),
            rows: Vec::new(),
            next: None,
            read: false,
            complete: true,
            faults,
        }
    }
}

/// `2027年4月1日 09:05:32`, in Japan.
pub(crate) fn second(at: ledger::Timestamp) -> String {
    match Timestamp::from_millisecond(at.as_millisecond()) {
        Ok(at) => at.to_zoned(japan()).strftime("%Y年%-m月%-d日 %H:%M:%S").to_string(),
        Err(_) => at.to_string(),
    }
}

fn row(row: LogRow) -> Row {
    let Some(entry) = &row.entry else {
        let (at, who, object, office) = (String::new(), String::new(), String::new(), String::new());
        let what = "新しい版の記録（この版では読めません）";
        let (index, line) = (row.index, row.line);
        return Row {
            index,
            at,
            clock_sound: true,
            who,
            what,
            object,
            office,
            outcome: "",
            good: true,
            facts: Vec::new(),
            line,
        };
    };
    let fields = entry.fields();
    let who = row.name.as_ref().map_or_else(|| wording::actor(&fields.actor), |name| name.reveal().clone());
    let object = match (&row.object_name, &fields.object) {
        (Some(name), _) => name.reveal().clone(),
        (None, Some(id)) => short(id.as_str()),
        (None, None) => String::new(),
    };
    let office = match (&row.office_name, &fields.office) {
        (Some(name), _) => name.clone(),
        (None, Some(number)) => number.to_string(),
        (None, None) => String::new(),
    };
    Row {
        index: row.index,
        at: second(fields.at),
        clock_sound: fields.clock.is_sound(),
        who,
        what: wording::action(fields.action),
        object,
        office,
        outcome: wording::outcome(&fields.outcome),
        good: fields.outcome == Outcome::Ok,
        facts: facts(fields),
        line: row.line,
    }
}

/// The end of a long id tells it from others; the whole of it stands below.
fn short(id: &str) -> String {
    const SHOWN: usize = 12;
    match id.len().checked_sub(SHOWN) {
        Some(from) if from > 0 => format!("…{}", &id[from..]),
        _ => id.to_owned(),
    }
}

/// Everything an entry says beyond the row, under a label each.
fn facts(fields: &EntryDraft) -> Vec<(&'static str, String)> {
    let mut facts = vec![("だれが（番号）", fields.actor.to_string())];
    let mut add = |label, value: Option<String>| facts.extend(value.map(|value| (label, value)));
    add("端末", fields.device.as_ref().map(|device| device.id().to_string()));
    add("証明書", fields.device.as_ref().and_then(|device| device.certificate().map(str::to_owned)));
    add("接続元", fields.source.as_ref().map(ToString::to_string));
    add("サインインの番号", fields.login.as_ref().map(|login| login.session.to_string()));
    add("サインインした時刻", fields.login.as_ref().map(|login| second(login.at)));
    add("事業所番号", fields.office.as_ref().map(ToString::to_string));
    add("相手の事業所番号", fields.counterpart.as_ref().map(ToString::to_string));
    add("対象の番号", fields.object.as_ref().map(ToString::to_string));
    add(
        "理由の記号",
        match &fields.outcome {
            Outcome::Refused(code) | Outcome::Failed(code) => Some(code.to_string()),
            Outcome::Ok => None,
        },
    );
    add("時計", Some(wording::clock(fields.clock)));
    add("そのほか", Some(details(fields)).filter(|details| !details.is_empty()));
    facts
}

/// `files=3 page=staff`.
pub(super) fn details(fields: &EntryDraft) -> String {
    let spell = |value: &Detail| match value {
        Detail::Number(number) => number.to_string(),
        Detail::Token(token) => token.to_string(),
    };
    let details: Vec<String> =
        fields.details.iter().map(|(name, value)| format!("{}={}", name.as_str(), spell(value))).collect();
    details.join(" ")
}

//! `fumibako diff` — what changed between two sets of the same key.

use std::fmt::Write as _;
use std::path::PathBuf;

use serde_json::{Value, json};
use standard::diff::{CellChange, Change, Difference, Presence, Subject, Unread, What, diff};
use standard::unit::Group;
use standard::{ServiceType, SourceFile, group};

use crate::check::screen::{cut, width};
use crate::convert::{self, Format, lines, plain};
use crate::terminal::{Done, Failure, Outcome};

/// Unread rows of one sheet that are named on the screen; JSON has more.
const ROWS_MAX: usize = 10;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// 前の一組（ファイルまたはフォルダー、正準JSONでも）
    #[arg(value_name = "A")]
    before: PathBuf,
    /// 後の一組
    #[arg(value_name = "B")]
    after: PathBuf,
    /// 出力の形
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// 被保険者番号やセルの内容も表示します
    #[arg(long)]
    show_values: bool,
}

pub(crate) fn run(args: &Args) -> Outcome {
    let (before, after) = (convert::load(&args.before)?, convert::load(&args.after)?);
    let before: Vec<SourceFile<'_>> = before.iter().map(convert::source).collect();
    let after: Vec<SourceFile<'_>> = after.iter().map(convert::source).collect();
    let (old, new) = (one_set(&before, "A")?, one_set(&after, "B")?);
    if old.kind() != new.kind() {
        let what = format!("種類の違う組は比べられません。\n  A: {}\n  B: {}", label(&old), label(&new));
        return Err(Failure::new(what, "同じ種類の二組を指定してください。").into());
    }
    let difference = diff(&before, &after);
    convert::show(&match args.format {
        Format::Json => convert::pretty(&answer(&old, &difference, args.show_values)),
        Format::Text => report(&old, &difference, args.show_values),
    })?;
    Ok(if difference.is_empty() { Done::All } else { Done::Partly })
}

fn one_set(files: &[SourceFile<'_>], side: &str) -> anyhow::Result<Group> {
    let names: Vec<&str> = files.iter().map(|file| file.name).collect();
    let mut groups = group(&names).0;
    match (groups.pop(), groups.len()) {
        (Some(group), 0) => Ok(group),
        _ => {
            let what = format!("{side}に二組以上のファイルがあります。");
            Err(Failure::new(what, "ファイル連番・送信元・送信先が同じ一組だけを指定してください。").into())
        }
    }
}

fn label(group: &Group) -> &'static str {
    group.kind().map_or("そろっていない組", |kind| kind.label())
}

fn report(group: &Group, difference: &Difference, show_values: bool) -> String {
    let mut out = String::new();
    let Difference { people, people_compared, files, unread } = difference;
    if difference.is_empty() {
        lines(&mut out, "", &format!("{}：違いはありません（利用者 {people_compared}人）。", label(group)));
    } else {
        let changes: usize = people.iter().map(|person| person.changes.len()).sum();
        let summary = format!(
            "{}：利用者 {people_compared}人のうち {}人に、{changes}件の違いがあります。",
            label(group),
            people.len()
        );
        lines(&mut out, "", &summary);
    }
    for person in people {
        let presence = match person.presence {
            Presence::Both => "",
            Presence::Before => "（Aだけ）",
            Presence::After => "（Bだけ）",
        };
        let _ = writeln!(out, "\n■ 利用者{}{presence}", person.number);
        if show_values {
            let (insurer, insured) = person.person.reveal();
            lines(&mut out, "  ", &format!("保険者番号 {insurer}　被保険者番号 {insured}"));
        }
        let mut sheet = None;
        for change in &person.changes {
            if sheet.replace(change.kind) != Some(change.kind) {
                let _ = writeln!(out, "  {}", cut(change.kind.label(), 76));
            }
            row(&mut out, change, show_values);
        }
    }
    for file in files {
        let branch = file.branch.map(|branch| String::from_utf8_lossy(&branch).into_owned()).unwrap_or_default();
        let _ = writeln!(out, "\n{}　{} {branch}", what(file.what), cut(file.kind.label(), 60));
    }
    if unread.0.count > 0 || unread.1.count > 0 {
        out.push('\n');
        let text = "読めない行があり、比べていません。fumibako check で何が違うかわかります。";
        lines(&mut out, "", text);
        for (side, unread) in [("A", &unread.0), ("B", &unread.1)] {
            unread_rows(&mut out, side, unread);
        }
    }
    if !people.is_empty() && !show_values {
        out.push_str("\n変わった内容を見るには --show-values を付けてください。\n");
    }
    out
}

/// Where the records are that could not be compared, sheet by sheet.
fn unread_rows(out: &mut String, side: &str, unread: &Unread) {
    let mut told = 0;
    for sheet in unread.places.chunk_by(|one, other| one.0 == other.0) {
        let Some((kind, _)) = sheet.first() else { continue };
        let rows: Vec<String> = sheet.iter().take(ROWS_MAX).map(|(_, row)| row.to_string()).collect();
        told += rows.len() as u64;
        lines(out, "  ", &format!("{side} {}：{}行目", kind.label(), rows.join("、")));
    }
    if unread.count > told {
        lines(out, "  ", &format!("{side} ほか{}行", unread.count - told));
    }
}

fn row(out: &mut String, change: &Change, show_values: bool) {
    let _ = writeln!(out, "    {}　{}", what(change.what), cut(&subject(&change.subject), 68));
    if !show_values {
        if change.what == What::Changed {
            let items: Vec<&str> = change.cells.iter().map(|cell| cell.column.0.name).collect();
            lines(out, "          ", &items.join("、"));
        }
        return;
    }
    // Who it is about stands above.
    let told = |cell: &&CellChange| !matches!(cell.column.0.ident, "insurer_no" | "insured_no");
    for CellChange { column, before, after } in change.cells.iter().filter(told) {
        let (before, after) = (before.reveal().as_str(), after.reveal().as_str());
        let text = |text: &str| {
            if text.is_empty() { "（空）".to_owned() } else { text.replace("\r\n", "⏎").replace('\n', "⏎") }
        };
        let name = column.0.name;
        let line = match change.what {
            What::Changed => format!("{name}：{} → {}", text(before), text(after)),
            What::Added => format!("{name}：{}", text(after)),
            What::Removed => format!("{name}：{}", text(before)),
        };
        if width(&line) <= 70 || change.what != What::Changed {
            lines(out, "          ", &line);
        } else {
            lines(out, "          ", &format!("{name}："));
            lines(out, "            ", &format!("A {}", text(before)));
            lines(out, "            ", &format!("B {}", text(after)));
        }
    }
}

fn what(what: What) -> &'static str {
    match what {
        What::Added => "追加",
        What::Removed => "削除",
        What::Changed => "変更",
    }
}

/// 訪問介護 111111: the code, and the name of its type.
pub(crate) fn service(code: &str) -> String {
    let kind: Option<ServiceType> = code.get(..2).and_then(|kind| kind.parse().ok());
    let name = kind.as_ref().and_then(ServiceType::name).unwrap_or_default();
    if name.is_empty() { plain(code) } else { format!("{} {}", cut(name, 28), plain(code)) }
}

fn subject(subject: &Subject) -> String {
    let mut parts = Vec::new();
    let Subject { dated, day, weekday, office, satellite, service_code, goal } = subject;
    if let Some(day) = day {
        parts.push(format!("{}月{}日", day.month(), day.day()));
    }
    if let Some(weekday) = weekday {
        let days = ["月", "火", "水", "木", "金", "土", "日"];
        parts.push(format!("{}曜日", days.get(usize::from(*weekday).saturating_sub(1)).unwrap_or(&"?")));
    }
    if let Some(code) = service_code {
        parts.push(service(code));
    }
    if let Some(office) = office {
        parts.push(format!("事業所{}", plain(office)));
    }
    if let Some(satellite) = satellite {
        parts.push(format!("サテライト{}", plain(satellite)));
    }
    if let Some([issue, goal, support]) = goal {
        parts.push(format!("課題{issue}・目標{goal}・内容{support}"));
    }
    if let Some(dated) = dated.filter(|_| parts.is_empty()) {
        parts.push(dated.to_string());
    }
    parts.join(" ")
}

fn answer(group: &Group, difference: &Difference, show_values: bool) -> Value {
    let people: Vec<Value> = difference
        .people
        .iter()
        .map(|person| {
            let mut said = json!({
                "person": person.number,
                "presence": match person.presence {
                    Presence::Both => "both",
                    Presence::Before => "before",
                    Presence::After => "after",
                },
                "changes": person.changes.iter().map(|change| row_answer(change, show_values)).collect::<Vec<_>>(),
            });
            if show_values {
                let (insurer, insured) = person.person.reveal();
                said["insurer_no"] = json!(insurer);
                said["insured_no"] = json!(insured);
            }
            said
        })
        .collect();
    let files: Vec<Value> = difference
        .files
        .iter()
        .map(|file| {
            let branch = file.branch.map(|branch| String::from_utf8_lossy(&branch).into_owned());
            json!({ "file": file.kind.id(), "branch": branch, "what": id(file.what) })
        })
        .collect();
    json!({
        "same": difference.is_empty(),
        "kind": group.kind().map(|kind| kind.id()),
        "people_compared": difference.people_compared,
        "people": people,
        "files": files,
        "unread": { "before": difference.unread.0.count, "after": difference.unread.1.count },
        "unread_rows": { "before": places(&difference.unread.0), "after": places(&difference.unread.1) },
    })
}

/// The first of the records that could not be compared.
fn places(unread: &Unread) -> Vec<Value> {
    unread.places.iter().map(|(kind, row)| json!({ "file": kind.id(), "row": row })).collect()
}

fn id(what: What) -> &'static str {
    match what {
        What::Added => "added",
        What::Removed => "removed",
        What::Changed => "changed",
    }
}

fn row_answer(change: &Change, show_values: bool) -> Value {
    let cell = |CellChange { column, before, after }: &CellChange| {
        let mut said = json!({ "column": column.0.number, "ident": column.0.ident, "item": column.0.name });
        if show_values {
            said["before"] = json!(before.reveal());
            said["after"] = json!(after.reveal());
        }
        said
    };
    let Subject { dated, day, weekday, office, satellite, service_code, goal } = &change.subject;
    json!({
        "file": change.kind.id(),
        "what": id(change.what),
        "dated": dated.map(|date| date.to_string()),
        "day": day.map(|date| date.to_string()),
        "weekday": weekday,
        "office": office,
        "satellite": satellite,
        "service_code": service_code,
        "goal": goal,
        "cells": change.cells.iter().map(cell).collect::<Vec<_>>(),
    })
}

//! 検査結果のJSON — the answer for programs, on the command line and in the browser. Its shape is an interface: fields are
//! added, never renamed. It holds no text of a cell unless whoever calls puts it there.

use crate::{Finding, Report, Severity, Unit};
use serde::Serialize;
use std::collections::BTreeMap;

/// フォルダーの検査結果 — files that were checked together.
#[derive(Debug)]
pub struct Folder<'a> {
    /// What was found in them.
    pub report: &'a Report,
    /// What the files are called, in the order in which they were checked.
    pub files: Vec<Called<'a>>,
    /// The text of the cells the findings are about, finding by finding; nothing unless somebody asked to see them.
    pub values: Vec<Option<String>>,
}

/// ファイルの呼び名.
#[derive(Debug, Clone, Copy)]
pub struct Called<'a> {
    /// The bare name.
    pub name: &'a str,
    /// Told apart from its namesakes in other folders.
    pub shown: &'a str,
}

#[derive(Serialize)]
struct Answer<'a> {
    units: Vec<UnitAnswer<'a>>,
    findings: Vec<FindingAnswer<'a>>,
    suppressed: Vec<SuppressedAnswer<'a>>,
}

/// Findings of one rule in one file that were counted and not kept.
#[derive(Serialize)]
struct SuppressedAnswer<'a> {
    code: &'static str,
    file: Option<&'a str>,
    count: u64,
    errors: u64,
}

#[derive(Serialize)]
struct UnitAnswer<'a> {
    kind: Option<&'static str>,
    serial: String,
    sender: String,
    sender_type: Option<String>,
    receiver: String,
    receiver_type: Option<String>,
    files: Vec<&'a str>,
    accepted: bool,
}

#[derive(Serialize)]
struct FindingAnswer<'a> {
    code: &'static str,
    severity: &'static str,
    file: Option<&'a str>,
    row: Option<u64>,
    column: Option<u16>,
    item: Option<&'static str>,
    character: Option<u32>,
    what: &'static str,
    fix: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'a str>,
}

/// One JSON document for all folders, ending in a line feed.
pub fn write(folders: &[Folder<'_>]) -> String {
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    for file in folders.iter().flat_map(|folder| &folder.files) {
        *times.entry(file.name).or_default() += 1;
    }
    let mut answer = Answer { units: Vec::new(), findings: Vec::new(), suppressed: Vec::new() };
    for Folder { report, files, values } in folders {
        // The bare name, unless it has a namesake.
        let shown = |file: usize| match files.get(file) {
            Some(file) if times.get(file.name).is_some_and(|times| *times > 1) => file.shown,
            Some(file) => file.name,
            None => "",
        };
        answer.units.extend(report.units.iter().map(|unit| unit_answer(unit, &shown)));
        answer.findings.extend(report.findings.iter().enumerate().map(|(at, finding)| {
            let value = values.get(at).and_then(Option::as_deref);
            finding_answer(finding, value, &shown)
        }));
        answer.suppressed.extend(report.suppressed.iter().map(|more| SuppressedAnswer {
            code: more.rule.code,
            file: more.file.map(shown),
            count: more.count,
            errors: more.errors,
        }));
    }
    // Texts and numbers alone: there is nothing that JSON could not hold.
    let mut text = serde_json::to_string_pretty(&answer).unwrap_or_default();
    text.push('\n');
    text
}

fn unit_answer<'a>(unit: &Unit, shown: &impl Fn(usize) -> &'a str) -> UnitAnswer<'a> {
    UnitAnswer {
        kind: unit.kind.map(|kind| kind.id()),
        serial: unit.serial.to_string(),
        sender: unit.sender.to_string(),
        sender_type: unit.sender_type.map(|kind| kind.to_string()),
        receiver: unit.receiver.to_string(),
        receiver_type: unit.receiver_type.map(|kind| kind.to_string()),
        files: unit.files.iter().map(|file| shown(*file)).collect(),
        accepted: unit.accepted,
    }
}

fn finding_answer<'a>(
    finding: &Finding,
    value: Option<&'a str>,
    shown: &impl Fn(usize) -> &'a str,
) -> FindingAnswer<'a> {
    FindingAnswer {
        code: finding.rule.code,
        severity: match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        file: finding.place.file.map(shown),
        row: finding.place.row,
        column: finding.place.column,
        item: finding.place.item,
        character: finding.place.character,
        what: finding.rule.what,
        fix: finding.rule.fix,
        value,
    }
}

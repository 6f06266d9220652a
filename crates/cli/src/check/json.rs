//! The answer for programs. Its shape is an interface: fields are added, never renamed.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;
use standard::Severity;

use super::Judged;

#[derive(Serialize)]
struct Answer<'a> {
    units: Vec<UnitAnswer<'a>>,
    findings: Vec<FindingAnswer<'a>>,
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
    what: &'static str,
    fix: &'static str,
}

pub(super) fn write(out: &mut impl Write, judged: &[Judged]) -> io::Result<()> {
    let mut answer = Answer { units: Vec::new(), findings: Vec::new() };
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    for file in judged.iter().flat_map(|judged| &judged.folder.files) {
        *times.entry(&file.name).or_default() += 1;
    }
    for Judged { folder, report } in judged {
        // The bare name, unless it has a namesake in another folder.
        let shown = |file: usize| match &folder.files[file] {
            file if times[file.name.as_str()] > 1 => file.shown.as_str(),
            file => file.name.as_str(),
        };
        answer.units.extend(report.units.iter().map(|unit| UnitAnswer {
            kind: unit.kind.map(|kind| kind.id()),
            serial: unit.serial.to_string(),
            sender: unit.sender.to_string(),
            sender_type: unit.sender_type.map(|kind| kind.to_string()),
            receiver: unit.receiver.to_string(),
            receiver_type: unit.receiver_type.map(|kind| kind.to_string()),
            files: unit.files.iter().map(|file| shown(*file)).collect(),
            accepted: unit.accepted,
        }));
        answer.findings.extend(report.findings.iter().map(|finding| FindingAnswer {
            code: finding.rule.code,
            severity: match finding.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
            },
            file: finding.place.file.map(shown),
            row: finding.place.row,
            column: finding.place.column,
            item: finding.place.item,
            what: finding.rule.what,
            fix: finding.rule.fix,
        }));
    }
    serde_json::to_writer_pretty(&mut *out, &answer)?;
    writeln!(out)
}

//! だれのサービスか — people of 第2表 who have no insured service at the receiver. V83 says it of 第6表; of 第2表 the standard
//! says nothing, for its office number may be left out. So this is no finding but a question, asked only where the sheet
//! leaves no doubt.

use crate::read::{Record, Records};
use crate::rules::{v31, v32};
use crate::{Edition, FileKind, Layout, SourceFile, Unit, UnitKind, layout, name, read};
use std::collections::BTreeMap;

/// 保険対象区分: covered.
const COVERED: &[u8] = b"Y";

/// Where somebody stands who has no service at the receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unserved {
    /// Position of the file in the input.
    pub file: usize,
    /// The first row of the person, from 1.
    pub row: u64,
    /// Column of the office number, from 1.
    pub column: u16,
}

/// The people of a plan whose insured services all name an office, and none of them the receiver.
pub fn unserved_in_plan(unit: &Unit, files: &[SourceFile<'_>]) -> Vec<Unserved> {
    // Care managers pass plans on to each other.
    if unit.kind != Some(UnitKind::CarePlan) || unit.receiver_type.is_some_and(|kind| kind.is_care_manager()) {
        return Vec::new();
    }
    let sheet = |file: &usize| {
        let source = files.get(*file)?;
        let is_sheet2 = name::parse(source.name).is_ok_and(|name| name.kind == FileKind::Up2kyo);
        is_sheet2.then(|| in_sheet(*file, source, &unit.receiver.bytes()))
    };
    unit.files.iter().filter_map(sheet).flatten().collect()
}

/// What the rows of a person have said so far.
struct Person {
    row: u64,
    named: bool,
    /// An insured service without an office number: it may be the receiver's.
    doubtful: bool,
    served: bool,
}

impl Person {
    fn is_unserved(&self) -> bool {
        self.named && !self.doubtful && !self.served
    }

    fn see(&mut self, office: &[u8], covered: bool, receiver: &[u8]) {
        self.named |= !office.is_empty();
        self.doubtful |= covered && office.is_empty();
        self.served |= office == receiver;
    }
}

fn in_sheet(file: usize, source: &SourceFile<'_>, receiver: &[u8]) -> Vec<Unserved> {
    let edition = read::edition(source.bytes).unwrap_or(Edition::V202407);
    let columns = layout(FileKind::Up2kyo, edition).and_then(columns);
    let Some((coverage, office)) = columns else { return Vec::new() };
    let mut people: BTreeMap<(Vec<u8>, Vec<u8>), Person> = BTreeMap::new();
    let mut records = Records::new(source.bytes);
    while let Some(record) = records.next_record() {
        let (insurer, insured) = (value(&record, 1), value(&record, 2));
        if !v31::holds(&insurer) || !v32::holds(&insured) {
            continue;
        }
        let first = Person { row: record.number(), named: false, doubtful: false, served: false };
        let person = people.entry((insurer, insured)).or_insert(first);
        person.see(&value(&record, office), value(&record, coverage) == COVERED, receiver);
    }
    let Ok(column) = u16::try_from(office + 1) else { return Vec::new() };
    let unserved = people.into_values().filter(Person::is_unserved);
    unserved.map(|person| Unserved { file, row: person.row, column }).collect()
}

fn columns(layout: &Layout) -> Option<(usize, usize)> {
    Some((layout.index("insurance_coverage")?, layout.index("service_office_no")?))
}

fn value(record: &Record<'_, '_>, index: usize) -> Vec<u8> {
    record.cell(index).map(|cell| cell.bytes().into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{self, Request, SampleFile};
    use crate::{Profile, check};

    fn plan(people: usize) -> Vec<SampleFile> {
        let (sender_type, receiver_type) = sample::types_for(UnitKind::CarePlan);
        let request = Request {
            seed: 11,
            people,
            sender: "0300000100".parse().expect("a number"),
            sender_type,
            receiver: "0300000005".parse().expect("a number"),
            receiver_type,
            serial: "20260401090000".parse().expect("a serial"),
            month: "202604".parse().expect("a month"),
            names: None,
        };
        sample::make(UnitKind::CarePlan, &request)
    }

    /// Rows of 第2表, each as often as it stands there, changed.
    fn with(files: &mut [SampleFile], change: impl Fn(&str) -> String) {
        let sheet = files.iter_mut().find(|file| file.name.starts_with("UP2KYO")).expect("第2表");
        let (text, _, _) = encoding_rs::SHIFT_JIS.decode(&sheet.bytes);
        let changed = change(&text);
        sheet.bytes = encoding_rs::SHIFT_JIS.encode(&changed).0.into_owned();
    }

    fn unserved(files: &[SampleFile]) -> usize {
        let sources: Vec<_> = files.iter().map(|file| SourceFile { name: &file.name, bytes: &file.bytes }).collect();
        let report = check(&sources, Profile::Export);
        assert!(report.is_accepted(), "{:?}", report.findings);
        unserved_in_plan(&report.units[0], &sources).len()
    }

    #[test]
    fn everybody_with_a_service_at_the_receiver_is_served() {
        assert_eq!(unserved(&plan(5)), 0);
    }

    #[test]
    fn whose_services_are_all_of_other_offices_is_not() {
        let mut files = plan(3);
        with(&mut files, |text| text.replace("0300000005", "0300000006"));
        assert_eq!(unserved(&files), 3);
    }

    #[test]
    fn an_insured_service_without_a_number_leaves_it_open() {
        let mut files = plan(3);
        with(&mut files, |text| text.replace(",0300000005,", ",,"));
        assert_eq!(unserved(&files), 0);
    }
}

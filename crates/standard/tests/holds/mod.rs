//! What holds for any input at all. Ordinary tests try it on a few, the fuzz targets on as many as there is time for.

mod meaning;
mod mending;
mod pieces;
mod repaired;

pub(crate) use meaning::{canonical_json, differences, plan_and_actual, truth_of};
pub(crate) use mending::mended;
pub(crate) use pieces::{agree, records_agree};

use fumibako_standard::read::Records;
use fumibako_standard::write::{Row, Writer};
use fumibako_standard::{
    Context, Edition, FileKind, FileName, Finding, Profile, Report, Severity, SourceFile, check, layout, read,
};

/// Stands between two files of [`read_set`]'s input.
pub(crate) const BETWEEN: &[u8] = b"\0\xFF";
/// Files of one input; more teach nothing new.
const FILES_MAX: usize = 8;

/// Files of a set, each a byte that chooses its kind and then its content.
pub(crate) fn read_set(input: &[u8]) {
    let files: Vec<(String, &[u8])> = parts(input).take(FILES_MAX).filter_map(named).collect();
    let sources: Vec<SourceFile<'_>> = files.iter().map(|(name, bytes)| SourceFile { name, bytes }).collect();
    check_holds(&sources);
}

/// A size of piece, and files as of [`read_set`]: read piece by piece they are what they are in memory.
pub(crate) fn piecewise(input: &[u8]) {
    let Some((piece, input)) = input.split_first() else { return };
    let piece = usize::from(*piece) + 1;
    let files: Vec<(String, &[u8])> = parts(input).take(FILES_MAX).filter_map(named).collect();
    let sources: Vec<SourceFile<'_>> = files.iter().map(|(name, bytes)| SourceFile { name, bytes }).collect();
    agree(&sources, piece, &Context::default());
    sources.iter().for_each(|file| records_agree(file.bytes, piece));
}

/// A report's places lie in the files, its verdicts follow from its findings, and import is no stricter than export.
pub(crate) fn check_holds(files: &[SourceFile<'_>]) {
    let [export, import] = [Profile::Export, Profile::Import].map(|profile| {
        let report = check(files, profile);
        report_holds(&report, files);
        report
    });
    for (strict, lenient) in export.units.iter().zip(&import.units) {
        assert_eq!(strict.key(), lenient.key());
        assert!(lenient.accepted || !strict.accepted, "import refuses what export accepts");
    }
}

fn report_holds(report: &Report, files: &[SourceFile<'_>]) {
    for Finding { place, unit, .. } in &report.findings {
        assert!(unit.is_none_or(|unit| unit < report.units.len()));
        assert!(place.row.is_none_or(|row| row > 0) && place.column.is_none_or(|column| column > 0));
        let Some(file) = place.file else { continue };
        let end = place.offset.unwrap_or(0) + u64::from(place.length.unwrap_or(0));
        assert!(end <= files[file].bytes.len() as u64, "a place beyond the end of its file");
    }
    for (at, unit) in report.units.iter().enumerate() {
        let error = |finding: &Finding| finding.unit == Some(at) && finding.severity == Severity::Error;
        let unkept = report.suppressed.iter().any(|more| more.unit == Some(at) && more.errors > 0);
        assert_eq!(unit.accepted, !(report.findings.iter().any(error) || unkept));
        assert!(!unit.files.is_empty() && unit.files.iter().all(|file| *file < files.len()));
    }
}

fn parts(input: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(input);
    std::iter::from_fn(move || {
        let now = rest?;
        match now.windows(BETWEEN.len()).position(|window| window == BETWEEN) {
            Some(at) => {
                rest = Some(&now[at + BETWEEN.len()..]);
                Some(&now[..at])
            }
            None => rest.take(),
        }
    })
}

fn named(part: &[u8]) -> Option<(String, &[u8])> {
    let (which, bytes) = part.split_first()?;
    let kind = FileKind::ALL[usize::from(*which) % FileKind::ALL.len()];
    let month = match (kind.has_month(), which / 64) {
        (false, _) => "",
        (true, 0) => "000000_",
        (true, _) => "202604_",
    };
    // Some with the types of 予防, some old and without any.
    let (from, to) = [("_43", "_11"), ("_46", "_A2"), ("", ""), ("_43", "_15")][usize::from(which / 64)];
    let end = if kind == FileKind::UpkihonImage { "_0001.jpg" } else { ".CSV" };
    Some((format!("{}_{month}0300000100{from}_0300000005{to}_20260401090000{end}", kind.id()), bytes))
}

/// What is read and written again is what it was; what the writer writes is read as it was given.
pub(crate) fn round_trip(bytes: &[u8]) {
    let mut records = Records::new(bytes);
    let (mut rows, mut sound, mut end) = (Vec::new(), true, 0);
    while let Some(record) = records.next_record() {
        assert!(record.offset() >= end, "records follow one another");
        end = record.offset() + record.raw().len() as u64;
        match Row::of(&record) {
            Some(row) => rows.push(row),
            None => sound = false,
        }
    }
    assert!(end <= bytes.len() as u64);
    let mut written = Vec::new();
    rows.iter().for_each(|row| row.write(&mut written));
    if sound {
        assert_eq!(written, bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes));
    }
    let edition = read::edition(bytes).unwrap_or(Edition::V202407);
    for layout in FileKind::ALL.into_iter().filter_map(|kind| layout(kind, edition)) {
        for row in rows.iter().filter(|row| row.cells.len() == layout.columns.len()) {
            let texts: Option<Vec<_>> = (0..row.cells.len()).map(|at| row.text(at)).collect();
            let Some(texts) = texts else { continue };
            let mut writer = Writer::new(layout);
            if writer.row(&texts).is_err() {
                continue;
            }
            let bytes = writer.finish();
            let mut again = Records::new(&bytes);
            let record = again.next_record().expect("the row that was written");
            assert!(record.quote_fault().is_none());
            let read: Vec<_> = record.cells().map(|cell| cell.text().expect("MS932")).collect();
            assert_eq!(read, texts);
            assert!(again.next_record().is_none());
        }
    }
}

/// A name that is understood is written as it was, its extension in the standard's capitals.
pub(crate) fn file_name(name: &str) {
    if let Ok(read) = name.parse::<FileName>() {
        let written = read.to_string();
        assert!(written.eq_ignore_ascii_case(name));
        assert_eq!(written.parse(), Ok(read));
    }
    check_holds(&[SourceFile { name, bytes: b"202407\r\n" }]);
}

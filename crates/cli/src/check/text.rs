//! The answer for people: unit by unit, file by file, what is wrong and what to do.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use standard::{Finding, OfficeNumber, Report, Rule, ServiceType, Severity, Suppressed, Unit};

use super::disk::OnDisk;
use super::excerpt::{self, Excerpt, Spot};
use super::gather::{Folder, Found};
use super::screen::{self, WIDTH};
use super::{Judged, Side};

/// Places of one rule in one file that are shown with their line; of the others only the number is given.
const EXCERPTS_MAX: usize = 3;
/// Rows that are named by their number alone.
const ROWS_MAX: usize = 10;

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const RED: Style = AnsiColor::Red.on_default().bold();
const YELLOW: Style = AnsiColor::Yellow.on_default().bold();
const GREEN: Style = AnsiColor::Green.on_default().bold();

/// How many errors and warnings.
#[derive(Clone, Copy, Default)]
struct Count {
    errors: u64,
    warnings: u64,
}

/// What is told of one folder.
struct Page<'p> {
    folder: &'p Folder<Found>,
    report: &'p Report,
    /// Whether the cells that are meant are shown as they are.
    show: bool,
}

pub(super) fn write(out: &mut impl Write, judged: &[Judged], side: Side, show: bool) -> io::Result<()> {
    for judged in judged {
        let page = Page { folder: &judged.folder, report: &judged.report, show };
        for (at, unit) in page.report.units.iter().enumerate() {
            write_unit(out, &page, at, unit, side)?;
        }
        write_strays(out, &page)?;
    }
    write_summary(out, judged, side)
}

fn write_unit(out: &mut impl Write, page: &Page<'_>, at: usize, unit: &Unit, side: Side) -> io::Result<()> {
    let report = page.report;
    let label = unit.kind.map_or("送信単位にならない組み合わせ", |kind| kind.label());
    let (style, verdict) = match (unit.accepted, side) {
        (true, Side::Export) => (GREEN, "送れます"),
        (true, Side::Import) => (GREEN, "取り込めます"),
        (false, Side::Export) => (RED, "送れません"),
        (false, Side::Import) => (RED, "取り込めません"),
    };
    writeln!(out, "{BOLD}{label}{BOLD:#} 【{style}{verdict}{style:#}】")?;
    writeln!(out, "  送信元 {}", office(unit.sender, unit.sender_type))?;
    writeln!(out, "  送信先 {}", office(unit.receiver, unit.receiver_type))?;
    let count = count(report, Some(at));
    writeln!(out, "  連番 {} / {}ファイル / {count}", unit.serial, unit.files.len())?;
    let of_unit = |finding: &&Finding| finding.unit == Some(at);
    let of_whole: Vec<&Finding> =
        report.findings.iter().filter(of_unit).filter(|finding| finding.place.file.is_none()).collect();
    if !of_whole.is_empty() {
        writeln!(out)?;
        write_rules(out, page, None, &of_whole, Some(at))?;
    }
    for file in &unit.files {
        let findings: Vec<&Finding> =
            report.findings.iter().filter(of_unit).filter(|finding| finding.place.file == Some(*file)).collect();
        if !findings.is_empty() {
            write_file(out, page, *file, &findings, Some(at))?;
        }
    }
    writeln!(out)
}

/// Files that belong to no unit, and what concerns no file at all.
fn write_strays(out: &mut impl Write, page: &Page<'_>) -> io::Result<()> {
    let mut by_file: BTreeMap<Option<usize>, Vec<&Finding>> = BTreeMap::new();
    for finding in page.report.findings.iter().filter(|finding| finding.unit.is_none()) {
        by_file.entry(finding.place.file).or_default().push(finding);
    }
    if by_file.is_empty() {
        return Ok(());
    }
    writeln!(out, "{BOLD}どの送信単位にも入らないファイル{BOLD:#}")?;
    for (file, findings) in by_file {
        match file {
            Some(file) => write_file(out, page, file, &findings, None)?,
            None => write_rules(out, page, None, &findings, None)?,
        }
    }
    writeln!(out)
}

fn write_file(
    out: &mut impl Write,
    page: &Page<'_>,
    file: usize,
    findings: &[&Finding],
    unit: Option<usize>,
) -> io::Result<()> {
    writeln!(out, "\n  {BOLD}{}{BOLD:#}", page.folder.files[file].shown)?;
    write_rules(out, page, Some(file), findings, unit)
}

/// Each rule once, with its places.
fn write_rules(
    out: &mut impl Write,
    page: &Page<'_>,
    file: Option<usize>,
    findings: &[&Finding],
    unit: Option<usize>,
) -> io::Result<()> {
    let mut groups: Vec<(&'static Rule, Severity, Vec<&Finding>)> = Vec::new();
    for finding in findings {
        match groups.iter_mut().find(|(rule, severity, _)| *rule == finding.rule && *severity == finding.severity) {
            Some((_, _, group)) => group.push(finding),
            None => groups.push((finding.rule, finding.severity, vec![finding])),
        }
    }
    groups.sort_by_key(|(_, severity, _)| std::cmp::Reverse(*severity));
    let spots: BTreeSet<Spot> = groups
        .iter()
        .flat_map(|(_, _, group)| group.iter().take(EXCERPTS_MAX))
        .filter_map(|finding| Spot::of(finding))
        .collect();
    let excerpts = file.map(|at| {
        let files = &page.folder.files;
        excerpt::excerpts(&mut OnDisk::new(files), at, &files[at].name, &spots, page.show)
    });
    let excerpts = excerpts.unwrap_or_default();
    for (at, (rule, severity, group)) in groups.into_iter().enumerate() {
        if at > 0 {
            writeln!(out)?;
        }
        let (style, word) = severity_word(severity);
        let head = format!("{word} {} ", rule.code);
        let mut lines = screen::wrap(rule.what, WIDTH - 4 - screen::width(&head)).into_iter();
        writeln!(out, "    {style}{word}{style:#} {BOLD}{}{BOLD:#} {}", rule.code, lines.next().unwrap_or_default())?;
        for line in lines {
            writeln!(out, "    {:1$}{line}", "", screen::width(&head))?;
        }
        for finding in group.iter().take(EXCERPTS_MAX) {
            write_place(out, finding, Spot::of(finding).and_then(|spot| excerpts.get(&spot)), style)?;
        }
        let more = page
            .report
            .suppressed
            .iter()
            .filter(|more| more.rule == rule && more.unit == unit && (more.file.is_none() || more.file == file));
        write_more(out, &group[group.len().min(EXCERPTS_MAX)..], more)?;
        write_hanging(out, "直し方: ", rule.fix)?;
    }
    Ok(())
}

fn write_place(out: &mut impl Write, finding: &Finding, excerpt: Option<&Excerpt>, style: Style) -> io::Result<()> {
    if let Some(detail) = &finding.detail {
        write_hanging(out, "", detail)?;
    }
    let Some(row) = finding.place.row else { return Ok(()) };
    let number = format!("{row}行目");
    let Some(excerpt) = excerpt else {
        let item = match (finding.place.column, finding.place.item) {
            (Some(column), Some(item)) => format!(" {column}.{item}"),
            (Some(column), None) => format!(" {column}番目の項目"),
            _ => String::new(),
        };
        return writeln!(out, "      {DIM}{number}{DIM:#}{item}");
    };
    let margin = screen::width(&number);
    writeln!(out, "      {DIM}{number} |{DIM:#} {}", excerpt.cells)?;
    let (before, carets) = (excerpt.before, "^".repeat(excerpt.carets));
    let fits = 6 + margin + 3 + before + excerpt.carets + 1 + screen::width(&excerpt.item) <= WIDTH;
    let empty = "";
    write!(out, "      {empty:margin$} {DIM}|{DIM:#} {empty:before$}{style}{carets}{style:#}")?;
    if fits {
        writeln!(out, " {}", excerpt.item)?;
    } else {
        writeln!(out, "\n      {empty:margin$} {DIM}|{DIM:#} {}", excerpt.item)?;
    }
    if !excerpt.beside.is_empty() {
        for line in screen::wrap(&excerpt.beside, WIDTH - 9 - margin) {
            writeln!(out, "      {empty:margin$} {DIM}| {line}{DIM:#}")?;
        }
    }
    Ok(())
}

/// Rows that are not shown, and how many were only counted.
fn write_more<'a>(
    out: &mut impl Write,
    rest: &[&Finding],
    suppressed: impl Iterator<Item = &'a Suppressed>,
) -> io::Result<()> {
    let uncounted: u64 = suppressed.map(|more| more.count).sum();
    let rows: BTreeSet<u64> = rest.iter().filter_map(|finding| finding.place.row).collect();
    let all = uncounted == 0 && rows.len() <= ROWS_MAX;
    let rows: Vec<String> = rows.iter().take(ROWS_MAX).map(u64::to_string).collect();
    let text = match (rows.is_empty(), rest.len() as u64 + uncounted) {
        (_, 0) => return Ok(()),
        (true, more) => format!("ほか{more}件"),
        (false, more) if !all => format!("ほか{more}件（{}行目など）", rows.join("、")),
        (false, more) => format!("ほか{more}件（{}行目）", rows.join("、")),
    };
    write_hanging(out, "", &text)
}

/// A text under a rule; its further lines stand under its first word.
fn write_hanging(out: &mut impl Write, head: &str, text: &str) -> io::Result<()> {
    let margin = screen::width(head);
    for (at, line) in screen::wrap(text, WIDTH - 6 - margin).into_iter().enumerate() {
        let head = if at == 0 { head } else { "" };
        writeln!(out, "      {head}{:1$}{line}", "", margin - screen::width(head))?;
    }
    Ok(())
}

fn write_summary(out: &mut impl Write, judged: &[Judged], side: Side) -> io::Result<()> {
    let files: usize = judged.iter().map(|judged| judged.folder.files.len()).sum();
    let units: usize = judged.iter().map(|judged| judged.report.units.len()).sum();
    let accepted = judged.iter().flat_map(|judged| &judged.report.units).filter(|unit| unit.accepted).count();
    let total = judged.iter().fold(Count::default(), |sum, judged| {
        let Report { units, .. } = &judged.report;
        let parts = (0..units.len()).map(Some).chain([None]).map(|unit| count(&judged.report, unit));
        parts.fold(sum, |sum, part| Count { errors: sum.errors + part.errors, warnings: sum.warnings + part.warnings })
    });
    let verb = if side == Side::Export { "送れる" } else { "取り込める" };
    writeln!(out, "{BOLD}検査のまとめ{BOLD:#}")?;
    writeln!(out, "  {files}ファイル / {units}送信単位のうち{verb}もの{accepted} / {total}")?;
    let next = match (total.errors > 0, total.warnings > 0, side) {
        (true, _, Side::Export) => {
            "誤りのある項目を介護ソフトで直し、同じ組み合わせのファイルをまとめて書き出し直してから、もう一度検査してください。CSVファイルを直接書き換えないでください。"
        }
        (true, _, Side::Import) => "取り込まずに、誤りの内容を送信元の事業所に伝え、書き出し直してもらってください。",
        (false, true, Side::Export) => {
            "このまま送れます。注意の内容は、受け取る側のソフトで困らないか確かめてください。"
        }
        (false, true, Side::Import) => "このまま取り込めます。注意のある項目は、取り込んだあとに確かめてください。",
        (false, false, Side::Export) => "問題は見つかりませんでした。このまま送れます。",
        (false, false, Side::Import) => "問題は見つかりませんでした。このまま取り込めます。",
    };
    for line in screen::wrap(next, WIDTH - 2) {
        writeln!(out, "  {line}")?;
    }
    let code = judged.iter().flat_map(|judged| &judged.report.findings).max_by_key(|finding| finding.severity);
    if let Some(finding) = code {
        writeln!(out, "  番号の詳しい説明は fumibako rule {} のようにして読めます。", finding.rule.code)?;
    }
    Ok(())
}

fn severity_word(severity: Severity) -> (Style, &'static str) {
    match severity {
        Severity::Error => (RED, "誤り"),
        Severity::Warning => (YELLOW, "注意"),
    }
}

fn office(number: OfficeNumber, service_type: Option<ServiceType>) -> String {
    match service_type {
        Some(code) => format!("{number}（{code} {}）", code.name().unwrap_or("種類不明")),
        None => number.to_string(),
    }
}

fn count(report: &Report, unit: Option<usize>) -> Count {
    let mut count = Count::default();
    for finding in report.findings.iter().filter(|finding| finding.unit == unit) {
        match finding.severity {
            Severity::Error => count.errors += 1,
            Severity::Warning => count.warnings += 1,
        }
    }
    for more in report.suppressed.iter().filter(|more| more.unit == unit) {
        count.errors += more.errors;
        count.warnings += more.count - more.errors;
    }
    count
}

impl std::fmt::Display for Count {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.errors, self.warnings) {
            (0, 0) => f.write_str("問題なし"),
            (0, warnings) => write!(f, "注意{warnings}件"),
            (errors, 0) => write!(f, "誤り{errors}件"),
            (errors, warnings) => write!(f, "誤り{errors}件・注意{warnings}件"),
        }
    }
}

//! 検査結果 — what a check says: units, findings, and how many more there were.

use crate::unit::UnitKey;
use crate::{OfficeNumber, Rule, Serial, ServiceMonth, ServiceType, UnitKind};

/// 検査するファイル — a name and its bytes.
#[derive(Debug, Clone, Copy)]
pub struct SourceFile<'a> {
    /// The file name, without folder.
    pub name: &'a str,
    /// The content as it is.
    pub bytes: &'a [u8],
}

/// 検査の厳しさ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Profile {
    /// 書き出し: strict, for what leaves.
    Export,
    /// 取り込み: what section 11 allows a reader to accept is a warning.
    Import,
}

/// 重さ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// 注意: it goes through.
    Warning,
    /// 誤り: it is refused.
    Error,
}

/// 検査の報告.
#[derive(Debug)]
pub struct Report {
    /// The units, in the order of import.
    pub units: Vec<Unit>,
    /// The findings, unit by unit.
    pub findings: Vec<Finding>,
    /// What was counted and not kept.
    pub suppressed: Vec<Suppressed>,
}

impl Report {
    /// Whether nothing was refused.
    pub fn is_accepted(&self) -> bool {
        self.units.iter().all(|unit| unit.accepted)
            && self.findings.iter().all(|finding| finding.severity != Severity::Error)
            && self.suppressed.iter().all(|more| more.errors == 0)
    }

    /// Whether one rule alone, of this code, stands against a unit.
    pub fn is_refused_only_for(&self, unit: usize, code: &str) -> bool {
        let of_unit = |of: Option<usize>| of == Some(unit);
        let kept = self.findings.iter().filter(|finding| of_unit(finding.unit) && finding.severity == Severity::Error);
        let not_kept = self.suppressed.iter().filter(|more| of_unit(more.unit) && more.errors > 0);
        let mut codes = kept.map(|finding| finding.rule.code).chain(not_kept.map(|more| more.rule.code));
        self.units.get(unit).is_some_and(|unit| !unit.accepted) && codes.all(|found| found == code)
    }
}

/// 送信単位 — one set of files.
#[derive(Debug, Clone)]
pub struct Unit {
    /// Which of the fifteen; none if the files form none.
    pub kind: Option<UnitKind>,
    /// ファイル連番.
    pub serial: Serial,
    /// 送信元.
    pub sender: OfficeNumber,
    /// 送信元のサービス種類.
    pub sender_type: Option<ServiceType>,
    /// 送信先.
    pub receiver: OfficeNumber,
    /// 送信先のサービス種類.
    pub receiver_type: Option<ServiceType>,
    /// Positions in the input, in the standard's order.
    pub files: Vec<usize>,
    /// False exactly when an error concerns the unit or one of its files.
    pub accepted: bool,
    pub(crate) service_month: Option<ServiceMonth>,
}

impl Unit {
    /// 対象年月, where the unit has one.
    pub fn service_month(&self) -> Option<ServiceMonth> {
        self.service_month
    }

    /// What its files have in common.
    pub fn key(&self) -> UnitKey {
        UnitKey {
            serial: self.serial,
            sender: self.sender,
            sender_type: self.sender_type,
            receiver: self.receiver,
            receiver_type: self.receiver_type,
        }
    }
}

/// 検査結果の一件.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The rule.
    pub rule: &'static Rule,
    /// Its weight under the profile.
    pub severity: Severity,
    /// The unit it concerns.
    pub unit: Option<usize>,
    /// Where.
    pub place: Place,
    /// More, in Japanese; never a person's name or the text of a cell.
    pub detail: Option<String>,
}

/// 場所.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place {
    /// Position of the file in the input.
    pub file: Option<usize>,
    /// Record number, from 1, a header row included.
    pub row: Option<u64>,
    /// Column number of the layout, from 1.
    pub column: Option<u16>,
    /// Its name in the layout.
    pub item: Option<&'static str>,
    /// Which character of the cell, from 1, where the rule is about one: the first that does not belong there, or the
    /// first beyond the length. Quotes around the cell are not counted, doubled ones once.
    pub character: Option<u32>,
    /// Where the cell begins in the file, in bytes.
    pub offset: Option<u64>,
    /// How many bytes it has there.
    pub length: Option<u32>,
}

impl Place {
    /// A whole file.
    pub(crate) fn file(file: usize) -> Place {
        Place { file: Some(file), ..Place::default() }
    }
}

/// ほかN件 — findings of one rule in one file beyond the bound.
#[derive(Debug, Clone)]
pub struct Suppressed {
    /// The rule.
    pub rule: &'static Rule,
    /// The file.
    pub file: Option<usize>,
    /// The unit.
    pub unit: Option<usize>,
    /// How many more.
    pub count: u64,
    /// How many of them are errors.
    pub errors: u64,
}

/// Findings kept per rule and file; the rest is counted.
pub const FINDINGS_PER_RULE_AND_FILE_MAX: u64 = 20;

/// Findings of one rule in one file.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    all: u64,
    errors: u64,
    errors_not_kept: u64,
}

/// Collects findings within the bound.
pub(crate) struct Findings {
    pub(crate) profile: Profile,
    kept: Vec<Finding>,
    /// What the file or unit at hand has had, per rule.
    counts: [Count; crate::rules::RULES_MAX],
    file: Option<usize>,
    unit: Option<usize>,
    start: usize,
    suppressed: Vec<Suppressed>,
    /// Units an error concerns.
    refused: Vec<usize>,
}

impl Findings {
    pub(crate) fn new(profile: Profile) -> Self {
        Findings {
            profile,
            kept: Vec::new(),
            counts: [Count::default(); crate::rules::RULES_MAX],
            file: None,
            unit: None,
            start: 0,
            suppressed: Vec::new(),
            refused: Vec::new(),
        }
    }

    /// What follows concerns this unit and, unless a place says otherwise, this file.
    pub(crate) fn begin(&mut self, unit: Option<usize>, file: Option<usize>) {
        self.close();
        self.unit = unit;
        self.file = file;
    }

    /// Counts and says whether the finding is to be kept. Allocation of details comes after.
    pub(crate) fn admits(&mut self, rule: &'static Rule, severity: Severity) -> bool {
        let Some(count) = self.counts.get_mut(rule.number()) else { return true };
        count.all += 1;
        let error = u64::from(severity == Severity::Error);
        count.errors += error;
        if count.all > FINDINGS_PER_RULE_AND_FILE_MAX {
            count.errors_not_kept += error;
            return false;
        }
        true
    }

    pub(crate) fn push(&mut self, rule: &'static Rule, place: Place, detail: Option<String>) {
        self.push_as(rule, rule.severity_under(self.profile), place, detail);
    }

    pub(crate) fn push_as(&mut self, rule: &'static Rule, severity: Severity, place: Place, detail: Option<String>) {
        if self.admits(rule, severity) {
            self.keep(rule, severity, place, detail);
        }
    }

    /// After [`Findings::admits`].
    pub(crate) fn keep(&mut self, rule: &'static Rule, severity: Severity, place: Place, detail: Option<String>) {
        self.kept.push(Finding { rule, severity, unit: self.unit, place, detail });
    }

    /// Takes back what was said about the file at hand, but for the rules to be kept: the others were meaningless.
    pub(crate) fn silence(&mut self, keep: impl Fn(&'static Rule) -> bool) {
        let said = self.kept.split_off(self.start.min(self.kept.len()));
        self.kept.extend(said.into_iter().filter(|finding| keep(finding.rule)));
        for rule in crate::RULES {
            if !keep(rule)
                && let Some(count) = self.counts.get_mut(rule.number())
            {
                *count = Count::default();
            }
        }
    }

    fn close(&mut self) {
        let mut refused = false;
        for rule in crate::RULES {
            let Some(count) = self.counts.get_mut(rule.number()) else { continue };
            refused |= count.errors > 0;
            if count.all > FINDINGS_PER_RULE_AND_FILE_MAX {
                self.suppressed.push(Suppressed {
                    rule,
                    file: self.file,
                    unit: self.unit,
                    count: count.all - FINDINGS_PER_RULE_AND_FILE_MAX,
                    errors: count.errors_not_kept,
                });
            }
            *count = Count::default();
        }
        if let Some(unit) = self.unit.filter(|unit| refused && self.refused.last() != Some(unit)) {
            self.refused.push(unit);
        }
        self.start = self.kept.len();
    }

    pub(crate) fn finish(mut self) -> (Vec<Finding>, Vec<Suppressed>, Vec<usize>) {
        self.close();
        (self.kept, self.suppressed, self.refused)
    }
}

//! 検査項目 — one rule, one file: what is wrong, what to do in the care software, and where the standard says so.

mod example;
pub mod v01;
pub mod v02;
pub mod v03;
pub mod v04;
pub mod v05;
pub mod v06;
pub mod v07;
pub mod v08;
pub mod v09;
pub mod v10;
pub mod v11;
pub mod v12;
pub mod v13;
pub mod v14;
pub mod v15;
pub mod v16;
pub mod v17;
pub mod v18;
pub mod v19;
pub mod v20;
pub mod v21;
pub mod v22;
pub mod v23;
pub mod v24;
pub mod v25;
pub mod v26;
pub mod v27;
pub mod v28;
pub mod v29;
pub mod v30;
pub mod v31;
pub mod v32;
pub mod v33;
pub mod v34;
pub mod v35;
pub mod v36;
pub mod v37;
pub mod v38;
pub mod v39;

use crate::{Profile, Severity};
use std::fmt;

/// 取り込みのときの重さ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OnImport {
    /// As on export.
    Same,
    /// A warning.
    Warning,
    /// A warning where the standard's mark had to be inferred, else as on export.
    WarningWhereInferred,
}

/// 検査項目.
pub struct Rule {
    /// `V08`.
    pub code: &'static str,
    /// Where the standard says so.
    pub clause: &'static str,
    /// Weight on export.
    pub severity: Severity,
    /// Weight on import.
    pub on_import: OnImport,
    /// What happened, for a clerk.
    pub what: &'static str,
    /// What to do in the care software.
    pub fix: &'static str,
    /// The code that reports it when it is not reported by itself (README 15.18).
    pub shown_as: Option<&'static str>,
    /// Files in order.
    pub good: Example,
    /// Files that break this rule and no other.
    pub bad: Example,
}

impl Rule {
    /// The weight under a profile.
    pub fn severity_under(&self, profile: Profile) -> Severity {
        match (profile, self.on_import) {
            (Profile::Import, OnImport::Warning) => Severity::Warning,
            _ => self.severity,
        }
    }

    /// The number in the code: 8 of `V08`.
    pub(crate) fn number(&self) -> usize {
        self.code.get(1..).and_then(|digits| digits.parse().ok()).unwrap_or(0)
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rule({})", self.code)
    }
}

impl PartialEq for Rule {
    fn eq(&self, other: &Rule) -> bool {
        self.code == other.code
    }
}

impl Eq for Rule {}

/// 例 — a handful of files.
pub type Example = &'static [ExampleFile];

/// 例のファイル.
#[derive(Debug, Clone, Copy)]
pub struct ExampleFile {
    /// Its name.
    pub name: &'static str,
    /// Its content.
    pub body: Body,
}

/// 例の中身.
#[derive(Debug, Clone, Copy)]
pub enum Body {
    /// Text, to be written in MS932.
    Text(&'static str),
    /// Bytes as they are.
    Bytes(&'static [u8]),
}

impl ExampleFile {
    /// The bytes as they would arrive.
    pub fn bytes(&self) -> Vec<u8> {
        match self.body {
            Body::Text(text) => crate::write::ms932(text).unwrap_or_default(),
            Body::Bytes(bytes) => bytes.to_vec(),
        }
    }
}

/// One more than the highest number of a rule.
pub(crate) const RULES_MAX: usize = 91;

/// Every rule, in order.
#[rustfmt::skip]
pub static RULES: &[&Rule] = &[
    &v01::RULE, &v02::RULE, &v03::RULE, &v04::RULE, &v05::RULE,
    &v06::RULE, &v07::RULE, &v08::RULE, &v09::RULE, &v10::RULE,
    &v11::RULE, &v12::RULE, &v13::RULE, &v14::RULE, &v15::RULE,
    &v16::RULE, &v17::RULE, &v18::RULE, &v19::RULE, &v20::RULE,
    &v21::RULE, &v22::RULE, &v23::RULE, &v24::RULE, &v25::RULE,
    &v26::RULE, &v27::RULE, &v28::RULE, &v29::RULE, &v30::RULE,
    &v31::RULE, &v32::RULE, &v33::RULE, &v34::RULE, &v35::RULE,
    &v36::RULE, &v37::RULE, &v38::RULE, &v39::RULE,
];

/// The rule with this code.
pub fn rule(code: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.code == code).copied()
}

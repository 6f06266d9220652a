//! 検査項目 — one rule, one file: what is wrong, what to do in the care software, and where the standard says so.

mod example;
#[cfg(test)]
mod tests;
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
pub mod v40;
pub mod v41;
pub mod v42;
pub mod v43;
pub mod v44;
pub mod v45;
pub mod v46;
pub mod v47;
pub mod v48;
pub mod v49;
pub mod v50;
pub mod v51;
pub mod v52;
pub mod v53;
pub mod v54;
pub mod v55;
pub mod v56;
pub mod v57;
pub mod v58;
pub mod v59;
pub mod v60;
pub mod v61;
pub mod v62;
pub mod v63;
pub mod v64;
pub mod v65;
pub mod v66;
pub mod v67;
pub mod v68;
pub mod v69;
pub mod v70;
pub mod v71;
pub mod v72;
pub mod v73;
pub mod v74;
pub mod v75;
pub mod v76;
pub mod v77;
pub mod v78;
pub mod v79;
pub mod v80;
pub mod v81;
pub mod v82;
pub mod v83;
pub mod v84;
pub mod v85;
pub mod v86;
pub mod v87;
pub mod v88;
pub mod v89;
pub mod v90;

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

/// 検査に要るもの — what a rule needs beyond the files themselves. Without it the rule is silent.
#[derive(Debug, Clone, Copy)]
pub enum Needs {
    /// Nothing.
    Nothing,
    /// サービスコード表, as text; the one of the examples.
    ServiceCodes(&'static str),
    /// これまでに届いたデータ: what came before the examples.
    History(Example),
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
    /// What it needs beyond the files.
    pub needs: Needs,
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
    &v36::RULE, &v37::RULE, &v38::RULE, &v39::RULE, &v40::RULE,
    &v41::RULE, &v42::RULE, &v43::RULE, &v44::RULE, &v45::RULE,
    &v46::RULE, &v47::RULE, &v48::RULE, &v49::RULE, &v50::RULE,
    &v51::RULE, &v52::RULE, &v53::RULE, &v54::RULE, &v55::RULE,
    &v56::RULE, &v57::RULE, &v58::RULE, &v59::RULE, &v60::RULE,
    &v61::RULE, &v62::RULE, &v63::RULE, &v64::RULE, &v65::RULE,
    &v66::RULE, &v67::RULE, &v68::RULE, &v69::RULE, &v70::RULE,
    &v71::RULE, &v72::RULE, &v73::RULE, &v74::RULE, &v75::RULE,
    &v76::RULE, &v77::RULE, &v78::RULE, &v79::RULE, &v80::RULE,
    &v81::RULE, &v82::RULE, &v83::RULE, &v84::RULE, &v85::RULE,
    &v86::RULE, &v87::RULE, &v88::RULE, &v89::RULE, &v90::RULE,
];

/// The rule with this code.
pub fn rule(code: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.code == code).copied()
}

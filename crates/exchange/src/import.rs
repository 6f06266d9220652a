//! 取込みの結果 — what the receiver says became of a set. Codes and positions only: never what stands there.

use crate::State;
use std::fmt;

/// Positions of one answer.
pub const PLACES_MAX: usize = 200;
/// Records are counted from 1; no file of the standard has more.
pub const RECORD_MAX: u32 = 9_999_999;
/// The column's No. in the standard; no file has more.
pub const COLUMN_MAX: u16 = 999;

/// How the import went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// 取り込めた.
    Imported,
    /// 一部だけ取り込めた.
    Partly,
    /// 取り込めなかった.
    Rejected,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 3] = [Self::Imported, Self::Partly, Self::Rejected];

    /// Stable id.
    #[must_use]
    pub const fn id(self) -> &'static str {
        self.state().id()
    }

    /// The outcome with this id.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.id() == id)
    }

    /// Where a set stands after it.
    #[must_use]
    pub const fn state(self) -> State {
        match self {
            Self::Imported => State::Imported,
            Self::Partly => State::Partly,
            Self::Rejected => State::Rejected,
        }
    }
}

/// Why something was not imported. A closed list, so that nothing about a person can be said by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// The person is not registered in the receiver's software.
    PersonUnknown,
    /// The office or care manager is not registered there.
    OfficeUnknown,
    /// The service code is not in its table.
    ServiceUnknown,
    /// It is there already.
    Duplicate,
    /// What it changes or deletes is not there.
    TargetMissing,
    /// Something must stand there.
    Missing,
    /// The software does not take this value.
    Value,
    /// It is outside a period of care or certification.
    Period,
    /// The software has no place for it.
    Unsupported,
    /// Something else; a note says what.
    Other,
}

impl Reason {
    /// Every reason, in the order of the form.
    pub const ALL: [Self; 10] = [
        Self::PersonUnknown,
        Self::OfficeUnknown,
        Self::ServiceUnknown,
        Self::Duplicate,
        Self::TargetMissing,
        Self::Missing,
        Self::Value,
        Self::Period,
        Self::Unsupported,
        Self::Other,
    ];

    /// Stable id.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::PersonUnknown => "person-unknown",
            Self::OfficeUnknown => "office-unknown",
            Self::ServiceUnknown => "service-unknown",
            Self::Duplicate => "duplicate",
            Self::TargetMissing => "target-missing",
            Self::Missing => "missing",
            Self::Value => "value",
            Self::Period => "period",
            Self::Unsupported => "unsupported",
            Self::Other => "other",
        }
    }

    /// The reason with this id.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.id() == id)
    }

    /// The reason in words, for people in a care office.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::PersonUnknown => "利用者が登録されていない",
            Self::OfficeUnknown => "事業所・担当者が登録されていない",
            Self::ServiceUnknown => "サービスコードが登録されていない",
            Self::Duplicate => "同じデータがすでにある",
            Self::TargetMissing => "変更・削除する元のデータがない",
            Self::Missing => "必要な項目が空",
            Self::Value => "値を受け付けない",
            Self::Period => "期間が合わない",
            Self::Unsupported => "ソフトが対応していない",
            Self::Other => "その他",
        }
    }
}

/// Where something was not imported, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImportPlace {
    /// Which file, counted from 1 in the set's order.
    pub file: u16,
    /// Which record, counted from 1; none: the whole file.
    pub record: Option<u32>,
    /// The column's No. in the standard; none: the whole record.
    pub column: Option<u16>,
    /// Why.
    pub reason: Reason,
}

impl fmt::Display for ImportPlace {
    /// One spelling: `file:record:column:reason`, with `-` for what is not said.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = |number: Option<u32>| number.map_or_else(|| "-".to_owned(), |number| number.to_string());
        write!(f, "{}:{}:{}:{}", self.file, part(self.record), part(self.column.map(u32::from)), self.reason.id())
    }
}

/// 取込みの結果, whole and without contradiction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportAnswer {
    outcome: Outcome,
    places: Vec<ImportPlace>,
}

/// Why an answer is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAnAnswer {
    /// All was imported, and yet something was not.
    #[error("an import that succeeded has no places")]
    Contradiction,
    /// More positions than may be.
    #[error("more than {PLACES_MAX} places")]
    TooMany,
    /// The set has no such file.
    #[error("no such file in the set")]
    File,
    /// A position that no file has, or a column without its record.
    #[error("no such position")]
    Position,
}

impl ImportAnswer {
    /// An answer about a set with so many files. The same places in another order, or twice, are the same answer.
    ///
    /// # Errors
    /// [`NotAnAnswer`].
    pub fn new(outcome: Outcome, mut places: Vec<ImportPlace>, files: usize) -> Result<Self, NotAnAnswer> {
        if outcome == Outcome::Imported && !places.is_empty() {
            return Err(NotAnAnswer::Contradiction);
        }
        if places.len() > PLACES_MAX {
            return Err(NotAnAnswer::TooMany);
        }
        for place in &places {
            if place.file == 0 || usize::from(place.file) > files {
                return Err(NotAnAnswer::File);
            }
            let record_ok = place.record.is_none_or(|record| (1..=RECORD_MAX).contains(&record));
            let column_ok =
                place.column.is_none_or(|column| (1..=COLUMN_MAX).contains(&column) && place.record.is_some());
            if !record_ok || !column_ok {
                return Err(NotAnAnswer::Position);
            }
        }
        places.sort_unstable();
        places.dedup();
        Ok(Self { outcome, places })
    }

    /// How the import went.
    #[must_use]
    pub const fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// Where it did not.
    #[must_use]
    pub fn places(&self) -> &[ImportPlace] {
        &self.places
    }

    /// The places in one spelling, a line each: what is stored, and what the record of the answer commits to.
    #[must_use]
    pub fn places_text(&self) -> String {
        places_text(&self.places)
    }
}

/// Places in one spelling, a line each.
#[must_use]
pub fn places_text(places: &[ImportPlace]) -> String {
    places.iter().map(|place| format!("{place}\n")).collect()
}

/// Reads [`places_text`] back.
#[must_use]
pub fn read_places(text: &str) -> Option<Vec<ImportPlace>> {
    text.lines().map(read_place).collect()
}

fn read_place(line: &str) -> Option<ImportPlace> {
    let mut parts = line.split(':');
    let mut part = || parts.next();
    let file = part()?.parse().ok()?;
    let record = number(part()?)?;
    let column = number(part()?)?.map(u16::try_from).transpose().ok()?;
    let reason = Reason::from_id(part()?)?;
    let place = ImportPlace { file, record, column, reason };
    // One spelling: what would be written otherwise was written by somebody else.
    (place.to_string() == line).then_some(place)
}

fn number(text: &str) -> Option<Option<u32>> {
    if text == "-" { Some(None) } else { text.parse().ok().map(Some) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(file: u16, record: Option<u32>, column: Option<u16>) -> ImportPlace {
        ImportPlace { file, record, column, reason: Reason::Value }
    }

    #[test]
    fn places_are_bounded_and_belong_to_the_set() {
        let made = |places: Vec<ImportPlace>| ImportAnswer::new(Outcome::Partly, places, 2).map(|_| ());
        assert_eq!(made(vec![place(1, None, None), place(2, Some(1), Some(3))]), Ok(()));
        assert_eq!(made(vec![place(0, None, None)]), Err(NotAnAnswer::File));
        assert_eq!(made(vec![place(3, None, None)]), Err(NotAnAnswer::File));
        assert_eq!(made(vec![place(1, Some(0), None)]), Err(NotAnAnswer::Position));
        assert_eq!(made(vec![place(1, None, Some(1))]), Err(NotAnAnswer::Position), "a column of no record");
        assert_eq!(made(vec![place(1, Some(1), Some(0))]), Err(NotAnAnswer::Position));
        assert_eq!(made(vec![place(1, Some(1), Some(COLUMN_MAX + 1))]), Err(NotAnAnswer::Position));
        assert_eq!(made(vec![place(1, Some(RECORD_MAX + 1), None)]), Err(NotAnAnswer::Position));
        assert_eq!(made(vec![place(1, None, None); PLACES_MAX + 1]), Err(NotAnAnswer::TooMany));
        let contradiction = ImportAnswer::new(Outcome::Imported, vec![place(1, None, None)], 2);
        assert_eq!(contradiction, Err(NotAnAnswer::Contradiction));
    }

    #[test]
    fn the_same_places_in_another_order_are_the_same_answer() {
        let (a, b) = (place(1, Some(2), Some(3)), place(2, None, None));
        let one = ImportAnswer::new(Outcome::Rejected, vec![a, b, a], 2);
        assert_eq!(one, ImportAnswer::new(Outcome::Rejected, vec![b, a], 2));
    }

    #[test]
    fn places_are_read_back_in_their_one_spelling_only() {
        let places = vec![place(1, None, None), place(1, Some(12), None), place(2, Some(3), Some(45))];
        let text = places_text(&places);
        assert_eq!(text, "1:-:-:value\n1:12:-:value\n2:3:45:value\n");
        assert_eq!(read_places(&text), Some(places));
        assert_eq!(read_places(""), Some(vec![]));
        for strange in
            ["1", "1:-:-:cell", "01:-:-:value", "1:+2:-:value", "1:-:-:value:x", "1:1:70000:value", "a:-:-:value"]
        {
            assert_eq!(read_places(strange), None, "{strange}");
        }
    }

    #[test]
    fn every_reason_and_outcome_has_its_own_id() {
        for reason in Reason::ALL {
            assert_eq!(Reason::from_id(reason.id()), Some(reason));
            assert!(!reason.label().is_empty());
        }
        for outcome in Outcome::ALL {
            assert_eq!(Outcome::from_id(outcome.id()), Some(outcome));
            assert!(outcome.state().is_final());
        }
    }
}

//! V61: 明細判別コードの連番 — 1 to n among equal lines.

use super::example::{back, done, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;
use crate::calendar;
use crate::rows::Spot;

/// 明細判別コードの連番
pub const RULE: Rule = Rule {
    code: "V61",
    clause: "第6表.19 「1 からの連番」",
    severity: Severity::Warning,
    on_import: OnImport::Same,
    what: "同じ日・同じコード・同じ単位数の福祉用具に、明細判別コードが1からの連番で付いていません。",
    fix: "受け取れますが、用具の行が一つにまとめられることがあります。利用票の用具を確かめて書き出し直してください。",
    shown_as: None,
    needs: Needs::Nothing,
    good: &[text!(
        back!("UPJSK_202604"),
        concat!(
            done!("250,,20260401,,9999,9999,1,171003,00999-000021,,\"\",1,", "1370000002,\"ひだまり\",,0,1370000002,"),
            done!("250,,20260401,,9999,9999,1,171003,00999-000022,,\"\",2,", "1370000002,\"ひだまり\",,0,1370000002,")
        )
    )],
    bad: &[text!(
        back!("UPJSK_202604"),
        concat!(
            done!("250,,20260401,,9999,9999,1,171003,00999-000021,,\"\",,", "1370000002,\"ひだまり\",,0,1370000002,"),
            done!("250,,20260401,,9999,9999,1,171003,00999-000022,,\"\",,", "1370000002,\"ひだまり\",,0,1370000002,")
        )
    )],
};

/// Items of one person that are held against each other.
const ITEMS_MAX: usize = 4_096;

/// 福祉用具 of one person.
pub(crate) struct Items {
    items: Vec<(u64, u32, Spot)>,
    full: bool,
}

impl Items {
    pub(crate) fn new() -> Items {
        Items { items: Vec::with_capacity(64), full: false }
    }

    /// A line, in the group of equal ones.
    pub(crate) fn add(&mut self, group: u64, number: &[u8], spot: Spot) {
        if self.items.len() >= ITEMS_MAX {
            self.full = true;
            return;
        }
        let number = if number.is_empty() { 0 } else { calendar::number(number).unwrap_or(u32::MAX) };
        self.items.push((group, number, spot));
    }

    /// The first line that breaks the numbering of its group.
    pub(crate) fn first_broken(&mut self) -> Option<Spot> {
        if self.full || self.items.is_empty() {
            return None;
        }
        self.items.sort_unstable_by_key(|(group, number, spot)| (*group, *number, spot.row));
        let groups = self.items.chunk_by(|(one, ..), (other, ..)| one == other);
        groups.filter_map(broken).min_by_key(|spot| spot.row)
    }

    pub(crate) fn clear(&mut self) {
        self.items.clear();
        self.full = false;
    }
}

/// A single line needs no number.
fn broken(group: &[(u64, u32, Spot)]) -> Option<Spot> {
    match group {
        [(_, 0, _)] => None,
        _ => (1..).zip(group).find(|(expected, (_, number, _))| expected != number).map(|(_, (.., spot))| *spot),
    }
}

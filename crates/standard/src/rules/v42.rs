//! V42: 種類支給限度額の枠 — from the first, without gaps, whole.

use super::example::{costs, frames, month_set, name, schedule, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;

/// 種類支給限度額の枠
pub const RULE: Rule = Rule {
    code: "V42",
    clause: "UPHOSOKU.20 「１枠から順番に設定」",
    severity: Severity::Warning,
    on_import: OnImport::Same,
    what: "種類支給限度基準額の枠が飛んでいるか、枠の一部だけが入力されています。",
    fix: "１枠から順に、サービス種類・限度額・合計・限度超の四つをそろえて入力してください。",
    shown_as: None,
    needs: Needs::Nothing,
    good: month_set!(schedule!(), costs!(), frames!("11,5000,250,0,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,")),
    bad: month_set!(schedule!(), costs!(), frames!(",,,,11,5000,250,0,,,,,,,,,,,,,,,,,,,,,,,,,,,,")),
};

/// Frames of a row.
pub(crate) const FRAMES: usize = 9;
/// Columns of a frame.
pub(crate) const COLUMNS: usize = 4;

/// The first column at fault, counted from the first frame.
pub(crate) fn broken(filled: impl Fn(usize) -> bool) -> Option<(usize, &'static str)> {
    let mut gap = None;
    for frame in 0..FRAMES {
        let columns = frame * COLUMNS..(frame + 1) * COLUMNS;
        let empty = columns.clone().find(|column| !filled(*column));
        if !columns.clone().any(&filled) {
            gap = gap.or(Some(columns.start));
        } else if let Some(gap) = gap {
            return Some((gap, "後ろの枠が使われているのに、この枠が空です"));
        } else if let Some(empty) = empty {
            return Some((empty, "枠の一部だけが入力されています"));
        }
    }
    None
}

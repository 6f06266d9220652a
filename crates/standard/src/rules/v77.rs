//! V77: 支援計画の番号 — serials that begin again inside their parent.

use super::example::{centre, support, support_plan, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;

/// 支援計画の番号
pub const RULE: Rule = Rule {
    code: "V77",
    clause: "別表の構成 「連番を入力する」",
    severity: Severity::Error,
    on_import: OnImport::Warning,
    what: "支援計画の課題ＮＯ・支援計画ＮＯ・利用サービスＮＯが、それぞれ1からの連番になっていません。",
    fix: "支援計画書を開いて保存し直してから書き出してください。直らないときは、介護ソフトの提供元に伝えてください。",
    shown_as: None,
    needs: Needs::Nothing,
    good: &[
        text!(centre!("UPYOBO"), support_plan!()),
        text!(
            centre!("UPYOBO_SUB"),
            concat!(
                support!("1", "外出", "1", "見守る", "1"),
                support!("1", "", "1", "", "2"),
                support!("1", "", "2", "誘う", "1")
            )
        ),
    ],
    bad: &[
        text!(centre!("UPYOBO"), support_plan!()),
        text!(
            centre!("UPYOBO_SUB"),
            concat!(support!("1", "外出", "1", "見守る", "1"), support!("1", "", "1", "", "3"))
        ),
    ],
};

/// The place of the first of sorted numbers that does not follow the one before, and its level.
pub(crate) fn first_broken(numbers: impl Iterator<Item = [u8; 3]>) -> Option<(usize, usize)> {
    let mut last = [0; 3];
    for (at, now) in numbers.enumerate() {
        let level = (0..3).find(|level| now.get(*level) != last.get(*level));
        let follows = match level {
            Some(0) => now[0] == last[0] + 1 && now[1] == 1 && now[2] == 1,
            Some(1) => now[1] == last[1] + 1 && now[2] == 1,
            Some(_) => now[2] == last[2] + 1,
            None => false,
        };
        if !follows {
            return Some((at, level.unwrap_or(2)));
        }
        last = now;
    }
    None
}

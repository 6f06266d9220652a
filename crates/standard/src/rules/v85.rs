//! V85: 元の行のない別表 — a 別表 row has its sheet.

use super::example::{basic, centre, text, timetable};
use super::{Needs, OnImport, Rule};
use crate::Severity;

/// 元の行のない別表
pub const RULE: Rule = Rule {
    code: "V85",
    clause: "別表 「同様の値を記載」",
    severity: Severity::Error,
    on_import: OnImport::Same,
    what: "別表の行に、同じ利用者・同じ日付の利用者基本情報または支援計画書がありません。",
    fix: "利用者基本情報・支援計画書と別表を、一度の操作で書き出し直してください。",
    shown_as: None,
    needs: Needs::Nothing,
    good: &[text!(centre!("UPKIHON"), basic!()), text!(centre!("UPKIHON_SUB1"), timetable!())],
    bad: &[
        text!(centre!("UPKIHON"), basic!()),
        text!(centre!("UPKIHON_SUB1"), "202407,131016,0000000001,20260321,\"6:00\",\"起床\",\"\"\r\n"),
    ],
};

//! V13: 別表・画像のファイル名 — the middle part equals the parent's. Files are grouped by it, so V09 reports it.

use super::example::{basic, centre, text, timetable};
use super::{Needs, OnImport, Rule};
use crate::Severity;

/// 別表・画像のファイル名
pub const RULE: Rule = Rule {
    code: "V13",
    clause: "別紙 「紐づく…のファイルと同様とする」",
    severity: Severity::Error,
    on_import: OnImport::Warning,
    what: "別表や画像のファイル名が、元の利用者基本情報・支援計画書のファイル名と合っていません。",
    fix: "一度の操作で書き出したファイルだけを、名前を変えずに選び直してください。",
    shown_as: Some("V09"),
    needs: Needs::Nothing,
    good: &[text!(centre!("UPKIHON"), basic!()), text!(centre!("UPKIHON_SUB1"), timetable!())],
    bad: &[
        text!(centre!("UPKIHON"), basic!()),
        text!("UPKIHON_SUB1_1370000003_46_1370000002_A2_20260320093001.CSV", timetable!()),
    ],
};

//! V18: 同じ種類のファイル — two of one kind in a unit.

use super::example::{name, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;
use crate::unit::Group;

/// 同じ種類のファイル
pub const RULE: Rule = Rule {
    code: "V18",
    clause: "別紙 ファイル作成単位",
    severity: Severity::Warning,
    on_import: OnImport::Same,
    what: "ひとつの送信単位に、同じ種類のファイルが二つ以上あります。",
    fix: "同じファイルを二度選んでいないか確かめてください。ひとつにまとめて書き出すのが標準仕様の形です。",
    shown_as: None,
    needs: Needs::Nothing,
    good: &[text!(name!("DLTPLAN_202604"), "202407,131016,0000000001,202604\r\n")],
    bad: &[
        text!(name!("DLTPLAN_202604"), "202407,131016,0000000001,202604\r\n"),
        text!(name!("DLTPLAN_202604"), "202407,131016,0000000001,202604\r\n"),
    ],
};

/// The second file of a kind. Attachments are V16's; images may be many, but not twice under one name.
pub(crate) fn broken(group: &Group) -> Vec<usize> {
    let attached = |kind| super::v16::PARENTS.iter().any(|(child, _)| *child == kind);
    let mut surplus = Vec::new();
    for pair in group.files.windows(2) {
        let [(_, one), (file, other)] = pair else { continue };
        if one.kind == other.kind && one.branch == other.branch && !attached(one.kind) {
            surplus.push(*file);
        }
    }
    surplus
}

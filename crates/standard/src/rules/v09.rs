//! V09: 送信単位 — the files present form exactly one of the allowed units.

use super::example::{name, plan_1, plan_2, plan_3, supplement, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;
use crate::unit::{Group, UNITS, UnitEntry};
use crate::{FileKind, UnitKind};

/// 送信単位
pub const RULE: Rule = Rule {
    code: "V09",
    clause: "2.4, 3.4",
    severity: Severity::Error,
    on_import: OnImport::Same,
    what: "一度に送るファイルの組み合わせが、標準仕様の送信単位になっていません。",
    fix: "一度の操作で書き出したファイルをすべて選び直してください。足りないファイルがあれば、介護ソフトから書き出し直してください。",
    shown_as: None,
    needs: Needs::Nothing,
    good: &[
        text!(name!("UP1KYO"), plan_1!()),
        text!(name!("UP2KYO"), plan_2!()),
        text!(name!("UP3KYO"), plan_3!()),
        text!(name!("UPHOSOKU_000000"), supplement!("20260320", "000000")),
    ],
    bad: &[text!(name!("UP1KYO"), plan_1!())],
};

/// What is missing or too much against the nearest unit, and the nearest neighbour that has the missing file.
pub(crate) fn explain(group: &Group, near: &[Group]) -> String {
    let mut present: Vec<FileKind> = group.files.iter().map(|(_, name)| name.kind).collect();
    present.sort_unstable();
    present.dedup();
    let plan_supplement = group.files.iter().any(|(_, name)| name.kind == FileKind::Uphosoku && name.month.is_none());
    let lacks = |entry: &UnitEntry| -> Vec<FileKind> {
        entry.required.iter().filter(|kind| !present.contains(kind)).copied().collect()
    };
    let surplus = |entry: &UnitEntry| -> Vec<FileKind> {
        let belongs = |kind: &&FileKind| entry.required.contains(kind) || entry.optional.contains(kind);
        present.iter().filter(|kind| !belongs(kind)).copied().collect()
    };
    let distance = |entry: &&UnitEntry| {
        // A supplement without a month belongs to a plan, one with a month to a schedule.
        let other_use = present.contains(&FileKind::Uphosoku)
            && entry.required.contains(&FileKind::Uphosoku)
            && (entry.kind == UnitKind::CarePlan) != plan_supplement;
        let twin = usize::from(entry.prevention != group.key.is_prevention());
        // What is there tells more about what was meant than what is not.
        (lacks(entry).len() + 10 * surplus(entry).len() + 2 * usize::from(other_use), twin)
    };
    let Some(nearest) = UNITS.iter().min_by_key(distance) else { return String::new() };
    let (missing, extra) = (lacks(nearest), surplus(nearest));
    let mut text = format!("「{}」としては、", nearest.label);
    if !missing.is_empty() {
        text.push_str(&format!("{}がありません", list(&missing)));
    }
    if !extra.is_empty() {
        let and = if missing.is_empty() { "" } else { "。" };
        text.push_str(&format!("{and}{}が余分です", list(&extra)));
    }
    text.push('。');
    let neighbour = near
        .iter()
        .filter(|other| other.key != group.key)
        .filter(|other| other.files.iter().any(|(_, name)| missing.contains(&name.kind)))
        .min_by_key(|other| (group.key.distance(&other.key), other.key));
    if let Some(other) = neighbour.filter(|other| group.key.distance(&other.key) <= NEIGHBOUR_DISTANCE_MAX) {
        let found: Vec<FileKind> =
            missing.iter().filter(|kind| other.files.iter().any(|(_, name)| name.kind == **kind)).copied().collect();
        text.push_str(&format!("{}が違う{}があります。", differences(group, other), list(&found)));
    }
    text
}

/// Beyond so many differing parts a file is no neighbour any more.
const NEIGHBOUR_DISTANCE_MAX: usize = 3;

fn list(kinds: &[FileKind]) -> String {
    let names: Vec<String> = kinds.iter().map(|kind| format!("{}（{}）", kind.id(), kind.label())).collect();
    names.join("、")
}

fn differences(group: &Group, other: &Group) -> String {
    let mut parts = Vec::new();
    if group.key.serial != other.key.serial {
        parts.push(format!("ファイル連番（{}）", other.key.serial));
    }
    if group.key.sender != other.key.sender {
        parts.push(format!("送信元の事業所番号（{}）", other.key.sender));
    }
    if group.key.sender_type != other.key.sender_type {
        parts.push("送信元のサービス種類コード".into());
    }
    if group.key.receiver != other.key.receiver {
        parts.push(format!("送信先の事業所番号（{}）", other.key.receiver));
    }
    if group.key.receiver_type != other.key.receiver_type {
        parts.push("送信先のサービス種類コード".into());
    }
    parts.join("と")
}

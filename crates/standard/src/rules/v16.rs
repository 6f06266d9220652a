//! V16: 別表の数 — one SUB1, SUB2 per UPKIHON, one UPYOBO_SUB per UPYOBO.

use super::example::{basic, centre, text, timetable};
use super::{Needs, OnImport, Rule};
use crate::FileKind;
use crate::Severity;
use crate::unit::Group;

/// 別表の数
pub const RULE: Rule = Rule {
    code: "V16",
    clause: "別紙 補足 「1ファイルに対して、1ファイル…を原則」",
    severity: Severity::Warning,
    on_import: OnImport::Same,
    what: "別表のファイルが、元のファイルひとつに対して二つ以上あります。",
    fix: "同じ別表を二度選んでいないか確かめてください。",
    shown_as: None,
    needs: Needs::Nothing,
    good: &[text!(centre!("UPKIHON"), basic!()), text!(centre!("UPKIHON_SUB1"), timetable!())],
    bad: &[
        text!(centre!("UPKIHON"), basic!()),
        text!(centre!("UPKIHON_SUB1"), timetable!()),
        text!(centre!("UPKIHON_SUB1"), timetable!()),
    ],
};

/// What each attachment hangs on.
pub(crate) const PARENTS: [(FileKind, FileKind); 3] = [
    (FileKind::UpkihonSub1, FileKind::Upkihon),
    (FileKind::UpkihonSub2, FileKind::Upkihon),
    (FileKind::UpyoboSub, FileKind::Upyobo),
];

/// The first file too many of each attachment.
pub(crate) fn broken(group: &Group) -> Vec<usize> {
    let of = |kind| group.files.iter().filter(move |(_, name)| name.kind == kind);
    let surplus = |(child, parent): &(FileKind, FileKind)| of(*child).nth(of(*parent).count()).map(|(file, _)| *file);
    PARENTS.iter().filter_map(surplus).collect()
}

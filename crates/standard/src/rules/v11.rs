//! V11: 第6表と第7表の対象年月 — the same month in both names.

use super::example::{costs, name, schedule, supplement, text};
use super::{OnImport, Rule};
use crate::Severity;
use crate::FileKind;
use crate::unit::Group;

/// 第6表と第7表の対象年月
pub const RULE: Rule = Rule {
    code: "V11",
    clause: "2.3",
    severity: Severity::Error,
    on_import: OnImport::Same,
    what: "利用票（第6表）と別表（第7表）の対象年月が違います。",
    fix: "同じ月の利用票と別表を、一度の操作で書き出し直してください。",
    shown_as: None,
    good: &[text!(name!("UPPLAN_202604"), schedule!()), text!(name!("UPSIKYU_202604"), costs!()), text!(name!("UPHOSOKU_202604"), supplement!("00000000", "202604"))],
    bad: &[text!(name!("UPPLAN_202604"), schedule!()), text!(name!("UPSIKYU_202605"), costs!("202605", "11.40")), text!(name!("UPHOSOKU_202604"), supplement!("00000000", "202604"))],
};

/// The 第7表 whose month no 第6表 has, and the reverse.
pub(crate) fn broken(group: &Group, faulty: &[usize]) -> Option<usize> {
    let sound = |kind| group.files.iter().filter(move |(file, name)| name.kind == kind && !faulty.contains(file));
    if group.files.iter().any(|(file, name)| name.kind != FileKind::Uphosoku && faulty.contains(file)) {
        return None;
    }
    let alone = |one, other| sound(one).find(|(_, name)| sound(other).all(|(_, twin)| twin.month != name.month));
    alone(FileKind::Upsikyu, FileKind::Upplan).or(alone(FileKind::Upplan, FileKind::Upsikyu)).map(|(file, _)| *file)
}

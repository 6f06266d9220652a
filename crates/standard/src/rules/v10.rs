//! V10: 補足情報の対象年月 — 000000 with a plan, the month of 第6表 with a schedule.

use super::example::{costs, name, schedule, supplement, text};
use super::{OnImport, Rule};
use crate::Severity;
use crate::unit::Group;
use crate::{FileKind, FileName, UnitKind};

/// 補足情報の対象年月
pub const RULE: Rule = Rule {
    code: "V10",
    clause: "2.4(1)①②",
    severity: Severity::Error,
    on_import: OnImport::Same,
    what: "利用者補足情報のファイル名の年月が、一緒に送るファイルと合っていません。",
    fix: "計画書には「000000」、利用票には同じ対象年月の利用者補足情報が要ります。介護ソフトから一式を書き出し直してください。",
    shown_as: None,
    good: &[text!(name!("UPPLAN_202604"), schedule!()), text!(name!("UPSIKYU_202604"), costs!()), text!(name!("UPHOSOKU_202604"), supplement!("00000000", "202604"))],
    bad: &[text!(name!("UPPLAN_202604"), schedule!()), text!(name!("UPSIKYU_202604"), costs!()), text!(name!("UPHOSOKU_202605"), supplement!("00000000", "202604"))],
};

/// The supplements of a unit whose month is not the one it should be. `faulty` are files whose name says nothing.
pub(crate) fn broken(kind: UnitKind, group: &Group, faulty: &[usize]) -> Vec<usize> {
    let months = |kind| group.files.iter().filter(move |(_, name)| name.kind == kind);
    let plan = kind == UnitKind::CarePlan;
    if !plan && months(FileKind::Upplan).any(|(file, _)| faulty.contains(file)) {
        return Vec::new();
    }
    let fits = |name: &FileName| match name.month {
        None => plan,
        Some(month) => !plan && months(FileKind::Upplan).any(|(_, table)| table.month == Some(month)),
    };
    let sound = |file: &usize| !faulty.contains(file);
    months(FileKind::Uphosoku).filter(|(file, name)| sound(file) && !fits(name)).map(|(file, _)| *file).collect()
}

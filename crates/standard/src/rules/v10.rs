//! V10: 補足情報の対象年月 — 000000 with a plan, the month of 第6表 with a schedule.

use super::example::{costs, name, schedule, supplement, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;
use crate::unit::Group;
use crate::{FileKind, FileName, UnitKind};
use std::collections::BTreeSet;

/// 補足情報の対象年月
pub const RULE: Rule = Rule {
    code: "V10",
    clause: "2.4(1)①②",
    severity: Severity::Error,
    on_import: OnImport::Same,
    what: "利用者補足情報のファイル名の年月が、一緒に送るファイルと合っていません。",
    fix: "計画書には「000000」、利用票には同じ対象年月の利用者補足情報が要ります。介護ソフトから一式を書き出し直してください。",
    shown_as: None,
    needs: Needs::Nothing,
    good: &[
        text!(name!("UPPLAN_202604"), schedule!()),
        text!(name!("UPSIKYU_202604"), costs!()),
        text!(name!("UPHOSOKU_202604"), supplement!("00000000", "202604")),
    ],
    bad: &[
        text!(name!("UPPLAN_202604"), schedule!()),
        text!(name!("UPSIKYU_202604"), costs!()),
        text!(name!("UPHOSOKU_202605"), supplement!("00000000", "202604")),
    ],
};

/// The supplements of a unit whose month is not the one it should be. `faulty` (in order) are files whose name does not
/// say its month.
pub(crate) fn broken(kind: UnitKind, group: &Group, faulty: &[usize]) -> Vec<usize> {
    let plan = kind == UnitKind::CarePlan;
    let mut months = BTreeSet::new();
    for (file, name) in group.files.iter().filter(|(_, name)| !plan && name.kind == FileKind::Upplan) {
        if faulty.binary_search(file).is_ok() {
            return Vec::new();
        }
        months.extend(name.month);
    }
    let fits = |name: &FileName| name.month.map_or(plan, |month| months.contains(&month));
    let supplements = group.files.iter().filter(|(_, name)| name.kind == FileKind::Uphosoku);
    let broken = supplements.filter(|(file, name)| faulty.binary_search(file).is_err() && !fits(name));
    broken.map(|(file, _)| *file).collect()
}

//! V11: 第6表と第7表の対象年月 — the same month in both names.

use super::example::{costs, name, schedule, supplement, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;
use crate::unit::Group;
use crate::{FileKind, FileName};
use std::collections::BTreeSet;

/// 第6表と第7表の対象年月
pub const RULE: Rule = Rule {
    code: "V11",
    clause: "2.3",
    severity: Severity::Error,
    on_import: OnImport::Same,
    what: "利用票（第6表）と別表（第7表）の対象年月が違います。",
    fix: "同じ月の利用票と別表を、一度の操作で書き出し直してください。",
    shown_as: None,
    needs: Needs::Nothing,
    good: &[
        text!(name!("UPPLAN_202604"), schedule!()),
        text!(name!("UPSIKYU_202604"), costs!()),
        text!(name!("UPHOSOKU_202604"), supplement!("00000000", "202604")),
    ],
    bad: &[
        text!(name!("UPPLAN_202604"), schedule!()),
        text!(name!("UPSIKYU_202605"), costs!("202605", "11.40")),
        text!(name!("UPHOSOKU_202604"), supplement!("00000000", "202604")),
    ],
};

/// The 第7表 whose month no 第6表 has, or the reverse.
pub(crate) fn broken(group: &Group, faulty: &[usize]) -> Option<usize> {
    let of = |kind| group.files.iter().filter(move |(_, name)| name.kind == kind);
    let tables = || of(FileKind::Upplan).chain(of(FileKind::Upsikyu));
    if tables().any(|(file, _)| faulty.binary_search(file).is_ok()) {
        return None;
    }
    let months = |kind| of(kind).filter_map(|(_, name)| name.month).collect::<BTreeSet<_>>();
    let (schedules, costs) = (months(FileKind::Upplan), months(FileKind::Upsikyu));
    let both = |name: &FileName| name.month.is_some_and(|month| schedules.contains(&month) && costs.contains(&month));
    of(FileKind::Upsikyu).chain(of(FileKind::Upplan)).find(|(_, name)| !both(name)).map(|(file, _)| *file)
}

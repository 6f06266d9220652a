use super::plain::has_parent;
use super::{Machine, NO_COLUMN, Now, Row, Say};
use crate::links::Links;
use crate::rules::{v49, v50};
use crate::{FileKind, Layout};

/// 第3表
pub(super) struct Sheet3 {
    weekly: [usize; 4],
    daily: [usize; 3],
    other: usize,
}

impl Sheet3 {
    pub(super) fn new(layout: &Layout) -> Sheet3 {
        let index = |ident| layout.index(ident).unwrap_or(NO_COLUMN);
        Sheet3 {
            weekly: ["care_service_content", "weekday", "service_start_time", "service_end_time"].map(index),
            daily: ["daily_activity", "activity_start_time", "activity_end_time"].map(index),
            other: index("non_weekly_service"),
        }
    }
}

impl Machine for Sheet3 {
    fn alone(&mut self, row: &Row<'_, '_>, say: &mut Say<'_>) {
        let filled = |columns: &[usize]| columns.iter().any(|column| !row.is_empty(*column));
        let weekly = filled(&self.weekly);
        match v49::kinds([weekly, filled(&self.daily), !row.is_empty(self.other)]) {
            1 if weekly => {
                let [_, needed @ ..] = self.weekly;
                if let Some(missing) = needed.into_iter().find(|column| row.is_empty(*column)) {
                    say.cell(&v50::RULE, row, missing, v50::MISSING);
                }
            }
            1 => {}
            0 => say.spot(&v49::RULE, row.spot(), None, v49::NONE),
            _ => say.spot(&v49::RULE, row.spot(), None, v49::SEVERAL),
        }
    }

    fn open(&mut self, row: &Row<'_, '_>, say: &mut Say<'_>, now: &Now, links: &mut Links) {
        has_parent(FileKind::Up3kyo, row, say, now, links);
    }
}

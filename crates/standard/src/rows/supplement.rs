use super::{Machine, NO_COLUMN, Now, Row, Say};
use crate::links::{Links, TOLD, has, told};
use crate::rules::{v42, v80, v81};
use crate::{FileKind, Layout, UnitKind};

/// 利用者補足情報
pub(super) struct Supplement {
    /// Where the nine frames of 種類別支給限度額 begin.
    frames: Option<usize>,
}

impl Supplement {
    pub(super) fn new(layout: &Layout) -> Supplement {
        Supplement { frames: layout.index("frame1_service_type") }
    }
}

impl Machine for Supplement {
    fn alone(&mut self, row: &Row<'_, '_>, say: &mut Say<'_>) {
        let Some(first) = self.frames else { return };
        let filled = |at: usize| row.record.spans.get(at).is_some_and(|span| !span.is_empty());
        let frames = first..first + v42::FRAMES * v42::COLUMNS;
        if !frames.clone().any(filled) {
            return;
        }
        if let Some((at, detail)) = v42::broken(|at| filled(first + at)) {
            let at = if first + at < frames.end { first + at } else { NO_COLUMN };
            say.cell(&v42::RULE, row, at, detail);
        }
    }

    fn within(&mut self, row: &Row<'_, '_>, say: &mut Say<'_>, now: &mut Now, links: &mut Links) {
        let (parent, rule) = match links.kind {
            Some(UnitKind::CarePlan) => (FileKind::Up1kyo, &v80::RULE),
            Some(UnitKind::Schedule | UnitKind::PreventionSchedule) => (FileKind::Upplan, &v81::RULE),
            _ => return,
        };
        if now.flags & TOLD != 0 || !links.speak(now.person) {
            return;
        }
        let detail = if now.rows > 1 || now.flags & has(FileKind::Uphosoku) != 0 {
            "同じ利用者の行が二つ以上あります"
        } else if now.flags & has(parent) != 0 {
            return;
        } else if parent == FileKind::Up1kyo {
            "この利用者と作成日の第1表がありません"
        } else {
            "この利用者の第6表がありません"
        };
        say.spot(rule, row.spot(), None, detail);
        now.flags |= told(FileKind::Uphosoku);
        links.mark(now.key, told(FileKind::Uphosoku));
    }
}

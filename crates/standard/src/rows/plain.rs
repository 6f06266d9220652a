use super::{Machine, Now, Row, Say};
use crate::FileKind;
use crate::links::{Links, has, told};
use crate::rules::{v79, v85};

/// Files whose rows only need to be known, or to have their sheet.
pub(super) struct Plain {
    pub(super) kind: FileKind,
}

impl Machine for Plain {
    fn open(&mut self, row: &Row<'_, '_>, say: &mut Say<'_>, now: &Now, links: &mut Links) {
        has_parent(self.kind, row, say, now, links);
    }
}

/// V79 and V85: the sheet a row hangs on. Said once for each plan and person, at the first file.
pub(super) fn has_parent(kind: FileKind, row: &Row<'_, '_>, say: &mut Say<'_>, now: &Now, links: &mut Links) {
    let (parent, rule) = match kind {
        FileKind::Up2kyo | FileKind::Up3kyo => (FileKind::Up1kyo, &v79::RULE),
        FileKind::UpkihonSub1 | FileKind::UpkihonSub2 => (FileKind::Upkihon, &v85::RULE),
        FileKind::UpyoboSub => (FileKind::Upyobo, &v85::RULE),
        _ => return,
    };
    if now.flags & has(parent) == 0 && now.flags & crate::links::TOLD == 0 && links.speak(now.person) {
        say.spot(rule, row.spot(), None, "");
        links.mark(now.key, told(kind));
    }
}

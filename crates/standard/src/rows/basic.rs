use super::{Machine, NO_COLUMN, Row, Say};
use crate::Layout;
use crate::rules::v76;

/// 利用者基本情報
pub(super) struct Basic {
    /// A code, and the text it asks for.
    pairs: [(usize, &'static [u8], usize); 2],
}

impl Basic {
    pub(super) fn new(layout: &Layout) -> Basic {
        let index = |ident| layout.index(ident).unwrap_or(NO_COLUMN);
        let pairs = v76::PAIRS.map(|(code, value, text)| (index(code), value, index(text)));
        Basic { pairs }
    }
}

impl Machine for Basic {
    fn alone(&mut self, row: &Row<'_, '_>, say: &mut Say<'_>) {
        for (code, value, text) in self.pairs {
            if row.value(code) == value && row.is_empty(text) {
                say.cell(&v76::RULE, row, text, "");
            }
        }
    }
}

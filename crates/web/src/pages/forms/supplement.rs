//! 利用者補足情報: no form of its own on paper; what the others take from it, and the rest.

use super::cell::Cell;
use super::costs;
use super::entry::Entry;
use askama::Template;

#[derive(Template)]
#[template(path = "forms/supplement.html")]
pub(crate) struct Supplement<'a> {
    pub(crate) entry: Entry<'a>,
}

impl Supplement<'_> {
    fn frames(&self) -> Vec<[Cell; 4]> {
        costs::frames(|ident| self.entry.cell(ident))
    }
}

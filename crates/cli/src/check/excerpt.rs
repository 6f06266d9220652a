//! Points into a line without showing what it says: every cell is masked, letter for letter as wide as it was.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use standard::read::{self, Cell, Record};
use standard::{Contents, Edition, FileName, Layout};
use unicode_width::UnicodeWidthChar;

use super::screen;

/// Columns of the screen for the cell pointed at, and for one beside it.
const CELL_WIDTH_MAX: usize = 30;
const BESIDE_WIDTH_MAX: usize = 14;
/// Columns for the name of an item.
const ITEM_WIDTH_MAX: usize = 34;

/// Record number and column number.
pub(super) type Spot = (u64, u16);

/// Three lines: the masked cells, carets under the one meant, and the names of its neighbours.
pub(super) struct Excerpt {
    pub(super) cells: String,
    pub(super) before: usize,
    pub(super) carets: usize,
    pub(super) item: String,
    pub(super) beside: String,
}

/// Excerpts at these spots of a file of this name, in one pass.
pub(super) fn excerpts(
    contents: &mut dyn Contents,
    file: usize,
    name: &str,
    spots: &BTreeSet<Spot>,
) -> BTreeMap<Spot, Excerpt> {
    let mut found = BTreeMap::new();
    let Some((last, _)) = spots.last() else { return found };
    let layout = layout(name, read::edition_in(contents, file));
    read::each(contents, file, |record| {
        for spot in spots.range((record.number(), 0)..=(record.number(), u16::MAX)) {
            found.extend(excerpt(record, spot.1, layout).map(|excerpt| (*spot, excerpt)));
        }
        if record.number() >= *last { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    found
}

fn layout(name: &str, edition: Option<Edition>) -> Option<&'static Layout> {
    let name: FileName = name.parse().ok()?;
    standard::layout(name.kind, edition.unwrap_or(Edition::V202407))
}

fn excerpt(record: &Record<'_, '_>, column: u16, layout: Option<&'static Layout>) -> Option<Excerpt> {
    let at = usize::from(column).checked_sub(1)?;
    let cell = record.cell(at)?;
    let left = at.checked_sub(1).and_then(|left| record.cell(left));
    let right = record.cell(at + 1);
    let mut cells = String::new();
    if at > 1 {
        cells.push_str("..,");
    }
    if let Some(left) = &left {
        cells.push_str(&mask(left, BESIDE_WIDTH_MAX));
        cells.push(',');
    }
    let before = screen::width(&cells);
    let masked = mask(&cell, CELL_WIDTH_MAX);
    let carets = screen::width(&masked).max(1);
    cells.push_str(&masked);
    if let Some(right) = &right {
        cells.push(',');
        cells.push_str(&mask(right, BESIDE_WIDTH_MAX));
    }
    if record.len() > at + 2 {
        cells.push_str(",..");
    }
    let item = |at: usize| {
        let name = layout.and_then(|layout| layout.columns.get(at)).map_or("", |column| column.name);
        screen::cut(&format!("{}.{name}", at + 1), ITEM_WIDTH_MAX)
    };
    let beside = [left.map(|_| format!("左は {}", item(at - 1))), right.map(|_| format!("右は {}", item(at + 1)))];
    let beside = beside.into_iter().flatten().collect::<Vec<_>>().join("、");
    Some(Excerpt { cells, before, carets, item: item(at), beside })
}

/// A star for every letter, a wide one for a wide letter. Quotes around the cell are shown; they are often the point.
fn mask(cell: &Cell<'_>, width_max: usize) -> String {
    let star = |letter: char| if letter.width() == Some(2) { '＊' } else { '*' };
    let stars: String = match cell.text() {
        Ok(text) => text.chars().map(star).collect(),
        Err(_) => "*".repeat(cell.bytes().len()),
    };
    let quote = if cell.is_quoted() { "\"" } else { "" };
    format!("{quote}{}{quote}", screen::cut(&stars, width_max - 2 * quote.len()))
}

//! Points into a line. What it says is not shown: every cell is masked, letter for letter as wide as it was. Only the
//! cell meant can be shown as it is, where that was asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use standard::read::{self, Cell, Record};
use standard::{Contents, Edition, FileName, Finding, Layout};
use unicode_width::UnicodeWidthChar;

use super::screen;

/// Columns of the screen for the cell pointed at, and for one beside it.
const CELL_WIDTH_MAX: usize = 30;
const BESIDE_WIDTH_MAX: usize = 14;
/// Columns for the name of an item.
const ITEM_WIDTH_MAX: usize = 34;

/// Letters of a value; nobody reads more of one.
const VALUE_LETTERS_MAX: usize = 4_000;

/// A record, a column of it, and perhaps a character of that cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Spot {
    row: u64,
    column: u16,
    character: Option<u32>,
}

impl Spot {
    /// Where a finding points, if it points at a cell.
    pub(super) fn of(finding: &Finding) -> Option<Spot> {
        let place = &finding.place;
        Some(Spot { row: place.row?, column: place.column?, character: place.character })
    }

    fn first_of(row: u64) -> Spot {
        Spot { row, column: 0, character: None }
    }

    fn cell<'a>(self, record: &Record<'_, 'a>) -> Option<Cell<'a>> {
        record.cell(usize::from(self.column).checked_sub(1)?)
    }
}

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
    show: bool,
) -> BTreeMap<Spot, Excerpt> {
    let mut found = BTreeMap::new();
    if spots.is_empty() {
        return found;
    }
    let layout = layout(name, read::edition_in(contents, file));
    each(contents, file, spots, |record, spot| {
        found.extend(excerpt(record, spot, layout, show).map(|excerpt| (spot, excerpt)));
    });
    found
}

/// What stands at these spots of a file, fit for a terminal.
pub(super) fn values(contents: &mut dyn Contents, file: usize, spots: &BTreeSet<Spot>) -> BTreeMap<Spot, String> {
    let mut found = BTreeMap::new();
    each(contents, file, spots, |record, spot| {
        let Some(cell) = spot.cell(record) else { return };
        let letters = visible(&cell.bytes());
        let more = if letters.len() > VALUE_LETTERS_MAX { ".." } else { "" };
        let text: String = letters.into_iter().take(VALUE_LETTERS_MAX).collect();
        found.insert(spot, text + more);
    });
    found
}

fn each(contents: &mut dyn Contents, file: usize, spots: &BTreeSet<Spot>, mut see: impl FnMut(&Record<'_, '_>, Spot)) {
    let Some(last) = spots.last() else { return };
    read::each(contents, file, |record| {
        let row = record.number();
        spots.range(Spot::first_of(row)..Spot::first_of(row + 1)).for_each(|spot| see(record, *spot));
        if row >= last.row { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
}

fn layout(name: &str, edition: Option<Edition>) -> Option<&'static Layout> {
    let name: FileName = name.parse().ok()?;
    standard::layout(name.kind, edition.unwrap_or(Edition::V202407))
}

fn excerpt(record: &Record<'_, '_>, spot: Spot, layout: Option<&'static Layout>, show: bool) -> Option<Excerpt> {
    let at = usize::from(spot.column).checked_sub(1)?;
    let cell = record.cell(at)?;
    let left = at.checked_sub(1).and_then(|left| record.cell(left));
    let right = record.cell(at + 1);
    let mut cells = String::new();
    if at > 1 {
        cells.push_str("..,");
    }
    if let Some(left) = &left {
        cells.push_str(&in_quotes(left, &mask(left), BESIDE_WIDTH_MAX));
        cells.push(',');
    }
    let mut before = screen::width(&cells);
    let letters = if show { visible(&cell.bytes()) } else { mask(&cell) };
    let shown = in_quotes(&cell, &letters, CELL_WIDTH_MAX);
    let mut carets = screen::width(&shown).max(1);
    if let Some((from, width)) = spot.character.and_then(|character| columns(&cell, &letters, character)) {
        (before, carets) = (before + from, width);
    }
    cells.push_str(&shown);
    if let Some(right) = &right {
        cells.push(',');
        cells.push_str(&in_quotes(right, &mask(right), BESIDE_WIDTH_MAX));
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
    let character = spot.character.map(|character| format!(" {character}文字目")).unwrap_or_default();
    Some(Excerpt { cells, before, carets, item: item(at) + &character, beside })
}

/// Where a character of the cell stands on the screen, and how wide it is, if it is not cut off.
fn columns(cell: &Cell<'_>, letters: &[String], character: u32) -> Option<(usize, usize)> {
    let index = usize::try_from(character).ok()?.checked_sub(1)?;
    let quote = usize::from(cell.is_quoted());
    let from = quote + letters.iter().take(index).map(|letter| screen::width(letter)).sum::<usize>();
    let width = screen::width(letters.get(index)?);
    let all = 2 * quote + letters.iter().map(|letter| screen::width(letter)).sum::<usize>();
    // As of the cut: two columns say that there is more.
    let room = if all > CELL_WIDTH_MAX { CELL_WIDTH_MAX - quote - 2 } else { CELL_WIDTH_MAX };
    (from + width <= room).then_some((from, width))
}

/// Letters as wide as there is room. Quotes around the cell are shown; they are often the point.
fn in_quotes(cell: &Cell<'_>, letters: &[String], width_max: usize) -> String {
    let quote = if cell.is_quoted() { "\"" } else { "" };
    format!("{quote}{}{quote}", screen::cut(&letters.concat(), width_max - 2 * quote.len()))
}

/// A star for every letter, a wide one for a wide letter.
fn mask(cell: &Cell<'_>) -> Vec<String> {
    let star = |letter: Option<char>| if letter.and_then(char::width) == Some(2) { "＊" } else { "*" };
    read::letters(&cell.bytes()).map(|(letter, _)| star(letter).to_owned()).collect()
}

/// Letters as they are; what would steer a terminal, or is no letter, by its bytes.
fn visible(bytes: &[u8]) -> Vec<String> {
    let shown = |(letter, bytes): (Option<char>, &[u8])| match letter {
        Some('\\') => "\\\\".to_owned(),
        Some(letter) if !is_unseen(letter) => letter.to_string(),
        _ => bytes.iter().map(|byte| format!("\\x{byte:02X}")).collect(),
    };
    read::letters(bytes).map(shown).collect()
}

/// Controls, and characters of no appearance or of nobody knows which.
fn is_unseen(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{E000}'..='\u{F8FF}' | '\u{200B}'..='\u{206F}' | '\u{FEFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_steer_a_terminal_is_shown_by_its_bytes() {
        let shown = |bytes: &[u8]| visible(bytes).concat();
        assert_eq!(shown(b"\x82\xA0 a\xB1"), "あ aｱ");
        assert_eq!(shown(b"\x1B[2J\r\n\t\x7F"), "\\x1B[2J\\x0D\\x0A\\x09\\x7F");
        assert_eq!(shown(b"\xF0\x40\x83"), "\\xF0\\x40\\x83");
        assert_eq!(shown(b"a\\x"), "a\\\\x", "a backslash of the text is told from one of an escape");
    }
}

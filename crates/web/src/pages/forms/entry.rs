//! 行と欄 — the rows that stand on a form, each with what a comparison says of it.

use super::cell::{Cell, Choice, Tag, Tick};
use super::shown;
use standard::Layout;
use standard::layout::Form;
use standard::value::{Row, Value};
use std::collections::BTreeMap;

/// 印 — what became of a row since the version before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Mark {
    /// Nothing, or nobody asked.
    #[default]
    Same,
    /// 変更
    Changed,
    /// 追加
    Added,
    /// 削除
    Removed,
}

/// 行 — one row of a file.
#[derive(Clone)]
pub(crate) struct Entry<'a> {
    layout: &'static Layout,
    values: Vec<Value<'a>>,
    pub(crate) mark: Mark,
    /// What stood in the cells that changed, by column.
    before: BTreeMap<&'static str, String>,
}

impl<'a> Entry<'a> {
    pub(crate) fn of(row: &Row<'_, 'a>) -> Self {
        let values = row.values().map(|(_, value)| value).collect();
        Self { layout: row.layout(), values, mark: Mark::Same, before: BTreeMap::new() }
    }

    pub(crate) fn marked(mut self, mark: Mark, before: BTreeMap<&'static str, String>) -> Self {
        (self.mark, self.before) = (mark, before);
        self
    }

    /// The value of a column; empty where the edition has none such.
    pub(crate) fn value(&self, ident: &str) -> &Value<'a> {
        debug_assert!(is_known(ident), "no layout has a column {ident}");
        self.layout.index(ident).and_then(|index| self.values.get(index)).unwrap_or(&Value::Empty)
    }

    /// What the cell is known by.
    pub(crate) fn key(&self, ident: &str) -> String {
        shown::key(self.value(ident))
    }

    pub(crate) fn integer(&self, ident: &str) -> Option<i64> {
        self.value(ident).integer()
    }

    /// What stood there before, in words; none if it is the same.
    pub(crate) fn before(&self, ident: &str) -> Option<String> {
        let before = self.before.get(ident)?;
        self.layout.column(ident).map(|column| shown::words_of_text(column, before))
    }

    /// The cell of a column.
    pub(crate) fn cell(&self, ident: &str) -> Cell {
        let (value, column) = (self.value(ident), self.layout.column(ident));
        let text = column.map(|column| shown::words(column, value)).unwrap_or_default();
        let cell = Cell::new(text, self.before(ident), value.is_unreadable());
        if column.is_some_and(|column| column.form == Form::Text) { cell.of_prose() } else { cell }
    }

    /// A column of codes with all its choices, the chosen ones ringed as on paper.
    pub(crate) fn choice(&self, ident: &str) -> Choice {
        Choice::new(self.layout.column(ident).and_then(|column| column.codes), &self.cell(ident))
    }

    /// A column of 0 and 1 beside its label.
    pub(crate) fn tick(&self, ident: &str, label: &'static str) -> Tick {
        let before = self.before(ident).map(|before| before == "該当");
        Tick { label, on: *self.value(ident) == Value::Flag(true), before }
    }

    pub(crate) fn tag(&self) -> Tag {
        Tag(self.mark)
    }

    /// The class of the row's element.
    pub(crate) fn class(&self) -> &'static str {
        self.mark.class()
    }
}

fn is_known(ident: &str) -> bool {
    standard::layout::EDITIONS.iter().flat_map(|edition| edition.layouts).any(|layout| layout.index(ident).is_some())
}

impl Mark {
    pub(crate) const fn class(self) -> &'static str {
        match self {
            Self::Same => "",
            Self::Changed => "changed",
            Self::Added => "added",
            Self::Removed => "removed",
        }
    }
}

/// Different values of what ought to be one that are shown.
const VALUES_MAX: usize = 20;

/// まとまり — rows that share a place of the form: all rows of a month, or all days of one service.
#[derive(Clone, Default)]
pub(crate) struct Block<'a>(pub(crate) Vec<Entry<'a>>);

impl<'a> Block<'a> {
    /// What the rows say in this column. They ought to say the same; where they do not, all of it is shown, to
    /// [`VALUES_MAX`].
    pub(crate) fn cell(&self, ident: &str) -> Cell {
        let stays: Vec<&Entry<'a>> = self.0.iter().filter(|entry| entry.mark != Mark::Removed).collect();
        let shown = if stays.is_empty() { self.0.iter().collect() } else { stays };
        let mut cells: Vec<Cell> = Vec::new();
        for entry in shown {
            let cell = entry.cell(ident);
            let full = cells.len() >= VALUES_MAX;
            match cells.iter_mut().find(|known| known.text() == cell.text()) {
                Some(known) => known.take_before(cell),
                None if cell.is_blank() || full => {}
                None => cells.push(cell),
            }
        }
        Cell::joined(cells)
    }

    /// See [`Entry::choice`]; that of the first row that says anything.
    pub(crate) fn choice(&self, ident: &str) -> Choice {
        let first = self.0.iter().find(|entry| !entry.value(ident).is_empty()).or(self.0.first());
        first.map(|entry| entry.choice(ident)).unwrap_or_default()
    }

    /// See [`Entry::tick`].
    pub(crate) fn tick(&self, ident: &str, label: &'static str) -> Tick {
        self.0.first().map_or(Tick { label, on: false, before: None }, |entry| entry.tick(ident, label))
    }

    /// What became of the rows together.
    pub(crate) fn mark(&self) -> Mark {
        let mut marks = self.0.iter().map(|entry| entry.mark);
        match marks.next() {
            None => Mark::Same,
            Some(first) if marks.all(|mark| mark == first) => first,
            Some(_) => Mark::Changed,
        }
    }

    pub(crate) fn tag(&self) -> Tag {
        Tag(self.mark())
    }

    pub(crate) fn class(&self) -> &'static str {
        self.mark().class()
    }
}

impl<'a> From<Entry<'a>> for Block<'a> {
    fn from(entry: Entry<'a>) -> Self {
        Self(vec![entry])
    }
}

/// Puts rows of one key together, in the order in which the keys come.
pub(crate) fn by_key<'a, K: Ord + Clone>(
    entries: Vec<Entry<'a>>,
    key: impl Fn(&Entry<'a>) -> K,
) -> Vec<(K, Vec<Entry<'a>>)> {
    let mut places: BTreeMap<K, usize> = BTreeMap::new();
    let mut groups: Vec<(K, Vec<Entry<'a>>)> = Vec::new();
    for entry in entries {
        let key = key(&entry);
        let place = *places.entry(key.clone()).or_insert(groups.len());
        match groups.get_mut(place) {
            Some((_, group)) => group.push(entry),
            None => groups.push((key, vec![entry])),
        }
    }
    groups
}

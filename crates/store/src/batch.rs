//! Statements with a number of rows or values that is known only at work: one text for each size, made once.

use std::sync::LazyLock;

/// Rows that one statement writes. Few sizes, so that the connection keeps them all prepared.
const SIZES: [usize; 4] = [16, 4, 2, 1];

/// A statement with `VALUES` for each size.
pub(crate) struct Insert {
    columns: usize,
    texts: Vec<String>,
}

impl Insert {
    /// `row` writes one row's values; it is given the number of the row's first value.
    pub(crate) fn new(columns: usize, head: &str, tail: &str, row: impl Fn(usize) -> String) -> Self {
        let text = |rows: usize| {
            let values: Vec<String> = (0..rows).map(|at| row(at * columns + 1)).collect();
            format!("{head} VALUES {} {tail}", values.join(", "))
        };
        Self { columns, texts: SIZES.into_iter().map(text).collect() }
    }

    /// The rows in parts, each with its statement.
    pub(crate) fn parts<'s, 'r, T>(&'s self, mut rows: &'r [T]) -> Vec<(&'s str, &'r [T])> {
        let mut parts = Vec::new();
        for (size, text) in SIZES.into_iter().zip(&self.texts) {
            while rows.len() >= size {
                let (part, rest) = rows.split_at(size);
                parts.push((text.as_str(), part));
                rows = rest;
            }
        }
        debug_assert!(self.columns > 0 && rows.is_empty());
        parts
    }
}

/// `($1, $2, $3)`
pub(crate) fn values(first: usize, count: usize) -> String {
    let values: Vec<String> = (first..first + count).map(|at| format!("${at}")).collect();
    format!("({})", values.join(", "))
}

/// Values of an `IN`: what is left of the places asks for the last again.
pub(crate) const ASKED: usize = 50;

/// A statement whose `{}` is a list of [`ASKED`] values from `$first`.
pub(crate) fn asking(text: &str, first: usize) -> String {
    text.replace("{}", &values(first, ASKED))
}

/// The values of one part, filled up.
pub(crate) fn filled(part: &[String]) -> impl Iterator<Item = &str> {
    let last = part.last().map_or("", String::as_str);
    (0..ASKED).map(move |at| part.get(at).map_or(last, String::as_str))
}

/// A text made once.
pub(crate) type Text = LazyLock<String>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_in_one_part() {
        let insert = Insert::new(2, "INSERT INTO t (a, b)", "", |first| values(first, 2));
        let rows: Vec<u32> = (0..23).collect();
        let parts = insert.parts(&rows);
        assert_eq!(parts.iter().map(|(_, part)| part.len()).collect::<Vec<_>>(), [16, 4, 2, 1]);
        assert_eq!(parts.iter().flat_map(|(_, part)| *part).copied().collect::<Vec<_>>(), rows);
        assert_eq!(parts[2].0, "INSERT INTO t (a, b) VALUES ($1, $2), ($3, $4) ");
        assert!(insert.parts::<u32>(&[]).is_empty());
    }

    #[test]
    fn what_is_left_of_the_places_asks_for_the_last_again() {
        let part = ["a".to_owned(), "b".to_owned()];
        let filled: Vec<&str> = filled(&part).collect();
        assert_eq!((filled.len(), filled[0], filled[1], filled[ASKED - 1]), (ASKED, "a", "b", "b"));
    }
}

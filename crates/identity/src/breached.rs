//! 流出したパスワードの一覧: looked up offline, by SHA-1, as the lists in circulation are made (R8.8).

use std::str;

/// A list of passwords that have become known.
pub trait Breached {
    /// Whether it holds the password with this SHA-1. Where a list lies in a file, a failure to read it is `false`: who
    /// implements this for a file reports the failure by itself.
    fn holds(&self, sha1: [u8; 20]) -> bool;
}

/// No list at all.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoList;

impl Breached for NoList {
    fn holds(&self, _: [u8; 20]) -> bool {
        false
    }
}

/// The most entries a list in memory takes: some 200 MB. A longer one belongs into a file of digests that the caller
/// searches through [`search`].
pub const ENTRIES_MAX: usize = 10_000_000;
/// The longest line of a list: forty digits, a colon and a count.
pub const LINE_BYTES_MAX: usize = 64;

/// A list in memory: sorted digests.
#[derive(Clone, Default)]
pub struct Digests(Vec<[u8; 20]>);

impl std::fmt::Debug for Digests {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Digests({})", self.0.len())
    }
}

/// Why a text is not such a list. It quotes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAList {
    /// A line is not forty hexadecimal digits, with or without `:` and a count.
    #[error("line {line} is not HEX or HEX:COUNT")]
    Line {
        /// Which, from 1.
        line: usize,
    },
    /// More than [`ENTRIES_MAX`] lines.
    #[error("more entries than fit in memory")]
    TooMany,
}

impl Digests {
    /// From digests in any order.
    #[must_use]
    pub fn of(mut digests: Vec<[u8; 20]>) -> Self {
        digests.sort_unstable();
        digests.dedup();
        Self(digests)
    }

    /// From lines `HEX` or `HEX:COUNT`, sorted or not. Empty lines are passed over, a byte-order mark and CR too.
    pub fn parse(text: &[u8]) -> Result<Self, NotAList> {
        let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text);
        let mut digests = Vec::new();
        for (at, line) in text.split(|byte| *byte == b'\n').enumerate() {
            let line = line.trim_ascii();
            if line.is_empty() {
                continue;
            }
            if digests.len() == ENTRIES_MAX {
                return Err(NotAList::TooMany);
            }
            digests.push(digest(line).ok_or(NotAList::Line { line: at + 1 })?);
        }
        Ok(Self::of(digests))
    }

    /// How many entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Breached for Digests {
    fn holds(&self, sha1: [u8; 20]) -> bool {
        self.0.binary_search(&sha1).is_ok()
    }
}

/// One line of a list, without its end.
#[must_use]
pub fn digest(line: &[u8]) -> Option<[u8; 20]> {
    if line.len() > LINE_BYTES_MAX {
        return None;
    }
    let (hex, rest) = line.split_at_checked(40)?;
    match rest {
        [] => {}
        [b':', count @ ..] if !count.is_empty() && count.iter().all(u8::is_ascii_digit) => {}
        _ => return None,
    }
    let mut digest = [0; 20];
    for (byte, pair) in digest.iter_mut().zip(hex.chunks_exact(2)) {
        if !pair.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        *byte = u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(digest)
}

/// Whether a digest is among `entries` sorted ones, read one at a time: for a file that the caller opened. `None` where an
/// entry could not be read. At most 64 reads.
pub fn search(sha1: [u8; 20], entries: u64, entry: &mut dyn FnMut(u64) -> Option<[u8; 20]>) -> Option<bool> {
    let (mut low, mut high) = (0, entries);
    while low < high {
        let middle = low + (high - low) / 2;
        match entry(middle)?.cmp(&sha1) {
            std::cmp::Ordering::Equal => return Some(true),
            std::cmp::Ordering::Less => low = middle + 1,
            std::cmp::Ordering::Greater => high = middle,
        }
    }
    Some(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PASSWORD: &str = "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8";

    #[test]
    fn r8_8_a_list_is_read_sorted_or_not_with_counts_or_without() {
        let other = "F".repeat(40);
        let text = format!("\u{FEFF}{other}:3\r\n\r\n{}\n", PASSWORD.to_lowercase());
        let list = Digests::parse(text.as_bytes()).expect("a list");
        assert_eq!(list.len(), 2);
        assert!(list.holds(digest(PASSWORD.as_bytes()).expect("hex")));
        assert!(!list.holds([0; 20]));
    }

    #[test]
    fn what_is_not_a_list_is_refused_by_its_line() {
        for bad in
            ["abc", "g234567890123456789012345678901234567890", &format!("{PASSWORD}:"), &format!("{PASSWORD};1")]
        {
            let text = format!("{PASSWORD}:1\n{bad}\n");
            assert_eq!(Digests::parse(text.as_bytes()).err(), Some(NotAList::Line { line: 2 }), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn searching_entry_by_entry_finds_what_the_list_holds(mut all: Vec<[u8; 20]>, sought: [u8; 20]) {
            all.sort_unstable();
            let mut reads = 0;
            let mut entry = |at: u64| { reads += 1; usize::try_from(at).ok().and_then(|at| all.get(at).copied()) };
            let many = all.len() as u64;
            prop_assert_eq!(search(sought, many, &mut entry), Some(all.binary_search(&sought).is_ok()));
            for one in &all {
                prop_assert_eq!(search(*one, many, &mut entry), Some(true));
            }
            prop_assert!(reads <= 64 * (all.len() + 1));
        }
    }
}

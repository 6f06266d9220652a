//! 元のバイト — a file as it came, and the same text in a form in which records can be told apart.

use crate::SourceFile;
use crate::contents::InMemory;
use crate::ms932;
use crate::rules::v19;
use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

/// 文字コード.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    /// MS932, or what is taken for it.
    Ms932,
    Utf8 {
        mark: bool,
    },
    Utf16,
}

/// Commas, quotes and line ends are the same bytes in MS932 and UTF-8, and never part of a longer character; UTF-16 is
/// told apart after it has become UTF-8.
pub(super) struct Source<'a> {
    pub(super) original: &'a [u8],
    pub(super) encoding: Encoding,
    pub(super) text: Cow<'a, [u8]>,
}

/// Prints no content.
impl fmt::Debug for Source<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("encoding", &self.encoding).finish_non_exhaustive()
    }
}

impl<'a> Source<'a> {
    pub(super) fn new(original: &'a [u8]) -> Source<'a> {
        if let Some(text) = utf16(original) {
            return Source { original, encoding: Encoding::Utf16, text: Cow::Owned(text.into_bytes()) };
        }
        // A mark before text that is no UTF-8 tells nothing: such a file is left to V19, and so is UTF-16 without one.
        let file = [SourceFile { name: "", bytes: original }];
        let named = v19::dialect(&mut InMemory(&file), 0)
            .filter(|(name, _)| *name != v19::UTF_16 && std::str::from_utf8(original).is_ok());
        let encoding = match named {
            Some((_, mark)) => Encoding::Utf8 { mark },
            None => Encoding::Ms932,
        };
        Source { original, encoding, text: Cow::Borrowed(original) }
    }

    /// The text of a value; none where the bytes are no characters.
    pub(super) fn decode<'v>(&self, value: &'v [u8]) -> Option<Cow<'v, str>> {
        match self.encoding {
            Encoding::Ms932 => ms932::decode(value),
            _ => std::str::from_utf8(value).ok().map(Cow::Borrowed),
        }
    }

    /// The length in the original of a stretch of the text.
    pub(super) fn length(&self, from: usize, to: usize) -> usize {
        let stretch = self.text.get(from..to).unwrap_or_default();
        match self.encoding {
            Encoding::Utf16 => std::str::from_utf8(stretch).map_or(0, |text| 2 * text.encode_utf16().count()),
            _ => stretch.len(),
        }
    }

    /// A stretch of the original, for the screen.
    pub(super) fn show(&self, range: &Range<usize>) -> String {
        let bytes = self.original.get(range.clone()).unwrap_or_default();
        let encoding = match (self.encoding, self.original) {
            (Encoding::Ms932, _) => encoding_rs::SHIFT_JIS,
            (Encoding::Utf8 { .. }, _) => encoding_rs::UTF_8,
            (Encoding::Utf16, [0xFE, ..]) => encoding_rs::UTF_16BE,
            (Encoding::Utf16, _) => encoding_rs::UTF_16LE,
        };
        encoding.decode_without_bom_handling(bytes).0.into_owned()
    }
}

fn utf16(bytes: &[u8]) -> Option<String> {
    let (read, rest): (fn([u8; 2]) -> u16, _) = match bytes {
        [0xFF, 0xFE, rest @ ..] => (u16::from_le_bytes, rest),
        [0xFE, 0xFF, rest @ ..] => (u16::from_be_bytes, rest),
        _ => return None,
    };
    let (pairs, []) = rest.as_chunks::<2>() else { return None };
    char::decode_utf16(pairs.iter().map(|pair| read(*pair))).collect::<Result<String, _>>().ok()
}

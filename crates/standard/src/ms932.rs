//! MS932 — byte classes and the pairs that are characters. A comma, a quote or a line end is never a second byte.

use std::sync::LazyLock;

/// What a byte, or a cell as a whole, is made of: bits to be or-ed together.
pub(crate) const DIGIT: u16 = 1;
/// A-Z.
pub(crate) const UPPER: u16 = 1 << 1;
/// Any other printable ASCII.
pub(crate) const OTHER: u16 = 1 << 2;
/// `-`.
pub(crate) const MINUS: u16 = 1 << 3;
/// CR, LF or tab.
pub(crate) const BREAK: u16 = 1 << 4;
/// A character of two bytes.
pub(crate) const DOUBLE: u16 = 1 << 5;
/// Half-width katakana.
pub(crate) const KANA: u16 = 1 << 6;
/// 外字.
pub(crate) const GAIJI: u16 = 1 << 7;
/// No character: a control, a half, or a byte that is none.
pub(crate) const BAD: u16 = 1 << 8;
/// First byte of two.
pub(crate) const LEAD: u16 = 1 << 12;
/// Ends an unquoted cell: comma, CR, LF.
pub(crate) const STOP: u16 = 1 << 13;
/// `"`.
pub(crate) const QUOTE: u16 = 1 << 14;

/// The class of every byte.
pub(crate) static CLASS: [u16; 256] = {
    let mut table = [OTHER; 256];
    let mut at = 0;
    while at < 256 {
        table[at] = match at as u8 {
            b'0'..=b'9' => DIGIT,
            b'A'..=b'Z' => UPPER,
            b'-' => MINUS,
            b'\t' => BREAK,
            b'\r' | b'\n' => BREAK | STOP,
            b',' => OTHER | STOP,
            b'"' => OTHER | QUOTE,
            0x20..=0x7E => OTHER,
            0xA1..=0xDF => KANA,
            0x81..=0x9F | 0xE0..=0xFC => LEAD,
            _ => BAD,
        };
        at += 1;
    }
    table
};

/// One bit per pair: whether MS932 has a character there, 外字 included.
static PAIRS: LazyLock<Box<[u64; 1024]>> = LazyLock::new(|| {
    let mut pairs = Box::new([0u64; 1024]);
    for lead in (0x81..=0x9Fu8).chain(0xE0..=0xFC) {
        for trail in 0x40..=0xFCu8 {
            let bytes = [lead, trail];
            let decoded = encoding_rs::SHIFT_JIS.decode_without_bom_handling_and_without_replacement(&bytes);
            if decoded.is_some_and(|text| text.chars().count() == 1) {
                let pair = usize::from(lead) << 8 | usize::from(trail);
                pairs[pair >> 6] |= 1 << (pair & 63);
            }
        }
    }
    pairs
});

/// The pairs, fetched once per file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pairs(&'static [u64; 1024]);

impl Pairs {
    pub(crate) fn get() -> Pairs {
        Pairs(&PAIRS)
    }

    /// Whether the two bytes are one character.
    #[inline(always)]
    pub(crate) fn is_character(self, lead: u8, trail: u8) -> bool {
        let pair = usize::from(lead) << 8 | usize::from(trail);
        self.0[pair >> 6] >> (pair & 63) & 1 != 0
    }
}

/// 外字: F040–F9FC.
#[inline(always)]
pub(crate) const fn is_gaiji_lead(lead: u8) -> bool {
    matches!(lead, 0xF0..=0xF9)
}

/// The first byte of two.
pub(crate) fn is_lead(byte: Option<&u8>) -> bool {
    byte.is_some_and(|byte| CLASS[usize::from(*byte)] & LEAD != 0)
}

/// The classes of a text, and where its first fault is.
pub(crate) fn scan(bytes: &[u8]) -> (u16, Option<usize>) {
    let pairs = Pairs::get();
    let (mut class, mut at, mut fault) = (0, 0, None);
    while let Some(&byte) = bytes.get(at) {
        let of_byte = CLASS[usize::from(byte)];
        if of_byte & LEAD == 0 {
            if of_byte & BAD != 0 && fault.is_none() {
                fault = Some(at);
            }
            class |= of_byte & 0xFFF;
            at += 1;
        } else if let Some(&trail) = bytes.get(at + 1)
            && pairs.is_character(byte, trail)
        {
            class |= if is_gaiji_lead(byte) { DOUBLE | GAIJI } else { DOUBLE };
            at += 2;
        } else {
            fault = fault.or(Some(at));
            class |= BAD;
            at += 1;
        }
    }
    (class, fault)
}

/// How many characters a sound text has.
pub(crate) fn characters(bytes: &[u8]) -> usize {
    let (mut count, mut at) = (0, 0);
    while let Some(&byte) = bytes.get(at) {
        at += if CLASS[usize::from(byte)] & LEAD != 0 { 2 } else { 1 };
        count += 1;
    }
    count
}

/// Which character is the first of these, from 1. `is` is told how many come before it.
pub(crate) fn position(bytes: &[u8], is: impl Fn(usize, &[u8]) -> bool) -> Option<u32> {
    let (mut before, mut at) = (0, 0);
    while let Some(byte) = bytes.get(at) {
        let length = if CLASS[usize::from(*byte)] & LEAD != 0 { 2 } else { 1 };
        let end = bytes.len().min(at + length);
        if is(before, bytes.get(at..end).unwrap_or_default()) {
            return u32::try_from(before + 1).ok();
        }
        (before, at) = (before + 1, end);
    }
    None
}

/// The text, or nothing when the bytes are not MS932.
pub(crate) fn decode(bytes: &[u8]) -> Option<std::borrow::Cow<'_, str>> {
    if scan(bytes).0 & BAD != 0 {
        return None;
    }
    encoding_rs::SHIFT_JIS.decode_without_bom_handling_and_without_replacement(bytes)
}

/// The characters of a value one by one, each with its bytes; no character where there is none.
pub(crate) fn letters(mut bytes: &[u8]) -> impl Iterator<Item = (Option<char>, &[u8])> {
    std::iter::from_fn(move || {
        let lead = is_lead(Some(bytes.first()?));
        let pair = bytes.get(..2).filter(|pair| lead && scan(pair).0 & BAD == 0);
        let (letter, rest) = bytes.split_at(pair.map_or(1, <[u8]>::len));
        bytes = rest;
        let sound = scan(letter).0 & BAD == 0;
        let text = encoding_rs::SHIFT_JIS.decode_without_bom_handling_and_without_replacement(letter);
        Some((text.filter(|_| sound).and_then(|text| text.chars().next()), letter))
    })
}

//! The only text that an entry can hold.

use std::fmt;
use std::str::FromStr;

/// The text is empty, too long, or has a character outside the alphabet. It is not quoted, since it may be anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a token: 1 to 64 of A-Z a-z 0-9 . _ - beginning with a letter or digit")]
pub struct InvalidToken;

/// A pseudonymous id or a code: 1 to 64 characters of `A-Z a-z 0-9 . _ -`, the first a letter or digit. No text of a person
/// fits, and nothing that JSON, a terminal or a line-oriented tool would take for more than text (R10.9).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(Box<str>);

impl Token {
    /// The longest token. A SHA-256 in hexadecimal just fits.
    pub const LEN_MAX: usize = 64;

    /// Bytes as lowercase hexadecimal, for digests, commitments and key ids: up to 32 bytes.
    pub fn hex(bytes: &[u8]) -> Result<Self, InvalidToken> {
        if bytes.len() > Self::LEN_MAX / 2 {
            return Err(InvalidToken);
        }
        to_hex(bytes).parse()
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Token {
    type Err = InvalidToken;

    fn from_str(text: &str) -> Result<Self, InvalidToken> {
        let [first, rest @ ..] = text.as_bytes() else {
            return Err(InvalidToken);
        };
        let fits = text.len() <= Self::LEN_MAX
            && first.is_ascii_alphanumeric()
            && rest.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'));
        if fits { Ok(Self(text.into())) } else { Err(InvalidToken) }
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({self})")
    }
}

/// The name of a detail, fixed in the program: 1 to 32 of `a-z 0-9 _`, beginning with a letter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DetailName(Token);

impl DetailName {
    /// The longest name.
    pub const LEN_MAX: usize = 32;

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl FromStr for DetailName {
    type Err = InvalidToken;

    fn from_str(text: &str) -> Result<Self, InvalidToken> {
        let fits = text.len() <= Self::LEN_MAX
            && text.starts_with(|first: char| first.is_ascii_lowercase())
            && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'));
        if fits { text.parse().map(Self) } else { Err(InvalidToken) }
    }
}

pub(crate) fn to_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]])
        .map(char::from)
        .collect()
}

/// Lowercase hexadecimal only, since every value has one spelling.
pub(crate) fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    if !text.len().is_multiple_of(2) {
        return None;
    }
    text.as_bytes().chunks_exact(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
}

use std::fmt;
use std::str::FromStr;

/// 事業所番号 — ten of 0-9 and A-Z (letters occur in 総合事業).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OfficeNumber([u8; 10]);

impl OfficeNumber {
    /// The ten characters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The ten bytes.
    pub(crate) fn bytes(&self) -> [u8; 10] {
        self.0
    }

    /// From the bytes of a cell.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, NotAnOfficeNumber> {
        let number: [u8; 10] = bytes.try_into().map_err(|_| NotAnOfficeNumber)?;
        match number.iter().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase()) {
            true => Ok(OfficeNumber(number)),
            false => Err(NotAnOfficeNumber),
        }
    }
}

/// 事業所番号ではない — not ten of 0-9 and A-Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("事業所番号は半角の数字・英大文字10文字です")]
pub struct NotAnOfficeNumber;

impl FromStr for OfficeNumber {
    type Err = NotAnOfficeNumber;
    fn from_str(text: &str) -> Result<Self, NotAnOfficeNumber> {
        OfficeNumber::from_bytes(text.as_bytes())
    }
}

impl fmt::Display for OfficeNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for OfficeNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OfficeNumber({})", self.as_str())
    }
}

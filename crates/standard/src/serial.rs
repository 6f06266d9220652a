use crate::calendar;
use std::fmt;
use std::str::FromStr;

/// ファイル連番 — YYYYMMDDHHMMSS, when the files of a unit were made; units are imported in its order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Serial([u8; 14]);

impl Serial {
    /// The fourteen digits.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// ファイル連番ではない — not fourteen digits, or no real date and time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("ファイル連番は実在する日時の数字14桁（年月日時分秒）です")]
pub struct NotASerial;

impl FromStr for Serial {
    type Err = NotASerial;
    fn from_str(text: &str) -> Result<Self, NotASerial> {
        let digits: [u8; 14] = text.as_bytes().try_into().map_err(|_| NotASerial)?;
        if calendar::is_instant(&digits) { Ok(Serial(digits)) } else { Err(NotASerial) }
    }
}

impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Serial({})", self.as_str())
    }
}

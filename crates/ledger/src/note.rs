//! C2SP signed notes: a text, and lines of signatures below it.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The longest note. Sixteen signatures that withstand quantum computers fit.
pub const NOTE_BYTES_MAX: usize = 128 * 1024;
/// The most signatures of a note.
pub const SIGNATURES_MAX: usize = 64;

const NAME_BYTES_MAX: usize = 255;

/// Why a note is not one, or not to be trusted. It quotes nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoteError {
    /// Not a note, a checkpoint or a key in its one spelling. The text says which part.
    #[error("malformed {0}")]
    Malformed(&'static str),
    /// No key that is trusted for this log has signed it.
    #[error("not signed by a trusted key of this log")]
    Unsigned,
    /// The signature of a key that is known does not fit the text.
    #[error("a signature of a known key does not fit")]
    BadSignature,
    /// It is of another log than the key.
    #[error("another log than the key's")]
    OtherLog,
    /// Too few of the witnesses have cosigned it.
    #[error("cosigned by {have} witnesses, and {need} are needed")]
    TooFewWitnesses {
        /// How many the policy wants.
        need: usize,
        /// How many there are.
        have: usize,
    },
    /// The policy asks for more witnesses than it names, or names a key twice.
    #[error("the policy contradicts itself")]
    Policy,
}

/// A line of a signature. Who is named need not have made it: that is known once a key has verified it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureLine {
    name: Box<str>,
    key_id: [u8; 4],
    bytes: Vec<u8>,
}

impl SignatureLine {
    pub(crate) fn new(name: &str, key_id: [u8; 4], bytes: Vec<u8>) -> Self {
        Self { name: name.into(), key_id, bytes }
    }

    pub(crate) fn is_of(&self, name: &str, key_id: [u8; 4]) -> bool {
        &*self.name == name && self.key_id == key_id
    }

    /// What follows the id of the key.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Display for SignatureLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let signature = [self.key_id.as_slice(), &self.bytes].concat();
        write!(f, "— {} {}", self.name, STANDARD.encode(signature))
    }
}

impl FromStr for SignatureLine {
    type Err = NoteError;

    fn from_str(line: &str) -> Result<Self, NoteError> {
        let parts = line.strip_prefix("— ").and_then(|rest| rest.split_once(' '));
        let (name, signature) = parts.ok_or(NoteError::Malformed("signature line"))?;
        if !is_name(name) {
            return Err(NoteError::Malformed("signature line"));
        }
        let bytes = from_base64(signature).ok_or(NoteError::Malformed("signature"))?;
        let (key_id, bytes) = bytes.split_first_chunk::<4>().ok_or(NoteError::Malformed("signature"))?;
        Ok(Self::new(name, *key_id, bytes.to_vec()))
    }
}

/// A text and its signatures. Nothing is verified yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: Box<str>,
    signatures: Vec<SignatureLine>,
}

impl Note {
    /// Puts a signature below a text of lines.
    pub(crate) fn new(text: String, signature: SignatureLine) -> Self {
        Self { text: text.into(), signatures: vec![signature] }
    }

    /// The text that is signed, with the line break at its end.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The lines below it.
    #[must_use]
    pub fn signatures(&self) -> &[SignatureLine] {
        &self.signatures
    }

    /// Adds a line in place of an earlier one of the same key.
    pub(crate) fn sign(&mut self, line: SignatureLine) -> Result<(), NoteError> {
        self.signatures.retain(|other| !other.is_of(&line.name, line.key_id));
        if self.signatures.len() >= SIGNATURES_MAX {
            return Err(NoteError::Malformed("number of signatures"));
        }
        self.signatures.push(line);
        Ok(())
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

impl FromStr for Note {
    type Err = NoteError;

    fn from_str(note: &str) -> Result<Self, NoteError> {
        if note.len() > NOTE_BYTES_MAX || note.contains(|letter: char| letter < ' ' && letter != '\n') {
            return Err(NoteError::Malformed("note"));
        }
        let end = note.rfind("\n\n").ok_or(NoteError::Malformed("note"))?;
        let (text, signatures) = (&note[..=end], &note[end + 2..]);
        let lines = signatures.strip_suffix('\n').ok_or(NoteError::Malformed("note"))?;
        if lines.split('\n').count() > SIGNATURES_MAX {
            return Err(NoteError::Malformed("number of signatures"));
        }
        let signatures = lines.split('\n').map(str::parse).collect::<Result<_, _>>()?;
        Ok(Self { text: text.into(), signatures })
    }
}

/// Whether C2SP takes it for the name of a key.
fn is_name(name: &str) -> bool {
    let fits = |letter: char| !letter.is_whitespace() && letter != '+';
    !name.is_empty() && name.len() <= NAME_BYTES_MAX && name.chars().all(fits)
}

/// Base64 in its one spelling: padded, and no bits left over.
pub(crate) fn from_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

pub(crate) fn to_base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// A hash in Base64.
pub(crate) fn hash_from_base64(text: &str) -> Option<[u8; 32]> {
    from_base64(text)?.try_into().ok()
}

/// A number without leading zeros.
pub(crate) fn number(text: &str) -> Option<u64> {
    let plain = text == "0" || !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
    if plain { text.parse().ok() } else { None }
}

//! チェックポイント — what the log commits itself to: how many entries, which root, when, and by which clock.

use std::fmt;
use std::str::FromStr;

use crate::key::{KeyKind, KeyName, LogKey, VerifyingKey, WitnessKey};
use crate::note::{Note, NoteError, SignatureLine, hash_from_base64, number, to_base64};
use crate::tree::{Hash, SIZE_MAX};
use crate::{ClockState, Timestamp, Token};

/// The most lines that a log adds to a checkpoint.
const EXTENSION_LINES_MAX: usize = 16;

/// When a checkpoint was made, and whether the clock could be trusted (R10.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// When.
    pub at: Timestamp,
    /// Whether the clock was synchronised, and by how much it was off.
    pub clock: ClockState,
    /// What the clock was compared with.
    pub source: Token,
}

impl Stamp {
    fn lines(&self) -> [String; 2] {
        let (state, offset_ms) = self.clock.parts();
        let offset = offset_ms.map(|offset| format!(" offset_ms={offset}")).unwrap_or_default();
        [format!("time {}", self.at), format!("clock {state}{offset} source={}", self.source)]
    }

    fn parse(time: &str, clock: &str) -> Option<Self> {
        let at = time.strip_prefix("time ")?.parse().ok()?;
        let (state, source) = clock.strip_prefix("clock ")?.split_once(" source=")?;
        let (state, offset_ms) = match state.split_once(" offset_ms=") {
            Some((state, offset)) => (state, Some(offset.parse().ok()?)),
            None => (state, None),
        };
        let stamp = Self { at, clock: ClockState::from_parts(state, offset_ms).ok()?, source: source.parse().ok()? };
        // One spelling: neither `+3` nor `03`.
        (stamp.lines() == [time, clock]).then_some(stamp)
    }
}

/// What a log states about itself at an instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    origin: KeyName,
    size: u64,
    root: Hash,
    extension: Vec<Box<str>>,
}

impl Checkpoint {
    /// What our log states: with the time and the state of the clock.
    pub fn new(origin: KeyName, size: u64, root: Hash, stamp: &Stamp) -> Result<Self, NoteError> {
        if size > SIZE_MAX {
            return Err(NoteError::Malformed("size"));
        }
        Ok(Self { origin, size, root, extension: stamp.lines().map(String::into_boxed_str).to_vec() })
    }

    /// The name of the log.
    #[must_use]
    pub fn origin(&self) -> &KeyName {
        &self.origin
    }

    /// How many entries.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The root of the tree over them.
    #[must_use]
    pub fn root(&self) -> &Hash {
        &self.root
    }

    /// When it was made and by which clock; none if it does not say so in our words.
    #[must_use]
    pub fn stamp(&self) -> Option<Stamp> {
        let [time, clock, ..] = self.extension.as_slice() else { return None };
        Stamp::parse(time, clock)
    }

    /// The text that is signed.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = format!("{}\n{}\n{}\n", self.origin, self.size, to_base64(&self.root));
        for line in &self.extension {
            text.push_str(line);
            text.push('\n');
        }
        text
    }

    fn parse(text: &str) -> Result<Self, NoteError> {
        let mut lines = text.strip_suffix('\n').ok_or(NoteError::Malformed("checkpoint"))?.split('\n');
        let mut next = |what| lines.next().ok_or(NoteError::Malformed(what));
        let origin = next("origin")?.parse()?;
        let size = number(next("size")?).filter(|size| *size <= SIZE_MAX).ok_or(NoteError::Malformed("size"))?;
        let root = hash_from_base64(next("root")?).ok_or(NoteError::Malformed("root"))?;
        let extension: Vec<Box<str>> = lines.take(EXTENSION_LINES_MAX + 1).map(Into::into).collect();
        if extension.len() > EXTENSION_LINES_MAX || extension.iter().any(|line| line.is_empty()) {
            return Err(NoteError::Malformed("extension lines"));
        }
        Ok(Self { origin, size, root, extension })
    }
}

/// A checkpoint with its signatures. Reading one verifies nothing: [`Policy::check`] does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCheckpoint {
    note: Note,
    checkpoint: Checkpoint,
}

impl SignedCheckpoint {
    /// What it states.
    #[must_use]
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The signed note that it is.
    #[must_use]
    pub fn note(&self) -> &Note {
        &self.note
    }

    /// Adds the cosignature of a witness, once it fits, in place of an earlier one of the same witness.
    pub fn add_cosignature(&mut self, line: SignatureLine, witness: &VerifyingKey) -> Result<(), NoteError> {
        if witness.kind() != KeyKind::Witness
            || witness.verify(self.note.text(), std::slice::from_ref(&line))?.is_empty()
        {
            return Err(NoteError::BadSignature);
        }
        self.note.sign(line)
    }

    /// The signatures without the text, as a witness answers.
    pub(crate) fn cosign(&self, key: &WitnessKey, at_seconds: u64) -> SignatureLine {
        key.cosign_text(self.note.text(), at_seconds)
    }
}

impl LogKey {
    /// Signs a checkpoint of this log.
    pub fn sign(&self, checkpoint: Checkpoint) -> Result<SignedCheckpoint, NoteError> {
        if checkpoint.origin != *self.name() {
            return Err(NoteError::OtherLog);
        }
        let text = checkpoint.to_text();
        let line = self.sign_text(&text);
        Ok(SignedCheckpoint { note: Note::new(text, line), checkpoint })
    }
}

impl fmt::Display for SignedCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.note.fmt(f)
    }
}

impl FromStr for SignedCheckpoint {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        let note: Note = text.parse()?;
        let checkpoint = Checkpoint::parse(note.text())?;
        Ok(Self { note, checkpoint })
    }
}

/// Whom one trusts about a log: its keys, and how many of which witnesses must have seen a checkpoint.
#[derive(Debug, Clone)]
pub struct Policy {
    log: VerifyingKey,
    former: Vec<VerifyingKey>,
    witnesses: Vec<VerifyingKey>,
    need: usize,
}

/// A witness who has cosigned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cosigned {
    /// Who.
    pub witness: KeyName,
    /// When, by the witness's own clock, in seconds since 1970.
    pub at_seconds: u64,
}

/// What the signatures of a checkpoint are worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trust {
    /// The witnesses of the policy that have cosigned.
    pub cosigned: Vec<Cosigned>,
    /// Signatures of keys that the policy does not name. They neither help nor harm.
    pub unknown: usize,
}

impl Policy {
    /// Trusts this key of the log.
    pub fn new(log: VerifyingKey) -> Result<Self, NoteError> {
        if log.kind() != KeyKind::Log {
            return Err(NoteError::Policy);
        }
        Ok(Self { log, former: Vec::new(), witnesses: Vec::new(), need: 0 })
    }

    /// Trusts keys that the log had before, for its older checkpoints only: whoever steals one cannot sign a new state with it.
    pub fn with_former(mut self, former: Vec<VerifyingKey>) -> Result<Self, NoteError> {
        let ours = |key: &VerifyingKey| key.kind() == KeyKind::Log && key.name() == self.log.name();
        if !former.iter().all(ours) {
            return Err(NoteError::Policy);
        }
        self.former = former;
        Ok(self)
    }

    /// Wants so many of these witnesses. None counts twice, and the log is no witness of itself.
    pub fn with_witnesses(mut self, witnesses: Vec<VerifyingKey>, need: usize) -> Result<Self, NoteError> {
        let all = || witnesses.iter().chain([&self.log]).chain(&self.former).map(VerifyingKey::public_key);
        let twice = witnesses.iter().any(|one| all().filter(|other| *other == one.public_key()).count() > 1);
        if twice || need > witnesses.len() || witnesses.iter().any(|key| key.kind() != KeyKind::Witness) {
            return Err(NoteError::Policy);
        }
        (self.witnesses, self.need) = (witnesses, need);
        Ok(self)
    }

    /// The key of the log.
    #[must_use]
    pub fn log(&self) -> &VerifyingKey {
        &self.log
    }

    /// How many witnesses are wanted.
    #[must_use]
    pub fn need(&self) -> usize {
        self.need
    }

    /// Verifies every signature of a key that the policy names; one that does not fit spoils the checkpoint.
    pub fn check(&self, signed: &SignedCheckpoint) -> Result<Trust, NoteError> {
        self.check_by(signed, &[])
    }

    /// The same for an older checkpoint, which a former key may have signed.
    pub fn check_older(&self, signed: &SignedCheckpoint) -> Result<Trust, NoteError> {
        self.check_by(signed, &self.former)
    }

    fn check_by(&self, signed: &SignedCheckpoint, former: &[VerifyingKey]) -> Result<Trust, NoteError> {
        if signed.checkpoint.origin != *self.log.name() {
            return Err(NoteError::OtherLog);
        }
        let (text, lines) = (signed.note.text(), signed.note.signatures());
        let mut known = 0;
        for key in former.iter().chain([&self.log]) {
            known += key.verify(text, lines)?.len();
        }
        if known == 0 {
            return Err(NoteError::Unsigned);
        }
        let mut cosigned = Vec::new();
        for key in &self.witnesses {
            let times = key.verify(text, lines)?;
            known += times.len();
            if let Some(at_seconds) = times.into_iter().max() {
                cosigned.push(Cosigned { witness: key.name().clone(), at_seconds });
            }
        }
        if cosigned.len() < self.need {
            return Err(NoteError::TooFewWitnesses { need: self.need, have: cosigned.len() });
        }
        Ok(Trust { cosigned, unknown: lines.len().saturating_sub(known) })
    }
}

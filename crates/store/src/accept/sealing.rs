//! 封をする: a set as it will lie on disk.

use crate::bare::BARE;
use crate::board::{Roster, Rows};
use crate::enclosures::{self, SealedEnclosure};
use crate::history::Trace;
use crate::{Asker, Error, Office, OutgoingId, Store, TransmissionId};
use exchange::{Digest, Enclosure, Letter};
use rand::Rng as _;
use seal::{ObjectBinding, ObjectPurpose, Sealer, SetBinding, SetKey};
use standard::SourceFile;

/// A set as it will lie on disk: nothing of it that is written can be read without an office's key.
#[derive(Debug)]
pub struct SealedSet {
    pub(super) id: TransmissionId,
    pub(super) letter: Letter,
    pub(super) receiver: Office,
    pub(super) envelope: Vec<u8>,
    pub(super) commitment_salt: [u8; 32],
    pub(super) warnings: u64,
    pub(super) files: Vec<SealedFile>,
    pub(super) enclosures: Vec<SealedEnclosure>,
    /// Keyed: whether a set sent again has the same enclosures. Empty without any.
    pub(super) enclosure_index: String,
    /// What it is about, if that has been noted.
    pub(crate) traces: Vec<Trace>,
    /// Who it is about: in memory only, until it is written as keyed indexes and sealed labels.
    pub(super) roster: Roster,
    pub(super) rows: Rows,
    /// What was held for a second person and goes now.
    pub(super) release: Option<OutgoingId>,
}

impl SealedSet {
    /// What it is and who gets it.
    pub(crate) fn addressed(&self) -> (&Letter, crate::OfficeId) {
        (&self.letter, self.receiver.id)
    }

    /// It was held for a second person, who confirms it by sending it.
    #[must_use]
    pub fn releasing(self, held: OutgoingId) -> Self {
        Self { release: Some(held), ..self }
    }
}

#[derive(Debug)]
pub(super) struct SealedFile {
    pub(super) name: String,
    pub(super) digest: Digest,
    pub(super) size_bytes: usize,
    pub(super) body: Body,
}

/// Where a sealed body lies.
#[derive(Debug)]
pub(super) enum Body {
    InRow(Vec<u8>),
    /// In the object store, under this key.
    Apart(String),
}

impl Store {
    /// Seals a set to its receiver and to its sender. Takes CPU, so call it off the async threads.
    ///
    /// `files` is what was given to [`exchange::address`]. The sealer's working memory serves all sets of a call.
    ///
    /// # Errors
    /// When a file is larger than a box may be.
    pub fn seal(
        &self,
        sealer: &mut Sealer,
        sender: &Asker,
        receiver: &Office,
        letter: &Letter,
        warnings: u64,
        files: &[SourceFile<'_>],
    ) -> Result<SealedSet, Error> {
        self.seal_between(sealer, (&sender.office, receiver), letter, warnings, files, &[])
    }

    /// The same with what goes with it.
    ///
    /// # Errors
    /// When a file is larger than a box may be.
    #[allow(clippy::too_many_arguments, reason = "each is one thing that the set is sealed from")]
    pub fn seal_with(
        &self,
        sealer: &mut Sealer,
        sender: &Asker,
        receiver: &Office,
        letter: &Letter,
        warnings: u64,
        files: &[SourceFile<'_>],
        enclosed: &[Enclosure],
    ) -> Result<SealedSet, Error> {
        self.seal_between(sealer, (&sender.office, receiver), letter, warnings, files, enclosed)
    }

    /// The same between two offices.
    pub(crate) fn seal_between(
        &self,
        sealer: &mut Sealer,
        (sender, receiver): (&Office, &Office),
        letter: &Letter,
        warnings: u64,
        files: &[SourceFile<'_>],
        enclosed: &[Enclosure],
    ) -> Result<SealedSet, Error> {
        const WHERE: Error = Error::Impossible("sealing");
        // Sealing takes public keys only, but nothing is taken that could not be opened again (R6.8).
        self.keys.require()?;
        let mut rng = rand::rng();
        let id = TransmissionId::fresh();
        if BARE {
            return Ok(unsealed(id, receiver, letter, warnings, files));
        }
        let (transmission, from, to) = (id.to_string(), sender.id.to_string(), receiver.id.to_string());
        let binding = SetBinding { transmission: &transmission, sender: &from, receiver: &to };
        let key = SetKey::generate(&mut rng);
        let envelope = self.agreements.envelope(&key, &sender.public_key, &receiver.public_key, &binding)?;
        let mut sealed_files = Vec::with_capacity(letter.files().len());
        for (ordinal, file) in (0..).zip(letter.files().iter().map(|&index| files[index])) {
            let place = ObjectBinding::new(binding, ObjectPurpose::File, ordinal, file.name);
            sealed_files.push(SealedFile {
                name: file.name.to_owned(),
                digest: Digest::of_file(file.bytes),
                size_bytes: file.bytes.len(),
                body: Body::InRow(sealer.seal_object(&key, &place, file.bytes, &mut rng).map_err(|_| WHERE)?),
            });
        }
        let enclosures = enclosures::seal(sealer, &key, binding, enclosed, &mut rng)?;
        let mut commitment_salt = [0; 32];
        rng.fill_bytes(&mut commitment_salt);
        Ok(SealedSet {
            id,
            letter: letter.clone(),
            receiver: receiver.clone(),
            envelope: envelope.to_bytes(),
            commitment_salt,
            warnings,
            files: sealed_files,
            enclosures,
            enclosure_index: self.enclosure_index(enclosed)?,
            traces: Vec::new(),
            roster: Roster::of_letter(letter, files),
            rows: Rows::default(),
            release: None,
        })
    }
}

/// In the place of a sealed set, where only the rest is measured.
fn unsealed(
    id: TransmissionId,
    receiver: &Office,
    letter: &Letter,
    warnings: u64,
    files: &[SourceFile<'_>],
) -> SealedSet {
    let file = |&index: &usize| SealedFile {
        name: files[index].name.to_owned(),
        digest: Digest::of_file(files[index].bytes),
        size_bytes: files[index].bytes.len(),
        body: Body::InRow(files[index].bytes.to_vec()),
    };
    SealedSet {
        id,
        letter: letter.clone(),
        receiver: receiver.clone(),
        envelope: Vec::new(),
        commitment_salt: [0; 32],
        warnings,
        files: letter.files().iter().map(file).collect(),
        enclosures: Vec::new(),
        enclosure_index: String::new(),
        traces: Vec::new(),
        roster: Roster::of_letter(letter, files),
        rows: Rows::default(),
        release: None,
    }
}

//! Verifying an exported log, with nothing but its files and public keys. One pass decides whether everything fits; only when
//! something does not, a second one ([`locate`]) finds out where it begins.

mod locate;

use std::collections::BTreeSet;

use crate::checkpoint::{Checkpoint, Policy, SignedCheckpoint, Trust};
use crate::export::{BUNDLE_BYTES_MAX, CHECKPOINT_PATH, CHECKPOINTS_FOLDER, Export, TILES_FOLDER, entries_of};
use crate::leaf_hash;
use crate::note::NoteError;
use crate::tile::{TILE_WIDTH, TileId, TilePath};
use crate::tree::{Hash, Tree};

/// The most faults that a report lists; the rest is counted.
pub const FAULTS_MAX: usize = 20;
/// The most older checkpoints of an export: hourly ones of eleven years.
pub const OLDER_CHECKPOINTS_MAX: usize = 100_000;

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Wrong {
    /// There is no checkpoint, so nothing was promised.
    NoCheckpoint,
    /// A checkpoint is damaged, or not signed by whom the policy says.
    Checkpoint(NoteError),
    /// A checkpoint that is known from elsewhere is of more entries: the end of the log is gone, or this is an old copy.
    CutShort {
        /// The entries of the checkpoint that is known.
        known: u64,
    },
    /// The entries are others than a checkpoint says: those before `good` fit an older one, so the first other entry is at
    /// `good` or later, and before `bad`.
    OtherHistory {
        /// As many entries fit.
        good: u64,
        /// As many do not.
        bad: u64,
    },
    /// The entry has other bytes than the log committed itself to.
    Changed,
    /// So many entries are missing from here on.
    Missing {
        /// How many.
        count: u64,
    },
    /// So many entries stand here that are not of the log.
    Added {
        /// How many.
        count: u64,
    },
    /// Here stands the entry of another index.
    Moved {
        /// The index at which the log has it.
        from: u64,
    },
    /// From here on the bytes cannot be cut into entries.
    Unreadable,
    /// Between this entry and `before` at least one is another; the hashes that would say which are damaged too.
    ChangedBefore {
        /// The first entry that fits again.
        before: u64,
    },
    /// Hashes are damaged; the entries under them fit.
    Hashes,
    /// A file of hashes is missing; the entries under it fit.
    NoHashes,
    /// Entry and hash contradict each other; which of them is right cannot be told.
    Contradiction,
    /// A file that does not belong to the log.
    Stray,
    /// More older checkpoints than are read.
    TooManyCheckpoints,
}

/// Something wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The first entry concerned, if it is about entries.
    pub index: Option<u64>,
    /// What.
    pub wrong: Wrong,
    /// The file that shows it.
    pub path: Option<String>,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The newest checkpoint, if it is signed by the log.
    pub checkpoint: Option<Checkpoint>,
    /// Who has signed it.
    pub trust: Option<Trust>,
    /// How many entries were read from the beginning on without a gap. They fit when the report is sound.
    pub entries: u64,
    /// How many of the older checkpoints in the export the entries fit.
    pub older: usize,
    /// How many of the checkpoints known from elsewhere they fit.
    pub known: usize,
    /// What is wrong, the first entry first. None: the log is sound.
    pub faults: Vec<Fault>,
    /// Faults that are not listed.
    pub more_faults: u64,
}

impl Report {
    /// Whether everything fits.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.faults.is_empty()
    }

    /// The first entry that is not as the log committed itself to, as far as it can be told.
    #[must_use]
    pub fn first_bad(&self) -> Option<u64> {
        self.faults.iter().find_map(|fault| fault.index)
    }
}

/// Verifies an export. `known` are checkpoints that were kept elsewhere: they bind the log even if its key was stolen.
pub fn verify_export<E: Export>(export: &E, policy: &Policy, known: &[SignedCheckpoint]) -> Result<Report, E::Error> {
    let mut verifier = Verifier::new(export);
    let Some(checkpoint) = verifier.newest(policy)? else { return Ok(verifier.report) };
    let marks = verifier.marks(policy, known, &checkpoint)?;
    let walked = verifier.walk(&checkpoint, &marks)?;
    verifier.strays(checkpoint.size())?;
    locate::locate(&mut verifier, &checkpoint, &marks, &walked)?;
    Ok(verifier.finish())
}

/// An older checkpoint: at this size the tree had this root.
struct Mark {
    size: u64,
    root: Hash,
    /// None if it is known from elsewhere.
    path: Option<String>,
}

/// What the first pass found.
#[derive(Default)]
struct Walked {
    /// The tree over the entries that were read.
    tree: Tree,
    /// Whether all of them are there and lead to the root.
    fits: bool,
    /// Files of hashes that are not as the entries want them.
    hashes: Vec<(TileId, Wrong)>,
    more_hashes: u64,
    /// As many entries fit a checkpoint that is in the export, the most of them that were found before one did not.
    good: u64,
    /// The sizes of those known from elsewhere that the entries fit. Whoever has stolen the key may have signed the others.
    known: Vec<u64>,
    /// The checkpoints that the entries do not fit, the smallest first, by their place in the list.
    unfit: Vec<usize>,
}

struct Verifier<'a, E> {
    export: &'a E,
    report: Report,
    strays: BTreeSet<TilePath>,
}

impl<'a, E: Export> Verifier<'a, E> {
    fn new(export: &'a E) -> Self {
        let report = Report {
            checkpoint: None,
            trust: None,
            entries: 0,
            older: 0,
            known: 0,
            faults: Vec::new(),
            more_faults: 0,
        };
        Self { export, report, strays: BTreeSet::new() }
    }

    fn fault(&mut self, index: Option<u64>, wrong: Wrong, path: Option<String>) {
        if self.report.faults.len() < FAULTS_MAX {
            self.report.faults.push(Fault { index, wrong, path });
        } else {
            self.report.more_faults += 1;
        }
    }

    fn finish(mut self) -> Report {
        // What names an entry comes first, the first entry at the top.
        self.report.faults.sort_by_key(|fault| fault.index.unwrap_or(u64::MAX));
        self.report
    }

    /// The checkpoint that everything is measured by. Without a signature of the log there is nothing to measure by.
    fn newest(&mut self, policy: &Policy) -> Result<Option<Checkpoint>, E::Error> {
        let path = || Some(CHECKPOINT_PATH.to_owned());
        let Some(bytes) = self.export.read(CHECKPOINT_PATH)? else {
            self.fault(None, Wrong::NoCheckpoint, path());
            return Ok(None);
        };
        let signed = match read_checkpoint(&bytes) {
            Ok(signed) => signed,
            Err(error) => {
                self.fault(None, Wrong::Checkpoint(error), path());
                return Ok(None);
            }
        };
        match policy.check(&signed) {
            Ok(trust) => self.report.trust = Some(trust),
            Err(error) => {
                self.fault(None, Wrong::Checkpoint(error), path());
                // The log has signed it; only witnesses are missing.
                if !matches!(error, NoteError::TooFewWitnesses { .. }) {
                    return Ok(None);
                }
            }
        }
        self.report.checkpoint = Some(signed.checkpoint().clone());
        Ok(Some(signed.checkpoint().clone()))
    }

    /// The sizes at which the tree has to have a certain root, in order.
    fn marks(
        &mut self,
        policy: &Policy,
        known: &[SignedCheckpoint],
        newest: &Checkpoint,
    ) -> Result<Vec<Mark>, E::Error> {
        let mut marks = Vec::new();
        for signed in known {
            self.mark(policy.check_older(signed), signed, newest, None, &mut marks);
        }
        let (mut paths, mut too_many) = (Vec::new(), false);
        self.export.list(CHECKPOINTS_FOLDER, &mut |path| {
            if paths.len() < OLDER_CHECKPOINTS_MAX { paths.push(path.to_owned()) } else { too_many = true }
        })?;
        if too_many {
            self.fault(None, Wrong::TooManyCheckpoints, Some(CHECKPOINTS_FOLDER.to_owned()));
        }
        paths.sort_unstable();
        for path in paths {
            let Some(bytes) = self.export.read(&path)? else { continue };
            match read_checkpoint(&bytes) {
                Ok(signed) => {
                    // Old checkpoints may have been cosigned by others, or by nobody yet.
                    let checked = match policy.check_older(&signed) {
                        Err(NoteError::TooFewWitnesses { .. }) => Ok(()),
                        other => other.map(|_| ()),
                    };
                    self.mark(checked, &signed, newest, Some(path), &mut marks);
                }
                Err(error) => self.fault(None, Wrong::Checkpoint(error), Some(path)),
            }
        }
        marks.sort_by_key(|mark| mark.size);
        Ok(marks)
    }

    fn mark<T>(
        &mut self,
        checked: Result<T, NoteError>,
        signed: &SignedCheckpoint,
        newest: &Checkpoint,
        path: Option<String>,
        marks: &mut Vec<Mark>,
    ) {
        let checkpoint = signed.checkpoint();
        match checked {
            Err(error) => self.fault(None, Wrong::Checkpoint(error), path),
            Ok(_) if checkpoint.size() > newest.size() => {
                let known = checkpoint.size();
                self.fault(Some(newest.size()), Wrong::CutShort { known }, path);
            }
            Ok(_) => {
                marks.push(Mark { size: checkpoint.size(), root: *checkpoint.root(), path });
            }
        }
    }

    /// Reads every entry once, grows the tree, and compares with the stored hashes and the checkpoints.
    fn walk(&mut self, checkpoint: &Checkpoint, marks: &[Mark]) -> Result<Walked, E::Error> {
        let size = checkpoint.size();
        let mut walked = Walked::default();
        let mut marks = marks.iter().enumerate().peekable();
        let mut complete: Vec<(TileId, Vec<u8>)> = Vec::new();
        walked.pass_marks(&mut marks, &mut self.report);
        while let Some(bundle) = TileId::within(0, walked.tree.size() / u64::from(TILE_WIDTH), size)
            && walked.tree.size() < size
        {
            let Some(bytes) = self.export.read(&bundle.entries_path())? else { break };
            if bytes.len() > BUNDLE_BYTES_MAX {
                break;
            }
            let (mut count, mut whole) = (0_u16, true);
            for entry in entries_of(&bytes) {
                let (Ok(entry), true) = (entry, count < bundle.width) else {
                    whole = false;
                    break;
                };
                walked
                    .tree
                    .append_with(leaf_hash(entry), |tile, hashes| complete.push((tile, TileId::to_bytes(hashes))));
                count += 1;
                walked.pass_marks(&mut marks, &mut self.report);
            }
            for (tile, hashes) in complete.drain(..) {
                walked.compare(self.export, tile, &hashes)?;
            }
            if !whole || count < bundle.width {
                self.report.entries = walked.tree.size();
                return Ok(walked);
            }
        }
        self.report.entries = walked.tree.size();
        if walked.tree.size() == size {
            let edge: Vec<_> = walked.tree.partial_tiles().map(|(id, hashes)| (id, TileId::to_bytes(hashes))).collect();
            for (tile, hashes) in edge {
                walked.compare(self.export, tile, &hashes)?;
            }
            walked.fits = walked.tree.root() == *checkpoint.root();
        }
        Ok(walked)
    }

    /// Files of the log's folders that the log does not have.
    fn strays(&mut self, size: u64) -> Result<(), E::Error> {
        let mut strange = Vec::new();
        let mut more = 0;
        let strays = &mut self.strays;
        self.export.list(TILES_FOLDER, &mut |path| {
            let read = TilePath::parse(path);
            let belongs = read.is_some_and(|read| {
                let (TilePath::Hashes(id) | TilePath::Entries(id)) = read;
                TileId::within(id.level, id.index, size) == Some(id)
            });
            match read {
                _ if belongs => {}
                Some(read) if strays.len() < FAULTS_MAX => {
                    strays.insert(read);
                }
                _ if strange.len() < FAULTS_MAX => strange.push(path.to_owned()),
                _ => more += 1,
            }
        })?;
        for path in strange {
            self.fault(None, Wrong::Stray, Some(path));
        }
        self.report.more_faults += more;
        for stray in self.strays.clone() {
            let added = match stray {
                TilePath::Entries(id) => {
                    let end = id.index.saturating_mul(u64::from(TILE_WIDTH)).saturating_add(u64::from(id.width));
                    end.checked_sub(size).filter(|count| *count > 0)
                }
                TilePath::Hashes(_) => None,
            };
            match added {
                Some(count) => self.fault(Some(size), Wrong::Added { count }, Some(stray.path())),
                None => self.fault(None, Wrong::Stray, Some(stray.path())),
            }
        }
        Ok(())
    }
}

impl Walked {
    /// Compares a file of hashes with what the entries make of it.
    fn compare<E: Export>(&mut self, export: &E, tile: TileId, hashes: &[u8]) -> Result<(), E::Error> {
        let wrong = match export.read(&tile.path())? {
            Some(stored) if stored == hashes => return Ok(()),
            Some(_) => Wrong::Hashes,
            None => Wrong::NoHashes,
        };
        if self.hashes.len() < FAULTS_MAX {
            self.hashes.push((tile, wrong));
        } else {
            self.more_hashes += 1;
        }
        Ok(())
    }

    /// Compares the tree with the checkpoints of its size.
    fn pass_marks<'m>(
        &mut self,
        marks: &mut std::iter::Peekable<impl Iterator<Item = (usize, &'m Mark)>>,
        report: &mut Report,
    ) {
        while let Some((place, mark)) = marks.next_if(|(_, mark)| mark.size == self.tree.size()) {
            if self.tree.root() != mark.root {
                self.unfit.push(place);
                continue;
            }
            if self.unfit.is_empty() {
                self.good = mark.size;
            }
            if mark.path.is_some() {
                report.older += 1;
            } else {
                report.known += 1;
                self.known.push(mark.size);
            }
        }
    }
}

fn read_checkpoint(bytes: &[u8]) -> Result<SignedCheckpoint, NoteError> {
    std::str::from_utf8(bytes).map_err(|_| NoteError::Malformed("text"))?.parse()
}

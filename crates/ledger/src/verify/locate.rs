//! Where it begins. The stored hashes say what each entry was, as far as they lead to the signed root; so the first entry that
//! is another can be named, and what became of it.

use super::{Fault, Mark, Verifier, Walked, Wrong};
use crate::checkpoint::Checkpoint;
use crate::export::{BUNDLE_BYTES_MAX, Export, entries_of};
use crate::leaf_hash;
use crate::tile::{TILE_WIDTH, TileId, TilePath};
use crate::tree::{Hash, Tree, fold, join_peaks, peaks_of};

const WIDTH: u64 = TILE_WIDTH as u64;
/// Files that may be missing in a row before a search gives up: a signer could promise entries without end.
const GAP_MAX: u64 = 1_000;

pub(super) fn locate<E: Export>(
    verifier: &mut Verifier<'_, E>,
    checkpoint: &Checkpoint,
    marks: &[Mark],
    walked: &Walked,
) -> Result<(), E::Error> {
    if walked.fits {
        // The entries are those of the newest checkpoint, so only what stands beside them can be wrong.
        for (tile, wrong) in &walked.hashes {
            verifier.fault(None, wrong.clone(), Some(tile.path()));
        }
        verifier.report.more_faults += walked.more_hashes;
        for mark in walked.unfit.iter().filter_map(|place| marks.get(*place)) {
            // Two checkpoints are signed that exclude each other: the key is not what it should be, and only what was kept
            // elsewhere says how far the entries can be relied on.
            let good = walked.known.iter().copied().filter(|size| *size < mark.size).max().unwrap_or(0);
            verifier.fault(Some(good), Wrong::OtherHistory { good, bad: mark.size }, mark.path.clone());
        }
        return Ok(());
    }
    let found = match Stored::of(verifier.export, checkpoint, &walked.tree)? {
        Some(stored) => search(verifier, stored, checkpoint.size())?,
        None => None,
    };
    let fault = found.unwrap_or_else(|| {
        let bad = walked.unfit.first().and_then(|place| marks.get(*place)).map_or(checkpoint.size(), |mark| mark.size);
        // Two checkpoints of one size may exclude each other; then neither vouches for anything.
        let good = if walked.good < bad { walked.good } else { 0 };
        Fault { index: Some(good), wrong: Wrong::OtherHistory { good, bad }, path: None }
    });
    verifier.fault(fault.index, fault.wrong, fault.path);
    Ok(())
}

/// The stored hashes that lead to the signed root: the tiles of the right edge, and from there downwards.
struct Stored<'a, E> {
    export: &'a E,
    size: u64,
    edge: Vec<(TileId, Vec<Hash>)>,
    /// The last complete tile of each level, and whether it leads to the root.
    last: Vec<Option<(u64, Option<Vec<Hash>>)>>,
}

impl<'a, E: Export> Stored<'a, E> {
    /// None if nothing leads to the root. A damaged tile of the edge is replaced by what the entries make of it, if that does.
    fn of(export: &'a E, checkpoint: &Checkpoint, walked: &Tree) -> Result<Option<Self>, E::Error> {
        let size = checkpoint.size();
        let Ok(tiles) = Tree::edge_tiles(size) else { return Ok(None) };
        let mut choices: Vec<(TileId, [Option<Vec<Hash>>; 2])> = Vec::new();
        for tile in tiles {
            let stored = export.read(&tile.path())?.and_then(|bytes| tile.from_bytes(&bytes));
            let made = walked.partial_tiles().find(|(id, _)| *id == tile).map(|(_, hashes)| hashes.to_vec());
            choices.push((tile, [stored, made]));
        }
        for choice in 0_u32..1 << choices.len() {
            let chosen: Option<Vec<_>> = choices
                .iter()
                .enumerate()
                .map(|(place, (tile, both))| Some((*tile, both[(choice >> place & 1) as usize].clone()?)))
                .collect();
            let Some(edge) = chosen else { continue };
            let hashes: Vec<Vec<Hash>> = edge.iter().map(|(_, hashes)| hashes.clone()).collect();
            if join_peaks(&peaks_of(&hashes)) == *checkpoint.root() {
                return Ok(Some(Self { export, size, edge, last: vec![None; 8] }));
            }
        }
        Ok(None)
    }

    /// The hashes of a tile, if they lead to the root.
    fn tile(&mut self, level: u8, index: u64) -> Result<Option<Vec<Hash>>, E::Error> {
        let Some(tile) = TileId::within(level, index, self.size) else { return Ok(None) };
        if tile.width < TILE_WIDTH {
            return Ok(self.edge.iter().find(|(id, _)| *id == tile).map(|(_, hashes)| hashes.clone()));
        }
        let place = usize::from(level);
        if let Some((last, hashes)) = &self.last[place]
            && *last == index
        {
            return Ok(hashes.clone());
        }
        let expected = self.whole(level, index)?;
        let stored = self.claimed(tile)?;
        let hashes = stored.filter(|hashes| expected.is_some_and(|expected| fold(hashes.clone()) == expected));
        self.last[place] = Some((index, hashes.clone()));
        Ok(hashes)
    }

    /// The one hash over a complete tile, if it leads to the root.
    fn whole(&mut self, level: u8, index: u64) -> Result<Option<Hash>, E::Error> {
        let place = usize::try_from(index % WIDTH).unwrap_or_default();
        Ok(self.tile(level + 1, index / WIDTH)?.and_then(|above| above.get(place).copied()))
    }

    /// What stands in the file, whether or not it leads anywhere.
    fn claimed(&self, tile: TileId) -> Result<Option<Vec<Hash>>, E::Error> {
        Ok(self.export.read(&tile.path())?.and_then(|bytes| tile.from_bytes(&bytes)))
    }
}

/// The entries of a file as they are.
struct Found {
    hashes: Vec<Hash>,
    /// Whether the bytes after them cannot be cut.
    broken: bool,
    path: String,
}

fn found<E: Export>(verifier: &Verifier<'_, E>, bundle: TileId) -> Result<Found, E::Error> {
    let mut path = bundle.entries_path();
    let mut bytes = verifier.export.read(&path)?;
    if bytes.is_none() {
        // Whoever takes entries away may have renamed the file to fit.
        let other = verifier.strays.iter().find_map(|stray| match stray {
            TilePath::Entries(id) if id.index == bundle.index => Some(id.entries_path()),
            _ => None,
        });
        if let Some(other) = other {
            bytes = verifier.export.read(&other)?;
            path = other;
        }
    }
    let bytes = bytes.unwrap_or_default();
    if bytes.len() > BUNDLE_BYTES_MAX {
        return Ok(Found { hashes: Vec::new(), broken: true, path });
    }
    let (mut hashes, mut broken) = (Vec::new(), false);
    // A file of empty entries would have more of them than belong in one.
    for entry in entries_of(&bytes).take(4 * usize::from(TILE_WIDTH)) {
        match entry {
            Ok(entry) => hashes.push(leaf_hash(entry)),
            Err(_) => broken = true,
        }
    }
    Ok(Found { hashes, broken, path })
}

/// The first entry that is another.
fn search<E: Export>(
    verifier: &mut Verifier<'_, E>,
    mut stored: Stored<'_, E>,
    size: u64,
) -> Result<Option<Fault>, E::Error> {
    // Entries whose hashes agree with them, but lead nowhere.
    let mut unproven: Option<(u64, u64)> = None;
    for number in 0..size.div_ceil(WIDTH) {
        let Some(bundle) = TileId::within(0, number, size) else { break };
        let (first, end) = (number * WIDTH, number * WIDTH + u64::from(bundle.width));
        let here = found(verifier, bundle)?;
        if let Some(expected) = stored.tile(0, number)? {
            if here.hashes != expected || here.broken {
                return classify(verifier, &mut stored, bundle, here, expected).map(Some);
            }
            continue;
        }
        let claimed = stored.claimed(bundle)?.unwrap_or_default();
        let differs = here.hashes.iter().zip(&claimed).take_while(|(one, other)| one == other).count() as u64;
        let complete = here.hashes.len() == usize::from(bundle.width) && !here.broken;
        match stored.whole(0, number)? {
            Some(whole) if complete && fold(here.hashes.clone()) == whole => {
                verifier.fault(None, Wrong::Hashes, Some(bundle.path()));
            }
            Some(_) => {
                let index = if differs < u64::from(bundle.width) { first + differs } else { first };
                let wrong = Wrong::ChangedBefore { before: end };
                return Ok(Some(Fault { index: Some(index), wrong, path: Some(here.path) }));
            }
            None if complete && here.hashes == claimed => {
                unproven = Some((unproven.map_or(first, |(first, _)| first), end));
            }
            None => {
                let index = Some(first + differs);
                let missing = here.hashes.is_empty() && !here.broken;
                let wrong = if missing { Wrong::Missing { count: bundle.width.into() } } else { Wrong::Contradiction };
                return Ok(Some(Fault { index, wrong, path: Some(here.path) }));
            }
        }
    }
    Ok(unproven.map(|(first, before)| Fault { index: Some(first), wrong: Wrong::ChangedBefore { before }, path: None }))
}

/// What became of the first entry of a bundle that is another.
fn classify<E: Export>(
    verifier: &Verifier<'_, E>,
    stored: &mut Stored<'_, E>,
    bundle: TileId,
    here: Found,
    expected: Vec<Hash>,
) -> Result<Fault, E::Error> {
    let at = here.hashes.iter().zip(&expected).take_while(|(one, other)| one == other).count();
    let index = bundle.index * WIDTH + at as u64;
    let fault = |wrong, path| Fault { index: Some(index), wrong, path: Some(path) };
    if here.broken && at == here.hashes.len() {
        return Ok(fault(Wrong::Unreadable, here.path));
    }
    if at == expected.len() {
        // All are there, and more stand behind them: more than a file holds, or than the log has.
        let count = (here.hashes.len() - at) as u64;
        return Ok(fault(Wrong::Added { count }, here.path));
    }
    let path = here.path.clone();
    let mut stands = Later::entries(verifier, bundle, here);
    let Some(stranger) = stands.nth(at)? else {
        return Ok(fault(Wrong::Missing { count: stored.size - index }, path));
    };
    let after_stranger = stands.nth(at + 1)?;
    // Where the log has what stands here, and where what should stand here has gone.
    let belongs = find(stored, bundle.index, index, &stranger)?;
    let gone = stands.find(at + 1, &expected[at])?;
    let wrong = match (belongs, gone) {
        (Some(from), Some(_)) => Wrong::Moved { from },
        (Some(from), None) => {
            let next = find(stored, from / WIDTH, from, &after_stranger.unwrap_or_default())?;
            let shifted = after_stranger.is_none() || next == Some(from + 1);
            if shifted { Wrong::Missing { count: from - index } } else { Wrong::Moved { from } }
        }
        (None, Some(later)) => Wrong::Added { count: (later - at) as u64 },
        (None, None) => Wrong::Changed,
    };
    Ok(fault(wrong, path))
}

/// The index above `after` at which the log has this hash.
fn find<E: Export>(
    stored: &mut Stored<'_, E>,
    from_bundle: u64,
    after: u64,
    hash: &Hash,
) -> Result<Option<u64>, E::Error> {
    let mut gap = 0;
    for number in from_bundle..stored.size.div_ceil(WIDTH) {
        let hashes = stored.tile(0, number)?.unwrap_or_default();
        gap = if hashes.is_empty() { gap + 1 } else { 0 };
        if gap > GAP_MAX {
            break;
        }
        let index = |place: usize| number * WIDTH + place as u64;
        let found = hashes.iter().enumerate().find(|(place, other)| *other == hash && index(*place) > after);
        if let Some((place, _)) = found {
            return Ok(Some(index(place)));
        }
    }
    Ok(None)
}

/// The entries from a bundle on, as they stand in the files, counted from the first of it.
struct Later<'a, 'b, E> {
    verifier: &'b Verifier<'a, E>,
    bundle: TileId,
    here: Found,
}

impl<'a, 'b, E: Export> Later<'a, 'b, E> {
    fn entries(verifier: &'b Verifier<'a, E>, bundle: TileId, here: Found) -> Self {
        Self { verifier, bundle, here }
    }

    /// The next file of entries after so many, if they can be counted on to it.
    fn next(&self, number: u64) -> Result<Option<Found>, E::Error> {
        let size = self.verifier.report.checkpoint.as_ref().map_or(0, Checkpoint::size);
        let Some(bundle) = TileId::within(0, number, size) else { return Ok(None) };
        found(self.verifier, bundle).map(Some)
    }

    fn nth(&self, place: usize) -> Result<Option<Hash>, E::Error> {
        if let Some(hash) = self.here.hashes.get(place) {
            return Ok(Some(*hash));
        }
        if self.here.broken {
            return Ok(None);
        }
        let rest = place - self.here.hashes.len();
        Ok(self.next(self.bundle.index + 1)?.and_then(|next| next.hashes.get(rest).copied()))
    }

    /// The place from `from` on at which this hash stands.
    fn find(&mut self, from: usize, hash: &Hash) -> Result<Option<usize>, E::Error> {
        let (mut before, mut number, mut gap) = (0, self.bundle.index, 0);
        let mut current =
            Some(Found { hashes: self.here.hashes.clone(), broken: self.here.broken, path: String::new() });
        while let Some(found) = current {
            let place = found.hashes.iter().enumerate().find(|(place, one)| *one == hash && before + place >= from);
            if let Some((place, _)) = place {
                return Ok(Some(before + place));
            }
            gap = if found.hashes.is_empty() { gap + 1 } else { 0 };
            if found.broken || gap > GAP_MAX {
                break;
            }
            before += found.hashes.len();
            number += 1;
            current = self.next(number)?;
        }
        Ok(None)
    }
}

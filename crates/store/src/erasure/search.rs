//! Looking for what was erased, in the bytes of the database file: every page, free ones too, and every frame of the
//! write-ahead log, opened with the key as somebody would who has stolen both (R11.2).
//!
//! What is searched for is kept as keyed fingerprints of pieces, of which nothing can be read. A piece is long and random,
//! so that finding it means finding the erased thing.

use crate::Error;
use aes::Aes256;
use aes::cipher::{BlockCipherDecrypt as _, KeyInit as _};
use seal::Zeroizing;
use std::collections::HashSet;
use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::Path;

/// Bytes of a piece.
pub(super) const WINDOW: usize = 24;

/// As SQLCipher 4 writes pages: 4096 bytes, of which the last 80 are the initialisation vector and a keyed hash.
const PAGE: usize = 4096;
const RESERVED: usize = 80;
const BLOCK: usize = 16;
/// The first page begins with the salt in the place of SQLite's magic.
const SALT: usize = 16;
const WAL_HEADER: usize = 32;
const FRAME_HEADER: usize = 24;

/// Fingerprints of pieces: a polynomial over their bytes at a secret point.
pub(super) struct Fingerprints {
    point: u64,
    /// The point to the power of the piece's length less one.
    top: u64,
}

impl Fingerprints {
    /// The secret decides the point; only its holder can make or compare fingerprints.
    pub(super) fn new(secret: &[u8; 32]) -> Self {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&secret[..8]);
        // Odd, so that no byte of the piece is multiplied away.
        let point = u64::from_be_bytes(bytes) | 1;
        Self { point, top: (1..WINDOW).fold(1, |power: u64, _| power.wrapping_mul(point)) }
    }

    pub(super) fn of(&self, piece: &[u8]) -> u64 {
        piece.iter().fold(0, |print: u64, byte| self.push(print, *byte))
    }

    fn push(&self, print: u64, byte: u8) -> u64 {
        print.wrapping_mul(self.point).wrapping_add(u64::from(byte) + 1)
    }

    fn slide(&self, print: u64, out: u8, byte: u8) -> u64 {
        self.push(print.wrapping_sub((u64::from(out) + 1).wrapping_mul(self.top)), byte)
    }
}

/// What a search saw.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) bytes: u64,
    pub(super) found: u64,
    /// Whether what must be there was found: a search that finds nothing at all proves nothing.
    pub(super) control: bool,
}

/// Searches pages for any of some fingerprints.
pub(super) struct Search<'a> {
    fingerprints: &'a Fingerprints,
    wanted: HashSet<u64>,
    control: u64,
    /// One bit for each value of the upper bits: most places are passed at a glance.
    glance: Vec<bool>,
    seen: Seen,
}

const GLANCE_BITS: u32 = 20;

impl<'a> Search<'a> {
    /// `control` is something that must be found.
    pub(super) fn new(fingerprints: &'a Fingerprints, wanted: HashSet<u64>, control: &[u8]) -> Self {
        let control = fingerprints.of(&control[..WINDOW.min(control.len())]);
        let mut glance = vec![false; 1 << GLANCE_BITS];
        for print in wanted.iter().copied().chain([control]) {
            glance[(print >> (64 - GLANCE_BITS)) as usize] = true;
        }
        Self { fingerprints, wanted, control, glance, seen: Seen::default() }
    }

    pub(super) fn seen(&self) -> Seen {
        self.seen
    }

    /// Looks at bytes that lie together.
    pub(super) fn look(&mut self, bytes: &[u8]) {
        self.seen.bytes += bytes.len() as u64;
        if bytes.len() < WINDOW {
            return;
        }
        let mut print = self.fingerprints.of(&bytes[..WINDOW]);
        self.weigh(print);
        for at in WINDOW..bytes.len() {
            print = self.fingerprints.slide(print, bytes[at - WINDOW], bytes[at]);
            self.weigh(print);
        }
    }

    fn weigh(&mut self, print: u64) {
        if self.glance[(print >> (64 - GLANCE_BITS)) as usize] {
            self.seen.found += u64::from(self.wanted.contains(&print));
            self.seen.control |= print == self.control;
        }
    }

    /// Every page of an encrypted database file and every frame of its write-ahead log.
    pub(super) fn database(&mut self, path: &Path, key: &[u8; 32]) -> Result<(), Error> {
        let pages = Pages::new(key)?;
        let mut file = File::open(path).map_err(Error::file(path))?;
        let mut page = Zeroizing::new(vec![0; PAGE]);
        let mut number = 0_u64;
        while fill(&mut file, &mut page).map_err(Error::file(path))? {
            number += 1;
            if page.iter().any(|byte| *byte != 0) {
                let content = pages.open(&mut page, number == 1)?;
                self.look(content);
            }
        }
        let wal =
            path.with_file_name(format!("{}-wal", path.file_name().and_then(|name| name.to_str()).unwrap_or_default()));
        let mut file = match File::open(&wal) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(Error::file(wal)(error)),
        };
        let mut header = [0; WAL_HEADER];
        if !fill(&mut file, &mut header).map_err(Error::file(&wal))? {
            return Ok(());
        }
        let mut frame = Zeroizing::new(vec![0; FRAME_HEADER + PAGE]);
        while fill(&mut file, &mut frame).map_err(Error::file(&wal))? {
            let (header, page) = frame.split_at_mut(FRAME_HEADER);
            let first = header[..4] == [0, 0, 0, 1];
            let content = pages.open(page, first)?;
            self.look(content);
        }
        Ok(())
    }
}

struct Pages(Aes256);

impl Pages {
    fn new(key: &[u8; 32]) -> Result<Self, Error> {
        Aes256::new_from_slice(key).map(Self).map_err(|_| Error::Impossible("database key"))
    }

    /// AES-256 in cipher block chaining mode, undone in place.
    fn open<'p>(&self, page: &'p mut [u8], first: bool) -> Result<&'p [u8], Error> {
        let (content, reserved) = page.split_at_mut(PAGE - RESERVED);
        let content = if first { &mut content[SALT..] } else { content };
        let mut before = [0; BLOCK];
        before.copy_from_slice(&reserved[..BLOCK]);
        for block in content.chunks_exact_mut(BLOCK) {
            let mut sealed = [0; BLOCK];
            sealed.copy_from_slice(block);
            let mut opened = aes::Block::from(sealed);
            self.0.decrypt_block(&mut opened);
            for (byte, (clear, chain)) in block.iter_mut().zip(opened.iter().zip(before)) {
                *byte = clear ^ chain;
            }
            before = sealed;
        }
        // The header of an SQLite file, after its magic: page size 4096, so many bytes reserved.
        if first && (content[..2] != [0x10, 0x00] || usize::from(content[4]) != RESERVED) {
            return Err(Error::WrongKey);
        }
        Ok(content)
    }
}

/// True when the buffer is full; false at the end, where less is left than it holds.
fn fill(file: &mut File, buffer: &mut [u8]) -> std::io::Result<bool> {
    match file.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn a_piece_is_found_wherever_it_lies_and_only_there() {
        let fingerprints = Fingerprints::new(&[3; 32]);
        let hay: Vec<u8> = (0..4000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        for at in [0, 1, 777, hay.len() - WINDOW] {
            let wanted = HashSet::from([fingerprints.of(&hay[at..at + WINDOW])]);
            let mut search = Search::new(&fingerprints, wanted, &hay[100..124]);
            search.look(&hay);
            assert_eq!(search.seen(), Seen { bytes: 4000, found: 1, control: true });
        }
        let mut other = hay[500..524].to_vec();
        other[23] ^= 1;
        let mut search = Search::new(&fingerprints, HashSet::from([fingerprints.of(&other)]), &other);
        search.look(&hay);
        assert_eq!(search.seen(), Seen { bytes: 4000, found: 0, control: false });
    }
}

//! 中身 — where the bytes of files come from: memory, or whoever brings them piece by piece. So a file of any length is
//! checked in little memory, and this crate opens none.

use crate::SourceFile;

/// Bytes asked for at once unless whoever brings them says otherwise.
const PIECE: usize = 1 << 20;

/// 中身の持ち主 — brings the bytes of files, piece by piece and as often as asked. A check reads a file from front to end
/// two or three times, and single records of it again where the people in it are scattered.
///
/// What cannot be brought is left out: the file ends there. Whoever brings it remembers that, for the report says nothing
/// of it.
pub trait Contents {
    /// How many bytes a file has. The same every time.
    fn size(&self, file: usize) -> u64;

    /// So many bytes of a file from this place on, or more; fewer only where it ends.
    fn bytes(&mut self, file: usize, from: u64, least: usize) -> &[u8];

    /// How many to ask for at once. More are asked for where a record is longer, to
    /// [`RECORD_BYTES_MAX`](crate::read::RECORD_BYTES_MAX).
    fn piece(&self) -> usize {
        PIECE
    }
}

/// Files that lie in memory as they are: the piece is the file.
pub(crate) struct InMemory<'a>(pub(crate) &'a [SourceFile<'a>]);

impl Contents for InMemory<'_> {
    fn size(&self, file: usize) -> u64 {
        self.0.get(file).map_or(0, |file| file.bytes.len() as u64)
    }

    fn bytes(&mut self, file: usize, from: u64, _: usize) -> &[u8] {
        let bytes = self.0.get(file).map_or(&[][..], |file| file.bytes);
        usize::try_from(from).ok().and_then(|from| bytes.get(from..)).unwrap_or_default()
    }
}

/// The pieces of a file, one after the other, until whoever looks says how much of one it is done with and that it has
/// seen enough. `see` is told whether the file ends with the piece.
pub(crate) fn pieces(contents: &mut dyn Contents, file: usize, mut see: impl FnMut(&[u8], bool) -> Option<usize>) {
    let size = contents.size(file);
    let piece = contents.piece().max(16);
    let mut at = 0;
    loop {
        let bytes = contents.bytes(file, at, piece);
        let last = bytes.len() < piece || at + bytes.len() as u64 >= size;
        match see(bytes, last) {
            Some(done) if !last && done > 0 => at += done as u64,
            _ => return,
        }
    }
}

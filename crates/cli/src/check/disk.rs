//! Files read from disk piece by piece: one open and one piece in memory at a time, however long they are.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use standard::Contents;

use super::gather::{Found, Problem};

pub(super) struct OnDisk<'f> {
    files: &'f [Found],
    open: Option<Open>,
    /// Bytes of the open file, from this place on.
    buffer: Vec<u8>,
    from: u64,
    failure: Option<Problem>,
}

struct Open {
    index: usize,
    file: File,
    /// Where the next read begins.
    at: u64,
}

impl<'f> OnDisk<'f> {
    pub(super) fn new(files: &'f [Found]) -> OnDisk<'f> {
        OnDisk { files, open: None, buffer: Vec::new(), from: 0, failure: None }
    }

    /// Whether everything that was asked for could be read.
    pub(super) fn finish(self) -> Result<(), Problem> {
        self.failure.map_or(Ok(()), Err)
    }

    /// Makes these bytes lie in the buffer. What already lies there is kept.
    fn fill(&mut self, index: usize, found: &Found, from: u64, end: u64) -> io::Result<()> {
        if self.open.as_ref().is_none_or(|open| open.index != index) {
            self.buffer.clear();
            self.open = Some(Open { index, file: File::open(&found.path)?, at: 0 });
        }
        let Some(open) = &mut self.open else { return Ok(()) };
        let known = from.checked_sub(self.from).and_then(|skip| usize::try_from(skip).ok());
        match known.filter(|skip| *skip < self.buffer.len()) {
            Some(skip) => drop(self.buffer.drain(..skip)),
            None => self.buffer.clear(),
        }
        self.from = from;
        let start = from + self.buffer.len() as u64;
        if start >= end {
            return Ok(());
        }
        if open.at != start {
            open.file.seek(SeekFrom::Start(start))?;
        }
        self.buffer.reserve(usize::try_from(end - start).unwrap_or(0));
        let read = Read::take(&mut open.file, end - start).read_to_end(&mut self.buffer)?;
        open.at = start + read as u64;
        // It was longer when it was found.
        if open.at < end { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }
}

impl Contents for OnDisk<'_> {
    fn size(&self, file: usize) -> u64 {
        self.files.get(file).map_or(0, |found| found.size)
    }

    fn bytes(&mut self, file: usize, from: u64, least: usize) -> &[u8] {
        let Some(found) = self.files.get(file) else { return &[] };
        let end = from.saturating_add(least as u64).min(found.size);
        if let Err(error) = self.fill(file, found, from, end) {
            self.open = None;
            self.buffer.clear();
            self.failure.get_or_insert(Problem::Read(found.shown.clone(), error));
        }
        &self.buffer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(folder: &std::path::Path, name: &str, bytes: &[u8]) -> Found {
        let path = folder.join(name);
        std::fs::write(&path, bytes).expect("the test can be laid out");
        Found { name: name.into(), shown: name.into(), path, size: bytes.len() as u64 }
    }

    #[test]
    fn any_piece_is_what_lies_there() {
        let folder = tempfile::tempdir().expect("the test can be laid out");
        let bytes: Vec<u8> = (0..=255).cycle().take(1_000).collect();
        let files = [found(folder.path(), "a", &bytes), found(folder.path(), "b", &bytes[7..])];
        let mut disk = OnDisk::new(&files);
        for (file, from, least) in [
            (0, 0, 10),
            (0, 5, 10),
            (0, 500, 100),
            (1, 500, 100),
            (0, 3, 0),
            (0, 990, 100),
            (0, 1_000, 5),
            (1, 0, 2_000),
        ] {
            let whole = if file == 0 { &bytes[..] } else { &bytes[7..] };
            let wanted = &whole[from..whole.len().min(from + least)];
            let given = disk.bytes(file, from as u64, least);
            assert!(given.len() >= wanted.len() && whole[from..].starts_with(given), "{file} {from} {least}");
        }
        assert!(disk.finish().is_ok());
    }

    #[test]
    fn a_file_that_shrinks_or_goes_is_a_failure() {
        let folder = tempfile::tempdir().expect("the test can be laid out");
        let files = [found(folder.path(), "a", b"0123456789")];
        std::fs::write(&files[0].path, b"0123").expect("the test can be laid out");
        let mut disk = OnDisk::new(&files);
        assert!(disk.bytes(0, 0, 10).is_empty());
        assert!(disk.finish().is_err());
        std::fs::remove_file(&files[0].path).expect("the test can be laid out");
        let mut disk = OnDisk::new(&files);
        assert!(disk.bytes(0, 0, 10).is_empty());
        assert!(disk.finish().is_err());
    }
}

use sha2::{Digest as _, Sha256};
use standard::SourceFile;
use std::fmt;

/// SHA-256 of something both sides of an exchange can compute for themselves (R1.9).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest([u8; 32]);

/// Digest of one file's bytes.
pub type FileDigest = Digest;
/// Digest of a whole set; see [`Digest::of_set`].
pub type SetDigest = Digest;

impl Digest {
    /// SHA-256 of a file's bytes, as `sha256sum` prints it.
    #[must_use]
    pub fn of_file(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The digest of a set does not depend on the order in which its files are named: it is the SHA-256 of the lines
    /// `<file digest in hex>␣␣<file name>\n` sorted by name, that is, of the output of `sha256sum` over the set.
    #[must_use]
    pub fn of_set<'a>(files: impl IntoIterator<Item = SourceFile<'a>>) -> Self {
        Self::of_digests(files.into_iter().map(|file| (file.name, Self::of_file(file.bytes))))
    }

    /// The same from the names and digests of its files, for whoever has not their bytes.
    #[must_use]
    pub fn of_digests<'a>(files: impl IntoIterator<Item = (&'a str, Self)>) -> Self {
        let mut lines: Vec<_> = files.into_iter().collect();
        lines.sort();
        let mut hasher = Sha256::new();
        for (name, digest) in lines {
            hasher.update(format!("{digest}  {name}\n"));
        }
        Self(hasher.finalize().into())
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// From 32 bytes read back from a store.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_one_digest_in_any_order() {
        let one = SourceFile { name: "A.CSV", bytes: b"1\r\n" };
        let two = SourceFile { name: "B.CSV", bytes: b"2\r\n" };
        let swapped = SourceFile { name: "B.CSV", bytes: b"1\r\n" };
        assert_eq!(Digest::of_set([one, two]), Digest::of_set([two, one]));
        assert_ne!(Digest::of_set([one, two]), Digest::of_set([one, swapped]));
        assert_ne!(Digest::of_set([one, two]), Digest::of_set([one]));
    }

    #[test]
    fn a_file_digest_reads_like_sha256sum() {
        assert_eq!(
            Digest::of_file(b"abc").to_string(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}

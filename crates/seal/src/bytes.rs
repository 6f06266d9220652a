//! Reading and writing bytes with every length checked.

use crate::Error;

/// A cursor over untrusted bytes: it never reads past the end, and [`Reader::end`] refuses what is left over.
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn take(&mut self, count: usize, what: &'static str) -> Result<&'a [u8], Error> {
        let (head, rest) = self.0.split_at_checked(count).ok_or(Error::Malformed(what))?;
        self.0 = rest;
        Ok(head)
    }

    pub(crate) fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], Error> {
        let (head, rest) = self.0.split_first_chunk::<N>().ok_or(Error::Malformed(what))?;
        self.0 = rest;
        Ok(*head)
    }

    pub(crate) fn u8(&mut self, what: &'static str) -> Result<u8, Error> {
        self.array::<1>(what).map(|[byte]| byte)
    }

    pub(crate) fn u32(&mut self, what: &'static str) -> Result<u32, Error> {
        self.array(what).map(u32::from_be_bytes)
    }

    pub(crate) fn u64(&mut self, what: &'static str) -> Result<u64, Error> {
        self.array(what).map(u64::from_be_bytes)
    }

    /// Four bytes that name the format, then its version. The two are told apart so that a newer file is not called damaged.
    pub(crate) fn header(&mut self, magic: [u8; 4], version: u8) -> Result<(), Error> {
        self.header_of(magic, &[version]).map(|_| ())
    }

    /// The same of a format that has several versions; says which.
    pub(crate) fn header_of(&mut self, magic: [u8; 4], versions: &[u8]) -> Result<u8, Error> {
        if self.array::<4>("magic")? != magic {
            return Err(Error::Malformed("magic"));
        }
        match self.u8("version")? {
            read if versions.contains(&read) => Ok(read),
            other => Err(Error::UnknownVersion(other)),
        }
    }

    /// All that is left, for formats whose last field runs to the end.
    pub(crate) fn rest(self) -> &'a [u8] {
        self.0
    }

    pub(crate) fn end(self) -> Result<(), Error> {
        if self.0.is_empty() { Ok(()) } else { Err(Error::Malformed("trailing bytes")) }
    }
}

//! 消去の一覧 — every erasure that was ever run, outside of the data and of every backup of it (R4.6).
//!
//! A backup made before an erasure holds what was erased after it. So the list lies elsewhere, in two places at least, and
//! nothing opens data that is older than the list before the erasures in between have been run again. Each line is signed and
//! names the one before; a list that was cut, mixed or replaced by an older one is found out.

use crate::retention::Kind;
use crate::{Error, Store};
use ledger::certificate::{CertificateKey, CertificatePublicKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fs::{self, File, OpenOptions};
use std::io::{BufRead as _, BufReader, ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

const FORM: &str = "fumibako-erasure-list/1";
const DOMAIN: &[u8] = b"fumibako erasure list v1\n";
/// The longest line: as many objects as one erasure has, and room to spare.
const LINE_BYTES_MAX: u64 = 1 << 20;
const BEGINNING: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Why the list of erasures does not let the data be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ListError {
    /// There is none, and the data know of erasures or come from a backup.
    #[error("the list of erasures is missing")]
    Missing,
    /// A line was changed, left out, moved, or signed by another exchange.
    #[error("the list of erasures is damaged at line {0}")]
    Damaged(u64),
    /// Two copies tell different things.
    #[error("the copies of the list of erasures differ at line {0}")]
    Differ(u64),
    /// The data know of more erasures than the list: an old copy of it, or cut.
    #[error("the list of erasures has {list} lines, and the data know of {data}")]
    Behind {
        /// Lines of the list.
        list: u64,
        /// What the data know.
        data: u64,
    },
}

/// One erasure in the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Line {
    /// Counted from 1.
    pub(crate) n: u64,
    pub(crate) erasure: String,
    pub(crate) kind: String,
    pub(crate) at: String,
    /// Entries of the log at that time: a backup with fewer lacks them.
    pub(crate) ledger_size: u64,
    pub(crate) objects: Vec<String>,
    previous: String,
    signature: String,
}

impl Line {
    pub(crate) fn kind(&self) -> Result<Kind, Error> {
        Kind::from_id(&self.kind).ok_or(Error::ErasureList(ListError::Damaged(self.n)))
    }
}

/// What a new line states.
pub(crate) struct NewLine<'a> {
    pub(crate) erasure: &'a str,
    pub(crate) kind: Kind,
    pub(crate) at: &'a str,
    pub(crate) ledger_size: u64,
    pub(crate) objects: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    form: String,
    key: String,
}

/// The places of the list, the first being the one that is read first.
#[derive(Clone, Debug)]
pub struct ErasureList {
    places: Vec<PathBuf>,
}

/// The list as it was read.
#[derive(Clone, Debug)]
pub(crate) struct Read {
    pub(crate) lines: u64,
    /// Those after the one that was asked for.
    pub(crate) later: Vec<Line>,
    head: String,
    /// Entries of the log that are known to have been there.
    pub(crate) ledger_size: u64,
}

impl ErasureList {
    /// A list that is kept in these places. One is enough to run; a second one, on another disk, is what survives.
    #[must_use]
    pub fn at(places: Vec<PathBuf>) -> Self {
        Self { places }
    }

    /// Where it lies.
    #[must_use]
    pub fn places(&self) -> &[PathBuf] {
        &self.places
    }

    /// Reads all copies; the longest counts, and the others must be its beginning. `None` where there is none at all.
    pub(crate) fn read(&self, key: &CertificatePublicKey, known: u64) -> Result<Option<Read>, Error> {
        let mut longest: Option<Read> = None;
        let mut heads = Vec::new();
        for place in &self.places {
            let Some(read) = read_one(place, key, known)? else { continue };
            heads.push((read.lines, read.head.clone()));
            if longest.as_ref().is_none_or(|longest| read.lines > longest.lines) {
                longest = Some(read);
            }
        }
        let Some(longest) = longest else { return Ok(None) };
        for (lines, head) in heads {
            // Only what lies after `known` is at hand; a shorter copy is compared where it can be.
            let there = longest.later.iter().find(|line| line.n == lines + 1).map(|line| &line.previous);
            let same =
                if lines == longest.lines { head == longest.head } else { there.is_none_or(|there| *there == head) };
            if !same {
                return Err(ListError::Differ(lines).into());
            }
        }
        Ok(Some(longest))
    }

    /// Makes an empty list where there is none yet.
    pub(crate) fn begin(&self, key: &CertificateKey) -> Result<(), Error> {
        let _alone = self.alone()?;
        self.begin_alone(key)
    }

    /// Held while the list is added to: a server and a command, or two nodes that see one place, would otherwise both add the
    /// same number, and a list like that opens nothing any more.
    fn alone(&self) -> Result<Option<File>, Error> {
        let Some(place) = self.places.first() else { return Ok(None) };
        make_folder(place)?;
        let path = place.with_extension("lock");
        let lock = OpenOptions::new().append(true).create(true).mode(0o600).open(&path);
        let lock = lock.map_err(Error::file(&path))?;
        // Given back when the file is closed, by the system too where the process is killed.
        lock.lock().map_err(Error::file(&path))?;
        Ok(Some(lock))
    }

    fn begin_alone(&self, key: &CertificateKey) -> Result<(), Error> {
        for place in &self.places {
            if !place.exists() {
                let header = Header { form: FORM.to_owned(), key: key.public().to_string() };
                write(place, &to_json(&header)?, true)?;
            }
        }
        Ok(())
    }

    /// Adds a line in every place and returns its number. On disk when this returns; an erasure that stands there already is
    /// not added again.
    pub(crate) fn append(&self, key: &CertificateKey, new: &NewLine<'_>) -> Result<u64, Error> {
        let _alone = self.alone()?;
        self.begin_alone(key)?;
        let public = key.public();
        let Some(whole) = self.read(&public, 0)? else { return Err(ListError::Missing.into()) };
        let mut lines = whole.later;
        let number = match lines.iter().find(|line| line.erasure == new.erasure) {
            Some(line) => line.n,
            None => {
                let mut line = Line {
                    n: whole.lines + 1,
                    erasure: new.erasure.to_owned(),
                    kind: new.kind.id().to_owned(),
                    at: new.at.to_owned(),
                    ledger_size: new.ledger_size,
                    objects: new.objects.clone(),
                    previous: whole.head,
                    signature: String::new(),
                };
                line.signature = crate::hex::hex(&key.sign(DOMAIN, to_json(&line)?.as_bytes()));
                let number = line.n;
                lines.push(line);
                number
            }
        };
        for place in &self.places {
            // A place that was away catches up.
            let there = read_one(place, &public, u64::MAX)?.map_or(0, |read| read.lines);
            for line in lines.iter().filter(|line| line.n > there) {
                write(place, &to_json(line)?, false)?;
            }
        }
        Ok(number)
    }
}

fn read_one(path: &Path, key: &CertificatePublicKey, known: u64) -> Result<Option<Read>, Error> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::file(path)(error)),
    };
    let damaged = |n: u64| Error::from(ListError::Damaged(n));
    let mut reader = BufReader::new(file);
    let (mut lines, mut head, mut later, mut ledger_size) = (0, BEGINNING.to_owned(), Vec::new(), 0);
    let mut begun = false;
    loop {
        let mut text = Vec::new();
        let read = std::io::Read::take(&mut reader, LINE_BYTES_MAX).read_until(b'\n', &mut text);
        if read.map_err(Error::file(path))? == 0 {
            break;
        }
        // What a crash cut short was never acknowledged, and the erasure has not begun.
        if text.pop() != Some(b'\n') {
            if text.len() as u64 + 1 >= LINE_BYTES_MAX {
                return Err(damaged(lines + 1));
            }
            break;
        }
        if !begun {
            let header: Header = serde_json::from_slice(&text).map_err(|_| damaged(0))?;
            if header.form != FORM || header.key != key.to_string() || to_json(&header)?.as_bytes() != text {
                return Err(damaged(0));
            }
            begun = true;
            continue;
        }
        let line: Line = serde_json::from_slice(&text).map_err(|_| damaged(lines + 1))?;
        let unsigned = Line { signature: String::new(), ..line.clone() };
        let signature = crate::hex::unhex(&line.signature).ok_or(damaged(lines + 1))?;
        let signed = |signature: &[u8]| Ok::<_, Error>(key.verifies(DOMAIN, to_json(&unsigned)?.as_bytes(), signature));
        // Each line names the one before by its digest: the signature of the last holds all of them.
        let last = reader.fill_buf().map_err(Error::file(path))?.is_empty();
        let sound = line.n == lines + 1
            && line.previous == head
            && to_json(&line)?.as_bytes() == text
            && ((line.n <= known && !last) || signed(&signature)?);
        if !sound {
            return Err(damaged(lines + 1));
        }
        lines = line.n;
        head = crate::hex::hex(&Sha256::digest(&text));
        ledger_size = line.ledger_size.max(ledger_size);
        if lines > known {
            later.push(line);
        }
    }
    Ok(begun.then_some(Read { lines, later, head, ledger_size }))
}

fn to_json(value: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|_| Error::Impossible("a line of the list of erasures"))
}

fn make_folder(path: &Path) -> Result<(), Error> {
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(Error::file(folder)),
        None => Ok(()),
    }
}

/// Adds a line, after taking away what a crash left of another.
fn write(path: &Path, line: &str, fresh: bool) -> Result<(), Error> {
    make_folder(path)?;
    let add = || {
        let mut file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path)?;
        let whole = whole_bytes(path)?;
        if whole != file.metadata()?.len() {
            file.set_len(whole)?;
        }
        if fresh && whole > 0 {
            return Ok(());
        }
        file.write_all(format!("{line}\n").as_bytes())?;
        file.sync_all()?;
        match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => File::open(folder)?.sync_all(),
            _ => Ok(()),
        }
    };
    add().map_err(Error::file(path))
}

/// Bytes up to the last line break.
fn whole_bytes(path: &Path) -> std::io::Result<u64> {
    let bytes = fs::read(path)?;
    Ok(bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at as u64 + 1))
}

/// Lines up to which everything is done. Numbers are given and noted at different moments, by several nodes: one that is missing
/// below a higher one, or whose erasure has only begun, is not known.
const KNOWN: &str = "
    SELECT min(settled.n)
      FROM (SELECT 0 AS n UNION ALL SELECT list_number FROM erasure WHERE list_number IS NOT NULL) settled
     WHERE NOT EXISTS (SELECT 1 FROM erasure e WHERE e.list_number = settled.n + 1 AND e.state <> 'erasing')";
const HEARD_OF: &str = "SELECT coalesce(max(list_number), 0) FROM erasure";
const SETTLED: &str = "SELECT count(*) FROM erasure WHERE erasure_id = $1 AND list_number = $2 AND state <> 'erasing'";

/// How far the data and the list agree, so that a backup can say it too.
pub(crate) async fn known_lines(c: &mut sqlx::SqliteConnection) -> Result<u64, Error> {
    let known: i64 = sqlx::query_scalar(KNOWN).fetch_one(c).await?;
    Ok(known.unsigned_abs())
}

impl Store {
    /// Compares the data with the list of erasures, and runs again what the data do not know of: data that were put back from
    /// a copy hold what was erased since. Whoever opens the data for use calls this first (R4.6).
    ///
    /// Returns how many erasures were run again.
    ///
    /// # Errors
    /// [`Error::ErasureList`] where the list is missing, damaged or behind: then the data must not be used.
    pub async fn settle_erasures(&self, list: &ErasureList) -> Result<u64, Error> {
        let known: i64 = sqlx::query_scalar(KNOWN).fetch_one(&self.reads).await?;
        let known = known.unsigned_abs();
        let heard_of: i64 = sqlx::query_scalar(HEARD_OF).fetch_one(&self.reads).await?;
        let heard_of = heard_of.unsigned_abs();
        let key = self.certificate_key().await?;
        let Some(read) = list.read(&key.public(), known)? else {
            if heard_of > 0 {
                return Err(ListError::Missing.into());
            }
            list.begin(&key)?;
            return Ok(0);
        };
        if read.lines < heard_of {
            return Err(ListError::Behind { list: read.lines, data: heard_of }.into());
        }
        let mut again = 0;
        for line in &read.later {
            let number = i64::try_from(line.n).map_err(|_| Error::Impossible("erasure.list_number"))?;
            let settled: i64 =
                sqlx::query_scalar(SETTLED).bind(&line.erasure).bind(number).fetch_one(&self.reads).await?;
            if settled > 0 {
                continue;
            }
            again += u64::from(self.erase_again(line).await?);
        }
        Ok(again)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EACH: usize = 12;

    #[test]
    fn r4_6_two_that_add_at_the_same_moment_leave_a_list_that_opens() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let list =
            ErasureList::at(["keys/erasures", "elsewhere/erasures"].map(|place| folder.path().join(place)).to_vec());
        let key = || CertificateKey::from_bytes(&[7; 32]);
        std::thread::scope(|scope| {
            for who in ["server", "command", "other node"] {
                let list = &list;
                scope.spawn(move || {
                    for number in 0..EACH {
                        let erasure = format!("{who} {number}");
                        let new = NewLine {
                            erasure: &erasure,
                            kind: Kind::Sets,
                            at: "2027-04-01T00:00:00.000Z",
                            ledger_size: 1,
                            objects: vec![erasure.clone()],
                        };
                        list.append(&key(), &new).expect("added");
                    }
                });
            }
        });
        let read = list.read(&key().public(), 0).expect("sound").expect("there");
        assert_eq!(read.lines, 3 * EACH as u64);
    }
}

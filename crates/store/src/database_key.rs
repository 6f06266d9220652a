//! The key of the database file: a random key of its own, wrapped under the master key, in a small file beside the database.
//!
//! Exchanges of before derived it from the master key and have no such file; they get one when they are first opened, with
//! the same key in it, so that the master key can be replaced.

use crate::key_store::{MasterKeys, write_whole};
use crate::{Error, hex};
use seal::{Purpose, WorkingKey, Zeroizing};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

const FILE: &str = "database.key";
const FIRST_LINE: &str = "fumibako database key 1";
/// Two keys while one replaces the other, some 200 characters each.
const FILE_BYTES_MAX: u64 = 4096;
const WHERE: Error = Error::Impossible("database.key");

/// One key of the database file, and which.
#[derive(Debug)]
pub(crate) struct DatabaseKey {
    pub(crate) version: u32,
    pub(crate) key: WorkingKey,
}

/// Where the wrapped key of the database lies. A copy of the database is of no use without it; whoever keeps copies of both
/// apart decides over the life of the copy.
#[must_use]
pub fn database_key_path(folder: &Path) -> PathBuf {
    folder.join(FILE)
}

/// The keys that the database may be under, the newest first: two while it is replaced.
pub(crate) fn read(folder: &Path, masters: &MasterKeys) -> Result<Option<Vec<DatabaseKey>>, Error> {
    let path = database_key_path(folder);
    let text = match fs::metadata(&path) {
        Ok(file) if file.len() > FILE_BYTES_MAX => return Err(WHERE),
        Ok(_) => fs::read_to_string(&path).map_err(Error::file(&path))?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::file(&path)(error)),
    };
    let mut lines = text.lines();
    if lines.next() != Some(FIRST_LINE) {
        return Err(WHERE);
    }
    let keys: Vec<DatabaseKey> = lines.map(|line| read_line(line, masters)).collect::<Result<_, _>>()?;
    if keys.is_empty() { Err(WHERE) } else { Ok(Some(keys)) }
}

fn read_line(line: &str, masters: &MasterKeys) -> Result<DatabaseKey, Error> {
    let (version, wrapped) = line.split_once(' ').ok_or(WHERE)?;
    let version = version.parse().map_err(|_| WHERE)?;
    let wrapped = hex::unhex(wrapped).ok_or(WHERE)?;
    let secret = masters.unwrap(&Purpose::DatabaseKey { version }, &wrapped).map_err(|error| match error {
        // Another exchange's key store.
        Error::Damaged => Error::WrongKey,
        other => other,
    })?;
    let bytes = Zeroizing::new(<[u8; 32]>::try_from(secret.as_slice()).map_err(|_| WHERE)?);
    Ok(DatabaseKey { version, key: WorkingKey::from_bytes(&bytes) })
}

/// Writes these keys, wrapped under the newest master key; the file is whole at any moment.
pub(crate) fn write(folder: &Path, masters: &MasterKeys, keys: &[DatabaseKey]) -> Result<(), Error> {
    let mut text = format!("{FIRST_LINE}\n");
    for DatabaseKey { version, key } in keys {
        let wrapped = masters.wrap(&Purpose::DatabaseKey { version: *version }, key.reveal())?;
        text.push_str(&format!("{version} {}\n", hex::hex(&wrapped)));
    }
    write_whole(&database_key_path(folder), text.as_bytes())
}

/// Writes over the file's own bytes, where a copy of a database is thrown away.
pub(crate) fn overwrite(folder: &Path) -> Result<(), Error> {
    let path = database_key_path(folder);
    let mut file = match fs::OpenOptions::new().write(true).open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Error::file(&path)(error)),
    };
    let length = file.metadata().map_err(Error::file(&path))?.len().min(FILE_BYTES_MAX);
    let nothing = vec![0; usize::try_from(length).map_err(|_| WHERE)?];
    file.write_all(&nothing).and_then(|()| file.sync_all()).map_err(Error::file(&path))
}

/// What the master key gave for the database before it had a key of its own.
pub(crate) fn derived(masters: &MasterKeys) -> Result<Option<DatabaseKey>, Error> {
    let key = masters.derive(&Purpose::DatabaseKey { version: 1 })?;
    Ok(key.map(|key| DatabaseKey { version: 1, key }))
}

impl DatabaseKey {
    pub(crate) fn fresh(version: u32) -> Self {
        Self { version, key: WorkingKey::generate(&mut rand::rng()) }
    }
}

/// The key as SQLCipher wants it, for tools and tests that look at the database from beside.
///
/// # Errors
/// When the key store does not give it.
pub fn database_key(folder: &Path, masters: &MasterKeys) -> Result<Zeroizing<String>, Error> {
    let newest = match read(folder, masters)? {
        Some(keys) => keys.into_iter().next(),
        None => derived(masters)?,
    };
    Ok(pragma(&newest.ok_or(Error::WrongKey)?.key))
}

pub(crate) fn pragma(key: &WorkingKey) -> Zeroizing<String> {
    Zeroizing::new(format!("\"x'{}'\"", *Zeroizing::new(hex::hex(key.reveal()))))
}

//! What lies beside each archive: what it is, what it holds, and its key, which only the master key opens.

use crate::{BackupId, Error, MasterKeys};
use ledger::certificate::{CertificateKey, CertificatePublicKey};
use seal::{Purpose, Zeroizing};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

const FORM: &str = "fumibako-backup/1";
const DOMAIN: &[u8] = b"fumibako backup manifest v1\n";
const FILE: &str = "manifest.json";
/// A manifest is a page of text.
const BYTES_MAX: u64 = 1 << 20;
const CHUNK: usize = 1 << 20;

/// Which half of a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// The boxes.
    Boxes,
    /// The keys and what is about people.
    Keys,
}

impl Part {
    pub(crate) const fn id(self) -> &'static str {
        match self {
            Self::Boxes => "boxes",
            Self::Keys => "keys",
        }
    }

    pub(crate) fn database(self) -> String {
        format!("{}.db", self.id())
    }
}

/// The manifest of one archive.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    pub(crate) form: String,
    pub(crate) backup: String,
    pub(crate) part: String,
    pub(crate) started_at: String,
    pub(crate) program: String,
    /// Entries of the log it holds.
    pub(crate) ledger_size: u64,
    /// Lines of the list of erasures that had been run.
    pub(crate) erasures: u64,
    pub(crate) digest: String,
    pub(crate) size_bytes: u64,
    /// Rows of each table of the data, for comparing.
    pub(crate) rows: BTreeMap<String, u64>,
    pub(crate) wrapped_key: String,
    pub(crate) key: String,
    pub(crate) signature: String,
}

impl Manifest {
    pub(crate) fn new(backup: BackupId, part: Part, started_at: &str) -> Self {
        Self {
            form: FORM.to_owned(),
            backup: backup.to_string(),
            part: part.id().to_owned(),
            started_at: started_at.to_owned(),
            program: env!("CARGO_PKG_VERSION").to_owned(),
            ledger_size: 0,
            erasures: 0,
            digest: String::new(),
            size_bytes: 0,
            rows: BTreeMap::new(),
            wrapped_key: String::new(),
            key: String::new(),
            signature: String::new(),
        }
    }

    /// Signs it and puts it into the folder of its archive, in place of an older one.
    pub(crate) fn write(mut self, folder: &Path, key: &CertificateKey) -> Result<(), Error> {
        self.key = key.public().to_string();
        self.signature = String::new();
        self.signature = crate::hex::hex(&key.sign(DOMAIN, &self.bytes()?));
        put(&folder.join(FILE), &self.bytes()?)
    }

    /// Reads it; says nothing yet about who signed it. `None` where there is none.
    pub(crate) fn read(folder: &Path) -> Result<Option<Self>, Error> {
        let path = folder.join(FILE);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::file(path)(error)),
        };
        let mut bytes = Vec::new();
        file.take(BYTES_MAX).read_to_end(&mut bytes).map_err(Error::file(&path))?;
        let manifest: Self = serde_json::from_slice(&bytes).map_err(|_| Error::BackupDamaged("manifest"))?;
        if manifest.form == FORM && manifest.bytes()? == bytes {
            Ok(Some(manifest))
        } else {
            Err(Error::BackupDamaged("manifest"))
        }
    }

    /// Whether this exchange signed it.
    pub(crate) fn verify(&self, key: &CertificatePublicKey) -> Result<(), Error> {
        let unsigned = Self { signature: String::new(), ..self.clone() };
        let signature = crate::hex::unhex(&self.signature).unwrap_or_default();
        if self.key == key.to_string() && key.verifies(DOMAIN, &unsigned.bytes()?, &signature) {
            Ok(())
        } else {
            Err(Error::BackupDamaged("manifest"))
        }
    }

    /// The key of the archive.
    pub(crate) fn unwrap_key(&self, masters: &MasterKeys) -> Result<Zeroizing<[u8; 32]>, Error> {
        let wrapped = crate::hex::unhex(&self.wrapped_key).ok_or(Error::BackupDamaged("manifest"))?;
        let purpose = Purpose::BackupKey { backup: &self.backup, part: &self.part };
        let key = masters.unwrap(&purpose, &wrapped).map_err(|error| match error {
            // Another exchange's key store.
            Error::Damaged => Error::WrongKey,
            other => other,
        })?;
        Ok(Zeroizing::new(key.as_slice().try_into().map_err(|_| Error::BackupDamaged("manifest"))?))
    }

    fn bytes(&self) -> Result<Vec<u8>, Error> {
        let mut bytes = serde_json::to_vec_pretty(self).map_err(|_| Error::BackupDamaged("manifest"))?;
        bytes.push(b'\n');
        Ok(bytes)
    }
}

/// A file on disk, whole or not at all.
pub(crate) fn put(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let partial: PathBuf = path.with_extension("partial");
    let write = || {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&partial)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&partial, path)?;
        sync_folder(path.parent())
    };
    write().map_err(Error::file(path))
}

/// Names in a folder are on disk when this returns.
pub(crate) fn sync_folder(folder: Option<&Path>) -> std::io::Result<()> {
    match folder {
        Some(folder) if !folder.as_os_str().is_empty() => File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}

/// SHA-256 of a file, in hexadecimal, and its size.
pub(crate) fn digest_of(path: &Path) -> Result<(String, u64), Error> {
    let mut file = File::open(path).map_err(Error::file(path))?;
    let (mut digest, mut size, mut chunk) = (Sha256::new(), 0_u64, vec![0; CHUNK]);
    loop {
        let read = file.read(&mut chunk).map_err(Error::file(path))?;
        if read == 0 {
            return Ok((crate::hex::hex(&digest.finalize()), size));
        }
        digest.update(&chunk[..read]);
        size += read as u64;
    }
}

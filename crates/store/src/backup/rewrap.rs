//! Keeping old archives openable while the master key is replaced (R6.5). What lies under the old one is wrapped anew; once it
//! is destroyed, what was not reached is noise.

use super::BackupPlaces;
use super::archive;
use super::manifest::{Manifest, Part, digest_of};
use crate::{Error, KeyKind, Store};
use ledger::certificate::CertificateKey;
use seal::{KeyId, Purpose};
use sqlx::Connection as _;
use sqlx::sqlite::SqliteConnection;
use std::path::Path;

const WORKING: &str =
    "SELECT row, value FROM part WHERE tab = 'working_key' AND col = 'wrapped' ORDER BY row LIMIT 10000";
const REPLACE: &str = "UPDATE part SET value = $2 WHERE tab = 'working_key' AND col = 'wrapped' AND row = $1";
const WHICH: &str = "SELECT kind, key_version FROM working_key WHERE key_id = $1";

impl Store {
    /// Wraps the keys of all archives in their places under the newest master key. Returns how many archives changed.
    ///
    /// # Errors
    /// When the key store or a place fails.
    pub async fn rewrap_archives(&self, places: &BackupPlaces) -> Result<u64, Error> {
        let newest = self.keys.masters.master_ids()?.first().copied().ok_or(Error::Impossible("master keys"))?;
        let signer = self.certificate_key().await?;
        let mut changed = 0;
        for row in self.backups().await? {
            for part in [Part::Boxes, Part::Keys] {
                let folder = places.folder(part, &row.id.to_string());
                match self.rewrap_archive(&folder, part, newest, &signer).await {
                    Ok(true) => changed += 1,
                    Ok(false) => {}
                    // Under a key that is gone, damaged, or out of reach: its own check says so, and every other one goes on.
                    Err(error @ (Error::WrongKey | Error::BackupDamaged(_) | Error::File { .. })) => {
                        tracing::warn!(backup = %row.id, part = part.id(), %error, "an archive keeps its old key");
                    }
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(changed)
    }

    async fn rewrap_archive(
        &self,
        folder: &Path,
        part: Part,
        newest: KeyId,
        signer: &CertificateKey,
    ) -> Result<bool, Error> {
        let Some(_alone) = archive::alone(folder).await? else { return Ok(false) };
        let Some(mut manifest) = Manifest::read(folder)? else { return Ok(false) };
        manifest.verify(&signer.public())?;
        let wrapped = crate::hex::unhex(&manifest.wrapped_key).unwrap_or_default();
        if seal::wrapped_under(&wrapped).map_err(|_| Error::BackupDamaged("manifest"))? == newest {
            return Ok(false);
        }
        let key = manifest.unwrap_key(&self.keys.masters)?;
        if part == Part::Keys {
            let path = folder.join(part.database());
            let mut c = archive::open(&path, &key, false).await?;
            self.rewrap_archived_keys(&mut c, newest).await?;
            c.close().await?;
            (manifest.digest, manifest.size_bytes) = digest_of(&path)?;
        }
        let purpose = Purpose::BackupKey { backup: &manifest.backup, part: &manifest.part };
        manifest.wrapped_key = crate::hex::hex(&self.keys.masters.wrap(&purpose, key.as_ref())?);
        manifest.write(folder, signer)?;
        Ok(true)
    }

    async fn rewrap_archived_keys(&self, c: &mut SqliteConnection, newest: KeyId) -> Result<(), Error> {
        let rows: Vec<(String, Vec<u8>)> = sqlx::query_as(WORKING).fetch_all(&mut *c).await?;
        for (id, wrapped) in rows {
            if seal::wrapped_under(&wrapped).map_err(|_| Error::BackupDamaged("keys"))? == newest {
                continue;
            }
            let which: Option<(String, i64)> = sqlx::query_as(WHICH).bind(&id).fetch_optional(&self.reads).await?;
            let Some((kind, version)) = which else { continue };
            let kind = KeyKind::from_id(&kind).ok_or(Error::Impossible("working_key.kind"))?;
            let version = u32::try_from(version).map_err(|_| Error::Impossible("working_key.key_version"))?;
            let purpose = crate::keys::purpose_of(kind, version)?;
            let secret = self.keys.masters.unwrap(&purpose, &wrapped)?;
            let anew = self.keys.masters.wrap(&purpose, &secret)?;
            sqlx::query(REPLACE).bind(&id).bind(anew).execute(&mut *c).await?;
        }
        Ok(())
    }
}

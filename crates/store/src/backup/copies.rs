//! Taking an erasure out of the archives of keys (R11.2, R11.3, R4.6).

use super::archive;
use super::manifest::{Manifest, Part, digest_of};
use super::{BackupPlaces, body_file};
use crate::database::Connection;
use crate::erasure::{ErasureTimes, Places, own_places};
use crate::retention::Kind;
use crate::{BackupId, Error, Store};
use ledger::certificate::Place;
use sqlx::Connection as _;
use std::collections::BTreeSet;
use std::fs;

/// Backups begun before the keys were gone, whose keys are not.
const HOLDING: &str = "
    SELECT b.backup_id FROM backup b
     WHERE b.keys_gone_at IS NULL AND b.started_at <= $2
       AND NOT EXISTS (SELECT 1 FROM backup_expunged x WHERE x.backup_id = b.backup_id AND x.erasure_id = $1)
     ORDER BY b.started_at LIMIT 10000";
const BEFORE: &str = "SELECT backup_id FROM backup WHERE started_at <= $1 ORDER BY started_at LIMIT 10000";
const FATES: &str = "
    SELECT b.backup_id, b.data_gone_at, b.keys_gone_at,
           (SELECT count(*) FROM backup_expunged x WHERE x.backup_id = b.backup_id AND x.erasure_id = $1)
      FROM backup b WHERE b.started_at <= $2 ORDER BY b.started_at LIMIT 10000";
const EXPUNGED: &str = "
    INSERT INTO backup_expunged (backup_id, erasure_id, expunged_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
const DIGEST: &str = "UPDATE backup SET keys_digest = $2 WHERE backup_id = $1";
const BODIES: &str = "SELECT body_key FROM erasure_body WHERE erasure_id = $1";

/// What of an object lies in an archive of keys, as statements with the object as their one value.
fn statements(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Sets => &[
            "DELETE FROM part WHERE tab = 'transmission' AND col IN ('envelope', 'commitment_salt', 'digest', 'enclosure_index') AND row = $1",
            // From `id/` up to what follows it: every file of the set.
            "DELETE FROM part WHERE tab = 'transmission_file' AND col = 'digest' AND row >= $1 || '/' AND row < $1 || '0'",
            "DELETE FROM transmission_item WHERE transmission_id = $1",
            "DELETE FROM accepted_difference WHERE EXISTS (SELECT 1 FROM person_set s
              WHERE s.transmission_id = $1 AND s.office_id = accepted_difference.office_id
                AND s.person_index = accepted_difference.person_index AND s.month = accepted_difference.month
                AND s.partner_id = accepted_difference.partner_id)",
            "DELETE FROM person WHERE (office_id, person_index) IN (SELECT t.office_id, t.person_index FROM person_set t
                                                                     WHERE t.transmission_id = $1)
                AND NOT EXISTS (SELECT 1 FROM person_set s WHERE s.office_id = person.office_id
                                   AND s.person_index = person.person_index AND s.transmission_id <> $1)",
            "DELETE FROM person_set WHERE transmission_id = $1",
            "DELETE FROM month_comment WHERE NOT EXISTS (SELECT 1 FROM person_set s
              WHERE s.office_id = month_comment.office_id AND s.person_index = month_comment.person_index
                AND s.month = month_comment.month AND s.partner_id = month_comment.partner_id) AND $1 = $1",
            "DELETE FROM part WHERE tab = 'import_answer' AND row = $1",
        ],
        Kind::Evidence => &["DELETE FROM part WHERE tab = 'recovery' AND row = $1"],
        Kind::Leavers => &[
            "DELETE FROM part WHERE tab = 'account' AND row = $1",
            "DELETE FROM part WHERE tab = 'factor' AND row IN (SELECT factor_id FROM account_factor WHERE account_id = $1)",
            "DELETE FROM part WHERE tab = 'arrival_mail' AND row = $1",
            "DELETE FROM password_history WHERE account_id = $1",
            "DELETE FROM recovery_code WHERE account_id = $1",
        ],
        Kind::OfficeKeys => &["DELETE FROM part WHERE tab = 'office_key' AND row = $1"],
        _ => &[],
    }
}

const FACTORS: &str = "SELECT factor_id FROM factor WHERE account_id = $1";
const ACCOUNT_FACTOR: &str = "CREATE TEMPORARY TABLE account_factor (factor_id TEXT, account_id TEXT)";
const INSERT_FACTOR: &str = "INSERT INTO account_factor VALUES ($1, $2)";

impl Store {
    /// Takes the objects of an erasure out of every archive of keys that is in its place. Returns those that still hold them.
    pub(crate) async fn reach_copies(
        &self,
        erasure: &str,
        kind: Kind,
        objects: &BTreeSet<String>,
        places: &Places,
    ) -> Result<Vec<String>, Error> {
        // Everything that was begun until now may hold what is going at this moment.
        let holding: Vec<String> =
            sqlx::query_scalar(HOLDING).bind(erasure).bind(self.now_text()).fetch_all(&self.reads).await?;
        let Some(backup) = &places.backup else { return Ok(holding) };
        let bodies: Vec<String> = sqlx::query_scalar(BODIES).bind(erasure).fetch_all(&self.reads).await?;
        for key in &bodies {
            let path = body_file(&backup.bodies(), key);
            if path.exists() {
                fs::remove_file(&path).map_err(Error::file(&path))?;
            }
        }
        let mut living = Vec::new();
        for id in holding {
            if self.expunge(backup, &id, kind, objects).await? {
                let (erasure, backup, at) = (erasure.to_owned(), id.clone(), self.now_text());
                self.writer
                    .run(move |c| {
                        Box::pin(async move {
                            sqlx::query(EXPUNGED).bind(backup).bind(erasure).bind(at).execute(c).await?;
                            Ok(())
                        })
                    })
                    .await?;
            } else {
                living.push(id);
            }
        }
        Ok(living)
    }

    /// False where the archive is not there, or not finished: it cannot be told what it holds.
    async fn expunge(
        &self,
        places: &BackupPlaces,
        id: &str,
        kind: Kind,
        objects: &BTreeSet<String>,
    ) -> Result<bool, Error> {
        let folder = places.folder(Part::Keys, id);
        let signer = self.certificate_key().await?;
        let Some(_alone) = archive::alone(&folder).await? else { return Ok(false) };
        let mut manifest = match Manifest::read(&folder) {
            Ok(Some(manifest)) => manifest,
            Ok(None) | Err(Error::BackupDamaged(_)) => return Ok(false),
            Err(error) => return Err(error),
        };
        if manifest.verify(&signer.public()).is_err() || manifest.backup != id {
            return Ok(false);
        }
        let key = manifest.unwrap_key(&self.keys.masters)?;
        let path = folder.join(Part::Keys.database());
        let mut c = archive::open(&path, &key, false).await?;
        let mut taken = 0;
        if kind == Kind::Leavers {
            sqlx::query(ACCOUNT_FACTOR).execute(&mut c).await?;
            for account in objects {
                let factors: Vec<String> = sqlx::query_scalar(FACTORS).bind(account).fetch_all(&self.reads).await?;
                for factor in factors {
                    sqlx::query(INSERT_FACTOR).bind(factor).bind(account).execute(&mut c).await?;
                }
            }
        }
        let mut transaction = c.begin().await?;
        for object in objects {
            for sql in statements(kind) {
                taken += sqlx::query(*sql).bind(object).execute(&mut *transaction).await?.rows_affected();
            }
        }
        transaction.commit().await?;
        if taken > 0 {
            // What was deleted is overwritten already; this leaves no page that ever held it.
            sqlx::query("VACUUM").execute(&mut c).await?;
        }
        // A crash between this and the manifest leaves an archive that is not what its manifest says, with nothing to take
        // out of it any more. Whole, every page under the keyed hash of its own key, it is ours.
        let left_by_a_crash = taken == 0 && digest_of(&path)?.0 != manifest.digest && archive::is_whole(&mut c).await?;
        c.close().await?;
        if taken > 0 || left_by_a_crash {
            (manifest.digest, manifest.size_bytes) = digest_of(&path)?;
            let digest = manifest.digest.clone();
            manifest.write(&folder, &signer)?;
            let id = id.to_owned();
            self.writer
                .run(move |c| {
                    Box::pin(async move {
                        sqlx::query(DIGEST).bind(id).bind(digest).execute(c).await?;
                        Ok(())
                    })
                })
                .await?;
        }
        Ok(true)
    }

    /// Backups whose keys may still hold what was erased.
    pub(crate) async fn backups_holding(
        &self,
        c: &mut Connection,
        erasure: &ErasureTimes<'_>,
    ) -> Result<Vec<String>, Error> {
        Ok(sqlx::query_scalar(HOLDING).bind(erasure.id).bind(erasure.erased_at).fetch_all(c).await?)
    }

    /// Backups begun before the keys were gone.
    pub(crate) async fn backups_before(
        &self,
        c: &mut Connection,
        erasure: &ErasureTimes<'_>,
    ) -> Result<Vec<BackupId>, Error> {
        let ids: Vec<String> = sqlx::query_scalar(BEFORE).bind(erasure.erased_at).fetch_all(c).await?;
        ids.iter().map(|id| id.parse().map_err(|_| Error::Impossible("backup.backup_id"))).collect()
    }

    /// Every place for the certificate, and how many archives were searched.
    pub(crate) async fn places_of(&self, erasure: &ErasureTimes<'_>) -> Result<(Vec<Place>, u64), Error> {
        let rows: Vec<(String, Option<String>, Option<String>, i64)> =
            sqlx::query_as(FATES).bind(erasure.id).bind(erasure.erased_at).fetch_all(&self.reads).await?;
        let (mut places, mut searched) = (own_places(), 0);
        for (id, boxes_gone, keys_gone, expunged) in rows {
            let place = |what: &str, outcome: &str| Place {
                what: what.to_owned(),
                id: id.clone(),
                outcome: outcome.to_owned(),
            };
            let keys = if keys_gone.is_some() { "destroyed" } else { "taken-out-and-searched" };
            searched += u64::from(expunged > 0 && keys_gone.is_none());
            places.push(place("backup-keys", keys));
            let boxes = if boxes_gone.is_some() { "destroyed" } else { "kept-sealed-without-keys" };
            places.push(place("backup-boxes", boxes));
        }
        Ok((places, searched))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backup::plan::{Carried, PLAN};

    #[test]
    fn r11_2_every_table_that_goes_with_the_keys_is_reached_by_an_erasure() {
        let reached: Vec<&str> = Kind::ALL.into_iter().flat_map(statements).copied().collect();
        for (table, _) in PLAN.iter().filter(|(_, carried)| matches!(carried, Carried::Keys)) {
            let delete = format!("DELETE FROM {table} WHERE");
            assert!(reached.iter().any(|sql| sql.starts_with(&delete)), "{table} keeps what was erased");
        }
    }

    #[test]
    fn r11_2_what_lies_with_the_keys_of_a_row_goes_with_its_kind() {
        for kind in Kind::ALL.into_iter().filter(|kind| !statements(*kind).is_empty()) {
            for table in kind.facts().tables {
                let carried = PLAN.iter().find(|(name, _)| name == table).map(|(_, carried)| carried);
                let Some(Carried::Boxes { apart, .. }) = carried else { continue };
                let of_table = format!("tab = '{table}'");
                let reached = statements(kind).iter().any(|sql| sql.contains(&of_table));
                assert!(apart.is_empty() || reached, "{table} keeps what was erased");
            }
        }
    }
}

//! Where sealed things lie, and what each is bound to: every column that a working key must be walked through. A test compares
//! the list with the schema, so that no sealed column is forgotten.

use super::WHERE;
use crate::Error;
use crate::database::Connection;
use crate::key_copies::KeyKind;
use crate::keys::Keys;
use seal::{KeyId, Purpose};
use sqlx::FromRow;

/// One sealed value, and what its purpose is made of.
#[derive(Debug, FromRow)]
pub(super) struct Sealed {
    pub(super) id: String,
    pub(super) sealed: Vec<u8>,
    owner: String,
    version: i64,
}

/// A column of sealed values.
pub(super) struct Place {
    pub(super) table: &'static str,
    pub(super) column: &'static str,
    /// After `$1`, at most `$2` rows, in the order of their ids.
    pub(super) select: &'static str,
    /// `$1` from `$3` to `$2`, if nobody else has changed it meanwhile.
    pub(super) update: &'static str,
    count: &'static str,
    form: Form,
}

/// How the value is sealed.
#[derive(Clone, Copy)]
enum Form {
    OfficeKey,
    Secret,
    AccountSecret,
    Field,
    /// A field in pieces, each bound to its place among them.
    Pieces,
}

macro_rules! place {
    ($table:literal, $id:literal, $column:literal, owner $owner:literal, version $version:literal, if $condition:literal, $form:ident) => {
        Place {
            table: $table,
            column: $column,
            select: concat!(
                "SELECT ",
                $id,
                " AS id, ",
                $column,
                " AS sealed, ",
                $owner,
                " AS owner, ",
                $version,
                " AS version FROM ",
                $table,
                " WHERE ",
                $id,
                " > $1 AND ",
                $condition,
                " ORDER BY ",
                $id,
                " LIMIT $2"
            ),
            update: concat!("UPDATE ", $table, " SET ", $column, " = $2 WHERE ", $id, " = $1 AND ", $column, " = $3"),
            count: concat!("SELECT count(*) FROM ", $table, " WHERE ", $condition),
            form: Form::$form,
        }
    };
}

/// Under the wrapping key.
const WRAPPED: &[Place] = &[
    place!("office_key", "key_id", "wrapped_secret", owner "office_id", version "key_version", if "destroyed_at IS NULL", OfficeKey),
    place!("secret", "name", "wrapped", owner "''", version "0", if "1 = 1", Secret),
    place!("factor", "factor_id", "secret_sealed", owner "account_id", version "0", if "length(secret_sealed) > 0", AccountSecret),
];

/// Under the key of fields.
const FIELDS: &[Place] = &[
    place!("account", "account_id", "login_sealed", owner "''", version "0", if "1 = 1", Field),
    place!("account", "account_id", "name_sealed", owner "''", version "0", if "1 = 1", Field),
    place!("account", "account_id", "kana_sealed", owner "''", version "0", if "1 = 1", Field),
    place!("factor", "factor_id", "label_sealed", owner "''", version "0", if "1 = 1", Field),
    place!("software_token", "token_id", "label_sealed", owner "''", version "0", if "1 = 1", Field),
    place!("server_certificate", "certificate_id", "key_sealed", owner "''", version "0", if "key_sealed IS NOT NULL", Field),
    place!("acme_account", "directory", "account_sealed", owner "''", version "0", if "1 = 1", Field),
    place!("arrival_mail", "account_id", "address_sealed", owner "''", version "0", if "address_sealed IS NOT NULL", Field),
    place!("recovery", "recovery_id", "evidence_sealed", owner "''", version "0", if "1 = 1", Pieces),
    place!("handover", "handover_id", "address_sealed", owner "''", version "0", if "address_sealed IS NOT NULL", Field),
    place!("handover", "handover_id", "key_sealed", owner "''", version "0", if "key_sealed IS NOT NULL", Field),
    place!("import_answer", "transmission_id", "note_sealed", owner "''", version "0", if "note_sealed IS NOT NULL", Field),
    place!("outgoing", "outgoing_id", "body_sealed", owner "''", version "0", if "ended_at IS NULL", Pieces),
    place!("outgoing", "outgoing_id", "reason_sealed", owner "''", version "0", if "reason_sealed IS NOT NULL", Field),
    place!("partner_note", "note_id", "note_sealed", owner "''", version "0", if "note_sealed IS NOT NULL", Field),
    place!("review_finding", "finding_id", "note_sealed", owner "''", version "0", if "note_sealed IS NOT NULL", Field),
    place!("responsible", "responsible_id", "name_sealed", owner "''", version "0", if "1 = 1", Field),
    place!("responsible", "responsible_id", "contact_sealed", owner "''", version "0", if "1 = 1", Field),
    place!("responsible", "responsible_id", "deputy_sealed", owner "''", version "0", if "deputy_sealed IS NOT NULL", Field),
    place!("responsible", "responsible_id", "deputy_contact_sealed", owner "''", version "0", if "deputy_contact_sealed IS NOT NULL", Field),
    place!("training", "training_id", "subject_sealed", owner "''", version "0", if "1 = 1", Field),
    place!("training", "training_id", "evidence_sealed", owner "''", version "0", if "1 = 1", Field),
    place!("log_export", "export_id", "purpose_sealed", owner "''", version "0", if "1 = 1", Field),
];

/// Sealed columns that are not walked, and why.
#[cfg(test)]
pub(super) const NOT_WALKED: &[(&str, &str, &str)] = &[
    ("working_key", "wrapped", "under the master key: replaced with it"),
    ("person", "label_sealed", "under the office's own key: walked with it"),
    ("month_comment", "text_sealed", "under the office's own key: walked with it"),
    ("month_comparison", "result_sealed", "under the office's own key: made anew after it is replaced"),
    ("passkey_challenge", "state_sealed", "lives for minutes, an old key for an hour at least"),
];

pub(super) fn of(kind: KeyKind) -> &'static [Place] {
    match kind {
        KeyKind::Wrapping => WRAPPED,
        KeyKind::Field => FIELDS,
        _ => &[],
    }
}

const HASHES: &str = "
    SELECT (SELECT count(*) FROM account WHERE password_hash IS NOT NULL) + (SELECT count(*) FROM password_history)";

/// Rows that a walk will see.
pub(super) async fn count(c: &mut Connection, kind: KeyKind) -> Result<u64, Error> {
    let mut total = 0;
    if kind == KeyKind::Pepper {
        // Every hash there is waits for its owner.
        let hashes: i64 = sqlx::query_scalar(HASHES).fetch_one(&mut *c).await?;
        return u64::try_from(hashes).map_err(|_| WHERE);
    }
    for place in of(kind) {
        let rows: i64 = sqlx::query_scalar(place.count).fetch_one(&mut *c).await?;
        total += u64::try_from(rows).map_err(|_| WHERE)?;
    }
    Ok(total)
}

/// What is under another key than this one, wrapped anew; nothing where it is under this one already.
pub(super) fn rewrapped(
    keys: &Keys,
    kind: KeyKind,
    place: &Place,
    row: &Sealed,
    newest: KeyId,
) -> Result<Option<Vec<u8>>, Error> {
    if matches!(place.form, Form::Pieces) {
        return pieces(keys, kind, place, row, newest);
    }
    if seal::wrapped_under(&row.sealed).map_err(|_| Error::Damaged)? == newest {
        return Ok(None);
    }
    let version = u32::try_from(row.version).map_err(|_| Error::Damaged)?;
    let purpose = match place.form {
        Form::OfficeKey => Purpose::OfficeKey { office: &row.owner, version },
        Form::Secret => secret_purpose(&row.id)?,
        Form::AccountSecret => Purpose::AccountSecret { account: &row.owner, kind: &row.id },
        Form::Field | Form::Pieces => Purpose::Field { table: place.table, column: place.column, row: &row.id },
    };
    let secret = keys.unwrap_as(kind, &purpose, &row.sealed)?;
    keys.wrap_as(kind, &purpose, &secret).map(Some)
}

/// What a row of `secret` is for. A name that is not known here keeps the old key alive rather than lose the secret.
fn secret_purpose(name: &str) -> Result<Purpose<'static>, Error> {
    match name {
        name if name == "authority" || name.starts_with("authority.") => Ok(Purpose::CaKey { version: 1 }),
        "ledger" => Ok(Purpose::LedgerKey { version: 1 }),
        "certificate" => Ok(Purpose::CertificateKey { version: 1 }),
        _ => Err(Error::Impossible("secret.name")),
    }
}

fn pieces(keys: &Keys, kind: KeyKind, place: &Place, row: &Sealed, newest: KeyId) -> Result<Option<Vec<u8>>, Error> {
    let parts = crate::people::evidence_pieces(&row.sealed)?;
    let mut changed = false;
    let mut whole = Vec::with_capacity(row.sealed.len());
    for (at, part) in parts.iter().enumerate() {
        let bound = format!("{}/{at}/{}", row.id, parts.len());
        let purpose = Purpose::Field { table: place.table, column: place.column, row: &bound };
        let fresh;
        let part = if seal::wrapped_under(part).map_err(|_| Error::Damaged)? == newest {
            *part
        } else {
            changed = true;
            fresh = keys.wrap_as(kind, &purpose, &keys.unwrap_as(kind, &purpose, part)?)?;
            &fresh
        };
        whole.extend_from_slice(&u32::try_from(part.len()).map_err(|_| WHERE)?.to_be_bytes());
        whole.extend_from_slice(part);
    }
    Ok(changed.then_some(whole))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::sync::Arc;

    #[tokio::test]
    async fn r6_5_every_sealed_column_of_the_schema_is_walked_or_says_why_not() {
        const COLUMNS: &str = "
            SELECT t.name, c.name FROM sqlite_master t JOIN pragma_table_info(t.name) c
             WHERE t.type = 'table' AND (c.name LIKE '%\\_sealed' ESCAPE '\\' OR c.name LIKE 'wrapped%')";
        let folder = tempfile::tempdir().expect("temporary folder");
        let master = crate::MasterKey::from_bytes(&[3; 32].into());
        let store = crate::Store::create(folder.path(), master, Arc::new(crate::HostClock)).await.expect("created");
        let columns: Vec<(String, String)> = sqlx::query_as(COLUMNS).fetch_all(&store.reads).await.expect("listed");
        let walked: BTreeSet<(&str, &str)> = WRAPPED
            .iter()
            .chain(FIELDS)
            .map(|place| (place.table, place.column))
            .chain(NOT_WALKED.iter().map(|(table, column, _)| (*table, *column)))
            .collect();
        let there: BTreeSet<(&str, &str)> =
            columns.iter().map(|(table, column)| (table.as_str(), column.as_str())).collect();
        assert_eq!(walked, there);
        store.close().await;
    }
}

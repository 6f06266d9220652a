//! 参加していない連携先: the row of an office that is not on the exchange, for one office that hands something over to it, so that
//! sets between the two are sets like any other. Nobody signs in for it, and no secret key of it is kept.

use crate::database::Connection;
use crate::offices::OfficeRow;
use crate::{Error, Office, OfficeId, Store};
use seal::{OfficePublicKey, OfficeSecretKey, Suite};
use standard::OfficeNumber;

const FIND: &str = "
    SELECT office_id, substr(office_number, 1, 10) AS office_number, name, service_types, key_id, public_key, closed_at,
           is_operator, outside_of
      FROM office WHERE office_number = $1";
const INSERT: &str = "
    INSERT INTO office (office_id, office_number, name, service_types, key_id, public_key, created_at, is_operator, outside_of)
    VALUES ($1, $2, $3, '', $4, $5, $6, 0, $7)
    ON CONFLICT (office_number) DO NOTHING
    RETURNING office_id";
const RENAME: &str = "UPDATE office SET name = $2 WHERE office_number = $1 AND name <> $2";

/// Of an office of this number the one that is on the exchange, else this office's partner that is not, else one that left.
const PARTNER: &str = "
    SELECT office_id FROM office WHERE office_number IN ($1, $2)
     ORDER BY CASE WHEN closed_at IS NOT NULL THEN 2 WHEN outside_of IS NOT NULL THEN 1 ELSE 0 END LIMIT 1";

const BECOMES: &str = "
    UPDATE person_set SET partner_id = $2
     WHERE partner_id IN (SELECT office_id FROM office WHERE outside_of IS NOT NULL AND substr(office_number, 1, 10) = $1)";
const ACCEPTED_BECOMES: &str = "
    UPDATE accepted_difference SET partner_id = $2
     WHERE partner_id IN (SELECT office_id FROM office WHERE outside_of IS NOT NULL AND substr(office_number, 1, 10) = $1)";
/// Bound to the partner; made anew when somebody asks.
const DROP_RESULTS: &str = "
    DELETE FROM month_comparison
     WHERE partner_id IN (SELECT office_id FROM office WHERE outside_of IS NOT NULL AND substr(office_number, 1, 10) = $1)";
const KNOWN: &str = "
    SELECT count(*) FROM office WHERE outside_of IS NOT NULL AND substr(office_number, 1, 10) = $1";

/// What stands in `office.office_number` for it: nobody's number, and this office's own.
fn row_number(number: OfficeNumber, of: OfficeId) -> String {
    format!("{number}@{of}")
}

/// The office joins the exchange: what others had with it before stands on their boards beside what comes now.
pub(crate) async fn joins(c: &mut Connection, number: OfficeNumber, id: OfficeId) -> Result<(), Error> {
    let (number, id) = (number.to_string(), id.to_string());
    let known: i64 = sqlx::query_scalar(KNOWN).bind(&number).fetch_one(&mut *c).await?;
    // Most were nobody's partner: then no row of the index needs to be looked at.
    if known > 0 {
        sqlx::query(BECOMES).bind(&number).bind(&id).execute(&mut *c).await?;
        sqlx::query(ACCEPTED_BECOMES).bind(&number).bind(&id).execute(&mut *c).await?;
        sqlx::query(DROP_RESULTS).bind(&number).execute(&mut *c).await?;
    }
    Ok(())
}

/// Of a key whose secret half is forgotten at once: what the office is shown, its letter opens, and nobody ever opens a set for it.
fn public_half() -> Result<OfficePublicKey, Error> {
    let secret = OfficeSecretKey::generate(Suite::XWing, &mut rand::rng());
    secret.map(|secret| secret.public().clone()).map_err(|_| Error::Impossible("office key"))
}

impl Store {
    /// The row of a partner of this office that is not on the exchange; made when there is none.
    pub(super) async fn outside_partner(
        &self,
        of: OfficeId,
        number: OfficeNumber,
        name: &str,
    ) -> Result<Office, Error> {
        let row_number = row_number(number, of);
        if let Some(office) = self.find_outside(&row_number).await?
            && office.name == name
        {
            return Ok(office);
        }
        let (id, public) = (OfficeId::fresh(), public_half()?);
        let (at, name, key) = (self.now_text(), name.to_owned(), row_number.clone());
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    let key_id = public.id().to_string();
                    let inserted: Option<String> = sqlx::query_scalar(INSERT)
                        .bind(id.to_string())
                        .bind(&key)
                        .bind(&name)
                        .bind(&key_id)
                        .bind(public.to_bytes())
                        .bind(&at)
                        .bind(of.to_string())
                        .fetch_optional(&mut *c)
                        .await?;
                    if inserted.is_none() {
                        sqlx::query(RENAME).bind(&key).bind(&name).execute(&mut *c).await?;
                    }
                    Ok(())
                })
            })
            .await?;
        self.find_outside(&row_number).await?.ok_or(Error::Impossible("office.outside_of"))
    }

    async fn find_outside(&self, row_number: &str) -> Result<Option<Office>, Error> {
        let row: Option<OfficeRow> = sqlx::query_as(FIND).bind(row_number).fetch_optional(&self.reads).await?;
        row.map(|row| row.read(&self.public_keys)).transpose()
    }

    /// The partner of an office that has this number, on the exchange or not.
    pub(crate) async fn partner_id(&self, office: OfficeId, partner: OfficeNumber) -> Result<Option<OfficeId>, Error> {
        let id: Option<String> = sqlx::query_scalar(PARTNER)
            .bind(partner.to_string())
            .bind(row_number(partner, office))
            .fetch_optional(&self.reads)
            .await?;
        id.map(|id| id.parse().map_err(|_| Error::Impossible("office.office_id"))).transpose()
    }
}

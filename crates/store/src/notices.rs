//! お知らせ — what an office is told about its devices, once.

use crate::database::Connection;
use crate::record::{self, Act};
use crate::{Asker, Error, NoticeId, Store, clock};
use jiff::Timestamp;
use ledger::Action;
use sqlx::FromRow;
use standard::OfficeNumber;

/// Shown to an office at a time; newer ones push the older out of sight, not out of the register.
const SHOWN_MAX: i64 = 50;

/// An お知らせ.
#[derive(Clone, Debug, FromRow)]
pub struct Notice {
    /// `expiry`, `weak-key`, `tls12-end`.
    pub kind: String,
    /// Days that are left, or the day of the end.
    pub stage: String,
    /// What the office calls the device it is about.
    pub device_label: Option<String>,
    /// RFC 3339, UTC.
    pub raised_at: String,
}

pub(crate) struct NewNotice {
    pub(crate) office_id: String,
    pub(crate) office_number: OfficeNumber,
    pub(crate) kind: &'static str,
    pub(crate) subject: String,
    pub(crate) stage: String,
}

const RAISE: &str = "
    INSERT INTO certificate_notice (notice_id, office_id, kind, subject, stage, raised_at)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (kind, subject, stage) DO NOTHING";

const OF_OFFICE: &str = "
    SELECT n.kind, n.stage, d.label AS device_label, n.raised_at
      FROM certificate_notice n
      LEFT JOIN certificate c ON c.certificate_digest = n.subject
      LEFT JOIN device d ON d.device_id = c.device_id
     WHERE n.office_id = $1
     ORDER BY n.raised_at DESC LIMIT $2";

pub(crate) async fn raise(c: &mut Connection, notice: NewNotice, now: Timestamp) -> Result<(), Error> {
    let id = NoticeId::fresh();
    let raised = sqlx::query(RAISE)
        .bind(id.to_string())
        .bind(notice.office_id)
        .bind(notice.kind)
        .bind(notice.subject)
        .bind(&notice.stage)
        .bind(clock::text(now))
        .execute(&mut *c)
        .await?
        .rows_affected();
    if raised == 1 {
        let entry = Act::system(Action::DeviceNotice, now)
            .object(id)
            .office(notice.office_number)
            .code("kind", notice.kind)
            .code("stage", &notice.stage)
            .done()?;
        record::append(c, &entry).await?;
    }
    Ok(())
}

impl Store {
    /// What this office is told, newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn notices(&self, asker: &Asker) -> Result<Vec<Notice>, Error> {
        Ok(sqlx::query_as(OF_OFFICE).bind(asker.office.id.to_string()).bind(SHOWN_MAX).fetch_all(&self.reads).await?)
    }
}

//! 重要な知らせ — what must not happen unseen: recovery shares used, or tried (R6.6), a certificate that nobody recorded (R7.7). Every administrator, key custodian and
//! auditor of the operator is told on every page until each has seen it, and by mail where one is set up.

use crate::database::Connection;
use crate::people::Person;
use crate::record::{self, Act};
use crate::{AlarmId, Error, Store, clock};
use identity::role::Deed;
use jiff::{SignedDuration, Timestamp};
use ledger::Action;
use sqlx::FromRow;

/// Shown at a time; the register keeps all.
const SHOWN_MAX: i64 = 50;
/// Mailed at a time.
const MAILED_MAX: i64 = 20;
/// Somebody who comes later is not told of what was long ago: it stands in the log.
const TOLD_FOR: SignedDuration = SignedDuration::from_hours(24 * 90);

/// What it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlarmKind {
    /// An emergency was declared and the master key restored from shares.
    KeyEmergency,
    /// The same as a drill: put together, and nothing kept.
    KeyDrill,
    /// Somebody put enough shares together and was refused.
    KeyRecoveryRefused,
    /// A certificate stands in the register, and no entry of the log says that it was issued.
    CertificateUnlogged,
}

impl AlarmKind {
    /// Every kind.
    pub const ALL: [Self; 4] =
        [Self::KeyEmergency, Self::KeyDrill, Self::KeyRecoveryRefused, Self::CertificateUnlogged];

    /// Stable id.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::KeyEmergency => "key-emergency",
            Self::KeyDrill => "key-drill",
            Self::KeyRecoveryRefused => "key-recovery-refused",
            Self::CertificateUnlogged => "certificate-unlogged",
        }
    }

    fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.id() == id)
    }
}

/// One alarm, as somebody reads it.
#[derive(Clone, Debug)]
pub struct OperatorAlarm {
    /// Ours.
    pub id: AlarmId,
    /// What it is about.
    pub kind: AlarmKind,
    /// Our number of what it is about: an emergency, the serial of a certificate.
    pub subject: String,
    /// When, RFC 3339 in UTC.
    pub raised_at: String,
    /// Why, in the words of whoever declared it.
    pub reason: Option<String>,
    /// Who declared it.
    pub declared_by: Option<String>,
    /// Who agreed.
    pub approved_by: Option<String>,
    /// When this reader saw it; nothing before that.
    pub seen_at: Option<String>,
    /// How many have seen it.
    pub seen_by: u64,
}

const RAISE: &str = "INSERT INTO operator_alarm (alarm_id, kind, subject, raised_at) VALUES ($1, $2, $3, $4)";
const RAISED: &str = "SELECT count(*) FROM operator_alarm WHERE kind = $1 AND subject = $2";
const UNSEEN: &str = "
    SELECT count(*) FROM operator_alarm a
     WHERE a.raised_at > $2
       AND NOT EXISTS (SELECT 1 FROM operator_alarm_seen s WHERE s.alarm_id = a.alarm_id AND s.account_id = $1)";
const NEWEST: &str = "
    SELECT a.alarm_id, a.kind, a.subject, a.raised_at, e.reason, e.declared_by, e.approved_by, s.seen_at,
           (SELECT count(*) FROM operator_alarm_seen o WHERE o.alarm_id = a.alarm_id) AS seen_by
      FROM operator_alarm a
      LEFT JOIN key_emergency e ON e.emergency_id = a.subject
      LEFT JOIN operator_alarm_seen s ON s.alarm_id = a.alarm_id AND s.account_id = $1
     ORDER BY a.raised_at DESC, a.alarm_id DESC LIMIT $2";
const SEE: &str = "
    INSERT INTO operator_alarm_seen (alarm_id, account_id, seen_at)
    SELECT alarm_id, $2, $3 FROM operator_alarm WHERE alarm_id = $1
        ON CONFLICT DO NOTHING";
const TO_MAIL: &str = "
    SELECT alarm_id, kind, raised_at FROM operator_alarm WHERE mailed_at IS NULL AND raised_at > $1
     ORDER BY raised_at LIMIT $2";
const MAILED: &str = "UPDATE operator_alarm SET mailed_at = $2 WHERE alarm_id = $1 AND mailed_at IS NULL";

#[derive(FromRow)]
struct Row {
    alarm_id: String,
    kind: String,
    subject: String,
    raised_at: String,
    reason: Option<String>,
    declared_by: Option<String>,
    approved_by: Option<String>,
    seen_at: Option<String>,
    seen_by: i64,
}

/// Raises an alarm in the transaction of what it is about: what happened without it did not happen.
pub(crate) async fn raise(c: &mut Connection, kind: AlarmKind, subject: &str, now: Timestamp) -> Result<(), Error> {
    let id = AlarmId::fresh();
    let raised = sqlx::query(RAISE).bind(id.to_string()).bind(kind.id()).bind(subject).bind(clock::text(now));
    raised.execute(&mut *c).await?;
    let entry = Act::system(Action::AlarmRaise, now).object(id).code("kind", kind.id()).done()?;
    record::append(c, &entry).await.map(|_| ())
}

impl Store {
    fn told_since(&self) -> String {
        clock::text(self.clock.now() - TOLD_FOR)
    }

    /// Raises an alarm for each certificate that nobody recorded and of which nobody has been told yet (R7.7). Answers how
    /// many. Meant to be called every hour: it reads what was ever recorded about certificates.
    ///
    /// # Errors
    /// When the database fails, or the log holds what is no entry.
    pub async fn watch_certificates(&self) -> Result<u64, Error> {
        const KIND: AlarmKind = AlarmKind::CertificateUnlogged;
        let unlogged = self.unlogged_certificates().await?;
        if unlogged.is_empty() {
            return Ok(0);
        }
        let now = self.clock.now();
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    let mut raised = 0;
                    for serial in unlogged {
                        let told = sqlx::query_scalar(RAISED).bind(KIND.id()).bind(&serial);
                        let told: i64 = told.fetch_one(&mut *c).await?;
                        if told == 0 {
                            raise(c, KIND, &serial, now).await?;
                            raised += 1;
                        }
                    }
                    Ok(raised)
                })
            })
            .await
    }

    /// How many alarms this person has yet to see; none for whom they are not.
    pub(crate) async fn unseen_alarms(&self, person: &Person) -> Result<u64, Error> {
        if !person.may(Deed::SeeAlarms) {
            return Ok(0);
        }
        let unseen = sqlx::query_scalar(UNSEEN).bind(person.account_id.to_string()).bind(self.told_since());
        let unseen: i64 = unseen.fetch_one(&self.reads).await?;
        Ok(u64::try_from(unseen).unwrap_or_default())
    }

    /// The newest alarms; `None` for whom they are not.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn operator_alarms(&self, person: &Person) -> Result<Option<Vec<OperatorAlarm>>, Error> {
        if !person.may(Deed::SeeAlarms) {
            return Ok(None);
        }
        let rows = sqlx::query_as(NEWEST).bind(person.account_id.to_string()).bind(SHOWN_MAX);
        let rows: Vec<Row> = rows.fetch_all(&self.reads).await?;
        let read = |row: Row| {
            Ok(OperatorAlarm {
                id: row.alarm_id.parse().map_err(|_| Error::Impossible("operator_alarm.alarm_id"))?,
                kind: AlarmKind::from_id(&row.kind).ok_or(Error::Impossible("operator_alarm.kind"))?,
                subject: row.subject,
                raised_at: row.raised_at,
                reason: row.reason,
                declared_by: row.declared_by,
                approved_by: row.approved_by,
                seen_at: row.seen_at,
                seen_by: u64::try_from(row.seen_by).unwrap_or_default(),
            })
        };
        rows.into_iter().map(read).collect::<Result<_, _>>().map(Some)
    }

    /// This person has seen an alarm. Seen before is as good; false where there is none, or it is not theirs to see.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn see_alarm(&self, person: &Person, id: AlarmId) -> Result<bool, Error> {
        let known = self.operator_alarms(person).await?.is_some_and(|alarms| alarms.iter().any(|alarm| alarm.id == id));
        if !known {
            return Ok(false);
        }
        let now = self.clock.now();
        let entry = Act::person(Action::AlarmSee, person, now).object(id).done()?;
        let account = person.account_id.to_string();
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    let seen = sqlx::query(SEE).bind(id.to_string()).bind(account).bind(clock::text(now));
                    if seen.execute(&mut *c).await?.rows_affected() == 1 {
                        record::append(c, &entry).await?;
                    }
                    Ok(true)
                })
            })
            .await
    }

    /// Alarms that no mail server has taken yet, the oldest first: which, what about, when.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn alarms_to_mail(&self) -> Result<Vec<(AlarmId, AlarmKind, String)>, Error> {
        let rows = sqlx::query_as(TO_MAIL).bind(self.told_since()).bind(MAILED_MAX);
        let rows: Vec<(String, String, String)> = rows.fetch_all(&self.reads).await?;
        let read = |(id, kind, at): (String, String, String)| {
            let id = id.parse().map_err(|_| Error::Impossible("operator_alarm.alarm_id"))?;
            Ok((id, AlarmKind::from_id(&kind).ok_or(Error::Impossible("operator_alarm.kind"))?, at))
        };
        rows.into_iter().map(read).collect()
    }

    /// A mail server has taken it.
    ///
    /// # Errors
    /// When the database fails: then it is mailed again.
    pub async fn alarm_mailed(&self, id: AlarmId) -> Result<(), Error> {
        let now = self.clock.now();
        let entry = Act::system(Action::AlarmMail, now).object(id).done()?;
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    let mailed = sqlx::query(MAILED).bind(id.to_string()).bind(clock::text(now));
                    if mailed.execute(&mut *c).await?.rows_affected() == 1 {
                        record::append(c, &entry).await?;
                    }
                    Ok(())
                })
            })
            .await
    }
}

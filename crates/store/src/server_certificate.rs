//! サーバー証明書 obtained with ACME, and the account it is ordered by: shared by all nodes, sealed under the master key
//! (R7.1). Who asks the authority, and when, is decided elsewhere; whose turn it is, is decided here.

use crate::hex::{hex, unhex};
use crate::key_copies::KeyKind;
use crate::record::{self, Act};
use crate::{Error, OperatorName, ServerCertificateId, Store, clock};
use jiff::{SignedDuration, Timestamp};
use ledger::Action;
use seal::{Purpose, Zeroizing};
use sqlx::FromRow;
use x509_parser::pem::parse_x509_pem;

/// An order that takes longer has lost its turn; whoever makes one gives up well before.
pub const TURN: SignedDuration = SignedDuration::from_mins(6);
/// The pause after a failure, doubled with each further one. Authorities allow five failures an hour, and fewer is kinder.
const PAUSE_FIRST: SignedDuration = SignedDuration::from_hours(1);
/// Doublings; the longest pause is eight hours.
const PAUSE_DOUBLINGS_MAX: u32 = 3;
/// A chain longer than this is none.
const CHAIN_BYTES_MAX: usize = 256 << 10;
/// What an authority is given to check a name; after this nobody answers it any more.
const CHALLENGE_LIFE: SignedDuration = TURN;

/// What an order brought.
pub struct NewServerCertificate {
    /// The authority's ACME directory.
    pub directory: String,
    /// The names it was ordered for.
    pub names: Vec<String>,
    /// PEM, leaf first.
    pub chain_pem: String,
    /// PKCS#8.
    pub key: Zeroizing<Vec<u8>>,
}

/// サーバー証明書 as the store keeps it.
pub struct HeldServerCertificate {
    /// Counts up; a node that shows an older one takes this one up.
    pub version: i64,
    /// The authority's ACME directory.
    pub directory: String,
    /// The names it was ordered for, sorted.
    pub names: Vec<String>,
    /// PEM, leaf first.
    pub chain_pem: String,
    /// PKCS#8.
    pub key: Zeroizing<Vec<u8>>,
    /// From when it is good.
    pub valid_from: Timestamp,
    /// Until when.
    pub valid_until: Timestamp,
}

impl std::fmt::Debug for NewServerCertificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NewServerCertificate(..)")
    }
}

impl std::fmt::Debug for HeldServerCertificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HeldServerCertificate")
            .field("version", &self.version)
            .field("valid_until", &self.valid_until)
            .finish_non_exhaustive()
    }
}

impl HeldServerCertificate {
    /// When a third of its life is left.
    #[must_use]
    pub fn renew_at(&self) -> Timestamp {
        self.valid_until - self.valid_until.duration_since(self.valid_from) / 3
    }

    /// Whether it was ordered there and for exactly these names.
    #[must_use]
    pub fn is_for(&self, directory: &str, names: &[String]) -> bool {
        self.directory == directory && self.names == sorted(names)
    }
}

/// How ordering goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AcmeTurn {
    /// Failures in a row.
    pub failures: u32,
    /// When the last one was, RFC 3339.
    pub failed_at: Option<String>,
    /// Its code: `connection`, `untrusted`, `rateLimited`, …
    pub reason: Option<String>,
    /// Nothing is tried before.
    pub next_at: Option<Timestamp>,
    /// Whether an operator asked for a new one.
    pub wanted: bool,
}

impl AcmeTurn {
    /// Whether to order now. `ours`: whether it is for what the configuration says ([`HeldServerCertificate::is_for`]).
    /// `wish`: from when the authority itself would like it renewed (RFC 9773), if it says so.
    #[must_use]
    pub fn is_due(&self, held: &HeldServerCertificate, ours: bool, wish: Option<Timestamp>, now: Timestamp) -> bool {
        let wait = self.next_at.is_some_and(|next| now < next);
        let due = !ours || self.wanted || now >= held.renew_at() || wish.is_some_and(|wish| now >= wish);
        due && !wait
    }
}

/// How long to leave the authority alone after so many failures in a row.
fn pause(failures: u32) -> SignedDuration {
    PAUSE_FIRST * 2_i32.pow(failures.saturating_sub(1).min(PAUSE_DOUBLINGS_MAX))
}

fn sorted(names: &[String]) -> Vec<String> {
    let mut names: Vec<_> = names.iter().map(|name| name.to_ascii_lowercase()).collect();
    names.sort();
    names.dedup();
    names
}

const NEWEST: &str = "
    SELECT certificate_id, version, directory, names, chain, key_sealed, valid_from, valid_until
      FROM server_certificate WHERE key_sealed IS NOT NULL ORDER BY version DESC LIMIT 1";
const LAST_VERSION: &str = "SELECT coalesce(max(version), 0) FROM server_certificate";
const TAKE: &str = "
    INSERT INTO server_certificate (certificate_id, version, directory, names, chain, key_sealed, valid_from, valid_until,
                                    taken_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
/// A key that is used no more is not kept.
const FORGET_KEYS: &str = "UPDATE server_certificate SET key_sealed = NULL WHERE version < $1";
const SUCCEEDED: &str = "
    UPDATE acme_turn
       SET claimed_until = NULL, failures = 0, failed_at = NULL, reason = NULL, next_at = NULL, wanted_at = NULL
     WHERE turn = 1";
const CLAIM: &str = "
    UPDATE acme_turn SET claimed_until = $2
     WHERE turn = 1 AND (claimed_until IS NULL OR claimed_until <= $1)";
const FAILURES: &str = "SELECT failures FROM acme_turn WHERE turn = 1";
const FAILED: &str = "
    UPDATE acme_turn SET claimed_until = NULL, failures = $1, failed_at = $2, reason = $3, next_at = $4 WHERE turn = 1";
const WANT: &str = "UPDATE acme_turn SET wanted_at = $1, next_at = NULL WHERE turn = 1";
const TURN_NOW: &str = "SELECT failures, failed_at, reason, next_at, wanted_at FROM acme_turn WHERE turn = 1";
const ACCOUNT: &str = "SELECT account_sealed FROM acme_account WHERE directory = $1";
const KEEP_ACCOUNT: &str = "
    INSERT INTO acme_account (directory, account_sealed, created_at) VALUES ($1, $2, $3)
    ON CONFLICT (directory) DO UPDATE SET account_sealed = excluded.account_sealed, created_at = excluded.created_at";
const CHALLENGE: &str = "SELECT digest FROM acme_challenge WHERE name = $1 AND expires_at > $2";
const SET_CHALLENGE: &str = "
    INSERT INTO acme_challenge (name, digest, expires_at) VALUES ($1, $2, $3)
    ON CONFLICT (name) DO UPDATE SET digest = excluded.digest, expires_at = excluded.expires_at";
const CLEAR_CHALLENGES: &str = "DELETE FROM acme_challenge";

#[derive(FromRow)]
struct CertificateRow {
    certificate_id: String,
    version: i64,
    directory: String,
    names: String,
    chain: String,
    key_sealed: Vec<u8>,
    valid_from: String,
    valid_until: String,
}

#[derive(FromRow)]
struct TurnRow {
    failures: i64,
    failed_at: Option<String>,
    reason: Option<String>,
    next_at: Option<String>,
    wanted_at: Option<String>,
}

fn account_purpose(directory: &str) -> Purpose<'_> {
    Purpose::Field { table: "acme_account", column: "account_sealed", row: directory }
}

fn key_purpose(id: &str) -> Purpose<'_> {
    Purpose::Field { table: "server_certificate", column: "key_sealed", row: id }
}

impl Store {
    /// The newest certificate, if one was ever obtained.
    ///
    /// # Errors
    /// When the database fails, or the key does not open.
    pub async fn server_certificate(&self) -> Result<Option<HeldServerCertificate>, Error> {
        let row: Option<CertificateRow> = sqlx::query_as(NEWEST).fetch_optional(&self.reads).await?;
        let Some(row) = row else { return Ok(None) };
        let instant = |text: &str| text.parse().map_err(|_| Error::Impossible("server_certificate"));
        let key = self.keys.unwrap_as(KeyKind::Field, &key_purpose(&row.certificate_id), &row.key_sealed)?;
        Ok(Some(HeldServerCertificate {
            version: row.version,
            names: row.names.lines().map(str::to_owned).collect(),
            directory: row.directory,
            chain_pem: row.chain,
            key,
            valid_from: instant(&row.valid_from)?,
            valid_until: instant(&row.valid_until)?,
        }))
    }

    /// Takes a turn at ordering. False while another node, or another command, has it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn begin_server_certificate(&self) -> Result<bool, Error> {
        let now = self.clock.now();
        let entry = Act::system(Action::ServerCertificateOrder, now).done()?;
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    let claimed = sqlx::query(CLAIM)
                        .bind(clock::text(now))
                        .bind(clock::text(now + TURN))
                        .execute(&mut *c)
                        .await?
                        .rows_affected();
                    if claimed == 1 {
                        record::append(c, &entry).await?;
                    }
                    Ok(claimed == 1)
                })
            })
            .await
    }

    /// Keeps what an order brought, in place of what was there, and ends the turn. `None` when the chain cannot be read.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn take_server_certificate(&self, new: NewServerCertificate) -> Result<Option<i64>, Error> {
        let now = self.clock.now();
        let Some((valid_from, valid_until, serial)) = validity(&new.chain_pem) else { return Ok(None) };
        let version = sqlx::query_scalar::<_, i64>(LAST_VERSION).fetch_one(&self.reads).await? + 1;
        let id = ServerCertificateId::fresh().to_string();
        let sealed = self.keys.wrap_as(KeyKind::Field, &key_purpose(&id), &new.key)?;
        let entry = Act::system(Action::ServerCertificate, now)
            .hex("serial", &serial)
            .code("valid_until", &valid_until.strftime("%Y-%m-%d").to_string())
            .done()?;
        let names = sorted(&new.names).join("\n");
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    sqlx::query(TAKE)
                        .bind(id)
                        .bind(version)
                        .bind(new.directory)
                        .bind(names)
                        .bind(new.chain_pem)
                        .bind(sealed)
                        .bind(clock::text(valid_from))
                        .bind(clock::text(valid_until))
                        .bind(clock::text(now))
                        .execute(&mut *c)
                        .await?;
                    sqlx::query(FORGET_KEYS).bind(version).execute(&mut *c).await?;
                    sqlx::query(SUCCEEDED).execute(&mut *c).await?;
                    sqlx::query(CLEAR_CHALLENGES).execute(&mut *c).await?;
                    record::append(c, &entry).await?;
                    Ok(Some(version))
                })
            })
            .await
    }

    /// Ends a turn that brought nothing; the next is taken after a pause that grows. What is shown at the doors stays.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn server_certificate_failed(&self, reason: &str) -> Result<(), Error> {
        let now = self.clock.now();
        let entry = Act::system(Action::ServerCertificate, now).failed(reason)?;
        let reason = reason.to_owned();
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    let failures: i64 = sqlx::query_scalar(FAILURES).fetch_one(&mut *c).await?;
                    let failures = failures.saturating_add(1);
                    sqlx::query(FAILED)
                        .bind(failures)
                        .bind(clock::text(now))
                        .bind(reason)
                        .bind(clock::text(now + pause(u32::try_from(failures).unwrap_or(u32::MAX))))
                        .execute(&mut *c)
                        .await?;
                    sqlx::query(CLEAR_CHALLENGES).execute(&mut *c).await?;
                    record::append(c, &entry).await.map(|_| ())
                })
            })
            .await
    }

    /// An operator wants a new one now, whatever is left of the present one; the running server orders it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn want_server_certificate(&self, by: &OperatorName) -> Result<(), Error> {
        let now = self.clock.now();
        let entry = Act::officer(Action::ServerCertificateOrder, by, now).done()?;
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    sqlx::query(WANT).bind(clock::text(now)).execute(&mut *c).await?;
                    record::append(c, &entry).await.map(|_| ())
                })
            })
            .await
    }

    /// How ordering goes.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn acme_turn(&self) -> Result<AcmeTurn, Error> {
        const WHERE: Error = Error::Impossible("acme_turn");
        let row: TurnRow = sqlx::query_as(TURN_NOW).fetch_one(&self.reads).await?;
        Ok(AcmeTurn {
            failures: u32::try_from(row.failures).map_err(|_| WHERE)?,
            failed_at: row.failed_at,
            reason: row.reason,
            next_at: row.next_at.map(|at| at.parse().map_err(|_| WHERE)).transpose()?,
            wanted: row.wanted_at.is_some(),
        })
    }

    /// The account with this authority, as its owner wrote it.
    ///
    /// # Errors
    /// When the database fails, or it does not open.
    pub async fn acme_account(&self, directory: &str) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        let sealed: Option<Vec<u8>> = sqlx::query_scalar(ACCOUNT).bind(directory).fetch_optional(&self.reads).await?;
        sealed.map(|sealed| self.keys.unwrap_as(KeyKind::Field, &account_purpose(directory), &sealed)).transpose()
    }

    /// Keeps an account with an authority, in place of an earlier one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn keep_acme_account(&self, directory: &str, account: &[u8]) -> Result<(), Error> {
        let now = self.clock.now();
        let sealed = self.keys.wrap_as(KeyKind::Field, &account_purpose(directory), account)?;
        let entry = Act::system(Action::AcmeAccount, now).done()?;
        let directory = directory.to_owned();
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    sqlx::query(KEEP_ACCOUNT)
                        .bind(directory)
                        .bind(sealed)
                        .bind(clock::text(now))
                        .execute(&mut *c)
                        .await?;
                    record::append(c, &entry).await.map(|_| ())
                })
            })
            .await
    }

    /// Lets every node prove that this name is ours. Part of a turn, which has an entry of its own.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn set_acme_challenge(&self, name: &str, digest: [u8; 32]) -> Result<(), Error> {
        let until = self.clock.now() + CHALLENGE_LIFE;
        let name = name.to_ascii_lowercase();
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    sqlx::query(SET_CHALLENGE)
                        .bind(name)
                        .bind(hex(&digest))
                        .bind(clock::text(until))
                        .execute(&mut *c)
                        .await?;
                    Ok(())
                })
            })
            .await
    }

    /// What is to be answered to an authority that asks for this name just now, if any does.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn acme_challenge(&self, name: &str) -> Result<Option<[u8; 32]>, Error> {
        let digest: Option<String> = sqlx::query_scalar(CHALLENGE)
            .bind(name.to_ascii_lowercase())
            .bind(self.now_text())
            .fetch_optional(&self.reads)
            .await?;
        Ok(digest.and_then(|digest| unhex(&digest)).and_then(|digest| digest.try_into().ok()))
    }
}

/// From when until when the leaf is good, and its serial.
fn validity(chain_pem: &str) -> Option<(Timestamp, Timestamp, Vec<u8>)> {
    if chain_pem.len() > CHAIN_BYTES_MAX {
        return None;
    }
    let (_, block) = parse_x509_pem(chain_pem.as_bytes()).ok()?;
    let leaf = block.parse_x509().ok()?;
    let instant = |second| Timestamp::from_second(second).ok();
    let from = instant(leaf.validity().not_before.timestamp())?;
    let until = instant(leaf.validity().not_after.timestamp())?;
    (from < until).then(|| (from, until, leaf.raw_serial().to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: SignedDuration = SignedDuration::from_hours(24);

    fn held(days: i32) -> HeldServerCertificate {
        HeldServerCertificate {
            version: 1,
            directory: "https://acme.example/dir".into(),
            names: vec!["a.example".into(), "b.example".into()],
            chain_pem: String::new(),
            key: Zeroizing::default(),
            valid_from: Timestamp::UNIX_EPOCH,
            valid_until: Timestamp::UNIX_EPOCH + DAY * days,
        }
    }

    #[test]
    fn r7_1_a_certificate_is_renewed_when_a_third_of_its_life_is_left() {
        let (held, turn) = (held(90), AcmeTurn::default());
        let renew_at = Timestamp::UNIX_EPOCH + DAY * 60;
        assert_eq!(held.renew_at(), renew_at);
        let second = SignedDuration::from_secs(1);
        assert!(!turn.is_due(&held, true, None, renew_at - second));
        assert!(turn.is_due(&held, true, None, renew_at));
        assert!(turn.is_due(&held, false, None, Timestamp::UNIX_EPOCH));
        // Certificates of six days are renewed after four.
        assert_eq!(self::held(6).renew_at(), Timestamp::UNIX_EPOCH + DAY * 4);
    }

    #[test]
    fn r7_1_the_authority_may_wish_it_earlier_and_an_operator_too() {
        let (held, turn) = (held(90), AcmeTurn::default());
        let tenth = Timestamp::UNIX_EPOCH + DAY * 10;
        assert!(turn.is_due(&held, true, Some(tenth), tenth));
        assert!(!turn.is_due(&held, true, Some(tenth + DAY), tenth));
        assert!(AcmeTurn { wanted: true, ..turn }.is_due(&held, true, None, tenth));
    }

    #[test]
    fn r7_1_failures_space_out_the_tries_and_end_them_never() {
        let held = held(90);
        let now = held.renew_at();
        let turn = AcmeTurn { failures: 1, next_at: Some(now + pause(1)), ..AcmeTurn::default() };
        assert!(!turn.is_due(&held, true, None, now) && turn.is_due(&held, true, None, now + pause(1)));
        // Whoever wants it at once has its pause taken away by the store, not here.
        assert!(!AcmeTurn { wanted: true, ..turn }.is_due(&held, true, None, now));
        let hours: Vec<_> = [1, 2, 3, 4, 5, u32::MAX].map(|failures| pause(failures).as_hours()).into();
        assert_eq!(hours, [1, 2, 4, 8, 8, 8]);
    }

    #[test]
    fn r7_1_a_changed_name_or_authority_makes_it_another_certificate() {
        let held = held(90);
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert!(held.is_for("https://acme.example/dir", &names(&["B.example", "a.example"])));
        assert!(!held.is_for("https://acme.example/dir", &names(&["a.example"])));
        assert!(!held.is_for("https://other.example/dir", &names(&["a.example", "b.example"])));
    }
}

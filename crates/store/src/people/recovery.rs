//! 本人確認台帳 — nobody gets new secrets for somebody without saying who checked their identity, and how (R8.11, R8.13).
//!
//! What is entered is evidence, sealed, and facts that are never changed. The code goes to the person, who alone sets the
//! new secret; an old factor is suspended in the moment the case is opened.

use super::accounts::{self, By, grant_place};
use super::sessions::{Person, end_all};
use super::{EVIDENCE, LISTED_MAX, NAME, attempts};
use crate::database::Connection;
use crate::enrolment::fresh_code;
use crate::hex::{hex, unhex};
use crate::record::{self, Act};
use crate::{AccountId, Error, OfficeId, RecoveryId, Store, clock};
use identity::recovery::{CODE_LIFE, Case, Method, PASS_LIFE_MAX, Purpose, Refusal, judge, needs_approval};
use identity::role::{Deed, Role};
use jiff::{SignedDuration, Timestamp};
use ledger::Action;
use seal::Zeroizing;
use sha2::{Digest as _, Sha256};
use sqlx::FromRow;
use standard::value::Private;

/// A scan of a document.
const EVIDENCE_BYTES_MAX: usize = 8 << 20;
/// Pieces that evidence is sealed in: what is sealed as a field is small.
const PIECE_BYTES: usize = 48 << 10;
/// Codes of a temporary pass: sign-ins until it ends.
const PASS_CODES: usize = 5;

/// 再登録の申請.
#[derive(Clone)]
pub struct NewRecovery {
    /// Who shall get new secrets.
    pub account_id: AccountId,
    /// Which.
    pub purpose: Purpose,
    /// Who checked the identity: an account of the same office or of the operator.
    pub verified_by: Option<AccountId>,
    /// How.
    pub method: Option<Method>,
    /// A copy of what was seen. PDF or picture; at most 8 MiB.
    pub evidence: Vec<u8>,
    /// When a temporary pass ends; for a code it is a day.
    pub pass_life: Option<SignedDuration>,
}

impl std::fmt::Debug for NewRecovery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NewRecovery({}, {}, ..)", self.account_id, self.purpose.id())
    }
}

/// What came of opening a case.
#[derive(Debug)]
pub enum RecoveryOpened {
    /// Hand these over to the person, by a way of their own.
    Done(RecoveryIssued),
    /// Another person has to approve it first.
    AwaitsApproval(RecoveryId),
    /// Against the rules of the register.
    Refused(Refusal),
    /// Not this person's to open, or nobody to open it for.
    NotAllowed,
    /// The evidence is too large.
    TooLarge,
}

/// The codes of a case: one, or those of a temporary pass. Shown once.
#[derive(Clone)]
pub struct RecoveryIssued {
    /// The case.
    pub recovery_id: RecoveryId,
    /// Each good once.
    pub codes: Vec<Zeroizing<String>>,
    /// RFC 3339, UTC.
    pub expires_at: String,
}

impl std::fmt::Debug for RecoveryIssued {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RecoveryIssued({}, .., {})", self.recovery_id, self.expires_at)
    }
}

/// How a case stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecoveryState {
    /// A second person has to approve it.
    AwaitsApproval,
    /// The code is out, or the pass runs.
    Open,
    /// The person has set new secrets.
    Done,
    /// Its time was over.
    Expired,
    /// Taken back.
    Withdrawn,
}

/// A case in the register.
#[derive(Clone, Debug)]
pub struct RecoveryRow {
    /// Ours.
    pub id: RecoveryId,
    /// Whose.
    pub account_id: AccountId,
    /// 氏名.
    pub name: Private<String>,
    /// Of what.
    pub purpose: Purpose,
    /// アカウント of who opened it, who checked, who approved: as registers name hands.
    pub requested_by: String,
    /// Who checked the identity.
    pub verified_by: String,
    /// Who approved it.
    pub approved_by: Option<String>,
    /// How it was checked.
    pub method: Method,
    /// SHA-256 of the evidence.
    pub evidence_digest: String,
    /// RFC 3339, UTC; so are the others.
    pub made_at: String,
    /// Its end.
    pub expires_at: String,
    /// When it ended.
    pub ended_at: Option<String>,
    /// Where it stands.
    pub state: RecoveryState,
}

const INSERT: &str = "
    INSERT INTO recovery (recovery_id, account_id, office_id, kind, requested_by, verified_by, approved_by, method,
                          evidence_sealed, evidence_digest, awaits_approval, made_at, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
    ON CONFLICT DO NOTHING";

macro_rules! cases {
    ($rest:literal) => {
        concat!(
            "SELECT r.recovery_id, r.account_id, r.kind, r.requested_by, r.verified_by, r.approved_by, r.method,
                    r.evidence_digest, r.awaits_approval, r.made_at, r.expires_at, r.ended_at, r.result, a.name_sealed,
                    a.person_index
               FROM recovery r JOIN account a ON a.account_id = r.account_id ",
            $rest
        )
    };
}

const ONE: &str = cases!("WHERE r.recovery_id = $1 AND coalesce(r.office_id, '') = $2");

/// One to be approved. Where an office has no fourth hand the operator is one.
const TO_APPROVE: &str = cases!(
    "WHERE r.recovery_id = $1 AND r.awaits_approval = 1 AND r.ended_at IS NULL
       AND (coalesce(r.office_id, '') = $2 OR $2 = '')"
);

/// What offices wait for is the operator's to see until it is approved.
const LIST: &str = cases!(
    "WHERE coalesce(r.office_id, '') = $1
        OR ($1 = '' AND r.awaits_approval = 1 AND r.approved_by IS NULL AND r.ended_at IS NULL)
     ORDER BY r.made_at DESC LIMIT $2"
);

const OPEN: &str = "SELECT count(*) FROM recovery WHERE account_id = $1 AND ended_at IS NULL AND expires_at > $2";

/// A case whose time is over makes room for the next.
const EXPIRE: &str = "
    UPDATE recovery SET ended_at = $2, result = 'expired'
     WHERE account_id = $1 AND ended_at IS NULL AND expires_at <= $2
    RETURNING recovery_id";

const APPROVE: &str = "
    UPDATE recovery SET approved_by = $2
     WHERE recovery_id = $1 AND approved_by IS NULL AND awaits_approval = 1 AND ended_at IS NULL AND expires_at > $3";

const WITHDRAW: &str = "
    UPDATE recovery SET ended_at = $2, result = 'withdrawn' WHERE recovery_id = $1 AND ended_at IS NULL";

const END_CODES_OF: &str = "
    UPDATE one_time_code SET ended_at = $2 WHERE recovery_id = $1 AND used_at IS NULL AND ended_at IS NULL";

const EVIDENCE_OF: &str = "
    SELECT evidence_sealed, evidence_digest FROM recovery
     WHERE recovery_id = $1 AND erased_at IS NULL
       AND (coalesce(office_id, '') = $2
            OR ($2 = '' AND awaits_approval = 1 AND approved_by IS NULL AND ended_at IS NULL))";

/// What is lost may be in other hands (R8.13).
const SUSPEND_FACTORS: &str = "
    UPDATE factor SET state = 'suspended' WHERE account_id = $1 AND state = 'active'";

const END_RECOVERY_CODES: &str = "
    UPDATE recovery_code SET ended_at = $2 WHERE account_id = $1 AND ended_at IS NULL";

const PERSON: &str = "SELECT person_index FROM account WHERE account_id = $1 AND state = 'active'";

#[derive(FromRow)]
struct Row {
    recovery_id: String,
    account_id: String,
    kind: String,
    requested_by: String,
    verified_by: String,
    approved_by: Option<String>,
    method: String,
    evidence_digest: String,
    awaits_approval: i64,
    made_at: String,
    expires_at: String,
    ended_at: Option<String>,
    result: Option<String>,
    name_sealed: Vec<u8>,
    person_index: String,
}

const WHERE: Error = Error::Impossible("recovery");

/// What is to be issued once a case stands.
struct Issue {
    id: RecoveryId,
    account: AccountId,
    purpose: Purpose,
    indexes: Vec<String>,
    expires_at: String,
}

impl Issue {
    /// Codes out, old factors and sessions at an end, locks opened: an identity has been checked (R8.9, R8.13).
    async fn write(&self, c: &mut Connection, now: Timestamp) -> Result<u64, Error> {
        let at = clock::text(now);
        sqlx::query(accounts::END_CODES).bind(self.account.to_string()).bind(&at).execute(&mut *c).await?;
        for index in &self.indexes {
            sqlx::query(accounts::INSERT_CODE)
                .bind(index)
                .bind(self.account.to_string())
                .bind(self.purpose.id())
                .bind(self.id.to_string())
                .bind(&at)
                .bind(&self.expires_at)
                .execute(&mut *c)
                .await?;
        }
        attempts::unlock(c, self.account).await?;
        Ok(self.indexes.len() as u64)
    }
}

/// Ends what may be in other hands: at once, before anybody approves anything.
async fn stop_old(c: &mut Connection, account: AccountId, purpose: Purpose, now: Timestamp) -> Result<u64, Error> {
    if purpose.sets_factor() || purpose == Purpose::Temporary {
        sqlx::query(SUSPEND_FACTORS).bind(account.to_string()).execute(&mut *c).await?;
        sqlx::query(END_RECOVERY_CODES).bind(account.to_string()).bind(clock::text(now)).execute(&mut *c).await?;
    }
    end_all(c, account, None, "recovery", now).await
}

impl Store {
    /// Opens a case for somebody else, who lost a secret (R8.11). The old factor is suspended at once (R8.13).
    ///
    /// # Errors
    /// When the database fails.
    pub async fn open_recovery(&self, by: &Person, new: NewRecovery) -> Result<RecoveryOpened, Error> {
        if !by.may(Deed::RequestRecovery) {
            return Ok(RecoveryOpened::NotAllowed);
        }
        if new.evidence.len() > EVIDENCE_BYTES_MAX {
            return Ok(RecoveryOpened::TooLarge);
        }
        let managed = self.managed(By::Person(by), new.account_id).await?;
        let own = |managed: &accounts::Managed| managed.at_home && managed.state == accounts::AccountState::Active;
        let Some(managed) = managed.filter(own) else {
            return Ok(RecoveryOpened::NotAllowed);
        };
        let (now, account) = (self.clock.now(), managed.id);
        let subject = self.person_index_of(account).await?;
        let requester = self.person_index_of(by.account_id).await?;
        let verifier = match new.verified_by {
            // Whoever vouches works at the same place.
            Some(verifier)
                if self.managed(By::Person(by), verifier).await?.is_some_and(|managed| managed.works_here) =>
            {
                self.active_person(verifier).await?
            }
            _ => None,
        };
        let roles: Vec<Role> = self.held(&subject).await?.into_iter().map(|held| held.role).collect();
        // Whoever asks may have checked the identity as well; then somebody else agrees.
        let approval = needs_approval(roles) || verifier.as_ref() == Some(&requester);
        let digest: [u8; 32] = Sha256::digest(&new.evidence).into();
        let open: i64 =
            sqlx::query_scalar(OPEN).bind(account.to_string()).bind(clock::text(now)).fetch_one(&self.reads).await?;
        let life = match new.purpose {
            Purpose::Temporary => new.pass_life.unwrap_or(PASS_LIFE_MAX),
            _ => CODE_LIFE,
        };
        let case = Case {
            subject: &subject,
            requester: &requester,
            verifier: verifier.as_ref(),
            approver: None,
            // Whether it may be issued is asked again when somebody has approved it.
            needs_approval: false,
            method: new.method,
            evidence: (!new.evidence.is_empty()).then_some(digest),
            purpose: new.purpose,
            open_case: open > 0,
            made_at: now,
            ends_at: now + life,
        };
        if let Err(refusal) = judge(&case) {
            let act = Act::person(Action::RecoveryOpen, by, now).object(account);
            self.record(act.refused_for(refusal.code())?).await?;
            return Ok(RecoveryOpened::Refused(refusal));
        }
        let (Some(verified_by), Some(method)) = (new.verified_by, new.method) else { return Err(WHERE) };
        let id = RecoveryId::fresh();
        let sealed = self.seal_evidence(id, &new.evidence)?;
        let office: Option<OfficeId> = (!by.office.is_operator).then_some(by.office.id);
        let (codes, issue) = self.issue(id, account, new.purpose, clock::text(now + life))?;
        let act = Act::person(Action::RecoveryOpen, by, now)
            .object(id)
            .code("account", &account.to_string())
            .code("verified_by", &verified_by.to_string())
            .code("purpose", new.purpose.id())
            .code("method", method.id())
            .hex("evidence", &digest);
        let (requested_by, expires_at, purpose) = (by.account_id.to_string(), issue.expires_at.clone(), new.purpose);
        let opened = self
            .writer
            .run(move |c| {
                Box::pin(async move {
                    let at = clock::text(now);
                    let expired: Vec<String> =
                        sqlx::query_scalar(EXPIRE).bind(account.to_string()).bind(&at).fetch_all(&mut *c).await?;
                    for id in &expired {
                        let act = Act::system(Action::RecoveryClose, now).object(id).code("result", "expired");
                        record::append(c, &act.done()?).await?;
                    }
                    let inserted = sqlx::query(INSERT)
                        .bind(id.to_string())
                        .bind(account.to_string())
                        .bind(office.map(|id| id.to_string()))
                        .bind(purpose.id())
                        .bind(requested_by)
                        .bind(verified_by.to_string())
                        .bind(None::<String>)
                        .bind(method.id())
                        .bind(sealed)
                        .bind(hex(&digest))
                        .bind(i64::from(approval))
                        .bind(&at)
                        .bind(&issue.expires_at)
                        .execute(&mut *c)
                        .await?;
                    // Somebody else was first; the index holds one open case of a person.
                    if inserted.rows_affected() == 0 {
                        return Ok(false);
                    }
                    let ended = stop_old(c, account, purpose, now).await?;
                    let codes = if approval { 0 } else { issue.write(c, now).await? };
                    record::append(c, &act.number("sessions_ended", ended).number("codes", codes).done()?).await?;
                    Ok(true)
                })
            })
            .await?;
        Ok(match (opened, approval) {
            (false, _) => RecoveryOpened::Refused(Refusal::CaseOpen),
            (true, true) => RecoveryOpened::AwaitsApproval(id),
            (true, false) => RecoveryOpened::Done(RecoveryIssued { recovery_id: id, codes, expires_at }),
        })
    }

    /// Approves a case that another opened and a third checked; then the codes are shown, once.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn approve_recovery(&self, by: &Person, id: RecoveryId) -> Result<RecoveryOpened, Error> {
        if !by.may(Deed::ApproveRecovery) {
            return Ok(RecoveryOpened::NotAllowed);
        }
        let now = self.clock.now();
        let row: Option<Row> =
            sqlx::query_as(TO_APPROVE).bind(id.to_string()).bind(grant_place(by)).fetch_optional(&self.reads).await?;
        let Some(row) = row else { return Ok(RecoveryOpened::NotAllowed) };
        let approver = self.person_index_of(by.account_id).await?;
        let person = |id: &str| id.parse::<AccountId>().map_err(|_| WHERE);
        let requester = self.person_index_of(person(&row.requested_by)?).await?;
        let verifier = self.person_index_of(person(&row.verified_by)?).await?;
        let instant = |text: &str| text.parse::<Timestamp>().map_err(|_| WHERE);
        let digest = unhex(&row.evidence_digest).and_then(|bytes| bytes.try_into().ok());
        let purpose = Purpose::from_id(&row.kind).ok_or(WHERE)?;
        let case = Case {
            subject: &row.person_index,
            requester: &requester,
            verifier: Some(&verifier),
            approver: Some(&approver),
            needs_approval: true,
            method: Method::from_id(&row.method),
            evidence: digest,
            purpose,
            open_case: false,
            made_at: instant(&row.made_at)?,
            ends_at: instant(&row.expires_at)?,
        };
        if let Err(refusal) = judge(&case) {
            let act = Act::person(Action::RecoveryApprove, by, now).object(id);
            self.record(act.refused_for(refusal.code())?).await?;
            return Ok(RecoveryOpened::Refused(refusal));
        }
        let (codes, issue) = self.issue(id, person(&row.account_id)?, purpose, row.expires_at)?;
        let act = Act::person(Action::RecoveryApprove, by, now).object(id).code("account", &row.account_id);
        let (approver, expires_at) = (by.account_id.to_string(), issue.expires_at.clone());
        let approved = self
            .writer
            .run(move |c| {
                Box::pin(async move {
                    let approved = sqlx::query(APPROVE)
                        .bind(id.to_string())
                        .bind(approver)
                        .bind(clock::text(now))
                        .execute(&mut *c)
                        .await?;
                    if approved.rows_affected() == 0 {
                        return Ok(false);
                    }
                    let codes = issue.write(c, now).await?;
                    record::append(c, &act.number("codes", codes).done()?).await?;
                    Ok(true)
                })
            })
            .await?;
        Ok(if approved {
            RecoveryOpened::Done(RecoveryIssued { recovery_id: id, codes, expires_at })
        } else {
            RecoveryOpened::NotAllowed
        })
    }

    /// Takes a case back: its codes are void. What was suspended stays so. False when none of this id is open here.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn withdraw_recovery(&self, by: &Person, id: RecoveryId) -> Result<bool, Error> {
        let here: Option<Row> = if by.may(Deed::RequestRecovery) {
            sqlx::query_as(ONE).bind(id.to_string()).bind(grant_place(by)).fetch_optional(&self.reads).await?
        } else {
            None
        };
        let Some(row) = here else { return Ok(false) };
        let now = self.clock.now();
        let account: AccountId = row.account_id.parse().map_err(|_| WHERE)?;
        let entry = Act::person(Action::RecoveryClose, by, now).object(id).code("result", "withdrawn").done()?;
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    let at = clock::text(now);
                    let withdrawn = sqlx::query(WITHDRAW).bind(id.to_string()).bind(&at).execute(&mut *c).await?;
                    if withdrawn.rows_affected() == 0 {
                        return Ok(false);
                    }
                    sqlx::query(END_CODES_OF).bind(id.to_string()).bind(&at).execute(&mut *c).await?;
                    end_all(c, account, None, "recovery", now).await?;
                    record::append(c, &entry).await?;
                    Ok(true)
                })
            })
            .await
    }

    /// The register of this person's office, the newest first (R8.13: what is to be reviewed).
    ///
    /// # Errors
    /// When the database fails.
    pub async fn recoveries(&self, by: &Person) -> Result<Vec<RecoveryRow>, Error> {
        if !by.may(Deed::RequestRecovery) {
            return Ok(Vec::new());
        }
        let now = self.now_text();
        let rows: Vec<Row> = sqlx::query_as(LIST).bind(grant_place(by)).bind(LISTED_MAX).fetch_all(&self.reads).await?;
        rows.into_iter()
            .map(|row| {
                let account_id: AccountId = row.account_id.parse().map_err(|_| WHERE)?;
                let state = match (row.result.as_deref(), &row.approved_by) {
                    (Some("done"), _) => RecoveryState::Done,
                    (Some("withdrawn"), _) => RecoveryState::Withdrawn,
                    (Some(_), _) => RecoveryState::Expired,
                    (None, _) if row.expires_at <= now => RecoveryState::Expired,
                    (None, None) if row.awaits_approval == 1 => RecoveryState::AwaitsApproval,
                    (None, _) => RecoveryState::Open,
                };
                Ok(RecoveryRow {
                    id: row.recovery_id.parse().map_err(|_| WHERE)?,
                    account_id,
                    name: self.open_text(NAME, account_id, &row.name_sealed)?,
                    purpose: Purpose::from_id(&row.kind).ok_or(WHERE)?,
                    requested_by: row.requested_by,
                    verified_by: row.verified_by,
                    approved_by: row.approved_by,
                    method: Method::from_id(&row.method).ok_or(WHERE)?,
                    evidence_digest: row.evidence_digest,
                    made_at: row.made_at,
                    expires_at: row.expires_at,
                    ended_at: row.ended_at,
                    state,
                })
            })
            .collect()
    }

    /// The evidence of a case. That it was looked at is on disk before it is handed out. `None` for who may not.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn evidence(&self, by: &Person, id: RecoveryId) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        if !by.may(Deed::ApproveRecovery) {
            return Ok(None);
        }
        let sealed: Option<(Vec<u8>, String)> =
            sqlx::query_as(EVIDENCE_OF).bind(id.to_string()).bind(grant_place(by)).fetch_optional(&self.reads).await?;
        let Some((sealed, digest)) = sealed else { return Ok(None) };
        let evidence = self.open_evidence(id, &sealed)?;
        if hex(&Sha256::digest(evidence.as_slice())) != digest {
            return Err(Error::Damaged);
        }
        self.record(Act::person(Action::RecoveryView, by, self.clock.now()).object(id).done()?).await?;
        Ok(Some(evidence))
    }

    async fn active_person(&self, account: AccountId) -> Result<Option<String>, Error> {
        Ok(sqlx::query_scalar(PERSON).bind(account.to_string()).fetch_optional(&self.reads).await?)
    }

    fn issue(
        &self,
        id: RecoveryId,
        account: AccountId,
        purpose: Purpose,
        expires_at: String,
    ) -> Result<(Vec<Zeroizing<String>>, Issue), Error> {
        let count = if purpose == Purpose::Temporary { PASS_CODES } else { 1 };
        let codes: Vec<Zeroizing<String>> = (0..count).map(|_| fresh_code()).collect();
        let mut indexes = Vec::with_capacity(count);
        for code in &codes {
            indexes.push(self.one_time_index("one_time_code", code)?.ok_or(Error::Impossible("one-time code"))?);
        }
        Ok((codes, Issue { id, account, purpose, indexes, expires_at }))
    }

    /// Piece by piece, each bound to its place: none can be left out, doubled or moved unnoticed.
    fn seal_evidence(&self, id: RecoveryId, evidence: &[u8]) -> Result<Vec<u8>, Error> {
        let pieces = evidence.len().div_ceil(PIECE_BYTES);
        let mut sealed = Vec::with_capacity(evidence.len() + pieces * 128);
        for (at, piece) in evidence.chunks(PIECE_BYTES).enumerate() {
            let piece = self.seal_field(EVIDENCE, format_args!("{id}/{at}/{pieces}"), piece)?;
            let length = u32::try_from(piece.len()).map_err(|_| WHERE)?;
            sealed.extend_from_slice(&length.to_be_bytes());
            sealed.extend_from_slice(&piece);
        }
        Ok(sealed)
    }

    fn open_evidence(&self, id: RecoveryId, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        let pieces = evidence_pieces(sealed)?;
        let mut evidence = Zeroizing::new(Vec::with_capacity(sealed.len()));
        for (at, piece) in pieces.iter().enumerate() {
            let place = format!("{id}/{at}/{}", pieces.len());
            evidence.extend_from_slice(&self.open_field(EVIDENCE, place, piece)?);
        }
        Ok(evidence)
    }
}

/// The sealed pieces of evidence, each still closed.
pub(crate) fn evidence_pieces(sealed: &[u8]) -> Result<Vec<&[u8]>, Error> {
    let mut pieces = Vec::new();
    let mut rest = sealed;
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| Error::Damaged)?;
        let (piece, after) = after.split_at_checked(length).ok_or(Error::Damaged)?;
        pieces.push(piece);
        rest = after;
    }
    if rest.is_empty() { Ok(pieces) } else { Err(Error::Damaged) }
}

//! 端末の登録 — one asks, another agrees, a one-time code goes out, a certificate request comes in (R7.2).

use crate::certificates::{self, NewCertificate};
use crate::database::Connection;
use crate::hex::hex;
use crate::people::{Reserved, Token, succeeded};
use crate::record::{self, Act};
use crate::{DeviceId, EnrolmentRequestId, Error, OfficeId, OperatorName, Store, clock};
use exchange::Digest;
use identity::Scopes;
use jiff::{SignedDuration, Timestamp};
use ledger::Action;
use rand::Rng as _;
use seal::Zeroizing;
use sqlx::FromRow;
use standard::OfficeNumber;
use std::fmt;
use std::net::IpAddr;

/// How long a one-time code can be used.
const CODE_LIFE: SignedDuration = SignedDuration::from_hours(72);
/// Crockford's alphabet: no letter that is taken for another.
const CODE_ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// 16 characters of 5 bits: 80 bits, too many to guess.
const CODE_CHARACTERS: usize = 16;
/// A request that nobody agreed to for this long is stale: the evidence is, too.
const REQUEST_LIFE: SignedDuration = SignedDuration::from_hours(30 * 24);
const LABEL_CHARACTERS_MAX: usize = 60;
const EVIDENCE_CHARACTERS_MAX: usize = 1_000;
const LISTED_MAX: i64 = 10_000;

/// What somebody asks for, and how the office was proven to be who it says it is.
#[derive(Clone, Debug)]
pub struct NewEnrolment {
    /// 事業所番号.
    pub office: OfficeNumber,
    /// What the office calls the device (受付のPC); one device, one name.
    pub label: String,
    /// How the office and the person were verified: the designation notice, a call back.
    pub evidence: String,
    /// SHA-256 of the copy of the papers, if there is a file.
    pub evidence_digest: Option<Digest>,
    /// What a program on the device may do: its token comes with the certificate. `None` for a person's browser.
    pub scopes: Option<Scopes>,
}

/// What came of asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requested {
    /// Waits for a second person.
    Done(EnrolmentRequestId),
    /// No open office has the number.
    NoSuchOffice,
    /// No label or no evidence, or too long.
    Incomplete,
    /// The office has a device of this name with a good certificate: revoke it first, or renew it from the device.
    DeviceTaken,
}

/// What came of agreeing.
#[derive(Clone, Debug)]
pub enum Approval {
    /// The code for the office.
    Code(EnrolmentCode),
    /// Nobody agrees to what they asked for themselves.
    OwnRequest,
    /// No such request, or it was agreed to before, or is too old.
    NotPending,
}

/// A request that waits for a second person.
#[derive(Clone, Debug)]
pub struct PendingEnrolment {
    /// Ours.
    pub id: EnrolmentRequestId,
    /// Its office.
    pub office_number: OfficeNumber,
    /// 事業所名.
    pub office_name: String,
    /// What the office calls the device.
    pub label: String,
    /// How the office was proven.
    pub evidence: String,
    /// Who asked.
    pub requested_by: String,
    /// RFC 3339, UTC.
    pub requested_at: String,
}

/// 登録コード, to be told to the office by a way of its own (telephone, letter).
#[derive(Clone)]
pub struct EnrolmentCode {
    /// Four groups of four.
    pub code: Zeroizing<String>,
    /// RFC 3339, UTC.
    pub expires_at: String,
}

impl fmt::Debug for EnrolmentCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EnrolmentCode(.., {})", self.expires_at)
    }
}

/// What came of an attempt to enrol a device.
#[derive(Clone, Debug)]
pub enum Enrolment {
    /// The certificate is issued and recorded.
    Done(EnrolledDevice),
    /// The code is wrong, used or expired; which of these is not told.
    CodeRefused,
    /// The request is malformed, weakly keyed, names another office, or brings a key that was certified before. The code
    /// stays good.
    RequestRefused,
    /// A device of this name has a good certificate already. The code stays good.
    DeviceTaken,
    /// Too many tries that failed, from this address; a quarter of an hour helps. The code was not looked at.
    Wait,
}

/// A device's new certificate.
#[derive(Clone, Debug)]
pub struct EnrolledDevice {
    /// Ours.
    pub id: DeviceId,
    /// The certificate, PEM.
    pub certificate_pem: String,
    /// The authority's certificate, PEM.
    pub authority_pem: String,
    /// Its office.
    pub office_number: OfficeNumber,
    /// 事業所名.
    pub office_name: String,
    /// For the program on this device, where one was asked for.
    pub software_token: Option<Token>,
}

const INSERT_REQUEST: &str = "
    INSERT INTO enrolment_request (request_id, office_id, label, evidence, evidence_digest, requested_by, requested_at,
                                   scopes)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

const FIND_REQUEST: &str = "
    SELECT r.requested_by, o.office_id, o.office_number
      FROM enrolment_request r JOIN office o ON o.office_id = r.office_id
     WHERE r.request_id = $1 AND r.approved_at IS NULL AND r.requested_at > $2 AND o.closed_at IS NULL";

/// Agrees to a request. Only once, and never the one who asked.
const APPROVE: &str = "
    UPDATE enrolment_request SET approved_by = $2, approved_at = $3
     WHERE request_id = $1 AND approved_at IS NULL AND requested_by <> $2";

const PENDING: &str = "
    SELECT r.request_id, o.office_number, o.name AS office_name, r.label, r.evidence, r.requested_by, r.requested_at
      FROM enrolment_request r JOIN office o ON o.office_id = r.office_id
     WHERE r.approved_at IS NULL AND r.requested_at > $1 AND o.closed_at IS NULL
     ORDER BY r.requested_at LIMIT $2";

const INSERT_CODE: &str = "
    INSERT INTO enrolment_code (code_index, office_id, issued_at, expires_at, request_id) VALUES ($1, $2, $3, $4, $5)";

const FIND_CODE: &str = "
    SELECT o.office_id, o.office_number, o.name, r.request_id, r.label, r.evidence_digest, r.requested_by, r.approved_by,
           r.scopes
      FROM enrolment_code e
      JOIN enrolment_request r ON r.request_id = e.request_id
      JOIN office o ON o.office_id = e.office_id
     WHERE e.code_index = $1 AND e.used_at IS NULL AND e.expires_at > $2 AND o.closed_at IS NULL
       AND r.approved_by IS NOT NULL";

/// Asked again inside the transaction, where nobody else can use it meanwhile.
const GOOD_CODE: &str = "
    SELECT count(*) FROM enrolment_code WHERE code_index = $1 AND used_at IS NULL AND expires_at > $2";

/// Uses a code up. Only once, and only before it expires.
const USE_CODE: &str = "
    UPDATE enrolment_code SET used_at = $2 WHERE code_index = $1 AND used_at IS NULL AND expires_at > $2";

/// Devices of this name that can still come in.
const LIVE: &str = "
    SELECT count(*) FROM device d JOIN certificate c ON c.device_id = d.device_id
     WHERE d.office_id = $1 AND d.label = $2 AND d.revoked_at IS NULL AND c.revoked_at IS NULL AND c.valid_until > $3";

/// What had this name before and ran out: the name is free again.
const RETIRE: &str = "
    UPDATE device SET revoked_at = $3 WHERE office_id = $1 AND label = $2 AND revoked_at IS NULL";

const INSERT_DEVICE: &str = "
    INSERT INTO device (device_id, office_id, label, origin, request_id, enrolled_at) VALUES ($1, $2, $3, $4, $5, $6)";

#[derive(FromRow)]
struct PendingRow {
    request_id: String,
    office_number: String,
    office_name: String,
    label: String,
    evidence: String,
    requested_by: String,
    requested_at: String,
}

#[derive(FromRow)]
struct CodeRow {
    office_id: String,
    office_number: String,
    name: String,
    request_id: String,
    label: String,
    evidence_digest: Option<String>,
    requested_by: String,
    approved_by: Option<String>,
    scopes: Option<String>,
}

/// A device that is about to enter the register.
pub(crate) struct NewDevice<'a> {
    pub(crate) id: DeviceId,
    pub(crate) office_id: &'a str,
    pub(crate) label: &'a str,
    pub(crate) origin: &'static str,
    pub(crate) request_id: Option<&'a str>,
}

/// What two people agreed on.
pub(crate) struct AgreedEnrolment<'a> {
    pub(crate) office_id: &'a str,
    pub(crate) label: &'a str,
    pub(crate) evidence: &'a str,
    pub(crate) evidence_digest: Option<&'a str>,
    pub(crate) requested_by: &'a str,
    pub(crate) approved_by: &'a str,
}

/// Whether no device of this name can still come in.
pub(crate) async fn name_is_free(c: &mut Connection, office_id: &str, label: &str, at: &str) -> Result<bool, Error> {
    let live: i64 = sqlx::query_scalar(LIVE).bind(office_id).bind(label).bind(at).fetch_one(c).await?;
    Ok(live == 0)
}

/// After [`name_is_free`], in the same transaction.
pub(crate) async fn insert_device(c: &mut Connection, device: NewDevice<'_>, at: &str) -> Result<(), Error> {
    sqlx::query(RETIRE).bind(device.office_id).bind(device.label).bind(at).execute(&mut *c).await?;
    sqlx::query(INSERT_DEVICE)
        .bind(device.id.to_string())
        .bind(device.office_id)
        .bind(device.label)
        .bind(device.origin)
        .bind(device.request_id)
        .bind(at)
        .execute(c)
        .await?;
    Ok(())
}

/// A request that two people brought together, with what they bring: for a certificate that exists already.
pub(crate) async fn insert_agreed(
    c: &mut Connection,
    agreed: AgreedEnrolment<'_>,
    at: &str,
) -> Result<EnrolmentRequestId, Error> {
    let id = EnrolmentRequestId::fresh();
    sqlx::query(INSERT_REQUEST)
        .bind(id.to_string())
        .bind(agreed.office_id)
        .bind(agreed.label)
        .bind(agreed.evidence)
        .bind(agreed.evidence_digest)
        .bind(agreed.requested_by)
        .bind(at)
        .bind(None::<String>)
        .execute(&mut *c)
        .await?;
    sqlx::query(APPROVE).bind(id.to_string()).bind(agreed.approved_by).bind(at).execute(c).await?;
    Ok(id)
}

/// Trimmed, or `None` when empty, too long, or not made to be read.
pub(crate) fn readable(text: &str, characters_max: usize) -> Option<String> {
    let text = text.trim();
    let fits = (1..=characters_max).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    fits.then(|| text.to_owned())
}

pub(crate) fn label(text: &str) -> Option<String> {
    readable(text, LABEL_CHARACTERS_MAX)
}

pub(crate) fn evidence(text: &str) -> Option<String> {
    readable(text, EVIDENCE_CHARACTERS_MAX)
}

impl Store {
    /// Asks for a device to be enrolled. Nothing is issued until somebody else agrees.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn request_enrolment(&self, new: NewEnrolment, by: &OperatorName) -> Result<Requested, Error> {
        let (Some(label), Some(evidence)) = (label(&new.label), evidence(&new.evidence)) else {
            return Ok(Requested::Incomplete);
        };
        let Some(office) = self.office_or_operator(new.office).await?.filter(|office| !office.register.closed) else {
            return Ok(Requested::NoSuchOffice);
        };
        let now = self.clock.now();
        let id = EnrolmentRequestId::fresh();
        let mut act = Act::officer(Action::DeviceRequest, by, now).object(id).office(new.office);
        let evidence_digest = new.evidence_digest.map(|digest| digest.to_string());
        if let Some(digest) = &evidence_digest {
            act = act.code("evidence", digest);
        }
        let (entry, by, at) = (act.done()?, by.to_string(), clock::text(now));
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    let office_id = office.id.to_string();
                    if !name_is_free(c, &office_id, &label, &at).await? {
                        return Ok(Requested::DeviceTaken);
                    }
                    sqlx::query(INSERT_REQUEST)
                        .bind(id.to_string())
                        .bind(office_id)
                        .bind(label)
                        .bind(evidence)
                        .bind(evidence_digest)
                        .bind(by)
                        .bind(at)
                        .bind(new.scopes.map(|scopes| scopes.to_string()))
                        .execute(&mut *c)
                        .await?;
                    record::append(c, &entry).await?;
                    Ok(Requested::Done(id))
                })
            })
            .await
    }

    /// Requests that wait for a second person, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn pending_enrolments(&self) -> Result<Vec<PendingEnrolment>, Error> {
        const WHERE: Error = Error::Impossible("enrolment_request");
        let since = clock::text(self.clock.now() - REQUEST_LIFE);
        let rows: Vec<PendingRow> = sqlx::query_as(PENDING).bind(since).bind(LISTED_MAX).fetch_all(&self.reads).await?;
        rows.into_iter()
            .map(|row| {
                Ok(PendingEnrolment {
                    id: row.request_id.parse().map_err(|_| WHERE)?,
                    office_number: row.office_number.parse().map_err(|_| WHERE)?,
                    office_name: row.office_name,
                    label: row.label,
                    evidence: row.evidence,
                    requested_by: row.requested_by,
                    requested_at: row.requested_at,
                })
            })
            .collect()
    }

    /// Agrees to a request and issues its one-time code. Whoever asked cannot (R7.2).
    ///
    /// # Errors
    /// When the database fails.
    pub async fn approve_enrolment(&self, id: EnrolmentRequestId, by: &OperatorName) -> Result<Approval, Error> {
        let now = self.clock.now();
        let found: Option<(String, String, String)> = sqlx::query_as(FIND_REQUEST)
            .bind(id.to_string())
            .bind(clock::text(now - REQUEST_LIFE))
            .fetch_optional(&self.reads)
            .await?;
        let Some((requested_by, office_id, number)) = found else { return Ok(Approval::NotPending) };
        let number: OfficeNumber = number.parse().map_err(|_| Error::Impossible("office.office_number"))?;
        let act = Act::officer(Action::DeviceApprove, by, now).object(id).office(number);
        if requested_by == by.to_string() {
            self.record(act.refused_for("own-request")?).await?;
            return Ok(Approval::OwnRequest);
        }
        let approved = act.done()?;
        let issued = Act::officer(Action::DeviceCode, by, now).object(id).office(number).done()?;
        let code = fresh_code();
        let index = self.code_index(&code)?;
        let expires_at = clock::text(now + CODE_LIFE);
        let (by, at, until) = (by.to_string(), clock::text(now), expires_at.clone());
        let done = self
            .writer
            .run(move |c| {
                Box::pin(async move {
                    let agreed = sqlx::query(APPROVE)
                        .bind(id.to_string())
                        .bind(by)
                        .bind(&at)
                        .execute(&mut *c)
                        .await?
                        .rows_affected();
                    if agreed == 0 {
                        return Ok(false);
                    }
                    sqlx::query(INSERT_CODE)
                        .bind(index)
                        .bind(office_id)
                        .bind(at)
                        .bind(until)
                        .bind(id.to_string())
                        .execute(&mut *c)
                        .await?;
                    record::append(c, &approved).await?;
                    record::append(c, &issued).await?;
                    Ok(true)
                })
            })
            .await?;
        Ok(if done { Approval::Code(EnrolmentCode { code, expires_at }) } else { Approval::NotPending })
    }

    /// Enrols a device: a good code and a sound request become a certificate (R7.2). The private key never came here.
    ///
    /// # Errors
    /// When the database fails or the authority's key does not open.
    pub async fn enrol(&self, code: &str, request_pem: &str, from: IpAddr) -> Result<Enrolment, Error> {
        let now = self.clock.now();
        // Whoever knocks here is unknown, and each refusal is an entry for good: their number needs a bound.
        let blocked = Act::unknown(Action::DeviceEnrol, now).source(Some(from));
        let Reserved::Go(counted) = self.reserve_enrolment(from, blocked).await? else { return Ok(Enrolment::Wait) };
        let index = match normalise_code(code) {
            Some(code) => self.code_index(&code)?,
            None => return self.refuse_enrolment(now, from, "code").await.map(|()| Enrolment::CodeRefused),
        };
        let row: Option<CodeRow> =
            sqlx::query_as(FIND_CODE).bind(&index).bind(clock::text(now)).fetch_optional(&self.reads).await?;
        let Some(row) = row else {
            return self.refuse_enrolment(now, from, "code").await.map(|()| Enrolment::CodeRefused);
        };
        let number: OfficeNumber = row.office_number.parse().map_err(|_| Error::Impossible("office.office_number"))?;
        let id = DeviceId::fresh();
        let Some(issued) = self.issue_certificate(request_pem, id, number, now).await? else {
            return self.refuse_enrolment(now, from, "request").await.map(|()| Enrolment::RequestRefused);
        };
        let entry = Act::device(Action::DeviceEnrol, id, &issued.serial, now)
            .object(id)
            .office(number)
            .source(Some(from))
            .code("authority", &issued.authority_digest)
            .hex("serial", &issued.serial)
            .done()?;
        let office_id: OfficeId = row.office_id.parse().map_err(|_| Error::Impossible("office.office_id"))?;
        let scopes: Option<Scopes> = row
            .scopes
            .as_deref()
            .map(str::parse)
            .transpose()
            .map_err(|_| Error::Impossible("enrolment_request.scopes"))?;
        let software = scopes.map(|scopes| self.first_software(office_id, id, scopes)).transpose()?;
        let software = match software {
            Some(software) => {
                let act = Act::device(Action::SoftwareAdd, id, &issued.serial, now).object(software.id).office(number);
                Some((software, act.source(Some(from)).done()?))
            }
            None => None,
        };
        let device = EnrolledDevice {
            id,
            certificate_pem: issued.pem.clone(),
            authority_pem: issued.authority_pem.clone(),
            office_number: number,
            office_name: row.name.clone(),
            software_token: software.as_ref().map(|(software, _)| software.token.clone()),
        };
        let at = clock::text(now);
        let tried = self
            .writer
            .run(move |c| {
                Box::pin(async move {
                    let good: i64 = sqlx::query_scalar(GOOD_CODE).bind(&index).bind(&at).fetch_one(&mut *c).await?;
                    if good == 0 {
                        return Ok(Tried::CodeUsed);
                    }
                    if certificates::key_is_known(c, &issued.key_digest).await? {
                        return Ok(Tried::KeyKnown);
                    }
                    if !name_is_free(c, &row.office_id, &row.label, &at).await? {
                        return Ok(Tried::DeviceTaken);
                    }
                    sqlx::query(USE_CODE).bind(index).bind(&at).execute(&mut *c).await?;
                    let device = NewDevice {
                        id,
                        office_id: &row.office_id,
                        label: &row.label,
                        origin: "built-in",
                        request_id: Some(&row.request_id),
                    };
                    insert_device(c, device, &at).await?;
                    let certificate = NewCertificate {
                        digest: Digest::of_file(&issued.der).to_string(),
                        serial: hex(&issued.serial),
                        authority_digest: issued.authority_digest,
                        key_digest: issued.key_digest,
                        device: id,
                        issued_at: at,
                        valid_from: clock::text(issued.valid_from),
                        valid_until: clock::text(issued.valid_until),
                        evidence_digest: row.evidence_digest,
                        requested_by: Some(row.requested_by),
                        approved_by: row.approved_by,
                        replaces: None,
                    };
                    certificates::insert(c, certificate).await?;
                    record::append(c, &entry).await?;
                    if let Some((software, entry)) = software {
                        software.insert(c).await?;
                        record::append(c, &entry).await?;
                    }
                    succeeded(c, &counted).await?;
                    Ok(Tried::Done)
                })
            })
            .await?;
        match tried {
            Tried::Done => Ok(Enrolment::Done(device)),
            Tried::CodeUsed => Ok(Enrolment::CodeRefused),
            Tried::KeyKnown => self.refuse_enrolment(now, from, "key").await.map(|()| Enrolment::RequestRefused),
            Tried::DeviceTaken => self.refuse_enrolment(now, from, "device").await.map(|()| Enrolment::DeviceTaken),
        }
    }

    async fn refuse_enrolment(&self, now: Timestamp, from: IpAddr, code: &'static str) -> Result<(), Error> {
        let entry = Act::unknown(Action::DeviceEnrol, now).source(Some(from)).refused_for(code)?;
        self.record(entry).await
    }

    fn code_index(&self, code: &str) -> Result<String, Error> {
        let code = normalise_code(code).ok_or(Error::Impossible("enrolment code"))?;
        self.keyed_index("enrolment_code", code.as_bytes())
    }
}

enum Tried {
    Done,
    CodeUsed,
    KeyKnown,
    DeviceTaken,
}

pub(crate) fn fresh_code() -> Zeroizing<String> {
    let mut random = Zeroizing::new([0; CODE_CHARACTERS]);
    rand::rng().fill_bytes(random.as_mut());
    let mut code = Zeroizing::new(String::with_capacity(CODE_CHARACTERS + 3));
    for (at, byte) in random.iter().enumerate() {
        if at > 0 && at % 4 == 0 {
            code.push('-');
        }
        // 256 is a multiple of 32: every character is equally likely.
        code.push(char::from(CODE_ALPHABET[usize::from(byte % 32)]));
    }
    code
}

/// What a person may have typed: lower case, hyphens, spaces, O for 0, I or L for 1.
pub(crate) fn normalise_code(typed: &str) -> Option<Zeroizing<String>> {
    let mut code = Zeroizing::new(String::with_capacity(CODE_CHARACTERS));
    for character in typed.chars().filter(|character| !matches!(character, '-' | ' ')) {
        let character = match character.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        };
        if !u8::try_from(character).is_ok_and(|byte| CODE_ALPHABET.contains(&byte)) || code.len() == CODE_CHARACTERS {
            return None;
        }
        code.push(character);
    }
    (code.len() == CODE_CHARACTERS).then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_as_people_type_it() {
        let code = fresh_code();
        assert_eq!(code.len(), CODE_CHARACTERS + 3);
        let plain = normalise_code(&code).expect("our own code");
        assert_eq!(normalise_code(&code.to_lowercase().replace('-', " ")).as_deref(), Some(&*plain));
        assert_eq!(normalise_code("OOOO-IIII-LLLL-2222").as_deref().map(String::as_str), Some("0000111111112222"));
        for bad in ["", "0000", "0000-0000-0000-0000-0", "ＡAAA-AAAA-AAAA-AAA", "UUUU-UUUU-UUUU-UUUU"] {
            assert!(normalise_code(bad).is_none(), "{bad}");
        }
    }
}

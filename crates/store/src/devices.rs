//! 端末: one-time codes, certificates, and who is behind a certificate.

use crate::hex::{hex, unhex};
use crate::people::Token;
use crate::record::{self, Act};
use crate::{DeviceId, Error, KEY_VERSION, Office, Store, clock};
use exchange::Digest;
use identity::Scopes;
use jiff::{SignedDuration, Timestamp};
use ledger::Action;
use rand::Rng as _;
use seal::{Purpose, Zeroizing, blind_index};
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
const LISTED_MAX: i64 = 100_000;

/// Who asks: a device whose certificate the handshake proved, and its office.
#[derive(Clone, Debug)]
pub struct Asker {
    /// 端末.
    pub device_id: DeviceId,
    /// Its office.
    pub office: Office,
    /// From where, if known.
    pub address: Option<IpAddr>,
    pub(crate) certificate_serial: Vec<u8>,
    /// Of the certificate of this very connection: sessions are bound to it (R8.14).
    pub(crate) certificate_digest: String,
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
    /// The request is malformed, weakly keyed, or names another office. The code stays good.
    RequestRefused,
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
    /// For the program on this device, where the code was issued for one.
    pub software_token: Option<Token>,
}

/// A device in the register.
#[derive(Clone, Debug)]
pub struct Device {
    /// Ours.
    pub id: DeviceId,
    /// Its office.
    pub office_number: OfficeNumber,
    /// RFC 3339, UTC; so are the others.
    pub enrolled_at: String,
    /// End of its certificate.
    pub valid_until: String,
    /// When it was revoked.
    pub revoked_at: Option<String>,
}

const INSERT_CODE: &str = "
    INSERT INTO enrolment_code (code_index, office_id, issued_at, expires_at, scopes) VALUES ($1, $2, $3, $4, $5)";

const FIND_CODE: &str = "
    SELECT o.office_number, e.scopes FROM enrolment_code e JOIN office o ON o.office_id = e.office_id
     WHERE e.code_index = $1 AND e.used_at IS NULL AND e.expires_at > $2 AND o.closed_at IS NULL";

/// Uses a code up. Only once, and only before it expires.
const USE_CODE: &str = "
    UPDATE enrolment_code SET used_at = $2 WHERE code_index = $1 AND used_at IS NULL AND expires_at > $2";

const INSERT_DEVICE: &str = "
    INSERT INTO device (device_id, office_id, certificate_serial, certificate_digest, valid_until, enrolled_at)
    VALUES ($1, $2, $3, $4, $5, $6)";

const BY_CERTIFICATE: &str = "
    SELECT d.device_id, d.certificate_serial,
           o.office_id, o.office_number, o.name, o.service_types, o.key_id, o.public_key, o.closed_at, o.is_operator
      FROM device d JOIN office o ON o.office_id = d.office_id
     WHERE d.certificate_digest = $1 AND d.revoked_at IS NULL AND d.valid_until > $2";

const REVOKE: &str = "
    UPDATE device SET revoked_at = $2 WHERE device_id = $1 AND revoked_at IS NULL";

const DEVICES: &str = "
    SELECT d.device_id, o.office_number, d.enrolled_at, d.valid_until, d.revoked_at
      FROM device d JOIN office o ON o.office_id = d.office_id
     WHERE o.office_number = $1 ORDER BY d.enrolled_at LIMIT $2";

#[derive(FromRow)]
struct AskerRow {
    device_id: String,
    certificate_serial: String,
    #[sqlx(flatten)]
    office: crate::offices::OfficeRow,
}

#[derive(FromRow)]
struct DeviceRow {
    device_id: String,
    office_number: String,
    enrolled_at: String,
    valid_until: String,
    revoked_at: Option<String>,
}

impl Store {
    /// Issues a one-time code for a device of this office. `None` when no open office has the number.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn issue_code(&self, number: OfficeNumber) -> Result<Option<EnrolmentCode>, Error> {
        match self.office(number).await?.filter(|office| !office.register.closed) {
            Some(office) => self.code_for(&office, None).await.map(Some),
            None => Ok(None),
        }
    }

    /// Issues a one-time code for a device of the operator's own.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn issue_operator_code(&self) -> Result<EnrolmentCode, Error> {
        let operator = self.operator().await?;
        self.code_for(&operator, None).await
    }

    pub(crate) async fn code_for(&self, office: &Office, scopes: Option<Scopes>) -> Result<EnrolmentCode, Error> {
        let code = fresh_code();
        let index = self.code_index(&code)?;
        let now = self.clock.now();
        let expires_at = clock::text(now + CODE_LIFE);
        let entry = Act::operator(Action::DeviceCode, now).object(office.id).office(office.register.number).done()?;
        let (at, until, office_id) = (clock::text(now), expires_at.clone(), office.id);
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    sqlx::query(INSERT_CODE)
                        .bind(index)
                        .bind(office_id.to_string())
                        .bind(at)
                        .bind(until)
                        .bind(scopes.map(|scopes| scopes.to_string()))
                        .execute(&mut *c)
                        .await?;
                    record::append(c, &entry).await.map(|_| ())
                })
            })
            .await?;
        Ok(EnrolmentCode { code, expires_at })
    }

    /// Enrols a device: a good code and a sound request become a certificate (R7.2). The private key never came here.
    ///
    /// # Errors
    /// When the database fails or the authority's key does not open.
    pub async fn enrol(&self, code: &str, request_pem: &str, from: IpAddr) -> Result<Enrolment, Error> {
        let now = self.clock.now();
        let index = match normalise_code(code) {
            Some(code) => self.code_index(&code)?,
            None => return self.refuse_enrolment(now, from, "code").await.map(|()| Enrolment::CodeRefused),
        };
        let found: Option<(String, Option<String>)> =
            sqlx::query_as(FIND_CODE).bind(&index).bind(clock::text(now)).fetch_optional(&self.reads).await?;
        let Some((number, scopes)) = found else {
            return self.refuse_enrolment(now, from, "code").await.map(|()| Enrolment::CodeRefused);
        };
        let number: OfficeNumber = number.parse().map_err(|_| Error::Impossible("office.office_number"))?;
        let office = self.office_or_operator(number).await?.ok_or(Error::Impossible("office"))?;
        let id = DeviceId::fresh();
        let Some(issued) = self.issue_certificate(request_pem, id, number, now).await? else {
            return self.refuse_enrolment(now, from, "request").await.map(|()| Enrolment::RequestRefused);
        };
        let entry = Act::device(Action::DeviceEnrol, id, &issued.serial, now)
            .object(id)
            .office(number)
            .source(Some(from))
            .done()?;
        let scopes: Option<Scopes> =
            scopes.as_deref().map(str::parse).transpose().map_err(|_| Error::Impossible("enrolment_code.scopes"))?;
        let software = scopes.map(|scopes| self.first_software(&office, id, scopes)).transpose()?;
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
            office_name: office.name.clone(),
            software_token: software.as_ref().map(|(software, _)| software.token.clone()),
        };
        let at = clock::text(now);
        let enrolled = self
            .writer
            .run(move |c| {
                Box::pin(async move {
                    let used = sqlx::query(USE_CODE).bind(index).bind(&at).execute(&mut *c).await?.rows_affected();
                    if used == 0 {
                        return Ok(false);
                    }
                    sqlx::query(INSERT_DEVICE)
                        .bind(id.to_string())
                        .bind(office.id.to_string())
                        .bind(hex(&issued.serial))
                        .bind(Digest::of_file(&issued.der).to_string())
                        .bind(clock::text(issued.valid_until))
                        .bind(&at)
                        .execute(&mut *c)
                        .await?;
                    record::append(c, &entry).await?;
                    if let Some((software, entry)) = software {
                        software.insert(c).await?;
                        record::append(c, &entry).await?;
                    }
                    Ok(true)
                })
            })
            .await?;
        Ok(if enrolled { Enrolment::Done(device) } else { Enrolment::CodeRefused })
    }

    async fn refuse_enrolment(&self, now: Timestamp, from: IpAddr, code: &'static str) -> Result<(), Error> {
        let entry = Act::unknown(Action::DeviceEnrol, now).source(Some(from)).refused_for(code)?;
        self.record(entry).await
    }

    /// Who is behind a certificate that a handshake proved. `None` when it is unknown to the register, revoked or over.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn asker(&self, certificate_digest: &str, address: IpAddr) -> Result<Option<Asker>, Error> {
        let row: Option<AskerRow> = sqlx::query_as(BY_CERTIFICATE)
            .bind(certificate_digest)
            .bind(self.now_text())
            .fetch_optional(&self.reads)
            .await?;
        row.map(|row| {
            Ok(Asker {
                device_id: row.device_id.parse().map_err(|_| Error::Impossible("device.device_id"))?,
                certificate_serial: unhex(&row.certificate_serial)
                    .ok_or(Error::Impossible("device.certificate_serial"))?,
                certificate_digest: certificate_digest.to_owned(),
                office: row.office.read(&self.public_keys)?,
                address: Some(address),
            })
        })
        .transpose()
    }

    /// Records that a certificate which the handshake accepted belongs to no device that may come in (R7.3).
    ///
    /// # Errors
    /// When the database fails.
    pub async fn record_stranger(&self, address: IpAddr) -> Result<(), Error> {
        let entry = Act::unknown(Action::AccessRefuse, self.clock.now()).source(Some(address));
        self.record(entry.refused_for("device")?).await
    }

    /// Records that an office asked for a set that is none of its own, or does not exist (R1.6).
    ///
    /// # Errors
    /// When the database fails.
    pub async fn record_not_found(&self, asker: &Asker) -> Result<(), Error> {
        let entry = Act::asker(Action::AccessRefuse, asker, self.clock.now());
        self.record(entry.refused_for("not-found")?).await
    }

    /// The devices of an office.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn devices(&self, number: OfficeNumber) -> Result<Vec<Device>, Error> {
        const WHERE: Error = Error::Impossible("device");
        let rows: Vec<DeviceRow> =
            sqlx::query_as(DEVICES).bind(number.to_string()).bind(LISTED_MAX).fetch_all(&self.reads).await?;
        rows.into_iter()
            .map(|row| {
                Ok(Device {
                    id: row.device_id.parse().map_err(|_| WHERE)?,
                    office_number: row.office_number.parse().map_err(|_| WHERE)?,
                    enrolled_at: row.enrolled_at,
                    valid_until: row.valid_until,
                    revoked_at: row.revoked_at,
                })
            })
            .collect()
    }

    /// Revokes a device's certificate; its next request is refused (R7.3). False when there is no such device.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn revoke_device(&self, id: DeviceId) -> Result<bool, Error> {
        let now = self.clock.now();
        let entry = Act::operator(Action::DeviceRevoke, now).object(id).done()?;
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    let revoked = sqlx::query(REVOKE)
                        .bind(id.to_string())
                        .bind(clock::text(now))
                        .execute(&mut *c)
                        .await?
                        .rows_affected();
                    if revoked == 1 {
                        record::append(c, &entry).await?;
                    }
                    Ok(revoked == 1)
                })
            })
            .await
    }

    fn code_index(&self, code: &str) -> Result<String, Error> {
        const WHERE: Error = Error::Impossible("blind index key");
        let key = self.master.derive(&Purpose::BlindIndexKey { version: KEY_VERSION }).map_err(|_| WHERE)?;
        let code = normalise_code(code).ok_or(WHERE)?;
        Ok(hex(&blind_index(&key, "enrolment_code", code.as_bytes()).map_err(|_| WHERE)?))
    }
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

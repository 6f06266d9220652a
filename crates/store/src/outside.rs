//! 外部の認証局 — certificates of others as an alternative (R7.8). They prove a device only once it is in the register:
//! which office it belongs to is read from the certificate, by the policy of its authority, and agreed to by two people.

use crate::certificates::{self, NewCertificate};
use crate::enrolment::{self, AgreedEnrolment, NewDevice};
use crate::hex::hex;
use crate::notices::{self, NewNotice};
use crate::record::{self, Act};
use crate::{Authority, DeviceId, Error, OperatorName, Store, clock};
use exchange::Digest;
use jiff::Timestamp;
use ledger::Action;
use sqlx::FromRow;
use standard::OfficeNumber;
use std::fmt;
use std::str::FromStr;
use x509_parser::extensions::GeneralName;
use x509_parser::pem::parse_x509_pem;
use x509_parser::prelude::{FromDer as _, X509Certificate};
use x509_parser::public_key::PublicKey;

/// Each costs a try at every handshake of a stranger.
const AUTHORITIES_MAX: usize = 16;
const NAME_CHARACTERS_MAX: usize = 100;
/// Below this a key is accepted for now, and its owner told to get a longer one (R5.8).
const RSA_BITS_ADVISED: usize = 3_072;

/// Where an authority writes the 事業所番号.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OfficeNumberIn {
    /// The subject's common name.
    SubjectCn,
    /// The subject's serialNumber.
    SubjectSerial,
    /// A DNS name or URI among the alternative names, its last ten digits.
    San,
}

impl OfficeNumberIn {
    const ALL: [Self; 3] = [Self::SubjectCn, Self::SubjectSerial, Self::San];

    fn code(self) -> &'static str {
        match self {
            Self::SubjectCn => "subject-cn",
            Self::SubjectSerial => "subject-serial",
            Self::San => "san",
        }
    }

    /// The only office number in that place; two different ones are none.
    fn read(self, certificate: &X509Certificate<'_>) -> Option<OfficeNumber> {
        let mut found: Vec<OfficeNumber> = match self {
            Self::SubjectCn => certificate
                .subject()
                .iter_common_name()
                .filter_map(|name| name.as_str().ok()?.trim().parse().ok())
                .collect(),
            Self::SubjectSerial => certificate
                .subject()
                .iter_attributes()
                .filter(|attribute| attribute.attr_type().to_id_string() == "2.5.4.5")
                .filter_map(|name| name.as_str().ok()?.trim().parse().ok())
                .collect(),
            Self::San => {
                let names = certificate.subject_alternative_name().ok().flatten();
                names
                    .iter()
                    .flat_map(|names| &names.value.general_names)
                    .filter_map(|name| match name {
                        GeneralName::DNSName(name) | GeneralName::URI(name) => numbers(name),
                        _ => None,
                    })
                    .collect()
            }
        };
        found.dedup();
        match found.as_slice() {
            [number] => Some(*number),
            _ => None,
        }
    }
}

/// `1399900018.office.example`, `urn:kaigo:1399900018`: the one run of exactly ten digits.
fn numbers(name: &str) -> Option<OfficeNumber> {
    let mut runs = name.split(|character: char| !character.is_ascii_digit()).filter(|run| run.len() == 10);
    match (runs.next(), runs.next()) {
        (Some(run), None) => run.parse().ok(),
        _ => None,
    }
}

impl fmt::Display for OfficeNumberIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for OfficeNumberIn {
    type Err = crate::NotAnId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|place| place.code() == text).ok_or(crate::NotAnId)
    }
}

/// An authority to be accepted.
#[derive(Clone, Debug)]
pub struct NewOutsideAuthority {
    /// What the operator calls it.
    pub name: String,
    /// PEM, one certificate.
    pub certificate_pem: String,
    /// Where it writes the office number.
    pub office_number_in: OfficeNumberIn,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutsideTrusted {
    /// Accepted; serving nodes know within a minute.
    Done,
    /// Not the certificate of an authority, or no name for it.
    NoAuthority,
    /// Accepted already.
    Known,
    /// As many as there may be.
    TooMany,
    /// One person cannot both bring and accept it.
    OwnRequest,
}

/// An authority in the register.
#[derive(Clone, Debug)]
pub struct OutsideAuthority {
    /// SHA-256 of its certificate.
    pub digest: String,
    /// What the operator calls it.
    pub name: String,
    /// Where it writes the office number.
    pub office_number_in: String,
    /// Who brought it.
    pub added_by: String,
    /// Who agreed.
    pub approved_by: String,
    /// RFC 3339, UTC; so is the other.
    pub added_at: String,
    /// When it was no longer accepted.
    pub removed_at: Option<String>,
    /// PEM.
    pub certificate_pem: String,
}

/// A device that has a certificate of an outside authority already.
#[derive(Clone, Debug)]
pub struct NewOutsideDevice {
    /// PEM.
    pub certificate_pem: String,
    /// SHA-256 of the authority's certificate that its chain ends in, found by whoever verified the chain.
    pub authority_digest: String,
    /// What the office calls it.
    pub label: String,
    /// How the office was proven.
    pub evidence: String,
    /// SHA-256 of the copy of the papers, if there is a file.
    pub evidence_digest: Option<Digest>,
}

/// What came of registering an outside certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutsideRegistration {
    /// The device may come in with it.
    Done {
        /// 端末.
        device: DeviceId,
        /// The office its certificate names.
        office: OfficeNumber,
        /// Whether its key is shorter than advised (R5.8).
        weak_key: bool,
    },
    /// Not a certificate, or over, or not yet good.
    Unusable,
    /// No accepted authority issued it.
    UnknownAuthority,
    /// Where the policy looks stands no office number, or more than one.
    NoOfficeNumber,
    /// The number is of no open office.
    NoSuchOffice,
    /// This certificate or its key is in the register already, or a device of this name is.
    Known,
    /// No label or evidence.
    Incomplete,
    /// One person cannot both bring and accept it.
    OwnRequest,
}

const INSERT: &str = "
    INSERT INTO outside_authority (authority_digest, name, certificate, office_number_in, added_by, approved_by, added_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (authority_digest) DO UPDATE
       SET name = $2, office_number_in = $4, added_by = $5, approved_by = $6, added_at = $7, removed_at = NULL
     WHERE outside_authority.removed_at IS NOT NULL";

const LIST: &str = "
    SELECT authority_digest, name, certificate, office_number_in, added_by, approved_by, added_at, removed_at
      FROM outside_authority ORDER BY added_at LIMIT $1";

const REMOVE: &str = "
    UPDATE outside_authority SET removed_at = $2 WHERE authority_digest = $1 AND removed_at IS NULL";

#[derive(FromRow)]
struct AuthorityRow {
    authority_digest: String,
    name: String,
    certificate: String,
    office_number_in: String,
    added_by: String,
    approved_by: String,
    added_at: String,
    removed_at: Option<String>,
}

impl Store {
    /// Accepts certificates of another authority (R7.8). They open nothing until a device is registered with one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn trust_outside(
        &self,
        new: NewOutsideAuthority,
        by: &OperatorName,
        approved_by: &OperatorName,
    ) -> Result<OutsideTrusted, Error> {
        if by.is(approved_by) {
            return Ok(OutsideTrusted::OwnRequest);
        }
        let Some(name) = enrolment::readable(&new.name, NAME_CHARACTERS_MAX) else {
            return Ok(OutsideTrusted::NoAuthority);
        };
        let Ok((_, block)) = parse_x509_pem(new.certificate_pem.as_bytes()) else {
            return Ok(OutsideTrusted::NoAuthority);
        };
        if !block.parse_x509().is_ok_and(|certificate| certificate.is_ca()) {
            return Ok(OutsideTrusted::NoAuthority);
        }
        if self.enabled_outside_authorities().await?.len() >= AUTHORITIES_MAX {
            return Ok(OutsideTrusted::TooMany);
        }
        let now = self.clock.now();
        let digest = Digest::of_file(&block.contents).to_string();
        let entry = Act::officer(Action::AuthorityTrust, approved_by, now)
            .object(&digest)
            .code("office_number_in", new.office_number_in.code())
            .done()?;
        let (by, approved_by) = (by.to_string(), approved_by.to_string());
        let added = self
            .writer
            .run(move |c| {
                Box::pin(async move {
                    let added = sqlx::query(INSERT)
                        .bind(digest)
                        .bind(name)
                        .bind(new.certificate_pem)
                        .bind(new.office_number_in.code())
                        .bind(by)
                        .bind(approved_by)
                        .bind(clock::text(now))
                        .execute(&mut *c)
                        .await?
                        .rows_affected();
                    if added == 1 {
                        record::append(c, &entry).await?;
                    }
                    Ok(added == 1)
                })
            })
            .await?;
        Ok(if added { OutsideTrusted::Done } else { OutsideTrusted::Known })
    }

    /// Accepts an outside authority's certificates no longer: its devices are refused at their next request. False when it
    /// was not accepted.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn distrust_outside(&self, digest: &str, by: &OperatorName) -> Result<bool, Error> {
        let now = self.clock.now();
        let Ok(entry) = Act::officer(Action::AuthorityDistrust, by, now).object(digest).done() else {
            return Ok(false);
        };
        let digest = digest.to_owned();
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    let removed =
                        sqlx::query(REMOVE).bind(digest).bind(clock::text(now)).execute(&mut *c).await?.rows_affected();
                    if removed == 1 {
                        record::append(c, &entry).await?;
                    }
                    Ok(removed == 1)
                })
            })
            .await
    }

    /// Every outside authority that ever was accepted.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn outside_authorities(&self) -> Result<Vec<OutsideAuthority>, Error> {
        let rows: Vec<AuthorityRow> = sqlx::query_as(LIST).bind(1_000).fetch_all(&self.reads).await?;
        Ok(rows
            .into_iter()
            .map(|row| OutsideAuthority {
                digest: row.authority_digest,
                name: row.name,
                office_number_in: row.office_number_in,
                added_by: row.added_by,
                approved_by: row.approved_by,
                added_at: row.added_at,
                removed_at: row.removed_at,
                certificate_pem: row.certificate,
            })
            .collect())
    }

    pub(crate) async fn enabled_outside_authorities(&self) -> Result<Vec<Authority>, Error> {
        let all = self.outside_authorities().await?;
        all.into_iter()
            .filter(|authority| authority.removed_at.is_none())
            .map(|authority| {
                let (_, block) = parse_x509_pem(authority.certificate_pem.as_bytes())
                    .map_err(|_| Error::Impossible("outside_authority.certificate"))?;
                Ok(Authority { certificate: block.contents, outside: true })
            })
            .collect()
    }

    /// Lets a device come in with a certificate of an accepted outside authority.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn register_outside(
        &self,
        new: NewOutsideDevice,
        by: &OperatorName,
        approved_by: &OperatorName,
    ) -> Result<OutsideRegistration, Error> {
        if by.is(approved_by) {
            return Ok(OutsideRegistration::OwnRequest);
        }
        let (Some(label), Some(evidence)) = (enrolment::label(&new.label), enrolment::evidence(&new.evidence)) else {
            return Ok(OutsideRegistration::Incomplete);
        };
        let now = self.clock.now();
        let Ok((_, block)) = parse_x509_pem(new.certificate_pem.as_bytes()) else {
            return Ok(OutsideRegistration::Unusable);
        };
        let Ok((_, certificate)) = X509Certificate::from_der(&block.contents) else {
            return Ok(OutsideRegistration::Unusable);
        };
        let instant = |time: i64| Timestamp::from_second(time).ok();
        let validity = certificate.validity();
        let (Some(from), Some(until)) =
            (instant(validity.not_before.timestamp()), instant(validity.not_after.timestamp()))
        else {
            return Ok(OutsideRegistration::Unusable);
        };
        if certificate.is_ca() || !(from..until).contains(&now) {
            return Ok(OutsideRegistration::Unusable);
        }
        let authority = self
            .outside_authorities()
            .await?
            .into_iter()
            .find(|authority| authority.removed_at.is_none() && authority.digest == new.authority_digest);
        let Some(authority) = authority else { return Ok(OutsideRegistration::UnknownAuthority) };
        let place: OfficeNumberIn =
            authority.office_number_in.parse().map_err(|_| Error::Impossible("outside_authority.office_number_in"))?;
        let Some(number) = place.read(&certificate) else { return Ok(OutsideRegistration::NoOfficeNumber) };
        let Some(office) = self.office(number).await?.filter(|office| !office.register.closed) else {
            return Ok(OutsideRegistration::NoSuchOffice);
        };
        let weak_key = matches!(certificate.public_key().parsed(),
            Ok(PublicKey::RSA(key)) if key.key_size() < RSA_BITS_ADVISED);
        let id = DeviceId::fresh();
        let serial = certificate.raw_serial();
        // A leading zero only says that the number is positive.
        let serial = hex(serial.strip_prefix(&[0]).filter(|rest| !rest.is_empty()).unwrap_or(serial));
        let digest = Digest::of_file(&block.contents).to_string();
        let key_digest = Digest::of_file(&certificate.public_key().subject_public_key.data).to_string();
        let entry = Act::officer(Action::DeviceEnrol, approved_by, now)
            .object(id)
            .office(number)
            .code("authority", &authority.digest)
            .code("serial", &serial)
            .done()?;
        let certificate = NewCertificate {
            digest: digest.clone(),
            serial,
            authority_digest: authority.digest,
            key_digest,
            device: id,
            issued_at: clock::text(now),
            valid_from: clock::text(from),
            valid_until: clock::text(until),
            evidence_digest: new.evidence_digest.map(|digest| digest.to_string()),
            requested_by: Some(by.to_string()),
            approved_by: Some(approved_by.to_string()),
            replaces: None,
        };
        let (requested_by, approved_by) = (by.to_string(), approved_by.to_string());
        let notice = weak_key.then(|| NewNotice {
            office_id: office.id.to_string(),
            office_number: number,
            kind: "weak-key",
            subject: digest,
            stage: "rsa-below-3072".to_owned(),
        });
        let done = self
            .writer
            .run(move |c| {
                Box::pin(async move {
                    let (office_id, at) = (office.id.to_string(), clock::text(now));
                    if certificates::key_is_known(c, &certificate.key_digest).await?
                        || !enrolment::name_is_free(c, &office_id, &label, &at).await?
                    {
                        return Ok(false);
                    }
                    let agreed = AgreedEnrolment {
                        office_id: &office_id,
                        label: &label,
                        evidence: &evidence,
                        evidence_digest: certificate.evidence_digest.as_deref(),
                        requested_by: &requested_by,
                        approved_by: &approved_by,
                    };
                    let request_id = enrolment::insert_agreed(c, agreed, &at).await?.to_string();
                    let device = NewDevice {
                        id,
                        office_id: &office_id,
                        label: &label,
                        origin: "outside",
                        request_id: Some(&request_id),
                    };
                    enrolment::insert_device(c, device, &at).await?;
                    certificates::insert(c, certificate).await?;
                    record::append(c, &entry).await?;
                    if let Some(notice) = notice {
                        notices::raise(c, notice, now).await?;
                    }
                    Ok(true)
                })
            })
            .await?;
        Ok(if done {
            OutsideRegistration::Done { device: id, office: number, weak_key }
        } else {
            OutsideRegistration::Known
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r7_8_the_office_number_in_a_name_is_ten_digits_and_only_one() {
        let read = |name| numbers(name).map(|number| number.to_string());
        assert_eq!(read("1399900018.office.example").as_deref(), Some("1399900018"));
        assert_eq!(read("urn:kaigo:1399900018").as_deref(), Some("1399900018"));
        for none in ["office.example", "13999000189", "139990001", "1399900018.1399900026"] {
            assert_eq!(read(none), None, "{none}");
        }
    }
}

//! 認証局 — the built-in certificate authority. Its key lies in the database, wrapped under the master key. For a
//! demonstration it certifies itself; an exchange in earnest has it certified by an offline root ([`crate::ceremony`]).

use crate::ceremony::{self, CsrRefused};
use crate::record::{self, Act};
use crate::{Authority, DeviceId, Error, KEY_VERSION, OperatorName, RevocationReason, Store, certificates, clock};
use exchange::Digest;
use jiff::{SignedDuration, Timestamp};
use ledger::Action;
use rand::Rng as _;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertificateSigningRequestParams,
    DistinguishedName, DnType, DnValue, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PublicKeyData as _, RevokedCertParams, SerialNumber,
};
use seal::{Purpose, Zeroizing};
use standard::OfficeNumber;
use time::OffsetDateTime;
use x509_parser::pem::parse_x509_pem;
use x509_parser::prelude::X509Certificate;

/// The authority that certifies itself outlives many certificates; one under a root is replaced by another in time (R7.7).
const AUTHORITY_LIFE: SignedDuration = SignedDuration::from_hours(10 * 365 * 24);
/// Short, because renewal is automatic and revocation lists stay small.
const DEVICE_LIFE: SignedDuration = SignedDuration::from_hours(90 * 24);
/// The server's own certificate is made anew at every start.
const SERVER_LIFE: SignedDuration = SignedDuration::from_hours(90 * 24);
/// A revocation list says when the next comes; ours comes far sooner.
const CRL_LIFE: SignedDuration = SignedDuration::from_hours(24);
/// Clocks of offices run a little behind.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(10);
const SECRET_NAME: &str = "authority";
const PENDING_NAME: &str = "authority.pending";
/// Before the digest of one that was replaced; what it issued stays good until it ends.
const RETIRED_NAME: &str = "authority.retired.";

const INSERT: &str = "INSERT INTO secret (name, wrapped, certificate, created_at) VALUES ($1, $2, $3, $4)";
const SELECT: &str = "SELECT wrapped, certificate FROM secret WHERE name = $1";
const DELETE: &str = "DELETE FROM secret WHERE name = $1";
const RENAME: &str = "UPDATE secret SET name = $2 WHERE name = $1";
const INSTALL: &str = "
    UPDATE secret SET name = $2, certificate = $3, root_certificate = $4 WHERE name = $1";
const ISSUERS: &str = "
    SELECT certificate FROM secret
     WHERE certificate IS NOT NULL AND (name = 'authority' OR name LIKE 'authority.retired.%')
     ORDER BY name";
const REVOKED: &str = "
    SELECT c.serial, c.revoked_at, c.revocation_reason
      FROM certificate c JOIN device d ON d.device_id = c.device_id
     WHERE c.revoked_at IS NOT NULL AND c.valid_until > $1 AND d.origin = 'built-in'
       AND (c.authority_digest = $2 OR c.authority_digest IS NULL)
     ORDER BY c.revoked_at LIMIT $3";
/// Entries of a revocation list. More would be megabytes at every look.
const CRL_ENTRIES_MAX: i64 = 100_000;

pub(crate) struct Issued {
    pub(crate) der: Vec<u8>,
    pub(crate) pem: String,
    pub(crate) serial: Vec<u8>,
    pub(crate) key_digest: String,
    pub(crate) authority_digest: String,
    pub(crate) valid_from: Timestamp,
    pub(crate) valid_until: Timestamp,
    pub(crate) authority_pem: String,
}

/// The server's certificate, issued by the built-in authority.
pub struct ServerCertificate {
    /// DER, the leaf alone: devices hold the authority.
    pub certificate: Vec<u8>,
    /// PKCS#8.
    pub key: Zeroizing<Vec<u8>>,
}

impl std::fmt::Debug for ServerCertificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ServerCertificate(..)")
    }
}

/// What goes to the offline root.
#[derive(Clone, Debug)]
pub struct AuthorityRequest {
    /// PKCS#10, PEM.
    pub request_pem: String,
    /// SHA-256 of the request, to be read aloud at the ceremony.
    pub digest: Digest,
}

/// What came of installing an issuing authority.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Installed {
    /// It issues from now on; certificates of the one before stay good until they end.
    Done,
    /// No request was made, or it was answered already.
    NothingPending,
    /// The certificate is not what a root of ours gives to an issuing authority; the text says which part.
    Refused(&'static str),
    /// One person cannot both bring and accept it.
    OwnRequest,
}

struct IssuingKey {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
    digest: String,
    organisation: Option<String>,
    not_after: Timestamp,
    /// Whether a root gave it powers over devices only.
    limited: bool,
}

impl Store {
    pub(crate) async fn create_authority(&self) -> Result<(), Error> {
        let now = self.clock.now();
        let key = KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384)?;
        let mut params = params("文箱 認証局", now, AUTHORITY_LIFE);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate = params.self_signed(&key)?;
        let secret = Zeroizing::new(key.serialize_der());
        let wrapped = self.keys.wrap(&Purpose::CaKey { version: KEY_VERSION }, &secret)?;
        let entry = Act::operator(Action::StoreInit, now).done()?;
        let (pem, at) = (certificate.pem(), clock::text(now));
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    sqlx::query(INSERT).bind(SECRET_NAME).bind(wrapped).bind(pem).bind(at).execute(&mut *c).await?;
                    record::append(c, &entry).await.map(|_| ())
                })
            })
            .await
    }

    async fn issuing_key(&self) -> Result<IssuingKey, Error> {
        const WHERE: Error = Error::Impossible("authority key");
        let (wrapped, pem): (Vec<u8>, String) = sqlx::query_as(SELECT).bind(SECRET_NAME).fetch_one(&self.reads).await?;
        let secret = self.keys.unwrap(&Purpose::CaKey { version: KEY_VERSION }, &wrapped)?;
        let key = KeyPair::try_from(secret.as_slice()).map_err(|_| WHERE)?;
        let (_, block) = parse_x509_pem(pem.as_bytes()).map_err(|_| WHERE)?;
        let certificate = block.parse_x509().map_err(|_| WHERE)?;
        let organisation = organisation(&certificate);
        let not_after = Timestamp::from_second(certificate.validity().not_after.timestamp()).map_err(|_| WHERE)?;
        let limited = certificate.extended_key_usage().ok().flatten().is_some();
        let digest = Digest::of_file(&block.contents).to_string();
        Ok(IssuingKey { issuer: Issuer::from_ca_cert_pem(&pem, key)?, pem, digest, organisation, not_after, limited })
    }

    /// The authority's certificate, which devices need to trust the server and the server to know devices.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn authority_pem(&self) -> Result<String, Error> {
        Ok(sqlx::query_as::<_, (Vec<u8>, String)>(SELECT).bind(SECRET_NAME).fetch_one(&self.reads).await?.1)
    }

    /// Every authority of ours whose certificates may still be shown.
    pub(crate) async fn own_authorities(&self) -> Result<Vec<Authority>, Error> {
        let pems: Vec<String> = sqlx::query_scalar(ISSUERS).fetch_all(&self.reads).await?;
        pems.iter()
            .map(|pem| {
                let (_, block) = parse_x509_pem(pem.as_bytes()).map_err(|_| Error::Impossible("secret.certificate"))?;
                Ok(Authority { certificate: block.contents, outside: false })
            })
            .collect()
    }

    /// A certificate for the server itself, for demonstrations. Its key is made here, now, and never stored. `None` when
    /// the authority may issue to devices only.
    ///
    /// # Errors
    /// When a name is not one a certificate can carry.
    pub async fn issue_server_certificate(&self, names: &[String]) -> Result<Option<ServerCertificate>, Error> {
        let authority = self.issuing_key().await?;
        if authority.limited {
            return Ok(None);
        }
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let mut params = params("文箱", self.clock.now(), SERVER_LIFE);
        params.subject_alt_names = CertificateParams::new(names)?.subject_alt_names;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let certificate = params.signed_by(&key, &authority.issuer)?;
        Ok(Some(ServerCertificate {
            certificate: certificate.der().to_vec(),
            key: Zeroizing::new(key.serialize_der()),
        }))
    }

    /// `None` when the request is malformed, badly signed, weakly keyed, or names another office (R7.2, R5.8).
    pub(crate) async fn issue_certificate(
        &self,
        request_pem: &str,
        device: DeviceId,
        office: OfficeNumber,
        now: Timestamp,
    ) -> Result<Option<Issued>, Error> {
        let Ok(request) = CertificateSigningRequestParams::from_pem(request_pem) else { return Ok(None) };
        let algorithm = request.public_key.algorithm();
        if *algorithm != PKCS_ECDSA_P256_SHA256 && *algorithm != PKCS_ECDSA_P384_SHA384 {
            return Ok(None);
        }
        let named = request.params.distinguished_name.get(&DnType::CommonName);
        if named.is_some_and(|name| text(name) != Some(&office.to_string())) {
            return Ok(None);
        }
        let authority = self.issuing_key().await?;
        // Of the request only the key is taken; what the certificate says is ours to say.
        let mut params = params(&office.to_string(), now, DEVICE_LIFE);
        if let Some(organisation) = &authority.organisation {
            // First, since a name constraint is a beginning of the subject.
            params.distinguished_name = DistinguishedName::new();
            params.distinguished_name.push(DnType::OrganizationName, organisation);
            params.distinguished_name.push(DnType::CommonName, office.to_string());
        }
        params.distinguished_name.push(DnType::CustomDnType(vec![2, 5, 4, 5]), device.to_string());
        // Nothing outlives who vouches for it.
        let valid_until = (now + DEVICE_LIFE).min(authority.not_after);
        params.not_after = whole_seconds(valid_until);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.use_authority_key_identifier_extension = true;
        let serial = params.serial_number.as_ref().map(SerialNumber::to_bytes).unwrap_or_default();
        let key_digest = Digest::of_file(request.public_key.der_bytes()).to_string();
        let certificate = params.signed_by(&request.public_key, &authority.issuer)?;
        Ok(Some(Issued {
            der: certificate.der().to_vec(),
            pem: certificate.pem(),
            serial,
            key_digest,
            authority_digest: authority.digest,
            valid_from: now - CLOCK_SKEW,
            valid_until,
            authority_pem: authority.pem,
        }))
    }

    /// 失効リスト — the revocation list of the authority that issues now (RFC 5280), DER. Our own server looks into the
    /// register instead.
    ///
    /// # Errors
    /// When the database fails or the authority's key does not open.
    pub async fn revocation_list(&self) -> Result<Vec<u8>, Error> {
        let now = self.clock.now();
        let authority = self.issuing_key().await?;
        let rows: Vec<(String, String, Option<String>)> = sqlx::query_as(REVOKED)
            .bind(clock::text(now))
            .bind(&authority.digest)
            .bind(CRL_ENTRIES_MAX)
            .fetch_all(&self.reads)
            .await?;
        let revoked_certs = rows
            .into_iter()
            .map(|(serial, revoked_at, reason)| {
                let at: Timestamp = revoked_at.parse().map_err(|_| Error::Impossible("certificate.revoked_at"))?;
                let reason = reason.and_then(|reason| reason.parse().ok()).unwrap_or_default();
                Ok(RevokedCertParams {
                    serial_number: SerialNumber::from_slice(&certificates::serial_bytes(&serial)?),
                    revocation_time: whole_seconds(at),
                    reason_code: match reason {
                        RevocationReason::Unspecified => None,
                        RevocationReason::Lost => Some(rcgen::RevocationReason::KeyCompromise),
                        RevocationReason::Retired => Some(rcgen::RevocationReason::CessationOfOperation),
                        RevocationReason::Superseded => Some(rcgen::RevocationReason::Superseded),
                    },
                    invalidity_date: None,
                })
            })
            .collect::<Result<_, Error>>()?;
        let list = CertificateRevocationListParams {
            this_update: whole_seconds(now),
            next_update: whole_seconds(now + CRL_LIFE),
            // Grows with time, on whichever node.
            crl_number: SerialNumber::from(u64::try_from(now.as_millisecond()).unwrap_or(0)),
            issuing_distribution_point: None,
            revoked_certs,
            key_identifier_method: KeyIdMethod::Sha256,
        };
        Ok(list.signed_by(&authority.issuer)?.der().to_vec())
    }

    /// Makes the key of a new issuing authority and the request for the offline root. `organisation` names the exchange;
    /// the root will let the authority issue under that name only. A request made before is forgotten with its key.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn request_authority(
        &self,
        organisation: &str,
        by: &OperatorName,
    ) -> Result<Option<AuthorityRequest>, Error> {
        let Some(organisation) = ceremony::organisation(organisation) else { return Ok(None) };
        let now = self.clock.now();
        let key = KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384)?;
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::OrganizationName, organisation);
        params.distinguished_name.push(DnType::CommonName, "文箱 発行認証局");
        let request = params.serialize_request(&key)?;
        let digest = Digest::of_file(request.der());
        let request_pem = request.pem()?;
        let secret = Zeroizing::new(key.serialize_der());
        let wrapped = self.keys.wrap(&Purpose::CaKey { version: KEY_VERSION }, &secret)?;
        let entry = Act::officer(Action::AuthorityRequest, by, now).code("request", &digest.to_string()).done()?;
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    sqlx::query(DELETE).bind(PENDING_NAME).execute(&mut *c).await?;
                    sqlx::query(INSERT)
                        .bind(PENDING_NAME)
                        .bind(wrapped)
                        .bind(None::<String>)
                        .bind(clock::text(now))
                        .execute(&mut *c)
                        .await?;
                    record::append(c, &entry).await.map(|_| ())
                })
            })
            .await?;
        Ok(Some(AuthorityRequest { request_pem, digest }))
    }

    /// Puts the certificate that the root gave in force (R7.7). What it must be is checked, not assumed: our key, the root's
    /// signature, path length 0, certificates of clients only, and the name constraint.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn install_authority(
        &self,
        certificate_pem: &str,
        root_pem: &str,
        by: &OperatorName,
        approved_by: &OperatorName,
    ) -> Result<Installed, Error> {
        const WHERE: Error = Error::Impossible("authority key");
        if by.is(approved_by) {
            return Ok(Installed::OwnRequest);
        }
        let now = self.clock.now();
        let pending: Option<(Vec<u8>, Option<String>)> =
            sqlx::query_as(SELECT).bind(PENDING_NAME).fetch_optional(&self.reads).await?;
        let Some((wrapped, _)) = pending else { return Ok(Installed::NothingPending) };
        let secret = self.keys.unwrap(&Purpose::CaKey { version: KEY_VERSION }, &wrapped)?;
        let key = KeyPair::try_from(secret.as_slice()).map_err(|_| WHERE)?;
        let digest = match ceremony::check_issuing(certificate_pem, root_pem, key.der_bytes(), now) {
            Ok(digest) => digest,
            Err(CsrRefused(part)) => {
                let entry = Act::officer(Action::AuthorityInstall, approved_by, now).refused_for("certificate")?;
                self.record(entry).await?;
                return Ok(Installed::Refused(part));
            }
        };
        let entry = Act::officer(Action::AuthorityInstall, approved_by, now).code("authority", &digest).done()?;
        let before = self.authority_pem().await?;
        let (_, block) = parse_x509_pem(before.as_bytes()).map_err(|_| WHERE)?;
        let retired = format!("{RETIRED_NAME}{}", Digest::of_file(&block.contents));
        let (certificate, root) = (certificate_pem.to_owned(), root_pem.to_owned());
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    sqlx::query(RENAME).bind(SECRET_NAME).bind(retired).execute(&mut *c).await?;
                    sqlx::query(INSTALL)
                        .bind(PENDING_NAME)
                        .bind(SECRET_NAME)
                        .bind(certificate)
                        .bind(root)
                        .execute(&mut *c)
                        .await?;
                    record::append(c, &entry).await.map(|_| ())
                })
            })
            .await?;
        Ok(Installed::Done)
    }
}

/// O= of a certificate's subject.
fn organisation(certificate: &X509Certificate<'_>) -> Option<String> {
    certificate.subject().iter_organization().next().and_then(|name| name.as_str().ok()).map(str::to_owned)
}

pub(crate) fn params(common_name: &str, now: Timestamp, life: SignedDuration) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.not_before = whole_seconds(now - CLOCK_SKEW);
    params.not_after = whole_seconds(now + life);
    params.serial_number = Some(fresh_serial());
    params
}

pub(crate) fn whole_seconds(at: Timestamp) -> OffsetDateTime {
    // jiff's range is narrower than time's.
    OffsetDateTime::from_unix_timestamp(at.as_second()).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

/// 16 random bytes, positive (RFC 5280, 4.1.2.2).
fn fresh_serial() -> SerialNumber {
    let mut serial = [0; 16];
    rand::rng().fill_bytes(&mut serial);
    serial[0] = serial[0] & 0x3f | 0x40;
    SerialNumber::from_slice(&serial)
}

fn text(name: &DnValue) -> Option<&str> {
    match name {
        DnValue::Utf8String(text) => Some(text),
        DnValue::PrintableString(text) => Some(text.as_str()),
        DnValue::Ia5String(text) => Some(text.as_str()),
        _ => None,
    }
}

//! The built-in certificate authority. Its key lies in the database, wrapped under the master key.

use crate::record::{self, Act};
use crate::{DeviceId, Error, KEY_VERSION, Store, clock};
use jiff::{SignedDuration, Timestamp};
use ledger::Action;
use rand::Rng as _;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DistinguishedName, DnType, DnValue,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384,
    SerialNumber,
};
use seal::{Purpose, Zeroizing};
use standard::OfficeNumber;
use time::OffsetDateTime;

/// The authority outlives many certificates; rotation of it is a separate procedure (R7.7).
const AUTHORITY_LIFE: SignedDuration = SignedDuration::from_hours(10 * 365 * 24);
/// Short, because renewal is automatic and revocation lists stay small.
const DEVICE_LIFE: SignedDuration = SignedDuration::from_hours(90 * 24);
/// The server's own certificate is made anew at every start.
const SERVER_LIFE: SignedDuration = SignedDuration::from_hours(90 * 24);
/// Clocks of offices run a little behind.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(10);
const SECRET_NAME: &str = "authority";

const INSERT: &str = "INSERT INTO secret (name, wrapped, certificate, created_at) VALUES ($1, $2, $3, $4)";
const SELECT: &str = "SELECT wrapped, certificate FROM secret WHERE name = $1";

pub(crate) struct Issued {
    pub(crate) der: Vec<u8>,
    pub(crate) pem: String,
    pub(crate) serial: Vec<u8>,
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

struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
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
        let wrapped = self
            .master
            .wrap(&Purpose::CaKey { version: KEY_VERSION }, &secret, &mut rand::rng())
            .map_err(|_| Error::Impossible("authority key"))?;
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

    async fn authority(&self) -> Result<Authority, Error> {
        const WHERE: Error = Error::Impossible("authority key");
        let (wrapped, pem): (Vec<u8>, String) = sqlx::query_as(SELECT).bind(SECRET_NAME).fetch_one(&self.reads).await?;
        let secret =
            self.master.unwrap(&Purpose::CaKey { version: KEY_VERSION }, &wrapped).map_err(|_| Error::Damaged)?;
        let key = KeyPair::try_from(secret.as_slice()).map_err(|_| WHERE)?;
        Ok(Authority { issuer: Issuer::from_ca_cert_pem(&pem, key)?, pem })
    }

    /// The authority's certificate, which devices need to trust the server and the server to know devices.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn authority_pem(&self) -> Result<String, Error> {
        Ok(sqlx::query_as::<_, (Vec<u8>, String)>(SELECT).bind(SECRET_NAME).fetch_one(&self.reads).await?.1)
    }

    /// A certificate for the server itself, for demonstrations and closed networks. Its key is made here, now, and
    /// never stored.
    ///
    /// # Errors
    /// When a name is not one a certificate can carry.
    pub async fn issue_server_certificate(&self, names: &[String]) -> Result<ServerCertificate, Error> {
        let authority = self.authority().await?;
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let mut params = params("文箱", self.clock.now(), SERVER_LIFE);
        params.subject_alt_names = CertificateParams::new(names)?.subject_alt_names;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let certificate = params.signed_by(&key, &authority.issuer)?;
        Ok(ServerCertificate { certificate: certificate.der().to_vec(), key: Zeroizing::new(key.serialize_der()) })
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
        let authority = self.authority().await?;
        // Of the request only the key is taken; what the certificate says is ours to say.
        let mut params = params(&office.to_string(), now, DEVICE_LIFE);
        params.distinguished_name.push(DnType::CustomDnType(vec![2, 5, 4, 5]), device.to_string());
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.use_authority_key_identifier_extension = true;
        let serial = params.serial_number.as_ref().map(SerialNumber::to_bytes).unwrap_or_default();
        let certificate = params.signed_by(&request.public_key, &authority.issuer)?;
        Ok(Some(Issued {
            der: certificate.der().to_vec(),
            pem: certificate.pem(),
            serial,
            valid_until: now + DEVICE_LIFE,
            authority_pem: authority.pem,
        }))
    }
}

fn params(common_name: &str, now: Timestamp, life: SignedDuration) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.not_before = whole_seconds(now - CLOCK_SKEW);
    params.not_after = whole_seconds(now + life);
    params.serial_number = Some(fresh_serial());
    params
}

fn whole_seconds(at: Timestamp) -> OffsetDateTime {
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

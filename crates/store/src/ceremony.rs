//! 鍵の儀式 — the offline root: its key lies on a medium of its own, opened by two people together, and certifies issuing
//! authorities that can do one thing only (R7.7). Nothing here touches the exchange's data.

use crate::authority::params;
use crate::enrolment::readable;
use crate::{Error, KEY_VERSION};
use exchange::Digest;
use jiff::{SignedDuration, Timestamp};
use rcgen::{
    BasicConstraints, CertificateSigningRequestParams, CidrSubnet, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints, PKCS_ECDSA_P256_SHA256,
    PKCS_ECDSA_P384_SHA384,
};
use seal::{Argon2Cost, KeyStoreError, KeyStoreFile, Lock, MasterKey, Purpose, Zeroizing};
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;
use x509_parser::extensions::GeneralName;
use x509_parser::pem::parse_x509_pem;
use x509_parser::time::ASN1Time;

/// 保管者: people whose passphrases are needed, all of them.
pub const CUSTODIANS: usize = 2;
const ROOT_LIFE: SignedDuration = SignedDuration::from_hours(20 * 365 * 24);
const ISSUING_LIFE: SignedDuration = SignedDuration::from_hours(5 * 365 * 24);
const ORGANISATION_CHARACTERS_MAX: usize = 64;
/// A passphrase on a medium that can be carried away.
const PASSPHRASE_CHARACTERS_MIN: usize = 12;

const ROOT_CERTIFICATE: &str = "root.pem";
const ROOT_KEY: &str = "root.key";
const RECORD: &str = "ceremony.log";

/// What those present hold in their hands and heads.
#[derive(Debug)]
pub struct Ceremony<'a> {
    /// The medium.
    pub folder: &'a Path,
    /// One for each custodian, in the order in which the root was made.
    pub passphrases: [Zeroizing<String>; CUSTODIANS],
    /// When.
    pub now: Timestamp,
}

/// What the root gave.
#[derive(Clone, Debug)]
pub struct IssuingAuthority {
    /// The issuing authority's certificate, PEM.
    pub certificate_pem: String,
    /// The root's, PEM.
    pub root_pem: String,
    /// SHA-256 of the request it answers.
    pub request: Digest,
}

/// Why a ceremony ended without a result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CeremonyError {
    /// Too short, or both the same: then one person would do.
    #[error("two different passphrases of at least 12 characters are needed")]
    Passphrases,
    /// The custodian, counted from 1, typed another passphrase.
    #[error("the passphrase of custodian {0} does not open the root")]
    WrongPassphrase(usize),
    /// The name of the exchange is empty or too long.
    #[error("not a name for an exchange")]
    Name,
    /// The request is not one of an issuing authority of ours.
    #[error("the request cannot be answered")]
    Request,
    /// Whatever else is in the way.
    #[error(transparent)]
    Other(#[from] Error),
}

impl From<rcgen::Error> for CeremonyError {
    fn from(error: rcgen::Error) -> Self {
        Self::Other(error.into())
    }
}

/// Which part of a certificate is not as it must be.
pub(crate) struct CsrRefused(pub(crate) &'static str);

pub(crate) fn organisation(name: &str) -> Option<String> {
    readable(name, ORGANISATION_CHARACTERS_MAX)
}

/// Makes the root on its medium: `root.pem`, the key under two locks, and a record of what was done. The public certificate.
///
/// # Errors
/// When something is on the medium already, or cannot be written.
pub fn create_root(ceremony: &Ceremony<'_>, name: &str) -> Result<String, CeremonyError> {
    let [first, second] = &ceremony.passphrases;
    let short = |passphrase: &Zeroizing<String>| passphrase.chars().count() < PASSPHRASE_CHARACTERS_MIN;
    if short(first) || short(second) || first == second {
        return Err(CeremonyError::Passphrases);
    }
    let name = organisation(name).ok_or(CeremonyError::Name)?;
    let key = KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384)?;
    let mut root = params("文箱 ルート認証局", ceremony.now, ROOT_LIFE);
    root.distinguished_name = DistinguishedName::new();
    root.distinguished_name.push(DnType::OrganizationName, name);
    root.distinguished_name.push(DnType::CommonName, "文箱 ルート認証局");
    root.is_ca = IsCa::Ca(BasicConstraints::Constrained(1));
    root.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let certificate = root.self_signed(&key)?;

    fs::DirBuilder::new().recursive(true).mode(0o700).create(ceremony.folder).map_err(Error::file(ceremony.folder))?;
    // One lock inside the other: neither custodian's key alone opens anything.
    let mut sealed = Zeroizing::new(key.serialize_der());
    for (custodian, passphrase) in ceremony.passphrases.iter().enumerate() {
        let mut rng = rand::rng();
        let master = MasterKey::generate(&mut rng);
        let lock = KeyStoreFile::seal_with_cost(&master, Lock::Passphrase(passphrase), Argon2Cost::DEFAULT, &mut rng)
            .map_err(Error::from)?;
        let wrapped = master
            .wrap(&Purpose::CaKey { version: KEY_VERSION }, &sealed, &mut rng)
            .map_err(|_| Error::Impossible("root key"))?;
        write_new(ceremony.folder, &custodian_file(custodian), &lock.to_bytes())?;
        sealed = Zeroizing::new(wrapped);
    }
    write_new(ceremony.folder, ROOT_KEY, &sealed)?;
    let pem = certificate.pem();
    write_new(ceremony.folder, ROOT_CERTIFICATE, pem.as_bytes())?;
    record(ceremony, &format!("root.create certificate={}", Digest::of_file(certificate.der())))?;
    Ok(pem)
}

/// Certifies an issuing authority: path length 0, certificates of clients only, and only under the name in its request.
///
/// # Errors
/// When a passphrase is wrong or the request is not one of ours.
pub fn sign_issuing_authority(ceremony: &Ceremony<'_>, request_pem: &str) -> Result<IssuingAuthority, CeremonyError> {
    let request = CertificateSigningRequestParams::from_pem(request_pem).map_err(|_| CeremonyError::Request)?;
    let algorithm = request.public_key.algorithm();
    if *algorithm != PKCS_ECDSA_P384_SHA384 && *algorithm != PKCS_ECDSA_P256_SHA256 {
        return Err(CeremonyError::Request);
    }
    let asked = &request.params.distinguished_name;
    let Some(rcgen::DnValue::Utf8String(name)) = asked.get(&DnType::OrganizationName) else {
        return Err(CeremonyError::Request);
    };
    let name = organisation(name).ok_or(CeremonyError::Request)?;
    let (_, block) = parse_x509_pem(request_pem.as_bytes()).map_err(|_| CeremonyError::Request)?;
    let digest = Digest::of_file(&block.contents);

    let key = open_root(ceremony)?;
    let root_path = ceremony.folder.join(ROOT_CERTIFICATE);
    let root_pem = fs::read_to_string(&root_path).map_err(Error::file(&root_path))?;
    let root = Issuer::from_ca_cert_pem(&root_pem, key)?;

    let mut subtree = DistinguishedName::new();
    subtree.push(DnType::OrganizationName, &name);
    let mut issuing = params("", ceremony.now, ISSUING_LIFE);
    issuing.distinguished_name = subtree.clone();
    issuing.distinguished_name.push(DnType::CommonName, format!("文箱 発行認証局 {:.10}", ceremony.now.to_string()));
    issuing.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    issuing.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    issuing.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    issuing.use_authority_key_identifier_extension = true;
    issuing.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![GeneralSubtree::DirectoryName(subtree)],
        // Not one host: what it issues is never a server's.
        excluded_subtrees: vec![
            GeneralSubtree::DnsName(String::new()),
            GeneralSubtree::IpAddress(CidrSubnet::from_v4_prefix([0; 4], 0)),
            GeneralSubtree::IpAddress(CidrSubnet::from_v6_prefix([0; 16], 0)),
        ],
    });
    let certificate = issuing.signed_by(&request.public_key, &root)?;
    record(ceremony, &format!("issuing.sign request={digest} certificate={}", Digest::of_file(certificate.der())))?;
    Ok(IssuingAuthority { certificate_pem: certificate.pem(), root_pem, request: digest })
}

/// The digest of an issuing authority's certificate that is all it must be.
pub(crate) fn check_issuing(
    certificate_pem: &str,
    root_pem: &str,
    public_key: &[u8],
    now: Timestamp,
) -> Result<String, CsrRefused> {
    let (_, block) = parse_x509_pem(certificate_pem.as_bytes()).map_err(|_| CsrRefused("形式"))?;
    let certificate = block.parse_x509().map_err(|_| CsrRefused("形式"))?;
    let (_, root_block) = parse_x509_pem(root_pem.as_bytes()).map_err(|_| CsrRefused("ルートの形式"))?;
    let root = root_block.parse_x509().map_err(|_| CsrRefused("ルートの形式"))?;
    let at = ASN1Time::from_timestamp(now.as_second()).map_err(|_| CsrRefused("有効期間"))?;
    let require = |fine: bool, part: &'static str| if fine { Ok(()) } else { Err(CsrRefused(part)) };

    require(certificate.public_key().subject_public_key.data.as_ref() == public_key, "鍵")?;
    require(certificate.validity().is_valid_at(at) && root.validity().is_valid_at(at), "有効期間")?;
    require(root.is_ca() && root.subject() == root.issuer() && root.verify_signature(None).is_ok(), "ルート")?;
    require(certificate.issuer() == root.subject(), "ルート")?;
    require(certificate.verify_signature(Some(root.public_key())).is_ok(), "ルートの署名")?;
    let basic = certificate.basic_constraints().ok().flatten();
    require(basic.is_some_and(|basic| basic.value.ca && basic.value.path_len_constraint == Some(0)), "経路の長さ")?;
    let usage = certificate.key_usage().ok().flatten();
    require(usage.is_some_and(|usage| usage.value.key_cert_sign() && usage.value.crl_sign()), "鍵の用途")?;
    let extended = certificate.extended_key_usage().ok().flatten();
    let clients_only =
        extended.is_some_and(|usage| usage.value.client_auth && !usage.value.server_auth && !usage.value.any);
    require(clients_only, "拡張鍵用途")?;
    let constraints = certificate.name_constraints().ok().flatten();
    let permitted = constraints.and_then(|constraints| constraints.value.permitted_subtrees.clone());
    let own_name = certificate.subject().iter_organization().next().and_then(|name| name.as_str().ok());
    let bound = permitted.is_some_and(|permitted| match permitted.as_slice() {
        [only] => match &only.base {
            GeneralName::DirectoryName(name) => {
                own_name.is_some()
                    && name.iter().count() == 1
                    && name.iter_organization().next().and_then(|name| name.as_str().ok()) == own_name
            }
            _ => false,
        },
        _ => false,
    });
    require(bound, "名前の制限")?;
    Ok(Digest::of_file(&block.contents).to_string())
}

fn open_root(ceremony: &Ceremony<'_>) -> Result<KeyPair, CeremonyError> {
    let path = ceremony.folder.join(ROOT_KEY);
    let mut sealed = Zeroizing::new(fs::read(&path).map_err(Error::file(&path))?);
    for (custodian, passphrase) in ceremony.passphrases.iter().enumerate().rev() {
        let path = ceremony.folder.join(custodian_file(custodian));
        let lock = KeyStoreFile::parse(&fs::read(&path).map_err(Error::file(&path))?).map_err(Error::from)?;
        let master = match lock.open(Lock::Passphrase(passphrase)) {
            Ok(master) => master,
            Err(KeyStoreError::WrongKey | KeyStoreError::EmptyPassphrase) => {
                return Err(CeremonyError::WrongPassphrase(custodian + 1));
            }
            Err(error) => return Err(Error::from(error).into()),
        };
        sealed = master.unwrap(&Purpose::CaKey { version: KEY_VERSION }, &sealed).map_err(|_| Error::Damaged)?;
    }
    KeyPair::try_from(sealed.as_slice()).map_err(|_| Error::Damaged.into())
}

fn custodian_file(custodian: usize) -> String {
    format!("custodian-{}.key", custodian + 1)
}

fn write_new(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), Error> {
    let path = folder.join(name);
    let write = || {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        File::open(folder)?.sync_all()
    };
    write().map_err(Error::file(&path))
}

/// 儀式の記録, a line for each use of the root's key.
fn record(ceremony: &Ceremony<'_>, what: &str) -> Result<(), Error> {
    let path = ceremony.folder.join(RECORD);
    let write = || {
        let mut file = OpenOptions::new().create(true).append(true).mode(0o600).open(&path)?;
        writeln!(file, "{:.0} {what}", ceremony.now)?;
        file.sync_all()
    };
    write().map_err(Error::file(&path))
}

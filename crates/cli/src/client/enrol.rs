use super::{
    AUTHORITY_FILE, CERTIFICATE_FILE, DEVICE_FILE, DeviceCard, KEY_FILE, TOKEN_FILE, block_on, builder, call,
    revocation, write_private,
};
use crate::terminal::{Done, Failure, Outcome, say};
use anyhow::Context as _;
use p12_keystore::{Certificate, KeyStore, KeyStoreEntry, PrivateKey, PrivateKeyChain};
use rcgen::{CertificateParams, DistinguishedName, KeyPair, PKCS_ECDSA_P256_SHA256};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use std::fs;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use web::{EnrolAnswer, EnrolRequest};
use zeroize::Zeroizing;

/// For the browser's import dialogue; the file is meant to be imported once and deleted.
const P12_PASSWORD_CHARACTERS_MIN: usize = 8;

#[derive(clap::Args)]
pub(crate) struct Args {
    #[arg(long, value_name = "URL", help = "登録の窓口（運営者が知らせるもの。例: https://exchange.example:8444）")]
    enrolment: String,
    /// 登録コード
    #[arg(long)]
    code: String,
    /// 交換所の認証局の証明書（PEM）。公的な認証局の証明書を使う交換所では要りません
    #[arg(long)]
    authority: Option<PathBuf>,
    /// 端末のフォルダー。新しく作ります
    #[arg(long = "device", env = "FUMIBAKO_DEVICE", default_value = "fumibako-device")]
    folder: PathBuf,
    /// 交換所の証明書の失効リスト（ファイルか、http(s) の場所。いくつでも）。示すと、いつも確かめ、確かめられなければつなぎません
    #[arg(long = "server-crl", value_name = "FILE|URL")]
    server_revocation_lists: Vec<String>,
    /// ブラウザーに取り込むファイル（PKCS#12）も作ります
    #[arg(long, value_name = "FILE")]
    p12: Option<PathBuf>,
    /// PKCS#12 の合言葉を書いたファイル。なければ端末でたずねます
    #[arg(long, requires = "p12")]
    p12_password_file: Option<PathBuf>,
}

/// Makes the key here, asks for the certificate, and keeps both. The private key never leaves this device.
pub(crate) fn run(args: &Args) -> Outcome {
    if args.folder.join(KEY_FILE).exists() {
        return Err(Failure::new(
            format!("{} には、すでに端末の鍵があります。上書きはしません。", args.folder.display()),
            "登録し直すなら、--device で別のフォルダーを示してください。",
        )
        .into());
    }
    let authority = args
        .authority
        .as_deref()
        .map(fs::read)
        .transpose()
        .with_context(|| Failure::new("認証局の証明書を読めません。", "--authority の場所を確かめてください。"))?;
    // Asked before the code is used up.
    let p12 = args
        .p12
        .as_deref()
        .map(|path| Ok::<_, anyhow::Error>((path, p12_password(args.p12_password_file.as_deref())?)))
        .transpose()?;

    let lists = absolute(&args.server_revocation_lists)?;
    let (key, request) = certificate_request()?;
    let request = EnrolRequest { code: args.code.clone(), certificate_request: request };
    let answer: EnrolAnswer = block_on(async {
        let revoked = revocation::lists(&args.folder, &lists).await?;
        let http = builder(authority.as_deref(), revoked)?.build()?;
        let response =
            call(http.post(format!("{}/enrol", args.enrolment.trim_end_matches('/'))).json(&request)).await?;
        Ok(response.json().await?)
    })?;

    fs::DirBuilder::new().recursive(true).mode(0o700).create(&args.folder)?;
    write_private(&args.folder, KEY_FILE, Zeroizing::new(key.serialize_pem()).as_bytes())?;
    write_private(&args.folder, CERTIFICATE_FILE, answer.certificate.as_bytes())?;
    // Without one we were given, the server was just proven by what the system trusts, and goes on to be.
    if let Some(authority) = &authority {
        write_private(&args.folder, AUTHORITY_FILE, authority)?;
    }
    let card = DeviceCard {
        exchange_url: answer.exchange_url.clone(),
        office_number: answer.office_number.clone(),
        office_name: answer.office_name.clone(),
        server_revocation_lists: lists,
    };
    if let Some(token) = &answer.software_token {
        write_private(&args.folder, TOKEN_FILE, token.as_bytes())?;
    }
    write_private(&args.folder, DEVICE_FILE, toml::to_string(&card)?.as_bytes())?;
    if let Some((path, password)) = p12 {
        let name = format!("文箱 {}", answer.office_number);
        write_p12(path, &key, &answer.certificate, &answer.authority, &name, &password)?;
        say!("ブラウザー用: {}（取り込んだら消してください）", path.display());
    }
    say!("登録しました: {} {}", answer.office_number, answer.office_name);
    say!("端末のフォルダー: {}（中の鍵は、この端末から出さないでください）", args.folder.display());
    Ok(Done::All)
}

/// Files are named from here, and later from the device's folder.
fn absolute(sources: &[String]) -> anyhow::Result<Vec<String>> {
    let is_address = |source: &str| source.starts_with("https://") || source.starts_with("http://");
    let named = |source: &String| match is_address(source) {
        true => Ok(source.clone()),
        false => Ok(std::path::absolute(source)?.to_string_lossy().into_owned()),
    };
    sources.iter().map(named).collect()
}

/// A fresh key, and a request that leaves it to the exchange what the certificate says.
pub(crate) fn certificate_request() -> anyhow::Result<(KeyPair, String)> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    let request = params.serialize_request(&key)?.pem()?;
    Ok((key, request))
}

pub(crate) fn p12_password(file: Option<&Path>) -> anyhow::Result<Zeroizing<String>> {
    let password = Zeroizing::new(match file {
        Some(file) => fs::read_to_string(file)?.trim_end_matches(['\r', '\n']).to_owned(),
        None => rpassword::prompt_password("ブラウザー用ファイルの合言葉: ")?,
    });
    if password.chars().count() < P12_PASSWORD_CHARACTERS_MIN {
        return Err(Failure::new(
            "ブラウザー用ファイルの合言葉が短すぎます。",
            format!("{P12_PASSWORD_CHARACTERS_MIN} 文字以上にしてください。"),
        )
        .into());
    }
    Ok(password)
}

pub(crate) fn write_p12(
    path: &Path,
    key: &KeyPair,
    certificate: &str,
    authority: &str,
    name: &str,
    password: &str,
) -> anyhow::Result<()> {
    let mut certificates = Vec::new();
    for pem in [certificate, authority] {
        let certificate = Certificate::from_der(&CertificateDer::from_pem_slice(pem.as_bytes())?)?;
        // A root in the file would make Windows ask whether to trust it for everything, which nobody here needs.
        if certificate.subject() != certificate.issuer() {
            certificates.push(certificate);
        }
    }
    let chain = PrivateKeyChain::new("1", PrivateKey::from_der(key.serialized_der())?, certificates);
    let mut store = KeyStore::new();
    store.add_entry(name, KeyStoreEntry::PrivateKeyChain(chain));
    let folder = path.parent().unwrap_or(Path::new("."));
    let file = path.file_name().and_then(|name| name.to_str()).unwrap_or("fumibako.p12");
    write_private(folder, file, &store.writer(password).write()?)
}

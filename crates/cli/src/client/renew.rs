use super::enrol::{certificate_request, p12_password, write_p12};
use super::{CERTIFICATE_FILE, DeviceFolder, KEY_FILE, Session, block_on, call, finish_renewal, write_private};
use super::{CERTIFICATE_NEXT, KEY_NEXT};
use crate::terminal::{Done, Failure, Outcome, say};
use anyhow::Context as _;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use std::fs;
use std::path::PathBuf;
use web::{RenewAnswer, RenewRequest};
use x509_parser::prelude::{FromDer as _, X509Certificate};
use zeroize::Zeroizing;

#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    device: DeviceFolder,
    /// 期限まで何日を切ったら更新するか。毎日実行しておけば、期限の前に必ず更新されます
    #[arg(long, default_value_t = 30, value_name = "DAYS")]
    days: i64,
    /// ブラウザーに取り込むファイル（PKCS#12）も作り直します
    #[arg(long, value_name = "FILE")]
    p12: Option<PathBuf>,
    /// PKCS#12 の合言葉を書いたファイル。なければ端末でたずねます
    #[arg(long, requires = "p12")]
    p12_password_file: Option<PathBuf>,
}

/// A new key, a new certificate under the present one, and only then the old pair is replaced. Whenever it is interrupted,
/// one whole pair is left.
pub(crate) fn run(args: &Args) -> Outcome {
    let folder = &args.device.folder;
    let session = Session::open(&args.device)?;
    let left = days_left(&fs::read(folder.join(CERTIFICATE_FILE))?)?;
    if left > args.days {
        say!("証明書の期限まで、あと{left}日あります。まだ更新しません（--days で変えられます）。");
        return Ok(Done::All);
    }
    let p12 = args.p12.as_deref();
    let p12 = p12.map(|path| Ok::<_, anyhow::Error>((path, p12_password(args.p12_password_file.as_deref())?)));
    let p12 = p12.transpose()?;
    let (key, request) = certificate_request()?;
    let answer: RenewAnswer = block_on(async {
        let request = session.post("/api/v1/device/renew").json(&RenewRequest { certificate_request: request });
        Ok(call(request).await?.json().await?)
    })?;
    // What an interrupted renewal left behind is of no use any more.
    for name in [KEY_NEXT, CERTIFICATE_NEXT] {
        let _ = fs::remove_file(folder.join(name));
    }
    write_private(folder, KEY_NEXT, Zeroizing::new(key.serialize_pem()).as_bytes())?;
    let part = "certificate.part";
    let _ = fs::remove_file(folder.join(part));
    write_private(folder, part, answer.certificate.as_bytes())?;
    fs::rename(folder.join(part), folder.join(CERTIFICATE_NEXT))?;
    finish_renewal(folder)?;
    if let Some((path, password)) = p12 {
        let _ = fs::remove_file(path);
        write_p12(path, &key, &answer.certificate, &answer.authority, "文箱", &password)?;
        say!("ブラウザー用: {}（取り込んだら消してください）", path.display());
    }
    // The first use ends the old certificate: now, rather than at some send in a week.
    let session = Session::open(&args.device)?;
    block_on(async { call(session.get("/api/v1/notices")).await.map(|_| ()) })?;
    say!("証明書を更新しました: {}（{KEY_FILE} と {CERTIFICATE_FILE}）", folder.display());
    say!("次の期限: {}", store::japanese_time(&answer.valid_until));
    Ok(Done::All)
}

fn days_left(pem: &[u8]) -> anyhow::Result<i64> {
    let failure = || {
        Failure::new(
            "端末の証明書を読めません。",
            "端末のフォルダーが壊れているときは、運営者に連絡して登録し直してください。",
        )
    };
    let der = CertificateDer::from_pem_slice(pem).with_context(failure)?;
    let (_, certificate) = X509Certificate::from_der(&der).with_context(failure)?;
    Ok(certificate.validity().time_to_expiration().map_or(0, |left| left.whole_days()))
}

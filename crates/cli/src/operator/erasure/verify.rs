//! 証明書を確かめる: no exchange, no database; the file and a key one trusts.

use crate::terminal::{Done, Failure, Outcome, say};
use anyhow::Context as _;
use ledger::certificate::{CERTIFICATE_BYTES_MAX, CertificateError, CertificatePublicKey, SignedCertificate};
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// A file with a key is a line.
const KEY_BYTES_MAX: u64 = 4096;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// 証明書（JSON）
    file: PathBuf,
    /// 公開鍵（64桁の十六進）、またはそれを書いたファイル。証明書とは別の道で受け取ったもの
    #[arg(long, value_name = "KEY")]
    key: String,
}

pub(crate) fn run(args: &Args) -> Outcome {
    let key = key(&args.key)?;
    let bytes = read(&args.file, CERTIFICATE_BYTES_MAX as u64 + 1)?;
    let checked = SignedCertificate::parse(&bytes).and_then(|signed| signed.verify(&key).map(|()| signed));
    let signed = match checked {
        Ok(signed) => signed,
        Err(error) => {
            say!("この証明書は信用できません: {}", why(error));
            say!("→ 発行した交換所に、証明書と公開鍵をもう一度求めてください。");
            return Ok(Done::Partly);
        }
    };
    let certificate = &signed.certificate;
    say!("証明書は正しいものです。一文字も変わっていません。");
    say!("消去の番号: {}", certificate.erasure);
    say!("対象: {} {}件", certificate.kind, certificate.objects.len());
    say!("消去した時刻: {}", store::japanese_time(&certificate.people.erased_at));
    say!(
        "検証: {}（見つかったもの {}）",
        store::japanese_time(&certificate.verification.at),
        certificate.verification.found
    );
    say!("ダイジェスト: {}", signed.digest);
    say!("アクセスの記録の {}件目に、この証明書が記録されています。", signed.log.index() + 1);
    say!("記録の公開鍵: {}", signed.log_key);
    say!("この証明書が示すのは、書かれた手順が行われ、書かれた場所を探して何も");
    say!("見つからなかったことです。台帳にない写しについては、何も示しません。");
    Ok(Done::All)
}

fn why(error: CertificateError) -> &'static str {
    match error {
        CertificateError::Malformed => "証明書ではないか、書き換えられています",
        CertificateError::OtherKey => "別の鍵で署名されています",
        CertificateError::Signature => "署名が合いません",
        CertificateError::Digest => "ダイジェストが中身と合いません",
        CertificateError::Entry => "アクセスの記録が、この証明書のものではありません",
        CertificateError::Proof => "アクセスの記録にあることが証明されていません",
        _ => "検証されていない消去の証明書です",
    }
}

pub(crate) fn key(text: &str) -> anyhow::Result<CertificatePublicKey> {
    if let Ok(key) = CertificatePublicKey::parse(text) {
        return Ok(key);
    }
    let unreadable =
        || Failure::new("公開鍵を読めません。", "64桁の十六進の鍵か、それを書いたファイルを --key に示してください。");
    let bytes = read(Path::new(text), KEY_BYTES_MAX).map_err(|_| unreadable())?;
    let text = String::from_utf8(bytes).map_err(|_| unreadable())?;
    CertificatePublicKey::parse(&text).map_err(|_| unreadable().into())
}

pub(crate) fn read(path: &Path, most: u64) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = fs::File::open(path).with_context(|| {
        Failure::new(format!("{} を読めません。", path.display()), "場所と権限を確かめてください。")
    })?;
    file.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

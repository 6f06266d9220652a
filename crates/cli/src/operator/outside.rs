//! 外部の認証局, and devices that have a certificate from there (R7.8).

use super::device::{device_taken, evidence_digest, incomplete};
use super::{Where, explain, officer, own_request};
use crate::terminal::{Done, Failure, Outcome, say};
use anyhow::Context as _;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, UnixTime};
use std::path::{Path, PathBuf};
use store::{NewOutsideAuthority, NewOutsideDevice, OfficeNumberIn, OperatorName, OutsideRegistration, OutsideTrusted};

#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// 外部の認証局の証明書を受け入れます
    Add {
        #[command(flatten)]
        place: Where,
        /// 認証局の証明書（PEM）
        certificate: PathBuf,
        /// 認証局の呼び名
        #[arg(long)]
        name: String,
        /// 事業所番号が書かれている場所: subject-cn、subject-serial、san
        #[arg(long = "office-number-in", value_name = "PLACE", value_parser = place_of_number)]
        office_number_in: OfficeNumberIn,
        /// 申請する運営者の識別名
        #[arg(long, value_parser = officer)]
        by: OperatorName,
        /// 承認する、別の運営者の識別名
        #[arg(long, value_parser = officer)]
        approved_by: OperatorName,
    },
    /// 受け入れている外部の認証局の一覧
    List {
        #[command(flatten)]
        place: Where,
    },
    /// 外部の認証局を受け入れないようにします
    Remove {
        #[command(flatten)]
        place: Where,
        /// 認証局の指紋（fumibako authority outside list に出るもの）
        digest: String,
        /// 運営者の識別名
        #[arg(long, value_parser = officer)]
        by: OperatorName,
    },
}

#[derive(clap::Args)]
pub(crate) struct Register {
    #[command(flatten)]
    place: Where,
    /// 端末の証明書（PEM、あれば中間証明書も）
    certificate: PathBuf,
    /// 端末の呼び名
    #[arg(long)]
    label: String,
    /// 事業所と責任者を確かめた方法
    #[arg(long)]
    evidence: String,
    /// 確かめた書類の写し。指紋だけを台帳に残します
    #[arg(long, value_name = "FILE")]
    evidence_file: Option<PathBuf>,
    /// 申請する運営者の識別名
    #[arg(long, value_parser = officer)]
    by: OperatorName,
    /// 承認する、別の運営者の識別名
    #[arg(long, value_parser = officer)]
    approved_by: OperatorName,
}

fn place_of_number(text: &str) -> Result<OfficeNumberIn, String> {
    text.parse().map_err(|_| "subject-cn、subject-serial、san のどれかにしてください".to_owned())
}

pub(crate) async fn run(command: &Command) -> Outcome {
    match command {
        Command::Add { place, certificate, name, office_number_in, by, approved_by } => {
            let new = NewOutsideAuthority {
                name: name.clone(),
                certificate_pem: read(certificate)?,
                office_number_in: *office_number_in,
            };
            add(place, new, by, approved_by).await
        }
        Command::List { place } => list(place).await,
        Command::Remove { place, digest, by } => remove(place, digest, by).await,
    }
}

fn read(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| {
        Failure::new(
            format!("証明書 {} を読めません。", path.display()),
            "PEM 形式のファイルか、場所を確かめてください。",
        )
    })
}

async fn add(place: &Where, new: NewOutsideAuthority, by: &OperatorName, approved_by: &OperatorName) -> Outcome {
    let (_, store) = place.open().await?;
    let name = new.name.clone();
    let trusted = store.trust_outside(new, by, approved_by).await.map_err(explain)?;
    store.close().await;
    let failure = match trusted {
        OutsideTrusted::Done => {
            say!("受け入れました: {name}");
            say!("端末は fumibako device outside で、一台ずつ登録します。");
            return Ok(Done::All);
        }
        OutsideTrusted::OwnRequest => return Err(own_request()),
        OutsideTrusted::NoAuthority => Failure::new(
            "認証局の証明書ではないか、呼び名がありません。",
            "認証局から受け取った PEM 形式の証明書と、100文字までの呼び名を渡してください。",
        ),
        OutsideTrusted::Known => Failure::new(
            "その認証局は、すでに受け入れています。",
            "fumibako authority outside list で確かめてください。",
        ),
        OutsideTrusted::TooMany => Failure::new(
            "受け入れられる外部の認証局は16までです。",
            "使わなくなった認証局を fumibako authority outside remove で外してください。",
        ),
    };
    Err(failure.into())
}

async fn list(place: &Where) -> Outcome {
    let (_, store) = place.open().await?;
    let authorities = store.outside_authorities().await.map_err(explain)?;
    store.close().await;
    if authorities.is_empty() {
        say!("受け入れている外部の認証局はありません。");
    }
    for authority in authorities {
        let state = match authority.removed_at {
            Some(at) => format!("外した日時 {}", store::japanese_time(&at)),
            None => "受け入れ中".to_owned(),
        };
        say!(
            "{}  {}  {}  申請 {}  承認 {}  {state}",
            authority.digest,
            authority.name,
            authority.office_number_in,
            authority.added_by,
            authority.approved_by
        );
    }
    Ok(Done::All)
}

async fn remove(place: &Where, digest: &str, by: &OperatorName) -> Outcome {
    let (_, store) = place.open().await?;
    let removed = store.distrust_outside(digest, by).await.map_err(explain)?;
    store.close().await;
    if !removed {
        return Err(Failure::new(
            "その指紋の、受け入れている認証局はありません。",
            "fumibako authority outside list で確かめてください。",
        )
        .into());
    }
    say!("受け入れないようにしました: {digest}");
    Ok(Done::All)
}

/// Registers a device whose certificate an accepted authority issued. The chain is verified here as the handshake will.
pub(crate) async fn register(args: &Register) -> Outcome {
    let unreadable =
        || Failure::new("端末の証明書を読めません。", "端末の証明書を先頭にした、PEM 形式のファイルを渡してください。");
    let pem = read(&args.certificate)?;
    let chain: Vec<_> =
        CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<_, _>>().with_context(unreadable)?;
    let (_, store) = args.place.open().await?;
    let authorities = store.gate_list().await.map_err(explain)?.authorities;
    let outside = authorities.iter().filter(|authority| authority.outside);
    let issuer = web::trust::issuer_of(&chain, outside, UnixTime::now())?;
    let new = NewOutsideDevice {
        certificate_pem: pem,
        authority_digest: issuer
            .map(|authority| exchange::Digest::of_file(&authority.certificate).to_string())
            .unwrap_or_default(),
        label: args.label.clone(),
        evidence: args.evidence.clone(),
        evidence_digest: evidence_digest(args.evidence_file.as_deref())?,
    };
    let registered = store.register_outside(new, &args.by, &args.approved_by).await.map_err(explain)?;
    store.close().await;
    let failure = match registered {
        OutsideRegistration::Done { device, office, weak_key } => {
            say!("登録しました: {office} の端末 {device}");
            if weak_key {
                say!("鍵が推奨（RSA 3072 ビット）より短いので、次の更新で長くするよう、事業所に知らせます。");
            }
            return Ok(Done::All);
        }
        OutsideRegistration::OwnRequest => return Err(own_request()),
        OutsideRegistration::Incomplete => return Err(incomplete()),
        OutsideRegistration::Known => return Err(device_taken()),
        OutsideRegistration::NoSuchOffice => Failure::new(
            "証明書に書かれた事業所番号の、開いている事業所はありません。",
            "先に fumibako office add で登録してください。",
        ),
        OutsideRegistration::Unusable => {
            Failure::new("端末の証明書ではないか、有効期間の外です。", "証明書の期限を確かめてください。")
        }
        OutsideRegistration::UnknownAuthority => Failure::new(
            "受け入れている認証局の証明書ではないか、鍵か署名が弱すぎます。",
            "fumibako authority outside list と、証明書の発行元・鍵の長さを確かめてください。",
        ),
        OutsideRegistration::NoOfficeNumber => Failure::new(
            "証明書の決められた場所に、事業所番号がありません。",
            "認証局を受け入れたときの --office-number-in を確かめてください。",
        ),
    };
    Err(failure.into())
}

//! 認証局: the offline root, the issuing authority under it, and the register of what was issued (R7.2, R7.7).

use super::{Where, block_on, explain, officer, outside, own_request, server_certificate};
use crate::terminal::{Done, Failure, Outcome, say};
use anyhow::Context as _;
use jiff::Timestamp;
use std::fs;
use std::path::{Path, PathBuf};
use store::{CUSTODIANS, Ceremony, CeremonyError, Installed, OperatorName};
use zeroize::Zeroizing;

#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// ルート認証局を、取り外せる媒体に作ります（ネットワークから離れた端末で、保管者が二人で）
    Root {
        #[command(flatten)]
        medium: Medium,
        /// 交換所の名前。この名前の下の証明書しか発行できなくなります
        #[arg(long)]
        name: String,
    },
    /// 発行認証局の鍵を作り、ルート認証局への署名要求を書き出します
    Request {
        #[command(flatten)]
        place: Where,
        /// 交換所の名前
        #[arg(long)]
        name: String,
        /// 書き出すファイル
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// 運営者の識別名
        #[arg(long, value_parser = officer)]
        by: OperatorName,
    },
    /// 署名要求に、ルート認証局で署名します（ネットワークから離れた端末で、保管者が二人で）
    Sign {
        #[command(flatten)]
        medium: Medium,
        /// 署名要求
        request: PathBuf,
        /// 書き出すファイル
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// 署名された証明書を使い始めます
    Install {
        #[command(flatten)]
        place: Where,
        /// 発行認証局の証明書
        certificate: PathBuf,
        /// ルート認証局の証明書（root.pem）
        #[arg(long, value_name = "FILE")]
        root: PathBuf,
        /// 申請する運営者の識別名
        #[arg(long, value_parser = officer)]
        by: OperatorName,
        /// 承認する、別の運営者の識別名
        #[arg(long, value_parser = officer)]
        approved_by: OperatorName,
    },
    /// 証明書発行台帳
    Ledger {
        #[command(flatten)]
        place: Where,
        /// 記録のない証明書がないかだけを調べます。あれば 1 で終わります
        #[arg(long)]
        check: bool,
    },
    /// 失効リスト（DER）を書き出します
    Crl {
        #[command(flatten)]
        place: Where,
        /// 書き出すファイル
        out: PathBuf,
    },
    /// サーバー証明書の期限と、自動の更新（ACME）のようす
    Server {
        #[command(flatten)]
        place: Where,
        /// 期限を待たずに、新しい証明書を申し込みます
        #[arg(long, requires = "by")]
        renew: bool,
        /// 運営者の識別名
        #[arg(long, value_parser = officer, requires = "renew")]
        by: Option<OperatorName>,
    },
    /// 外部の認証局
    #[command(subcommand)]
    Outside(outside::Command),
}

/// Where the root lies, and who opens it.
#[derive(clap::Args)]
pub(crate) struct Medium {
    /// ルート認証局の媒体のフォルダー
    #[arg(long = "medium", value_name = "DIR")]
    folder: PathBuf,
    /// 保管者の合言葉を書いたファイル（二つ、作ったときの順に）。なければ端末でたずねます
    #[arg(long = "passphrase-file", value_name = "FILE")]
    passphrase_files: Vec<PathBuf>,
}

pub(crate) fn run(command: &Command) -> Outcome {
    match command {
        Command::Root { medium, name } => root(medium, name),
        Command::Sign { medium, request, out } => sign(medium, request, out),
        Command::Request { place, name, out, by } => block_on(request(place, name, out, by)),
        Command::Install { place, certificate, root, by, approved_by } => {
            block_on(install(place, certificate, root, by, approved_by))
        }
        Command::Ledger { place, check } => block_on(ledger(place, *check)),
        Command::Crl { place, out } => block_on(crl(place, out)),
        Command::Server { place, by, .. } => block_on(server_certificate::status::show(place, by.as_ref())),
        Command::Outside(command) => block_on(outside::run(command)),
    }
}

impl Medium {
    fn ceremony(&self) -> anyhow::Result<Ceremony<'_>> {
        let passphrases = match self.passphrase_files.as_slice() {
            [] => {
                let ask = |custodian: usize| {
                    rpassword::prompt_password(format!("保管者{custodian}の合言葉: ")).map(Zeroizing::new).with_context(
                        || {
                            Failure::new(
                                "合言葉をたずねる端末がありません。",
                                "--passphrase-file で、保管者ごとのファイルを渡してください。",
                            )
                        },
                    )
                };
                [ask(1)?, ask(2)?]
            }
            [first, second] => [passphrase(first)?, passphrase(second)?],
            _ => {
                return Err(Failure::new(
                    format!("合言葉のファイルは、保管者の人数分（{CUSTODIANS}つ）要ります。"),
                    "--passphrase-file を二つ書いてください。",
                )
                .into());
            }
        };
        Ok(Ceremony { folder: &self.folder, passphrases, now: Timestamp::now() })
    }
}

fn passphrase(file: &Path) -> anyhow::Result<Zeroizing<String>> {
    let text = Zeroizing::new(fs::read_to_string(file).with_context(|| {
        Failure::new(format!("合言葉のファイル {} を読めません。", file.display()), "場所と権限を確かめてください。")
    })?);
    Ok(Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned()))
}

fn ceremony_failed(error: CeremonyError) -> anyhow::Error {
    let (what, fix) = match &error {
        CeremonyError::Passphrases => (
            "二人の合言葉は、別々の、12文字以上のものにします。".to_owned(),
            "それぞれの保管者が、相手に見せずに入れ直してください。",
        ),
        CeremonyError::WrongPassphrase(custodian) => {
            (format!("保管者{custodian}の合言葉が違います。"), "作ったときの順に、二人の合言葉を入れ直してください。")
        }
        CeremonyError::Name => ("交換所の名前が空か、長すぎます。".to_owned(), "64文字までの名前にしてください。"),
        CeremonyError::Request => (
            "署名要求を読めないか、この交換所のものではありません。".to_owned(),
            "fumibako authority request で書き出したファイルを渡してください。",
        ),
        CeremonyError::Other(_) | _ => (
            "ルート認証局の媒体を読み書きできません。".to_owned(),
            "場所と権限を確かめてください。すでにあるものは上書きしません。",
        ),
    };
    anyhow::Error::new(error).context(Failure::new(what, fix))
}

fn root(medium: &Medium, name: &str) -> Outcome {
    if store::is_data_folder(&medium.folder) {
        return Err(Failure::new(
            "ルート認証局を、交換所のデータのフォルダーには作れません。",
            "取り外して保管できる媒体を --medium に示してください。",
        )
        .into());
    }
    store::create_root(&medium.ceremony()?, name).map_err(ceremony_failed)?;
    say!("ルート認証局を作りました: {}", medium.folder.display());
    say!("root.pem は交換所に渡します。ほかのファイルは媒体から出さず、合言葉と別々に保管してください。");
    Ok(Done::All)
}

async fn request(place: &Where, name: &str, out: &Path, by: &OperatorName) -> Outcome {
    let (_, store) = place.open().await?;
    let made = store.request_authority(name, by).await.map_err(explain)?;
    store.close().await;
    let Some(made) = made else { return Err(ceremony_failed(CeremonyError::Name)) };
    write(out, made.request_pem.as_bytes())?;
    say!("署名要求: {}", out.display());
    say!("指紋: {}（署名するときに読み合わせてください）", made.digest);
    Ok(Done::All)
}

fn sign(medium: &Medium, request: &Path, out: &Path) -> Outcome {
    let request = read(request)?;
    let signed = store::sign_issuing_authority(&medium.ceremony()?, &request).map_err(ceremony_failed)?;
    write(out, signed.certificate_pem.as_bytes())?;
    say!("署名した要求の指紋: {}", signed.request);
    say!("発行認証局の証明書: {}（root.pem と一緒に交換所へ持っていきます）", out.display());
    Ok(Done::All)
}

async fn install(
    place: &Where,
    certificate: &Path,
    root: &Path,
    by: &OperatorName,
    approved_by: &OperatorName,
) -> Outcome {
    let (certificate, root) = (read(certificate)?, read(root)?);
    let (_, store) = place.open().await?;
    let installed = store.install_authority(&certificate, &root, by, approved_by).await.map_err(explain)?;
    store.close().await;
    let failure = match installed {
        Installed::Done => {
            say!("発行認証局を使い始めました。これまでの端末の証明書は、期限まで使えます。");
            return Ok(Done::All);
        }
        Installed::OwnRequest => return Err(own_request()),
        Installed::NothingPending => {
            Failure::new("署名を待っている要求がありません。", "fumibako authority request からやり直してください。")
        }
        Installed::Refused(part) => Failure::new(
            format!("この証明書は使えません（合わないところ: {part}）。"),
            "この交換所の署名要求に fumibako authority sign で署名したものか、確かめてください。",
        ),
    };
    Err(failure.into())
}

async fn ledger(place: &Where, check: bool) -> Outcome {
    let (_, store) = place.open().await?;
    let unlogged = store.unlogged_certificates().await.map_err(explain)?;
    let records = if check { Vec::new() } else { store.certificate_register().await.map_err(explain)? };
    store.close().await;
    if !check && records.is_empty() {
        say!("発行した証明書はありません。");
    }
    for record in records {
        let people = match (&record.requested_by, &record.approved_by) {
            (Some(by), Some(approved)) => format!("申請 {by}  承認 {approved}"),
            _ => "申請・承認の記録より前".to_owned(),
        };
        let end = match (&record.revoked_at, &record.revocation_reason) {
            (Some(at), reason) => format!(
                "  失効 {} {}{}",
                store::japanese_time(at),
                reason.as_deref().unwrap_or_default(),
                record.effective_at.map_or_else(String::new, |at| format!("（発効 {}）", store::japanese_time(&at)))
            ),
            (None, _) => String::new(),
        };
        let outside = if record.outside { "  外部の認証局" } else { "" };
        let evidence = record.evidence_digest.map_or_else(String::new, |digest| format!("  書類 {}", &digest[..16]));
        say!(
            "{}  {}  {} {}  発行 {}  期限 {}  {people}{evidence}{outside}{end}",
            record.serial,
            record.office_number,
            record.device,
            record.device_label,
            store::japanese_time(&record.issued_at),
            store::japanese_time(&record.valid_until)
        );
    }
    if unlogged.is_empty() {
        if check {
            say!("どの証明書にも、発行の記録があります。");
        }
        return Ok(Done::All);
    }
    for serial in unlogged {
        say!("発行の記録がない証明書: {serial}（すぐに失効させ、調べてください）");
    }
    Ok(Done::Partly)
}

async fn crl(place: &Where, out: &Path) -> Outcome {
    let (_, store) = place.open().await?;
    let list = store.revocation_list().await.map_err(explain)?;
    store.close().await;
    // Replaced whole: whoever fetches it meanwhile gets the old or the new one.
    let part = out.with_extension("part");
    write(&part, &list)?;
    fs::rename(&part, out).with_context(|| format!("{}", out.display()))?;
    say!("失効リスト: {}", out.display());
    Ok(Done::All)
}

fn read(path: &Path) -> anyhow::Result<String> {
    fs::read_to_string(path).with_context(|| {
        Failure::new(format!("{} を読めません。", path.display()), "PEM 形式のファイルか、場所を確かめてください。")
    })
}

fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    fs::write(path, bytes)
        .with_context(|| Failure::new(format!("{} に書けません。", path.display()), "場所と権限を確かめてください。"))
}

//! 消去: asked for, agreed to, run, certified; and certificates verified by anybody (R11).

pub(super) mod verify;

use super::retention::kind;
use super::{Where, below, block_on, explain, kinds, officer};
use crate::terminal::{Done, Failure, Outcome, say};
use anyhow::Context as _;
use print::Printer;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use store::{
    Blocked, Certified, ErasureApproved, ErasureId, ErasureRequested, Kind, NewErasure, OperatorName, Ran, Reason,
};

/// A list of objects larger than this is another file.
const LIST_BYTES_MAX: u64 = 1 << 20;

#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// 消去を申請します。別の人が承認し、24時間たつまで、何も消去されません
    Request {
        #[command(flatten)]
        place: Where,
        /// 情報種別（fumibako retention list の左の列）
        #[arg(long, value_parser = kind)]
        kind: Kind,
        /// 対象の番号（いくつでも）
        #[arg(long = "object", value_name = "ID")]
        objects: Vec<String>,
        /// 対象の番号を一行に一つ書いたファイル
        #[arg(long, value_name = "FILE")]
        objects_file: Option<PathBuf>,
        /// 理由: early（期限より前）、end-of-contract（契約の終わり）、maintenance（保守で使った）
        #[arg(long, value_parser = reason)]
        reason: Reason,
        /// 根拠（氏名は書かないでください）
        #[arg(long)]
        basis: String,
        /// 運営者の識別名
        #[arg(long, value_parser = officer)]
        by: OperatorName,
    },
    /// 申請を承認します（申請した人とは別の人）
    Approve(One),
    /// 申請を取り消します
    Withdraw(One),
    /// 承認された消去を行います。途中で止まったものは続きから行います
    Run(One),
    /// 消去されたことを検証し、証明書を出します（行った人とは別の人）
    Certify(One),
    /// 消去の一覧
    List {
        #[command(flatten)]
        place: Where,
    },
    /// 証明書を書き出します
    Certificate {
        #[command(flatten)]
        place: Where,
        /// 消去の番号
        erasure: ErasureId,
        /// 署名された証明書（JSON）の書き出し先
        #[arg(long, value_name = "FILE")]
        json: Option<PathBuf>,
        /// 印刷用の証明書（PDF、JSONが添付されます）の書き出し先
        #[arg(long, value_name = "FILE")]
        pdf: Option<PathBuf>,
    },
    /// 証明書をどこに提出したかを記録します
    Submit {
        #[command(flatten)]
        place: Where,
        /// 消去の番号
        erasure: ErasureId,
        /// 提出先（事業所、行政）
        #[arg(long)]
        to: String,
        /// 運営者の識別名
        #[arg(long, value_parser = officer)]
        by: OperatorName,
    },
    /// 証明書の公開鍵を表示します
    Key {
        #[command(flatten)]
        place: Where,
    },
    /// 証明書を確かめます（交換所の外でも、だれでも）
    Verify(verify::Args),
}

/// 一件の消去.
#[derive(clap::Args)]
pub(crate) struct One {
    #[command(flatten)]
    place: Where,
    /// 消去の番号
    erasure: ErasureId,
    /// 運営者の識別名
    #[arg(long, value_parser = officer)]
    by: OperatorName,
}

fn reason(id: &str) -> Result<Reason, String> {
    Reason::given(id).ok_or_else(|| {
        let known: Vec<&str> = Reason::GIVEN.into_iter().map(Reason::id).collect();
        format!("理由は次のどれかにしてください: {}", known.join("、"))
    })
}

pub(crate) fn run(command: &Command) -> Outcome {
    if let Command::Verify(args) = command {
        return verify::run(args);
    }
    block_on(async {
        match command {
            Command::Request { place, kind, objects, objects_file, reason, basis, by } => {
                let objects = gathered(objects, objects_file.as_deref())?;
                let new = NewErasure { kind: *kind, objects, reason: *reason, basis: basis.clone() };
                request(place, new, by).await
            }
            Command::Approve(one) => approve(one).await,
            Command::Withdraw(one) => withdraw(one).await,
            Command::Run(one) => erase(one).await,
            Command::Certify(one) => certify(one).await,
            Command::List { place } => list(place).await,
            Command::Certificate { place, erasure, json, pdf } => {
                certificate(place, *erasure, json.as_deref(), pdf.as_deref()).await
            }
            Command::Submit { place, erasure, to, by } => submit(place, *erasure, to, by).await,
            Command::Key { place } => key(place).await,
            Command::Verify(args) => verify::run(args),
        }
    })
}

fn gathered(named: &[String], file: Option<&Path>) -> anyhow::Result<BTreeSet<String>> {
    let mut objects: BTreeSet<String> = named.iter().cloned().collect();
    if let Some(path) = file {
        let unreadable = || {
            Failure::new(
                format!("対象のファイル {} を読めません。", path.display()),
                "一行に一つ番号を書いた、1MBまでのファイルを示してください。",
            )
        };
        if fs::metadata(path).with_context(unreadable)?.len() > LIST_BYTES_MAX {
            return Err(unreadable().into());
        }
        let text = fs::read_to_string(path).with_context(unreadable)?;
        objects.extend(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned));
    }
    Ok(objects)
}

fn blocked(why: &Blocked) -> Failure {
    match why {
        Blocked::Unknown(object) => Failure::new(
            format!("その種別に、番号 {object} のものはありません。"),
            "番号と種別を確かめてください。何も消去していません。",
        ),
        Blocked::Already(object) => Failure::new(
            format!("{object} は、すでに消去されたか、別の申請に入っています。"),
            "fumibako erasure list を見てください。何も消去していません。",
        ),
        Blocked::NotEnded(object) => Failure::new(
            format!("{object} は、まだ使われています。"),
            "廃止や終了の手続きが済んでから申請してください。何も消去していません。",
        ),
        Blocked::Minimum { object, until } => Failure::new(
            format!("{object} には、{} まで保存の義務があります。", store::japanese_time(until)),
            "その日を過ぎてから申請してください。何も消去していません。",
        ),
        Blocked::Held { object, hold } => Failure::new(
            format!("{object} は保全されています（保全の番号 {hold}）。"),
            "保全が解かれてから申請してください。何も消去していません。",
        ),
    }
}

fn not_staff() -> Failure {
    Failure::new(
        "この識別名は、この種別の消去手順の職員ではありません。",
        "職員は fumibako retention list で見られます。手順を変えるなら fumibako retention set を使います。",
    )
}

fn not_found() -> Failure {
    Failure::new("その番号の、この段階にある消去はありません。", "一覧と段階は fumibako erasure list で見られます。")
}

async fn request(place: &Where, new: NewErasure, by: &OperatorName) -> Outcome {
    let (_, store) = place.open().await?;
    let words = kinds::words(new.kind);
    let requested = store.request_erasure(new, by).await.map_err(explain)?;
    store.close().await;
    let failure = match requested {
        ErasureRequested::Done { id, objects } => {
            say!("消去を申請しました: {id}");
            below(&format!("{} {objects}件。方法: {}", words.label, words.method));
            below(&format!("別の人が fumibako erasure approve {id} --by … で承認します。"));
            return Ok(Done::All);
        }
        ErasureRequested::Count => Failure::new(
            "対象がないか、一度に申請できる数を超えています。",
            format!("--object か --objects-file で、1〜{}件を示してください。", store::ERASURE_OBJECTS_MAX),
        ),
        ErasureRequested::Incomplete => {
            Failure::new("根拠が空か、長すぎます。", "--basis に、500文字までの根拠を書いてください。")
        }
        ErasureRequested::NoProcedure => Failure::new(
            "この種別の消去手順が決まっていません。",
            "先に fumibako retention set で、日数と職員を二人で定めてください。",
        ),
        ErasureRequested::NotStaff => not_staff(),
        ErasureRequested::NotErasable => {
            Failure::new("この種別は、申請では消去しません。", "どう終わるかは fumibako retention list で見られます。")
        }
        ErasureRequested::Blocked(why) => blocked(&why),
    };
    Err(failure.into())
}

async fn approve(one: &One) -> Outcome {
    let (_, store) = one.place.open().await?;
    let approved = store.approve_erasure(one.erasure, &one.by).await.map_err(explain)?;
    store.close().await;
    let failure = match approved {
        ErasureApproved::Done { from } => {
            say!("承認しました: {}", one.erasure);
            say!("{} から fumibako erasure run で行えます。", store::japanese_time(&from));
            return Ok(Done::All);
        }
        ErasureApproved::OwnRequest => return Err(super::own_request()),
        ErasureApproved::NotStaff => not_staff(),
        ErasureApproved::NotWaiting => not_found(),
        ErasureApproved::Changed => Failure::new(
            "申請の後に、対象か手順が変わっています。",
            "fumibako erasure withdraw で取り消し、申請し直してください。何も消去していません。",
        ),
        ErasureApproved::Blocked(why) => blocked(&why),
    };
    Err(failure.into())
}

async fn withdraw(one: &One) -> Outcome {
    let (_, store) = one.place.open().await?;
    let withdrawn = store.withdraw_erasure(one.erasure, &one.by).await.map_err(explain)?;
    store.close().await;
    if !withdrawn {
        return Err(not_found().into());
    }
    say!("取り消しました: {}", one.erasure);
    Ok(Done::All)
}

async fn erase(one: &One) -> Outcome {
    let (config, store) = one.place.open().await?;
    let ran = store.run_erasure(one.erasure, &one.by, &config.erasure_places()).await.map_err(explain)?;
    store.close().await;
    let failure = match ran {
        Ran::Done { objects, living } if living.is_empty() => {
            say!("消去しました: {objects}件");
            below(&format!("別の人が fumibako erasure certify {} --by … で検証します。", one.erasure));
            return Ok(Done::All);
        }
        Ran::Done { objects, living } => {
            say!("消去しました: {objects}件");
            say!("鍵の写しが、まだ次の控えに残っています。証明書は出せません。");
            for backup in living {
                say!("    {backup}");
            }
            say!("→ 鍵の控えを元の場所に戻して certify を行うか、fumibako backup destroy で破棄します。");
            return Ok(Done::Partly);
        }
        Ran::NotReady => not_found(),
        Ran::NotStaff => not_staff(),
        Ran::Cooling { from } => Failure::new(
            "承認から24時間たっていません。",
            format!(
                "{} から行えます。誤りに気づいたら fumibako erasure withdraw で取り消せます。",
                store::japanese_time(&from)
            ),
        ),
        Ran::Changed => Failure::new(
            "対象が、承認したときと違います。",
            "fumibako erasure withdraw で取り消し、申請し直してください。何も消去していません。",
        ),
        Ran::Blocked(why) => blocked(&why),
    };
    Err(failure.into())
}

async fn certify(one: &One) -> Outcome {
    let (config, store) = one.place.open().await?;
    let certified = store.certify_erasure(one.erasure, &one.by, &config.erasure_places()).await.map_err(explain)?;
    store.close().await;
    let failure = match certified {
        Certified::Done { .. } => {
            say!("検証し、証明書を出しました: {}", one.erasure);
            below(&format!("fumibako erasure certificate {} --json … --pdf … で書き出せます。", one.erasure));
            return Ok(Done::All);
        }
        Certified::NotErased => not_found(),
        Certified::OwnWork => {
            Failure::new("消去を行った人は、自分では検証できません。", "別の人が --by に自分の識別名を入れてください。")
        }
        Certified::Living(copies) => Failure::new(
            format!("鍵の写しが残っています（{}）。証明書は出せません。", copies.join("、")),
            "その控えを元の場所に戻すか、破棄して台帳に記録してから、もう一度検証してください。",
        ),
        Certified::Unfinished(count) => Failure::new(
            format!("消去が済んでいないものが {count}件 あります。"),
            "fumibako erasure run をもう一度行ってください。",
        ),
        Certified::NotGone(count) => Failure::new(
            format!("消去したものの断片が {count}か所 見つかりました。証明書は出せません。"),
            "ほかに写しを作ったプログラムや人がいないか調べてから、もう一度検証してください。",
        ),
        Certified::Busy => {
            Failure::new("ほかの読み取りが続いていて、検証できません。", "しばらくして、もう一度検証してください。")
        }
        Certified::OnServer => Failure::new(
            "鍵は消去しましたが、データベースがサーバーにあるので、ディスクから消えたことを確かめられません。証明書は出せません。",
            "サーバーの側で行うことは、docs/operating.md の「PostgreSQL での消去」にあります。",
        ),
    };
    Err(failure.into())
}

fn state(state: &str) -> &str {
    match state {
        "requested" => "承認を待っています",
        "approved" => "承認済み。行うのを待っています",
        "erasing" => "途中です。もう一度 run を行ってください",
        "erased" => "消去済み。検証を待っています",
        "certified" => "検証済み（証明書があります）",
        "withdrawn" => "取り消されました",
        "replayed" => "復元のときに、もう一度消去しました",
        other => other,
    }
}

async fn list(place: &Where) -> Outcome {
    let (_, store) = place.open().await?;
    let rows = store.erasures().await.map_err(explain)?;
    store.close().await;
    if rows.is_empty() {
        say!("消去はまだありません。");
    }
    for row in rows {
        say!("{}  {} {}件", row.id, kinds::words(row.kind).label, row.objects);
        below(state(&row.state));
        let approved = row.approved_by.as_deref().map_or_else(String::new, |by| format!("、承認 {by}"));
        below(&format!("申請 {} {}{approved}", row.requested_by, store::japanese_time(&row.requested_at)));
        if !row.basis.is_empty() {
            below(&format!("根拠: {}", row.basis));
        }
    }
    Ok(Done::All)
}

async fn certificate(place: &Where, erasure: ErasureId, json: Option<&Path>, pdf: Option<&Path>) -> Outcome {
    let (_, store) = place.open().await?;
    let certificate = store.erasure_certificate(erasure).await.map_err(explain)?;
    let key = store.certificate_public_key().await.map_err(explain)?;
    store.close().await;
    let Some(certificate) = certificate else {
        return Err(Failure::new(
            "この消去には、まだ証明書がありません。",
            "fumibako erasure certify で検証してください。",
        )
        .into());
    };
    if json.is_none() && pdf.is_none() {
        say!("{}", certificate.trim_end());
        return Ok(Done::All);
    }
    if let Some(path) = json {
        write(path, certificate.as_bytes())?;
        say!("証明書（JSON）: {}", path.display());
    }
    if let Some(path) = pdf {
        write(path, &print(&certificate)?)?;
        say!("証明書（PDF）: {}", path.display());
    }
    say!("公開鍵: {key}");
    Ok(Done::All)
}

fn print(certificate: &str) -> anyhow::Result<Vec<u8>> {
    let document = web::erasure::certificate_document(certificate).ok_or_else(|| {
        Failure::new("保存されている証明書を読めません。", "運営者の記録で、この番号の消去を調べてください。")
    })?;
    let this = std::env::current_exe().context("この実行ファイルの場所が分かりません")?;
    Printer::beside(&this).print(&document).map_err(|error| {
        anyhow::Error::new(error).context(Failure::new(
            "PDFを作れません。",
            "fumibako-print が fumibako と同じフォルダーにあり、日本語の書体（fonts-ipaexfont）があるか確かめてください。",
        ))
    })
}

/// Nothing that is there is overwritten.
fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    use std::io::Write as _;
    let mut file = fs::File::create_new(path).with_context(|| {
        Failure::new(
            format!("{} に書けません。", path.display()),
            "まだないファイルの名前にし、フォルダーの権限を確かめてください。",
        )
    })?;
    Ok(file.write_all(bytes)?)
}

async fn submit(place: &Where, erasure: ErasureId, to: &str, by: &OperatorName) -> Outcome {
    let (_, store) = place.open().await?;
    let submitted = store.submit_certificate(erasure, to, by).await.map_err(explain)?;
    store.close().await;
    if !submitted {
        return Err(Failure::new(
            "証明書がないか、同じ提出先がすでに記録されています。",
            "fumibako erasure list と、提出先を確かめてください。",
        )
        .into());
    }
    say!("提出を記録しました: {erasure}");
    Ok(Done::All)
}

async fn key(place: &Where) -> Outcome {
    let (_, store) = place.open().await?;
    let key = store.certificate_public_key().await.map_err(explain)?;
    store.close().await;
    say!("{key}");
    Ok(Done::All)
}

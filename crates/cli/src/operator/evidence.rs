//! 送受信の記録 by the operator, for an office that cannot make it itself, and the public key of the log.

use super::{Where, block_on, explain, officer};
use crate::terminal::{Done, Failure, Outcome, say};
use anyhow::Context as _;
use jiff::civil::Date;
use standard::OfficeNumber;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use store::{EVIDENCE_SETS_MAX, Evidence, EvidenceAsked};
use web::evidence::{About, document, period, why_not_printed};

#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// 事業所が送ったもの・届いたものの記録を、証明つきの PDF にします
    Make(Args),
    /// 証跡の公開鍵を表示します。事業所や監査する人に、別の道で伝えてください
    Key {
        #[command(flatten)]
        place: Where,
    },
}

#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    place: Where,
    /// 事業所番号（10桁）
    number: OfficeNumber,
    /// はじめの日（例: 2026-11-01）
    #[arg(long)]
    from: Date,
    /// おわりの日（この日も含みます）
    #[arg(long)]
    to: Date,
    /// 相手の事業所番号。書かなければ、すべての相手
    #[arg(long, value_name = "NUMBER")]
    partner: Option<OfficeNumber>,
    /// 書き出すファイル
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// あなたの識別名（英数字。氏名は使いません）
    #[arg(long, value_name = "NAME")]
    by: String,
}

pub(crate) fn run(command: &Command) -> Outcome {
    block_on(async {
        match command {
            Command::Make(args) => make(args).await,
            Command::Key { place } => {
                let (_, store) = place.open().await?;
                say!("{}", store.log_key().await.map_err(explain)?);
                store.close().await;
                Ok(Done::All)
            }
        }
    })
}

async fn make(args: &Args) -> Outcome {
    let by = officer(&args.by).map_err(|why| Failure::new("--by を読めません。", format!("{why}。")))?;
    let Some((from, until)) = period(args.from, args.to) else {
        let fix = "--to を --from からあと、6年以内の日にしてください。";
        return Err(Failure::new("期間が正しくありません。", fix).into());
    };
    if args.out.exists() {
        return Err(taken(&args.out).into());
    }
    let (config, store) = args.place.open().await?;
    let office = store.office(args.number).await.map_err(explain)?.ok_or_else(|| unknown(args.number))?;
    let asked = EvidenceAsked { from, until, partner: args.partner };
    let rows = match store.make_evidence_for(&office, asked, &by).await.map_err(explain)? {
        Evidence::Done(rows) => rows,
        Evidence::TooMany => {
            let what = format!("この期間には{EVIDENCE_SETS_MAX}件より多くの送受信があります。");
            return Err(Failure::new(what, "期間を短くするか、--partner で相手を一つ示してください。").into());
        }
        Evidence::NoSuchPartner => return Err(args.partner.map_or_else(|| unknown(args.number), unknown).into()),
    };
    let about = About {
        office: &office,
        from,
        until,
        partner: args.partner.map(|number| number.to_string()),
        made_by: format!("交換所の運営者 {}", args.by),
        made_at: store.document_time(),
        log_key: store.log_key().await.map_err(explain)?.to_string(),
    };
    let made = document(&about, &rows);
    let pdf = config.printer().print(&made).map_err(|error| {
        let (what, fix) = why_not_printed(&error);
        anyhow::Error::new(error).context(Failure::new(what, fix))
    })?;
    let kept = std::fs::File::create_new(&args.out).and_then(|mut file| {
        file.write_all(&pdf)?;
        file.sync_all()
    });
    kept.with_context(|| taken(&args.out))?;
    store.close().await;
    say!("書類を作りました: {}（{}件、証明つき）", args.out.display(), rows.len());
    Ok(Done::All)
}

fn taken(out: &Path) -> Failure {
    let fix = "同じ名前のファイルがないか、書ける場所かを確かめるか、別の名前を示してください。";
    Failure::new(format!("{} に書けません。", out.display()), fix)
}

fn unknown(number: OfficeNumber) -> Failure {
    Failure::new(
        format!("事業所番号 {number} は登録されていません。"),
        "番号を確かめてください。一覧は fumibako office list で見られます。",
    )
}

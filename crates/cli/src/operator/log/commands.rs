//! What an operator does with the log at a terminal.

use super::anchor;
use crate::operator::{Where, explain, officer, own_request};
use crate::terminal::{Done, Failure, Outcome, say};
use anyhow::Context as _;
use store::{Gap, GapDeclared, OperatorName};

#[derive(clap::Args)]
pub(crate) struct Status {
    #[command(flatten)]
    place: Where,
}

#[derive(clap::Args)]
pub(crate) struct DeclareGap {
    #[command(flatten)]
    place: Where,
    /// 古い状態に戻したわけ
    #[arg(long)]
    reason: String,
    /// 宣言する運営者の識別名
    #[arg(long, value_parser = officer)]
    by: OperatorName,
    /// 承認する、別の運営者の識別名
    #[arg(long, value_parser = officer)]
    approved_by: OperatorName,
}

pub(crate) async fn status(args: &Status) -> Outcome {
    let (config, store) = args.place.open().await?;
    let newest = store.sign_checkpoint().await.map_err(explain)?;
    let (key, former) = (store.log_key().await.map_err(explain)?, store.former_log_keys().await.map_err(explain)?);
    let anchored = anchor::read(&config.anchor_file())?;
    store.close().await;
    say!("記録の数: {}", newest.checkpoint().size());
    say!("確かめる鍵: {key}");
    for key in former {
        say!("以前の鍵: {key}");
    }
    match anchored {
        Some(anchored) => {
            say!("控え: {} 件まで（{}）", anchored.checkpoint().size(), config.anchor_file().display());
        }
        None => say!("控え: まだありません（{}）", config.anchor_file().display()),
    }
    let cosigned = newest.note().signatures().len().saturating_sub(1);
    say!("最新の署名に付いた立会人の署名: {cosigned}");
    Ok(Done::All)
}

pub(crate) async fn declare_gap(args: &DeclareGap) -> Outcome {
    let (config, store) = args.place.open_unheld().await?;
    let Some(anchored) = anchor::read(&config.anchor_file())? else {
        return Err(Failure::new(
            "アクセス記録の控えがありません。",
            "控えのあるところを設定の log.anchor_file に書いてください。",
        )
        .into());
    };
    let gap = Gap { reason: args.reason.clone(), declared_by: args.by.clone(), approved_by: args.approved_by.clone() };
    let declared = store.declare_gap(&anchored, gap).await.map_err(explain)?;
    if matches!(declared, GapDeclared::Done(_)) {
        let newest = store.sign_checkpoint().await.map_err(explain)?;
        anchor::write(&config.anchor_file(), &newest).context("the anchor")?;
    }
    store.close().await;
    match declared {
        GapDeclared::Done(name) => {
            say!("断絶を宣言しました。これからの記録は {name} という名前と新しい鍵で続きます。");
            say!("新しい鍵（fumibako ledger status）を、記録を確かめる人と立会人に知らせてください。");
            Ok(Done::All)
        }
        GapDeclared::SamePerson => Err(own_request()),
        GapDeclared::NoReason => {
            Err(Failure::new("わけがありません。", "--reason に、何があったかを書いてください。").into())
        }
        GapDeclared::NoGap => Err(Failure::new("記録は控えと合っています。", "宣言することはありません。").into()),
        GapDeclared::Stranger => {
            Err(Failure::new("控えは、この交換所のものではありません。", "設定の log.anchor_file を確かめてください。")
                .into())
        }
    }
}

//! データベース on a server: what only its owner may do.

use super::{Where, block_on, explain, officer, open_key_store, own_request};
use crate::terminal::{Done, Failure, Outcome, say};
use clap::Subcommand;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::{HostClock, OperatorName, Store, TakenOver};

#[derive(Subcommand)]
pub(crate) enum Command {
    /// データベースの表をこのプログラムの版に合わせ、権限を付け直します（PostgreSQL の持ち主の接続先が要ります）
    Upgrade(Where),
    /// フォルダーにある交換所を、設定にある空のデータベースに引き継ぎます（二人で。交換所を止めてから）
    TakeOver {
        #[command(flatten)]
        place: Where,
        /// 引き継ぐデータのフォルダー（それまでの data か、控えから戻したところ）
        #[arg(long, value_name = "DIR")]
        from: PathBuf,
        /// 引き継ぐ運営者の識別名
        #[arg(long, value_parser = officer)]
        by: OperatorName,
        /// 承認する、別の運営者の識別名
        #[arg(long, value_parser = officer)]
        approved_by: OperatorName,
    },
}

pub(crate) fn run(command: &Command) -> Outcome {
    block_on(async {
        match command {
            Command::Upgrade(place) => upgrade(place).await,
            Command::TakeOver { place, from, by, approved_by } => take_over(place, from, by, approved_by).await,
        }
    })
}

async fn upgrade(place: &Where) -> Outcome {
    let config = place.read()?;
    Store::upgrade(config.owned_place()?).await.map_err(explain)?;
    say!("データベースの表と権限を、このプログラムの版に合わせました。");
    Ok(Done::All)
}

async fn take_over(place: &Where, from: &Path, by: &OperatorName, approved_by: &OperatorName) -> Outcome {
    let config = place.read()?;
    if !config.is_on_server() {
        return Err(Failure::new(
            "引き継ぐ先のデータベースが、設定にありません。",
            "設定に [database] を加え、空のデータベースの接続先を書いてください（docs/operating.md の PostgreSQL）。",
        )
        .into());
    }
    if !store::database_path(from).exists() {
        return Err(Failure::new(
            format!("{} に、交換所のデータがありません。", from.display()),
            "--from に、それまでの data フォルダーか、fumibako backup restore で戻したフォルダーを示してください。",
        )
        .into());
    }
    let masters = open_key_store(&config)?;
    let taken = Store::take_over(&config.owned_place()?, from, masters, Arc::new(HostClock), by, approved_by).await;
    match taken.map_err(explain)? {
        TakenOver::Done { rows, bodies } => {
            let count = |table: &str| rows.get(table).copied().unwrap_or_default();
            say!(
                "引き継ぎました: 送信 {}件、アクセスの記録 {}件、大きなファイル {bodies}件",
                count("transmission"),
                count("ledger")
            );
            say!("元のフォルダー {} は、もう交換所としては開きません。確かめてから廃棄してください。", from.display());
            Ok(Done::All)
        }
        TakenOver::OwnRequest => Err(own_request()),
    }
}

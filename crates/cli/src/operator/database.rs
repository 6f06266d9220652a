//! データベース on a server: what only its owner may do.

use super::{Where, block_on, explain};
use crate::terminal::{Done, Outcome, say};
use clap::Subcommand;
use store::Store;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// データベースの表をこのプログラムの版に合わせ、権限を付け直します（PostgreSQL の持ち主の接続先が要ります）
    Upgrade(Where),
}

pub(crate) fn run(command: &Command) -> Outcome {
    let Command::Upgrade(place) = command;
    block_on(async {
        let config = place.read()?;
        Store::upgrade(config.owned_place()?).await.map_err(explain)?;
        say!("データベースの表と権限を、このプログラムの版に合わせました。");
        Ok(Done::All)
    })
}

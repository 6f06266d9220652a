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
        let master = store::open_key_store(&config.key_store_file(), &config.unlock()?).map_err(explain)?;
        Store::upgrade(config.owned_place()?, &master).await.map_err(explain)?;
        say!("データベースの表と権限を、このプログラムの版に合わせました。");
        Ok(Done::All)
    })
}

//! Commands of those who run an exchange.

pub(crate) mod account;
mod arrival_mail;
pub(crate) mod authority;
pub(crate) mod backup;
mod breached;
pub(crate) mod config;
pub(crate) mod database;
pub(crate) mod device;
pub(crate) mod disposal;
pub(crate) mod erasure;
pub(crate) mod evidence;
pub(crate) mod expire;
pub(crate) mod init;
pub(crate) mod key;
mod kinds;
pub(crate) mod log;
pub(crate) mod office;
pub(crate) mod outside;
pub(crate) mod register;
pub(crate) mod retention;
pub(crate) mod serve;
mod server_certificate;
pub(crate) mod tls;
mod tls12;

use crate::check::screen;
use crate::terminal::{Failure, say};
use config::Config;
use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use store::{ClockSources, Error, KeyStoreError, MasterKeys, OperatorName, Store, Token, WatchedClock};

/// Checking, sealing and opening run here; more threads than this would only take turns.
const BLOCKING_THREADS_MAX: usize = 16;

/// Which exchange.
#[derive(clap::Args, Debug)]
pub(crate) struct Where {
    /// 設定ファイル
    #[arg(long, env = "FUMIBAKO_CONFIG", default_value = "fumibako.toml")]
    pub(crate) config: PathBuf,
}

impl Where {
    pub(crate) fn read(&self) -> anyhow::Result<Config> {
        Config::read(&self.config)
    }

    pub(crate) async fn open(&self) -> anyhow::Result<(Config, Store)> {
        let (config, store) = self.open_unheld().await?;
        let store = settled(&config, store).await?;
        Ok((config, store))
    }

    /// Without asking whether the log reaches as far as what was anchored: only for whoever declares that it does not.
    pub(crate) async fn open_unheld(&self) -> anyhow::Result<(Config, Store)> {
        let config = self.read()?;
        // A command asks the daemon that keeps the clock and no server: it should not wait for one.
        let (store, _) = open_at(&config, ClockSources::default()).await?;
        Ok((config, store))
    }

    /// With the clock by which everything is dated, to be looked at while serving.
    pub(crate) async fn open_watched(&self) -> anyhow::Result<(Config, Store, Arc<WatchedClock>)> {
        let config = self.read()?;
        let (store, clock) = open_at(&config, config.clock_sources()).await?;
        let store = settled(&config, store).await?;
        Ok((config, store, clock))
    }
}

/// Nobody uses data that lack what was anchored (R10.5), or that hold again what was erased (R4.6).
async fn settled(config: &Config, store: Store) -> anyhow::Result<Store> {
    log::anchor::hold(&store, &config.anchor_file()).await?;
    let store = store.with_backups(config.backup().map(|backup| backup.places));
    let again = store.settle_erasures(&config.erasure_places().list).await.map_err(explain)?;
    if again > 0 {
        say!("古いデータに残っていたものを、消去の一覧に従って消去しました（{again}回）。");
    }
    Ok(store)
}

async fn open_at(config: &Config, sources: ClockSources) -> anyhow::Result<(Store, Arc<WatchedClock>)> {
    let masters = open_key_store(config)?;
    let clock = Arc::new(WatchedClock::new(sources));
    // Entries say how far their instant can be trusted, the first one too (R10.3).
    clock.look().await;
    let store = Store::open(config.place()?, masters, Arc::clone(&clock) as _).await.map_err(explain)?;
    Ok((store, clock))
}

/// The key store that the configuration names: a file or a token.
pub(crate) fn open_key_store(config: &Config) -> anyhow::Result<MasterKeys> {
    if let Some(token) = config.token()? {
        return Ok(MasterKeys::new(Token::open(token).map_err(explain)?));
    }
    let file = config.key_store_file().unwrap_or_default();
    store::open_key_store(&file, config.unlock()?).map_err(explain)
}

/// 運営者の識別名: two people are told apart by it, and the ledger names them by it.
pub(crate) fn officer(name: &str) -> Result<OperatorName, String> {
    OperatorName::at_terminal(name)
        .map_err(|_| "運営者の識別名は、英数字と . _ - で64文字までにしてください（氏名は使いません）".to_owned())
}

pub(crate) fn own_request() -> anyhow::Error {
    Failure::new(
        "申請した人は、自分の申請を承認できません。",
        "別の運営者が --approved-by（または approve の --by）に自分の識別名を入れてください。",
    )
    .into()
}

/// Prints a text below a line, indented, in a window of eighty columns.
pub(crate) fn below(text: &str) {
    const INDENT: usize = 4;
    for line in screen::wrap(text, screen::WIDTH - INDENT) {
        say!("    {line}");
    }
}

/// Runs an operator's command to its end.
pub(crate) fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_multi_thread()
        .max_blocking_threads(BLOCKING_THREADS_MAX)
        .enable_all()
        .build()?
        .block_on(work)
}

/// The ways in which opening an exchange fails, with a way out of each.
pub(crate) fn explain(error: Error) -> anyhow::Error {
    if let Error::ErasureList(list) = &error {
        return backup::list_failed(*list).into();
    }
    let (what, fix) = match &error {
        Error::KeyStore(KeyStoreError::WrongKey | KeyStoreError::EmptyPassphrase) => (
            "鍵ファイルの合言葉が違います。",
            "合言葉を確かめて、もう一度実行してください。データには何もしていません。",
        ),
        Error::KeyStore(KeyStoreError::OtherLock) => (
            "鍵ファイルは、設定とは別の方法（合言葉か資格情報か）で閉じられています。",
            "設定ファイルの key_store を、作ったときの方法に合わせてください。",
        ),
        Error::KeyStore(_) => (
            "鍵ファイルが壊れているか、鍵ファイルではありません。",
            "控えておいた鍵ファイルに戻してください。データには何もしていません。",
        ),
        Error::KeyStoreAway(_) => (
            "鍵装置（PKCS#11）を使えません。",
            "装置がつながっているか、設定の module・token・PIN が正しいか、鍵があるかを確かめてください。データには何もしていません。",
        ),
        Error::KeyStoreTaken => (
            "鍵装置には、もうマスター鍵があります。上書きはしません。",
            "別の交換所の鍵かもしれません。新しく作るなら、別のトークンを使ってください。",
        ),
        Error::WrongKey => (
            "データベースがこの鍵では開きません。別の交換所の鍵か、データベースが壊れています。",
            "設定ファイルの data と key_store の組合せを確かめてください。",
        ),
        Error::Unguarded => (
            "証跡を書き換えから守るしくみが、データベースから外されています。開きません。",
            "だれかがデータベースを直接変えました。控えを確保し、監査担当に知らせてください。データには何もしていません。",
        ),
        Error::LogContradicts => (
            "アクセス記録が、署名した内容と食い違っています。開きません。",
            "だれかがデータベースを直接変えました。データをそのまま保管し、監査担当に知らせてください。",
        ),
        Error::Busy => {
            ("データベースを別のプロセスが使っています。", "ほかの操作が終わるのを待って、もう一度実行してください。")
        }
        Error::Unavailable => (
            "データベースのサーバーにつながりません。",
            "サーバーが動いているか、接続先のファイルが正しいかを確かめてください。",
        ),
        Error::UnsafeServer("ledger") => (
            "プログラムの役割が、データベースの証跡を書き換えられるようになっています。",
            "持ち主ではない別の役割を使い、fumibako database upgrade で権限を付け直してください。",
        ),
        Error::UnsafeServer(_) => (
            "データベースのサーバーの設定が、安全ではありません（次に設定の名を示します）。",
            "手引き（docs/operating.md の PostgreSQL）のとおりに設定してから、もう一度実行してください。",
        ),
        Error::NoOwner => (
            "データベースの持ち主の接続先が、設定にありません。",
            "設定の database に owner_url_file を書いてください。",
        ),
        Error::OnServer => (
            "データベースがサーバーにあるので、この操作はできません。",
            "控えや鍵の交換は、データベースのサーバーの手順で行ってください（docs/operating.md の PostgreSQL）。",
        ),
        Error::AlreadyThere => (
            "そのデータベースには、すでに交換所があります。上書きはしません。",
            "新しく作るなら、空のデータベースを用意してください。",
        ),
        Error::Schema(_) => (
            "データベースの表が、このプログラムの版と合いません。",
            "プログラムを新しくした後なら、fumibako database upgrade を実行してください。",
        ),
        Error::BackupDamaged(_) => (
            "控えが壊れているか、この交換所のものではありません。",
            "fumibako backup list で別の世代を選ぶか、fumibako backup run で新しく作ってください。",
        ),
        Error::DiskFull => ("ディスクに空きがありません。", "空きを作ってから、もう一度実行してください。"),
        Error::File { .. } => ("ファイルを読み書きできません。", "場所と権限を確かめてください。"),
        _ => ("交換所のデータを開けません。", "原因を確かめてください。データには何もしていません。"),
    };
    anyhow::Error::new(error).context(Failure::new(what, fix))
}

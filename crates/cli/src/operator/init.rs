use super::config::{Config, TEMPLATE};
use super::{Where, block_on, explain};
use crate::terminal::{Done, Failure, Outcome, say};
use anyhow::Context as _;
use std::fs;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::sync::Arc;
use store::{Error, HostClock, MasterKeys, Store, Token, Unlock};

/// Below this a passphrase does not protect a stolen key file for long.
const PASSPHRASE_CHARACTERS_MIN: usize = 12;

#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    place: Where,
}

/// Makes the configuration if there is none, then key store, database and authority. Nothing that exists is overwritten.
pub(crate) fn run(args: &Args) -> Outcome {
    block_on(async {
        let path = &args.place.config;
        if !path.exists() {
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            fs::write(path, TEMPLATE).with_context(|| format!("{}", path.display()))?;
            say!("設定ファイルを作りました: {}", path.display());
        }
        let config = Config::read(path)?;
        let masters = match config.token()? {
            Some(token) => {
                nothing_there(&config).await?;
                MasterKeys::new(Token::create(token).map_err(explain)?)
            }
            None => key_store_file(&config).await?,
        };
        let store = Store::create(config.owned_place()?, masters, Arc::new(HostClock)).await.map_err(explain)?;
        let authority = path.with_file_name("authority.pem");
        fs::write(&authority, store.authority_pem().await.map_err(explain)?)?;
        store.close().await;
        match config.key_store_file() {
            Some(file) => {
                say!("鍵ファイル: {}（合言葉と一緒に、データとは別のところに控えてください）", file.display());
            }
            None => {
                say!("マスター鍵: 鍵装置の中に作りました（取り出せません。装置の控えは装置の手順で作ってください）")
            }
        }
        say!("データ: {}", config.data_folder().display());
        say!("認証局の証明書: {}（端末の登録に使います）", authority.display());
        say!("次は fumibako office add で事業所を登録し、fumibako serve で動かします。");
        Ok(Done::All)
    })
}

/// Asks for a passphrase that is good enough, and makes the key-store file.
async fn key_store_file(config: &Config) -> anyhow::Result<MasterKeys> {
    let unlock = config.unlock()?;
    long_enough(&unlock)?;
    let file = config.key_store_file().unwrap_or_default();
    private_folder(file.parent())?;
    if file.exists() {
        return Err(already(&file));
    }
    nothing_there(config).await?;
    store::create_key_store(&file, unlock).map_err(explain)
}

async fn nothing_there(config: &Config) -> anyhow::Result<()> {
    match Store::is_free(config.owned_place()?).await {
        Err(Error::AlreadyThere) if !config.is_on_server() => Err(already(&config.data_folder())),
        free => free.map_err(explain),
    }
}

/// A passphrase that is too short would protect a stolen key file for an afternoon.
pub(super) fn long_enough(unlock: &Unlock) -> anyhow::Result<()> {
    if let Unlock::Passphrase(passphrase) = unlock
        && passphrase.chars().count() < PASSPHRASE_CHARACTERS_MIN
    {
        return Err(Failure::new(
            "合言葉が短すぎます。",
            format!("{PASSPHRASE_CHARACTERS_MIN} 文字以上にしてください。思い出せる語をいくつか並べると安全です。"),
        )
        .into());
    }
    Ok(())
}

pub(super) fn private_folder(folder: Option<&Path>) -> anyhow::Result<()> {
    let Some(folder) = folder.filter(|folder| !folder.as_os_str().is_empty()) else { return Ok(()) };
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).with_context(|| format!("{}", folder.display()))
}

fn already(path: &Path) -> anyhow::Error {
    Failure::new(
        format!("{} はすでにあります。上書きはしません。", path.display()),
        "新しく作るなら、設定ファイルの data と key_store を別の場所にしてください。",
    )
    .into()
}

use super::super::{Where, explain, init, log, officer, open_key_store, own_request};
use crate::terminal::{Done, Failure, Outcome, say};
use anyhow::Context as _;
use std::fs::OpenOptions;
use std::io::{BufRead as _, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::{
    Declared, HostClock, MasterKey, MasterKeys, OperatorName, SealedFile, Share, ShareError, SharesMade, Store,
    combine_shares,
};
use zeroize::Zeroizing;

/// A file with one share; anything longer is a wrong file.
const SHARE_FILE_BYTES_MAX: u64 = 8 * 1024;
/// Lines typed at a terminal, of which few are shares.
const LINES_MAX: usize = 100;

#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// マスター鍵を分割し、一人に一枚ずつの分割鍵を作ります
    Make {
        #[command(flatten)]
        place: Where,
        /// 何枚に分けるか（2〜16）
        #[arg(long)]
        of: u8,
        /// 何枚で元に戻るか（2以上）
        #[arg(long)]
        need: u8,
        /// 分割鍵を持つ人の識別名（枚数と同じだけ、コンマ区切り）
        #[arg(long, value_delimiter = ',', value_parser = officer)]
        holders: Vec<OperatorName>,
        /// 一枚ずつ書き出すフォルダー（印刷して封筒に入れたら、消してください）
        #[arg(long)]
        out: PathBuf,
        /// 作る人の識別名
        #[arg(long, value_parser = officer)]
        by: OperatorName,
        /// 承認する、別の人の識別名
        #[arg(long, value_parser = officer)]
        approved_by: OperatorName,
    },
}

#[derive(clap::Args)]
pub(crate) struct Recover {
    #[command(flatten)]
    place: Where,
    /// 非常時であることの宣言と、その理由
    #[arg(long, value_name = "REASON")]
    emergency: Option<String>,
    /// 訓練: 元に戻ることだけを確かめ、鍵は残しません
    #[arg(long)]
    drill: bool,
    /// 分割鍵のファイル（なければ、端末で一枚ずつ入れます）
    #[arg(long = "share", value_name = "FILE")]
    shares: Vec<PathBuf>,
    /// 宣言する人の識別名
    #[arg(long, value_parser = officer)]
    by: Option<OperatorName>,
    /// 承認する、別の人の識別名
    #[arg(long, value_parser = officer)]
    approved_by: Option<OperatorName>,
}

pub(super) async fn run(command: &Command) -> Outcome {
    let Command::Make { place, of, need, holders, out, by, approved_by } = command;
    if holders.len() != usize::from(*of) {
        return Err(Failure::new(
            format!("分割鍵は {of} 枚ですが、持つ人は {} 人です。", holders.len()),
            "--holders に、枚数と同じだけの識別名を書いてください。",
        )
        .into());
    }
    init::private_folder(Some(out))?;
    if std::fs::read_dir(out)?.next().is_some() {
        return Err(Failure::new(
            format!("フォルダー {} は空ではありません。", out.display()),
            "空のフォルダーを示してください。",
        )
        .into());
    }
    let (_, store) = place.open().await?;
    let made = store.make_key_shares(holders, *need, by, approved_by).await.map_err(explain)?;
    store.close().await;
    let shares = match made {
        SharesMade::Done(shares) => shares,
        SharesMade::OwnRequest => return Err(own_request()),
        SharesMade::BadNumbers => {
            return Err(Failure::new(
                "その枚数では作れません。",
                "--of は 2〜16、--need は 2 以上 --of 以下にしてください。一人では戻せないようにするためです。",
            )
            .into());
        }
        SharesMade::BadHolders => {
            return Err(Failure::new(
                "同じ人が二枚持つことはできません。",
                "--holders に、別々の人の識別名を書いてください。",
            )
            .into());
        }
        SharesMade::NotGivenAway => {
            return Err(Failure::new(
                "鍵装置（PKCS#11）の中のマスター鍵は取り出せないので、分割鍵は作れません。",
                "装置のメーカーの手順で、装置の控えを作ってください。",
            )
            .into());
        }
    };
    for (share, holder) in shares.iter().zip(holders) {
        let path = out.join(format!("share-{}.txt", share.number()));
        write_share(&path, share, holder, *of)?;
        say!("{}  {holder}  確認のことば: {}", path.display(), share.check_words());
    }
    say!(
        "{of} 枚のうち {need} 枚で元に戻ります。印刷して封をし、一枚ずつ別の場所に保管して、このファイルは消してください。"
    );
    Ok(Done::All)
}

fn write_share(path: &Path, share: &Share, holder: &OperatorName, of: u8) -> anyhow::Result<()> {
    let text = Zeroizing::new(format!(
        "文箱 マスター鍵の分割鍵\n\n\
         {} 枚のうちの {} 枚目（{} 枚で元に戻ります）\n\
         持つ人: {holder}\n\
         組: {}\n\
         マスター鍵の番号: {}\n\n\
         {}\n\n\
         確認のことば: {}\n\n\
         この紙一枚では何も開きません。宣言された非常時のほかは、使ってはいけません。\n",
        of,
        share.number(),
        share.needed(),
        share.set(),
        share.master_key_id(),
        share.to_text().as_str(),
        share.check_words(),
    ));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    Ok(file.sync_all()?)
}

pub(super) async fn recover(args: &Recover) -> Outcome {
    let config = args.place.read()?;
    let shares = read_shares(&args.shares)?;
    let master = combined(&shares)?;
    let (Some(reason), Some(by), Some(approved_by)) = (&args.emergency, &args.by, &args.approved_by) else {
        refused(&config, master, "no-emergency").await?;
        return Err(Failure::new(
            "分割鍵は、宣言された非常時にだけ使えます。使おうとしたことを記録しました。",
            "--emergency 理由 --by 宣言する人 --approved-by 承認する別の人 を付けてください。訓練なら --drill も付けます。",
        )
        .into());
    };
    let file = config.key_store_file().ok_or_else(|| {
        Failure::new(
            "この交換所のマスター鍵は鍵装置の中にあり、分割鍵からは戻せません。",
            "装置のメーカーの手順で戻してください。",
        )
    })?;
    if !args.drill && file.exists() {
        refused(&config, master, "key-store-present").await?;
        return Err(Failure::new(
            format!("鍵ファイル {} があります。上書きはしません。", file.display()),
            "鍵ファイルが壊れているなら、別の場所に移してから実行してください。訓練なら --drill を付けます。",
        )
        .into());
    }
    let restored = combined(&shares)?;
    let store = Store::open(config.place()?, master, Arc::new(HostClock)).await.map_err(explain)?;
    let declared = store.declare_key_emergency(reason, args.drill, by, approved_by).await.map_err(explain)?;
    match declared {
        Declared::Done => {}
        Declared::OwnRequest => {
            store.key_recovery_refused("own-request").await.map_err(explain)?;
            told(&config, &store).await;
            store.close().await;
            return Err(own_request());
        }
        Declared::NoReason => {
            store.close().await;
            return Err(Failure::new(
                "非常時の理由が書かれていません（500文字まで）。",
                "--emergency に理由を書いてください。",
            )
            .into());
        }
    }
    told(&config, &store).await;
    if args.drill {
        store.close().await;
        say!("分割鍵から、この交換所のマスター鍵 {} が元に戻ることを確かめました。", restored.id());
        say!("訓練として記録しました。鍵はどこにも残していません。");
        return Ok(Done::All);
    }
    let unlock = config.unlock()?;
    init::long_enough(&unlock)?;
    init::private_folder(file.parent())?;
    SealedFile::keep(&file, unlock, &restored).map_err(explain)?;
    store.master_key_restored(by).await.map_err(explain)?;
    store.close().await;
    say!("マスター鍵 {} を {} に戻しました。", restored.id(), file.display());
    say!("分割鍵は封を切られました。できるだけ早く、マスター鍵を替えて、分割鍵を作り直してください:");
    say!("  fumibako key rotate master --by 識別名");
    say!("  fumibako key shares make …");
    Ok(Done::All)
}

/// Everybody who looks after the exchange is told: on their pages in any case, by mail now if it goes, else by the server.
/// Nothing about it stands in the way of an emergency: what could not be mailed is said, and mailed later.
async fn told(config: &super::super::config::Config, store: &Store) {
    say!("運営者の管理者・鍵の保管者・監査担当の全員の画面に、知らせが出ます。");
    let Ok(Some(mail)) = config.outside().map(|outside| outside.mail) else {
        say!("メールの宛先（設定の log.mail）がないので、メールでは知らせません。");
        return;
    };
    match log::mail_alarms(store, &mail).await {
        Ok(()) => say!("メールでも知らせました。"),
        Err(_) => say!("メールを送れませんでした。交換所を開いたあとに、もう一度送ります。"),
    }
}

/// Records the attempt, with the key store if it is there, else with the key that the shares gave.
async fn refused(config: &super::super::config::Config, master: MasterKey, code: &str) -> anyhow::Result<()> {
    let masters = match config.key_store_file().is_some_and(|file| file.exists()) {
        true => open_key_store(config)?,
        false => MasterKeys::from(master),
    };
    let store = Store::open(config.place()?, masters, Arc::new(HostClock)).await.map_err(explain)?;
    store.key_recovery_refused(code).await.map_err(explain)?;
    told(config, &store).await;
    store.close().await;
    Ok(())
}

fn combined(shares: &[Share]) -> anyhow::Result<MasterKey> {
    combine_shares(shares).map_err(|error| {
        let (what, fix) = match error {
            ShareError::TooFew => (
                format!(
                    "分割鍵が足りません（{} 枚。{} 枚要ります）。足りない枚数からは何も分かりません。",
                    shares.len(),
                    shares.first().map_or(0, Share::needed)
                ),
                "ほかの持ち主の分割鍵も入れてください。",
            ),
            ShareError::NotTogether => (
                "別の組の分割鍵が混ざっています。".to_owned(),
                "紙に書かれた「組」と「マスター鍵の番号」が同じものだけを入れてください。",
            ),
            _ => (
                "分割鍵から、書かれている番号のマスター鍵が元に戻りません。".to_owned(),
                "確認のことばを読み合わせて、入れ違いがないか確かめてください。",
            ),
        };
        anyhow::Error::new(error).context(Failure::new(what, fix))
    })
}

fn read_shares(files: &[PathBuf]) -> anyhow::Result<Vec<Share>> {
    let mut shares = Vec::new();
    for path in files {
        let failure = || {
            Failure::new(
                format!("{} に分割鍵がありません。", path.display()),
                "作ったときのファイルか、分割鍵の文字だけを書いたファイルを示してください。",
            )
        };
        let mut text = Zeroizing::new(String::new());
        std::fs::File::open(path)
            .and_then(|file| file.take(SHARE_FILE_BYTES_MAX).read_to_string(&mut text))
            .with_context(failure)?;
        let mut outcome = Err(ShareError::NotAShare);
        for line in text.lines().filter(|line| line.contains('-') || line.is_ascii()) {
            match Share::parse(line) {
                Err(ShareError::NotAShare) => {}
                found => outcome = found,
            }
        }
        shares.push(outcome.with_context(failure)?);
    }
    if !files.is_empty() {
        return Ok(shares);
    }
    say!("分割鍵を一枚ずつ入れてください（一行に一枚。終わったら空の行）。");
    for line in std::io::stdin().lock().lines().take(LINES_MAX) {
        let line = Zeroizing::new(line?);
        if line.trim().is_empty() {
            break;
        }
        match Share::parse(&line) {
            Ok(share) => {
                say!("{} 枚目  確認のことば: {}", share.number(), share.check_words());
                shares.push(share);
            }
            Err(ShareError::Mistyped) => say!("打ち間違いがあります。もう一度入れてください。"),
            Err(_) => say!("分割鍵ではありません。もう一度入れてください。"),
        }
    }
    Ok(shares)
}

use super::super::{Where, explain, officer};
use super::kind_name;
use crate::terminal::{Done, Failure, Outcome, say};
use store::{CopyDestroyed, CopyPlace, KeyCopyId, KeyKind, NewKeyCopy, OperatorName};

#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// 台帳を表示します
    List {
        #[command(flatten)]
        place: Where,
        /// 破棄したものも表示します
        #[arg(long)]
        all: bool,
    },
    /// 手で作った写し（鍵ファイルの控えなど）を台帳に載せます
    Add {
        #[command(flatten)]
        place: Where,
        /// 鍵の番号（fumibako key status）
        key: String,
        /// どこにあるか（例: 金庫2、拠点の書庫）
        #[arg(long)]
        at: String,
        /// 紙に書いたもの（なければ、ファイルや媒体の控え）
        #[arg(long)]
        paper: bool,
        /// 持っている人の識別名
        #[arg(long, value_parser = officer)]
        holder: OperatorName,
        /// 鍵の管理者の識別名
        #[arg(long, value_parser = officer)]
        by: OperatorName,
    },
    /// 写しを廃棄したことを記録します
    Destroy {
        #[command(flatten)]
        place: Where,
        /// 写しの番号
        copy: KeyCopyId,
        /// 廃棄の方法（例: 裁断、媒体の破壊）
        #[arg(long)]
        how: String,
        /// 廃棄した人の識別名
        #[arg(long, value_parser = officer)]
        by: OperatorName,
    },
}

pub(super) async fn run(command: &Command) -> Outcome {
    match command {
        Command::List { place, all } => list(place, *all).await,
        Command::Add { place, key, at, paper, holder, by } => {
            let new = NewKeyCopy {
                kind: KeyKind::Master,
                key_id: key.trim().to_owned(),
                place: if *paper { CopyPlace::Paper } else { CopyPlace::Backup },
                place_id: at.trim().to_owned(),
                holder: holder.to_string(),
            };
            add(place, new, by).await
        }
        Command::Destroy { place, copy, how, by } => destroy(place, *copy, how, by).await,
    }
}

fn place_name(place: CopyPlace) -> &'static str {
    match place {
        CopyPlace::Database => "データベース",
        CopyPlace::DataFolder => "データの置き場所",
        CopyPlace::KeyStore => "鍵ファイル",
        CopyPlace::Token => "鍵装置",
        CopyPlace::Backup => "控え",
        CopyPlace::Share => "分割鍵",
        CopyPlace::Paper => "紙",
    }
}

async fn list(place: &Where, all: bool) -> Outcome {
    let (_, store) = place.open().await?;
    let copies = store.key_copies().await.map_err(explain)?;
    store.close().await;
    let mut living = 0;
    for copy in copies.iter().filter(|copy| all || copy.destroyed_at.is_none()) {
        say!("{}  {}  {}", kind_name(copy.kind), copy.key_id, copy.id);
        let holder = if copy.holder.is_empty() { "交換所" } else { &copy.holder };
        let state = match (&copy.destroyed_at, &copy.destroyed_how) {
            (Some(at), how) => format!("破棄 {} {}", store::japanese_time(at), how.as_deref().unwrap_or("")),
            (None, _) => {
                living += 1;
                format!("{} から", store::japanese_time(&copy.made_at))
            }
        };
        say!("    {} {}  {holder}  {state}", place_name(copy.place), copy.place_id);
    }
    say!("生きている写し: {living}");
    Ok(Done::All)
}

async fn add(place: &Where, new: NewKeyCopy, by: &OperatorName) -> Outcome {
    let (_, store) = place.open().await?;
    let status = store.key_status().await.map_err(explain)?;
    let known = status.masters.iter().any(|(id, _)| *id == new.key_id);
    let added = if known { store.key_copy_made(new, by).await.map_err(explain)? } else { false };
    store.close().await;
    if !added {
        return Err(Failure::new(
            "台帳に載せられませんでした。その番号のマスター鍵がないか、同じ写しがもう載っています。",
            "fumibako key status で鍵の番号を、fumibako key copy list で台帳を確かめてください。",
        )
        .into());
    }
    say!("台帳に載せました。");
    Ok(Done::All)
}

async fn destroy(place: &Where, copy: KeyCopyId, how: &str, by: &OperatorName) -> Outcome {
    let (_, store) = place.open().await?;
    let destroyed = store.key_copy_destroyed(copy, how, by).await.map_err(explain)?;
    store.close().await;
    let failure = match destroyed {
        CopyDestroyed::Done => {
            say!("廃棄を記録しました。");
            return Ok(Done::All);
        }
        CopyDestroyed::NoSuchCopy => {
            Failure::new("その番号の生きている写しはありません。", "fumibako key copy list で確かめてください。")
        }
        CopyDestroyed::NotByHand => Failure::new(
            "これは交換所が使っている鍵です。手で破棄を記録することはできません。",
            "fumibako key rotate で替えると、古い鍵は交換所が破棄して記録します。",
        ),
        CopyDestroyed::NotSaid => {
            Failure::new("廃棄の方法が書かれていません（200文字まで）。", "--how に方法を書いてください。")
        }
    };
    Err(failure.into())
}

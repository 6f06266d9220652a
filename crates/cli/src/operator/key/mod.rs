//! 鍵 — commands of those who keep the keys.

mod copies;
pub(crate) mod inventory;
mod rotate;
mod shares;

use super::{Where, block_on, explain};
use crate::terminal::{Done, Outcome, say};
use store::{KeyKind, KeyStoreKind, Rotation, Store};

#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// いまの鍵と、更新の進み具合
    Status {
        #[command(flatten)]
        place: Where,
    },
    /// 鍵を新しいものに替えます
    Rotate(rotate::Args),
    /// 鍵の写しの台帳
    #[command(subcommand)]
    Copy(copies::Command),
    /// 復旧用の分割鍵
    #[command(subcommand)]
    Shares(shares::Command),
    /// 非常時に、分割鍵からマスター鍵を戻します
    Recover(shares::Recover),
    /// 暗号の台帳（使っている暗号と鍵の一覧）
    Inventory(inventory::Args),
}

pub(crate) fn run(command: &Command) -> Outcome {
    block_on(async {
        match command {
            Command::Status { place } => status(place).await,
            Command::Rotate(args) => rotate::run(args).await,
            Command::Copy(command) => copies::run(command).await,
            Command::Shares(command) => shares::run(command).await,
            Command::Recover(args) => shares::recover(args).await,
            Command::Inventory(args) => inventory::run(args).await,
        }
    })
}

/// A kind of key, as custodians call it.
pub(super) fn kind_name(kind: KeyKind) -> &'static str {
    match kind {
        KeyKind::Master => "マスター鍵",
        KeyKind::Wrapping => "包む鍵",
        KeyKind::Field => "項目の鍵",
        KeyKind::BlindIndex => "索引の鍵",
        KeyKind::Pepper => "パスワードの鍵",
        KeyKind::Database => "データベースの鍵",
        KeyKind::Office => "事業所の鍵",
        KeyKind::Set => "一件の鍵",
        KeyKind::Archive => "鍵の控え",
    }
}

async fn status(place: &Where) -> Outcome {
    let (_, store) = place.open().await?;
    let status = store.key_status().await.map_err(explain)?;
    let place = match status.store {
        KeyStoreKind::SealedFile => "鍵ファイル",
        KeyStoreKind::Token => "鍵装置（PKCS#11）",
        KeyStoreKind::Held => "メモリー",
    };
    say!("マスター鍵（{place}）");
    for (index, (id, copies)) in status.masters.iter().enumerate() {
        let use_of = if index == 0 { "使用中" } else { "替えている途中" };
        say!("  {id}  {use_of}  写し {copies}");
    }
    say!("作業鍵");
    say!("  {}  データベースの鍵", status.database);
    for key in &status.working {
        let kind = KeyKind::from_id(&key.kind).map_or("?", kind_name);
        let state = match (&key.destroyed_at, key.origin.as_str()) {
            (Some(at), _) => format!("破棄 {}", store::japanese_time(at)),
            (None, "derived") => "使用中（最初のマスター鍵から作ったもの）".to_owned(),
            (None, _) => "使用中".to_owned(),
        };
        say!("  {}  {kind} {}  {state}", key.key_id, key.key_version);
    }
    let (used, retired, destroyed) = status.office_keys;
    say!("事業所の鍵  使用中 {used}、替えた後の古い鍵 {retired}、破棄 {destroyed}");
    let rotations = store.rotations().await.map_err(explain)?;
    if !rotations.is_empty() {
        say!("更新");
    }
    for rotation in &rotations {
        say!("  {}", rotation_line(&store, rotation).await?);
    }
    store.close().await;
    Ok(Done::All)
}

/// One rotation in one line: what, how far, since when.
pub(super) async fn rotation_line(store: &Store, rotation: &Rotation) -> anyhow::Result<String> {
    let whose = match store.rotation_subject(&rotation.subject).await.map_err(explain)? {
        Some(number) => format!(" {number}"),
        None => String::new(),
    };
    let percent = (rotation.done * 100).checked_div(rotation.total).unwrap_or(100).min(100);
    let state = match (&rotation.finished_at, &rotation.walked_at) {
        (Some(at), _) => format!("完了 {}（古い鍵は破棄しました）", store::japanese_time(at)),
        (None, Some(_)) if rotation.kind != KeyKind::Pepper => "包み直しは済み。古い鍵の破棄を待っています".to_owned(),
        _ => format!("{percent}%（{}／{}件）", rotation.done, rotation.total),
    };
    let since = store::japanese_time(&rotation.started_at);
    Ok(format!("{}{whose}  {state}  開始 {since}", kind_name(rotation.kind)))
}

//! 控え: 封と鍵を別々に (R4).

use super::config::BackupConfig;
use super::{Where, below, block_on, explain, officer, open_key_store, own_request};
use crate::terminal::{Done, Failure, Outcome, say};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::{BackupId, HostClock, ListError, Made, OperatorName, RestoreOrder, RestoreRefused};

#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// 控えを一世代作り、読み返して確かめ、古いものを破棄します
    Run {
        #[command(flatten)]
        place: Where,
        /// 運営者の識別名
        #[arg(long, value_parser = officer)]
        by: OperatorName,
    },
    /// 控えの世代の一覧
    List {
        #[command(flatten)]
        place: Where,
    },
    /// 控えを読み返して確かめます。だめなら 1 で終わります
    Verify {
        #[command(flatten)]
        place: Where,
        /// 世代の番号。なければ最新のもの
        backup: Option<BackupId>,
        /// 運営者の識別名
        #[arg(long, value_parser = officer)]
        by: OperatorName,
    },
    /// 控えから、空のフォルダーにデータを戻します（二人で）
    Restore {
        #[command(flatten)]
        place: Where,
        /// 世代の番号
        backup: BackupId,
        /// 戻す先の、空のフォルダー
        #[arg(long, value_name = "DIR")]
        into: PathBuf,
        /// アクセスの記録の一部が失われることを承知し、そう記録します
        #[arg(long)]
        declare_gap: bool,
        /// 公表した検証点にある、アクセスの記録の件数
        #[arg(long, default_value_t = 0)]
        known_entries: u64,
        /// 戻す運営者の識別名
        #[arg(long, value_parser = officer)]
        by: OperatorName,
        /// 承認する、別の運営者の識別名
        #[arg(long, value_parser = officer)]
        approved_by: OperatorName,
    },
    /// 復元の訓練: 別の場所に戻し、比べ、封を開けてみて、捨てます
    Drill {
        #[command(flatten)]
        place: Where,
        /// 世代の番号。なければ最新のもの
        backup: Option<BackupId>,
        /// 訓練に使う、まだないフォルダー
        #[arg(long, value_name = "DIR")]
        aside: PathBuf,
        /// 運営者の識別名
        #[arg(long, value_parser = officer)]
        by: OperatorName,
    },
    /// 訓練の記録
    Drills {
        #[command(flatten)]
        place: Where,
    },
    /// 控えを破棄します
    Destroy {
        #[command(flatten)]
        place: Where,
        /// 世代の番号
        backup: BackupId,
        /// 鍵の控えだけ
        #[arg(long)]
        only_keys: bool,
        /// 運営者の識別名
        #[arg(long, value_parser = officer)]
        by: OperatorName,
    },
}

pub(crate) fn run(command: &Command) -> Outcome {
    block_on(async {
        match command {
            Command::Run { place, by } => make(place, by).await,
            Command::List { place } => list(place).await,
            Command::Verify { place, backup, by } => verify(place, *backup, by).await,
            Command::Restore { place, backup, into, declare_gap, known_entries, by, approved_by } => {
                let order = RestoreOrder {
                    backup: *backup,
                    into: into.clone(),
                    by: by.clone(),
                    approved_by: approved_by.clone(),
                    known_ledger_size: *known_entries,
                    gap_declared: *declare_gap,
                };
                restore(place, &order).await
            }
            Command::Drill { place, backup, aside, by } => drill(place, *backup, aside, by).await,
            Command::Drills { place } => drills(place).await,
            Command::Destroy { place, backup, only_keys, by } => destroy(place, *backup, *only_keys, by).await,
        }
    })
}

fn settings(config: &super::config::Config) -> anyhow::Result<BackupConfig> {
    config.backup().ok_or_else(|| {
        Failure::new(
            "控えの置き場所が決まっていません。",
            "設定に [backup] を加え、boxes（封）と keys（鍵）に、別々のディスクのフォルダーを書いてください。",
        )
        .into()
    })
}

async fn make(place: &Where, by: &OperatorName) -> Outcome {
    let (config, store) = place.open().await?;
    let settings = settings(&config)?;
    let id = match store.make_backup(&settings.places, by).await.map_err(explain)? {
        Made::Done(id) => id,
        Made::NotApart => {
            return Err(Failure::new(
                "封の控え、鍵の控え、データは、別々のフォルダーにしてください。",
                "設定の [backup] の boxes と keys を、互いの中にもデータの中にもない場所にしてください。",
            )
            .into());
        }
        Made::Unplanned(tables) => {
            return Err(Failure::new(
                format!("控えの計画にない表があります（{}）。控えを作りませんでした。", tables.join("、")),
                "プログラムの版を確かめてください。",
            )
            .into());
        }
    };
    say!("控えを作り、読み返して確かめました: {id}");
    let rotated = store
        .rotate_backups(&settings.places, settings.keep_boxes, settings.keep_keys, Some(by))
        .await
        .map_err(explain)?;
    store.close().await;
    if !rotated.boxes.is_empty() || !rotated.keys.is_empty() {
        say!("古い控えを破棄しました（封 {}世代、鍵 {}世代）", rotated.boxes.len(), rotated.keys.len());
    }
    Ok(Done::All)
}

async fn list(place: &Where) -> Outcome {
    let (config, store) = place.open().await?;
    let rows = store.backups().await.map_err(explain)?;
    let overdue = store.backup_is_overdue().await.map_err(explain)?;
    store.close().await;
    if rows.is_empty() {
        say!("控えはまだありません。fumibako backup run で作ります。");
    }
    if let Some(settings) = config.backup() {
        say!("封: {}", settings.places.boxes.display());
        say!("鍵: {}", settings.places.keys.display());
    }
    for row in rows {
        let state = match (&row.verified_at, row.ledger_size) {
            (Some(at), _) => format!("{} に確かめました", store::japanese_time(at)),
            (None, Some(_)) => "確かめられていません（壊れているかもしれません）".to_owned(),
            (None, None) => "作りかけ".to_owned(),
        };
        say!("{}  {}  {}", row.id, store::japanese_time(&row.started_at), row.made_by);
        let part = |gone: &Option<String>| if gone.is_some() { "破棄済み" } else { "あり" };
        below(&format!("封 {}・鍵 {}  {state}", part(&row.data_gone_at), part(&row.keys_gone_at)));
        if let (Some(entries), Some(bytes)) = (row.ledger_size, row.size_bytes) {
            say!("    アクセスの記録 {entries}件まで  {}KB", bytes >> 10);
        }
    }
    if overdue {
        say!("確かめてある控えが、48時間より新しいものにありません。");
        say!("→ fumibako backup run を毎日動かしてください。");
        return Ok(Done::Partly);
    }
    Ok(Done::All)
}

/// The generation that was named, or the newest that is thought to be whole.
async fn chosen(store: &store::Store, backup: Option<BackupId>) -> anyhow::Result<BackupId> {
    if let Some(backup) = backup {
        return Ok(backup);
    }
    let rows = store.backups().await.map_err(explain)?;
    let newest = rows.into_iter().find(|row| row.ledger_size.is_some() && row.data_gone_at.is_none());
    newest
        .map(|row| row.id)
        .ok_or_else(|| Failure::new("控えがありません。", "fumibako backup run で作ってください。").into())
}

async fn verify(place: &Where, backup: Option<BackupId>, by: &OperatorName) -> Outcome {
    let (config, store) = place.open().await?;
    let settings = settings(&config)?;
    let backup = chosen(&store, backup).await?;
    let verified = store.verify_backup(&settings.places, backup, Some(by)).await.map_err(explain)?;
    store.close().await;
    match verified {
        Ok(()) => {
            say!("控えはそろっていて、壊れていません: {backup}");
            Ok(Done::All)
        }
        Err(what) => {
            say!("控えが使えません: {backup}（{}）", part_in_words(what));
            say!("→ fumibako backup list でほかの世代を確かめ、fumibako backup run で新しく作ってください。");
            Ok(Done::Partly)
        }
    }
}

fn part_in_words(what: &str) -> &str {
    match what {
        "manifest" => "目録が壊れています",
        "key" => "開けるマスター鍵が、もうありません",
        "missing" => "あるはずの場所にありません",
        "digest" => "中身が作ったときと違います",
        "key or pages" | "pages" => "中身が壊れています",
        "body" => "大きなデータが壊れているか、ありません",
        "rows" => "件数が合いません",
        "references" => "表のつながりが合いません",
        "boxes" => "箱が開かないか、中身が送られたときと違います",
        "office_key" => "箱を開ける事業所の鍵が入っていません",
        "ledger" => "アクセスの記録が続いていません",
        other => other,
    }
}

async fn restore(place: &Where, order: &RestoreOrder) -> Outcome {
    let config = place.read()?;
    let settings = settings(&config)?;
    let masters = open_key_store(&config)?;
    let places = config.erasure_places();
    let restored = store::restore_backup(&settings.places, &places.list, masters, Arc::new(HostClock), order).await;
    let failure = match restored.map_err(explain)? {
        Ok(restored) => {
            say!("戻しました: {}", order.into.display());
            say!(
                "送受信 {}件、アクセスの記録 {}件",
                restored.rows.get("transmission").unwrap_or(&0),
                restored.ledger_size
            );
            say!("控えの後に消去されたものを、もう一度消去しました（{}回）", restored.erasures_again);
            if restored.gap > 0 {
                say!("失われたアクセスの記録: {}件（そう記録しました）", restored.gap);
            }
            if config.is_on_server() {
                say!(
                    "空のデータベースを設定に書き、fumibako database take-over --from {} で引き継ぎます。",
                    order.into.display()
                );
                if restored.gap > 0 {
                    say!("それから fumibako ledger declare-gap を二人で実行し、fumibako serve で動かします。");
                }
            } else if restored.gap > 0 {
                say!("設定の data をこのフォルダーにして、まず fumibako ledger declare-gap を二人で実行し、");
                say!("それから fumibako serve で動かします。");
            } else {
                say!("設定の data をこのフォルダーにして、fumibako serve で動かします。");
            }
            return Ok(Done::All);
        }
        Err(RestoreRefused::OwnRequest) => return Err(own_request()),
        Err(RestoreRefused::NotEmpty) => Failure::new(
            "戻す先のフォルダーが空ではありません。",
            "空のフォルダーか、まだない場所を --into に示してください。",
        ),
        Err(RestoreRefused::NoBoxes) => Failure::new(
            "その世代の封の控えがありません。",
            "fumibako backup list と、設定の [backup] の場所を確かめてください。",
        ),
        Err(RestoreRefused::NoKeys) => Failure::new(
            "この世代を開ける鍵の控えがありません。封の控えだけでは戻せません。",
            "鍵の控えを、設定の [backup] の keys に戻してから、やり直してください。",
        ),
        Err(RestoreRefused::Damaged(what)) => Failure::new(
            format!("控えが壊れています（{}）。", part_in_words(what)),
            "fumibako backup list で、別の世代を選んでください。",
        ),
        Err(RestoreRefused::Gap { has, known }) => Failure::new(
            format!("アクセスの記録が {}件 失われます（控え {has}件、知られている {known}件）。", known - has),
            "新しい世代を選ぶか、失われることを承知のうえで --declare-gap を付けてください。",
        ),
        Err(RestoreRefused::List(error)) => return Err(list_failed(error).into()),
    };
    Err(failure.into())
}

/// The list of erasures does not allow it.
pub(crate) fn list_failed(error: ListError) -> Failure {
    const FIX: &str = "設定の erasure_list の場所に、正しい消去の一覧を戻してください。それまではデータを使えません。";
    let what = match error {
        ListError::Missing => "消去の一覧がありません。消去したものがよみがえるおそれがあります。".to_owned(),
        ListError::Damaged(line) => format!("消去の一覧が壊れています（{line}件目）。"),
        ListError::Differ(line) => format!("二つの消去の一覧が食い違っています（{line}件目）。"),
        ListError::Behind { list, data } => {
            format!("消去の一覧が古いものです（一覧 {list}件、データ {data}件）。")
        }
        _ => "消去の一覧を使えません。".to_owned(),
    };
    Failure::new(what, FIX)
}

async fn drill(place: &Where, backup: Option<BackupId>, aside: &Path, by: &OperatorName) -> Outcome {
    let (config, store) = place.open().await?;
    let settings = settings(&config)?;
    if aside.exists() {
        return Err(Failure::new(
            "訓練に使うフォルダーがすでにあります。",
            "まだない場所を --aside に示してください。",
        )
        .into());
    }
    let backup = chosen(&store, backup).await?;
    let places = config.erasure_places();
    let drill = store.drill_backup(&settings.places, &places.list, backup, aside, by).await.map_err(explain)?;
    store.close().await;
    if drill.result == "ok" {
        say!(
            "復元できました: {backup}（{}秒、送受信 {}件、開けて比べた封 {}）",
            drill.seconds,
            drill.sets,
            drill.opened
        );
        return Ok(Done::All);
    }
    say!("復元できませんでした: {backup}");
    below(part_in_words(&drill.result));
    match drill.next {
        Some(next) => say!("→ ほかに確かめてある世代: {next}"),
        None => say!("→ 確かめてある世代がほかにありません。すぐに fumibako backup run で作ってください。"),
    }
    Ok(Done::Partly)
}

async fn drills(place: &Where) -> Outcome {
    let (_, store) = place.open().await?;
    let rows = store.drills().await.map_err(explain)?;
    store.close().await;
    if rows.is_empty() {
        say!("復元の訓練はまだしていません。fumibako backup drill でします。");
    }
    for row in rows {
        say!("{}  {}  {}", store::japanese_time(&row.started_at), row.backup_id, row.drilled_by);
        below(&format!("{}  {}秒  送受信 {}件  開けて比べた封 {}", row.result, row.seconds, row.sets, row.opened));
    }
    Ok(Done::All)
}

async fn destroy(place: &Where, backup: BackupId, only_keys: bool, by: &OperatorName) -> Outcome {
    let (config, store) = place.open().await?;
    let settings = settings(&config)?;
    let destroyed = store.destroy_backup(&settings.places, backup, only_keys, by).await.map_err(explain)?;
    store.close().await;
    if !destroyed {
        return Err(Failure::new("その番号の世代はありません。", "一覧は fumibako backup list で見られます。").into());
    }
    say!("破棄しました: {backup}{}", if only_keys { "（鍵の控え）" } else { "" });
    Ok(Done::All)
}

use super::super::{Where, explain, officer, open_key_store};
use super::rotation_line;
use crate::terminal::{Done, Failure, Outcome, say};
use standard::OfficeNumber;
use std::sync::Arc;
use std::time::Duration;
use store::{HostClock, KeyKind, MasterReplaced, OperatorName, RotationStarted, RotationStep, Store};

/// While a key is announced there is nothing to do but wait.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Kind {
    /// マスター鍵（数秒で終わります）
    Master,
    /// 包む鍵（事業所の鍵などを包んでいます）
    Wrapping,
    /// 項目の鍵（氏名などの項目を封じています）
    Field,
    /// パスワードの鍵（次のログインのたびに替わります）
    Pepper,
    /// 事業所の鍵（--office か --all-offices）
    Office,
    /// データベースの鍵（交換所を止めてから）
    Database,
}

#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    place: Where,
    /// どの鍵を替えるか
    kind: Kind,
    /// 事業所番号（kind が office のとき）
    #[arg(long, conflicts_with = "all_offices")]
    office: Option<OfficeNumber>,
    /// すべての事業所の鍵を替えます
    #[arg(long)]
    all_offices: bool,
    /// 包み直しが済むまで、ここで続けます（動いている交換所があれば、そちらが続けます）
    #[arg(long)]
    now: bool,
    /// 鍵の管理者の識別名
    #[arg(long, value_parser = officer)]
    by: OperatorName,
}

pub(super) async fn run(args: &Args) -> Outcome {
    if let Kind::Database = args.kind {
        return database(args).await;
    }
    let (_, store) = args.place.open().await?;
    let done = match args.kind {
        Kind::Master => master(&store, args).await,
        Kind::Wrapping => working(&store, KeyKind::Wrapping, args).await,
        Kind::Field => working(&store, KeyKind::Field, args).await,
        Kind::Pepper => working(&store, KeyKind::Pepper, args).await,
        Kind::Office | Kind::Database => offices(&store, args).await,
    };
    store.close().await;
    done
}

async fn master(store: &Store, args: &Args) -> Outcome {
    match store.rotate_master_key(&args.by).await.map_err(explain)? {
        MasterReplaced::Done { old, new, rewrapped } => {
            say!("マスター鍵を替えました: {new}（包み直した鍵 {rewrapped}）");
            for id in &old {
                say!("古いマスター鍵 {id} は、鍵の保管庫から消えました。");
            }
            say!("古い鍵ファイルの控えと分割鍵は、もう使えません。廃棄して、作り直してください:");
            say!("  fumibako key copy list   廃棄すべき写し");
            say!("  fumibako key shares make 新しい分割鍵");
            Ok(Done::All)
        }
        MasterReplaced::MovingFirst => Err(Failure::new(
            "まだマスター鍵で直接包まれているものがあり、先に移しています。",
            "fumibako key status で進みを確かめ、済んでからもう一度実行してください。",
        )
        .into()),
    }
}

async fn working(store: &Store, kind: KeyKind, args: &Args) -> Outcome {
    let started = store.rotate_working_key(kind, &args.by).await.map_err(explain)?;
    told(store, started, args).await
}

async fn offices(store: &Store, args: &Args) -> Outcome {
    let numbers: Vec<OfficeNumber> = match (args.office, args.all_offices) {
        (Some(number), _) => vec![number],
        (None, true) => {
            store.all_offices().await.map_err(explain)?.into_iter().map(|office| office.register.number).collect()
        }
        (None, false) => {
            return Err(Failure::new(
                "どの事業所の鍵を替えるかが分かりません。",
                "--office 事業所番号 か --all-offices を付けてください。",
            )
            .into());
        }
    };
    let mut last = Ok(Done::All);
    for number in numbers {
        let started = store.rotate_office_key(number, &args.by).await.map_err(explain)?;
        if let RotationStarted::NoSuchOffice = started {
            return Err(super::super::device::no_office(number));
        }
        last = told(store, started, args).await;
    }
    last
}

async fn told(store: &Store, started: RotationStarted, args: &Args) -> Outcome {
    let rotation = match started {
        RotationStarted::Done(rotation) => rotation,
        RotationStarted::Already(rotation) => {
            say!("もう替えている途中です。");
            rotation
        }
        RotationStarted::NotThisWay | RotationStarted::NoSuchOffice => {
            return Err(Failure::new("この鍵は、この方法では替えられません。", "docs/keys.md を見てください。").into());
        }
    };
    say!("{}", rotation_line(store, &rotation).await?);
    if !args.now {
        say!("交換所を止めずに、少しずつ包み直します。fumibako key status で進みを確かめられます。");
        return Ok(Done::All);
    }
    loop {
        let step = store.rotation_step().await.map_err(explain)?;
        let rotations = store.rotations().await.map_err(explain)?;
        let Some(present) = rotations.iter().find(|one| one.id == rotation.id) else { break };
        if present.walked_at.is_some() || present.finished_at.is_some() || present.kind == KeyKind::Pepper {
            say!("{}", rotation_line(store, present).await?);
            break;
        }
        if !matches!(step, RotationStep::Worked(_)) {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }
    Ok(Done::All)
}

async fn database(args: &Args) -> Outcome {
    let config = args.place.read()?;
    if config.is_on_server() {
        return Err(explain(store::Error::OnServer));
    }
    let masters = open_key_store(&config)?;
    let folder = config.data_folder();
    let replaced = Store::rotate_database_key(&folder, masters, Arc::new(HostClock), &args.by).await;
    let replaced = replaced.map_err(explain)?;
    say!("データベースの鍵を替えました: {}（古い鍵 {} は消えました）", replaced.new, replaced.old);
    say!("前に取ったデータの控えは、古い鍵と一緒でなければ開きません。");
    Ok(Done::All)
}

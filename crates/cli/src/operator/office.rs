use super::{Where, block_on, explain, tls12};
use crate::terminal::{Done, Failure, Outcome, say};
use standard::{OfficeNumber, ServiceType};
use store::{NewOffice, OfficeAdded};

#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// 事業所を登録します
    Add {
        #[command(flatten)]
        place: Where,
        /// 事業所番号（10桁）
        number: OfficeNumber,
        /// 事業所名
        #[arg(long)]
        name: String,
        /// サービス種類コード（いくつでも）
        #[arg(long = "type", required = true, value_name = "TYPE")]
        types: Vec<ServiceType>,
    },
    /// 登録されている事業所の一覧
    List {
        #[command(flatten)]
        place: Where,
    },
    /// 事業所の所在地を登録します。連携先の画面に出て、探せるようになります
    Place {
        #[command(flatten)]
        place: Where,
        /// 事業所番号（10桁）
        number: OfficeNumber,
        /// 所在地（例: 架空市見本町）。空にすると消します
        #[arg(long)]
        at: String,
    },
    /// 事業所を廃止にします。以後は送ることも受け取ることもできません
    Close {
        #[command(flatten)]
        place: Where,
        /// 事業所番号（10桁）
        number: OfficeNumber,
    },
    /// TLS 1.2 の例外（期限つき）
    #[command(subcommand)]
    Tls12(tls12::Command),
}

pub(crate) fn run(command: &Command) -> Outcome {
    block_on(async {
        match command {
            Command::Add { place, number, name, types } => add(place, *number, name, types).await,
            Command::List { place } => list(place).await,
            Command::Place { place, number, at } => set_place(place, *number, at).await,
            Command::Close { place, number } => close(place, *number).await,
            Command::Tls12(command) => tls12::run(command).await,
        }
    })
}

async fn add(place: &Where, number: OfficeNumber, name: &str, types: &[ServiceType]) -> Outcome {
    let (_, store) = place.open().await?;
    let new = NewOffice { number, name: name.to_owned(), service_types: types.iter().copied().collect() };
    match store.add_office(new).await.map_err(explain)? {
        OfficeAdded::Done(office) => say!("登録しました: {} {}", office.register.number, office.name),
        OfficeAdded::NumberTaken => {
            return Err(Failure::new(
                format!("事業所番号 {number} はすでに登録されています。"),
                "番号を確かめてください。一覧は fumibako office list で見られます。",
            )
            .into());
        }
        OfficeAdded::Incomplete => {
            return Err(Failure::new("事業所名が空か、長すぎます。", "1〜200文字の名前を付けてください。").into());
        }
    }
    store.close().await;
    Ok(Done::All)
}

async fn list(place: &Where) -> Outcome {
    let (_, store) = place.open().await?;
    let offices = store.all_offices().await.map_err(explain)?;
    if offices.is_empty() {
        say!("登録されている事業所はありません。fumibako office add で登録します。");
    }
    for office in offices {
        let types: Vec<_> = office.register.service_types.iter().map(ToString::to_string).collect();
        let closed = if office.register.closed { "（廃止）" } else { "" };
        say!("{}  {}  {}{closed}", office.register.number, types.join(","), office.name);
    }
    store.close().await;
    Ok(Done::All)
}

async fn set_place(place: &Where, number: OfficeNumber, at: &str) -> Outcome {
    let (_, store) = place.open().await?;
    let done = store.set_office_place(number, at).await.map_err(explain)?;
    store.close().await;
    if !done {
        return Err(Failure::new(
            format!("事業所番号 {number} の所在地を登録できません。"),
            "番号を確かめ、所在地は100文字までで、改行などを入れずに書いてください。",
        )
        .into());
    }
    say!("所在地を登録しました: {number}");
    Ok(Done::All)
}

async fn close(place: &Where, number: OfficeNumber) -> Outcome {
    let (_, store) = place.open().await?;
    let closed = store.close_office(number).await.map_err(explain)?;
    store.close().await;
    if !closed {
        return Err(Failure::new(
            format!("事業所番号 {number} の、開いている事業所はありません。"),
            "番号を確かめてください。一覧は fumibako office list で見られます。",
        )
        .into());
    }
    say!("廃止にしました: {number}");
    Ok(Done::All)
}

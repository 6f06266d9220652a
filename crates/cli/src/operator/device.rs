use super::{Where, block_on, explain};
use crate::client;
use crate::terminal::{Done, Failure, Outcome, say};
use identity::Scopes;
use identity::scope::NotScopes;
use standard::OfficeNumber;
use store::DeviceId;

#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// 一度だけ使える登録コードを発行します（運営者）
    Code {
        #[command(flatten)]
        place: Where,
        /// 事業所番号（10桁）。運営者自身の端末なら --operator
        #[arg(required_unless_present = "operator")]
        number: Option<OfficeNumber>,
        /// 運営者自身の端末の登録コード
        #[arg(long, conflicts_with_all = ["number", "software"])]
        operator: bool,
        /// ケアソフトが使う端末のコード。使わせることをコンマで区切ります（send,collect,read）
        #[arg(long, value_name = "SCOPES", value_parser = scopes)]
        software: Option<Scopes>,
    },
    /// この端末を登録します（事業所の端末で）
    Enrol(client::enrol::Args),
    /// 事業所の端末の一覧（運営者）
    List {
        #[command(flatten)]
        place: Where,
        /// 事業所番号（10桁）
        number: OfficeNumber,
    },
    /// 端末の証明書を失効させます（運営者）
    Revoke {
        #[command(flatten)]
        place: Where,
        /// 端末の番号（fumibako device list に出るもの）
        device: DeviceId,
    },
}

pub(crate) fn run(command: &Command) -> Outcome {
    match command {
        Command::Enrol(args) => client::enrol::run(args),
        Command::Code { place, number, operator, software } => block_on(code(place, *number, *operator, *software)),
        Command::List { place, number } => block_on(list(place, *number)),
        Command::Revoke { place, device } => block_on(revoke(place, *device)),
    }
}

fn scopes(text: &str) -> Result<Scopes, NotScopes> {
    text.replace(',', " ").parse()
}

async fn code(place: &Where, number: Option<OfficeNumber>, operator: bool, software: Option<Scopes>) -> Outcome {
    let (_, store) = place.open().await?;
    let code = match (number, software) {
        (Some(number), Some(scopes)) => store.issue_software_code(number, scopes).await.map_err(explain)?,
        (Some(number), None) => store.issue_code(number).await.map_err(explain)?,
        (None, _) if operator => Some(store.issue_operator_code().await.map_err(explain)?),
        (None, _) => None,
    };
    store.close().await;
    let Some(code) = code else { return Err(no_office(number)) };
    say!("登録コード: {}", code.code.as_str());
    say!(
        "期限: {}（一度だけ使えます。電話や郵便など、別の方法で事業所に伝えてください）",
        store::japanese_time(&code.expires_at)
    );
    Ok(Done::All)
}

async fn list(place: &Where, number: OfficeNumber) -> Outcome {
    let (_, store) = place.open().await?;
    let devices = store.devices(number).await.map_err(explain)?;
    store.close().await;
    if devices.is_empty() {
        say!("{number} に登録された端末はありません。");
    }
    for device in devices {
        let state = match device.revoked_at {
            Some(at) => format!("失効 {}", store::japanese_time(&at)),
            None => format!("{} まで有効", store::japanese_time(&device.valid_until)),
        };
        say!("{}  登録 {}  {state}", device.id, store::japanese_time(&device.enrolled_at));
    }
    Ok(Done::All)
}

async fn revoke(place: &Where, device: DeviceId) -> Outcome {
    let (_, store) = place.open().await?;
    let revoked = store.revoke_device(device).await.map_err(explain)?;
    store.close().await;
    if !revoked {
        return Err(Failure::new(
            "その番号の、有効な端末はありません。",
            "fumibako device list 事業所番号 で番号を確かめてください。",
        )
        .into());
    }
    say!("失効させました: {device}");
    Ok(Done::All)
}

fn no_office(number: Option<OfficeNumber>) -> anyhow::Error {
    let number = number.map_or_else(String::new, |number| number.to_string());
    Failure::new(
        format!("事業所番号 {number} の、開いている事業所はありません。"),
        "先に fumibako office add で登録してください。",
    )
    .into()
}

use super::{Where, explain, officer, own_request};
use crate::terminal::{Done, Failure, Outcome, say};
use jiff::civil::Date;
use standard::OfficeNumber;
use store::{NewTls12Exception, OperatorName, Tls12Allowed};

#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// 例外を認めます。日が来れば自動で終わります
    Add {
        #[command(flatten)]
        place: Where,
        /// 事業所番号（10桁）
        number: OfficeNumber,
        /// やむを得ない事情
        #[arg(long)]
        reason: String,
        /// 最後の日（例: 2027-03-31、一年以内）
        #[arg(long, value_name = "DATE")]
        until: Date,
        /// 申請する運営者の識別名
        #[arg(long, value_parser = officer)]
        by: OperatorName,
        /// 承認する、別の運営者の識別名
        #[arg(long, value_parser = officer)]
        approved_by: OperatorName,
    },
    /// TLS1.2 例外台帳
    List {
        #[command(flatten)]
        place: Where,
    },
    /// 日が来る前に終わらせます
    End {
        #[command(flatten)]
        place: Where,
        /// 事業所番号（10桁）
        number: OfficeNumber,
        /// 運営者の識別名
        #[arg(long, value_parser = officer)]
        by: OperatorName,
    },
}

pub(crate) async fn run(command: &Command) -> Outcome {
    match command {
        Command::Add { place, number, reason, until, by, approved_by } => {
            let new = NewTls12Exception { office: *number, reason: reason.clone(), ends_on: *until };
            add(place, new, by, approved_by).await
        }
        Command::List { place } => list(place).await,
        Command::End { place, number, by } => end(place, *number, by).await,
    }
}

async fn add(place: &Where, new: NewTls12Exception, by: &OperatorName, approved_by: &OperatorName) -> Outcome {
    let (config, store) = place.open().await?;
    let (number, until) = (new.office, new.ends_on);
    let allowed = store.allow_tls12(new, by, approved_by).await.map_err(explain)?;
    store.close().await;
    let failure = match allowed {
        Tls12Allowed::Done(_) => {
            say!("TLS 1.2 の例外を認めました: {number}、{until} まで");
            if config.tls12_address().is_none() {
                say!("設定の listen に tls12 がないので、まだ窓口は開いていません。");
            }
            return Ok(Done::All);
        }
        Tls12Allowed::OwnRequest => return Err(own_request()),
        Tls12Allowed::NoSuchOffice => return Err(super::device::no_office(number)),
        Tls12Allowed::NoReason => Failure::new(
            "やむを得ない事情が書かれていません（500文字まで）。",
            "--reason に、TLS 1.3 を使えない理由を書いてください。",
        ),
        Tls12Allowed::BadDate => {
            Failure::new("最後の日が過ぎているか、一年より先です。", "--until を、今日から一年以内の日にしてください。")
        }
    };
    Err(failure.into())
}

async fn list(place: &Where) -> Outcome {
    let (_, store) = place.open().await?;
    let exceptions = store.tls12_exceptions().await.map_err(explain)?;
    store.close().await;
    if exceptions.is_empty() {
        say!("TLS 1.2 の例外はありません。");
        return Ok(Done::All);
    }
    for exception in &exceptions {
        let state = match (&exception.ended_at, exception.in_force) {
            (_, true) => "有効".to_owned(),
            (Some(at), false) => format!("終了 {}", store::japanese_time(at)),
            (None, false) => "終了".to_owned(),
        };
        say!(
            "{}  {} まで  {state}  申請 {}  承認 {}  {}",
            exception.office_number,
            exception.ends_on,
            exception.requested_by,
            exception.approved_by,
            exception.reason
        );
    }
    say!("有効な例外: {}件", exceptions.iter().filter(|exception| exception.in_force).count());
    Ok(Done::All)
}

async fn end(place: &Where, number: OfficeNumber, by: &OperatorName) -> Outcome {
    let (_, store) = place.open().await?;
    let ended = store.end_tls12(number, by).await.map_err(explain)?;
    store.close().await;
    if !ended {
        return Err(Failure::new(
            format!("事業所番号 {number} には、TLS 1.2 の例外がありません。"),
            "fumibako office tls12 list で確かめてください。",
        )
        .into());
    }
    say!("TLS 1.2 の例外を終わらせました: {number}");
    Ok(Done::All)
}

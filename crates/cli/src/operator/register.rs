//! 台帳 without a browser: for when nobody who could record training can sign in any more (R12.6). Two people, named by their
//! staff numbers, stand behind a record.

use super::account::Hands;
use super::{Where, block_on, explain};
use crate::terminal::{Done, Failure, Outcome, say};
use jiff::civil::Date;
use standard::OfficeNumber;
use store::AccountId;
use store::people::{NewTraining, TrainingRecorded};

#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// 教育訓練を記録します。画面で記録できる人がいなくなったときに使います
    Training {
        #[command(flatten)]
        place: Where,
        #[command(flatten)]
        hands: Hands,
        /// 受けた人のアカウントの番号（fumibako account list に出るもの）
        account: AccountId,
        /// 事業所番号。運営者の職員なら書きません
        #[arg(long, value_name = "NUMBER")]
        office: Option<OfficeNumber>,
        /// 内容
        #[arg(long)]
        subject: String,
        /// 受けた日（例: 2027-04-01）
        #[arg(long, value_name = "DATE")]
        held_on: Date,
        /// 証拠の場所（受講証の番号など）
        #[arg(long)]
        evidence: String,
    },
}

pub(crate) fn run(command: &Command) -> Outcome {
    let Command::Training { place, hands, account, office, subject, held_on, evidence } = command;
    let new = NewTraining {
        account: *account,
        subject: subject.clone(),
        held_on: *held_on,
        valid_until: None,
        evidence: evidence.clone(),
        office: *office,
    };
    block_on(record(place, hands, new))
}

async fn record(place: &Where, hands: &Hands, new: NewTraining) -> Outcome {
    let (config, store) = place.open().await?;
    let store = store.with_people(config.people()?).map_err(explain)?;
    let recorded = store.record_training(hands.by(), new).await.map_err(explain)?;
    store.close().await;
    let failure = match recorded {
        TrainingRecorded::Done(_) => {
            say!("教育訓練を記録しました。次の操作から、制限がなくなります。");
            return Ok(Done::All);
        }
        TrainingRecorded::NotHere => Failure::new(
            "その番号のアカウントが、運営者（--office を書いたときは、その事業所）にありません。",
            "fumibako account list --offices で番号を確かめてください。",
        ),
        TrainingRecorded::Unfit => Failure::new(
            "内容か、証拠の場所が、空か長すぎます（200文字まで）。",
            "--subject と --evidence を確かめてください。",
        ),
        TrainingRecorded::BadDates => {
            Failure::new("受けた日が、きょうより後です。", "--held-on に、受けた日を書いてください。")
        }
        TrainingRecorded::Own | TrainingRecorded::NotAllowed => Failure::new(
            "記録できません。--by と --approved-by が別の人ではありません。",
            "二人の別の人の職員番号を書いてください。",
        ),
    };
    Err(failure.into())
}

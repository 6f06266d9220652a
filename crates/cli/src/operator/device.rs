use super::{Where, block_on, explain, officer, outside, own_request};
use crate::client;
use crate::terminal::{Done, Failure, Outcome, say};
use anyhow::Context as _;
use exchange::Digest;
use identity::Scopes;
use identity::scope::NotScopes;
use jiff::Timestamp;
use standard::OfficeNumber;
use std::path::{Path, PathBuf};
use store::{
    Approval, DeviceId, EnrolmentCode, EnrolmentRequestId, NewEnrolment, OperatorName, Requested, RevocationReason,
    Store,
};

/// A copy of a paper, not an archive.
const EVIDENCE_BYTES_MAX: u64 = 64 << 20;

#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// 端末の登録を申請します。別の運営者が承認します（運営者）
    Request {
        #[command(flatten)]
        place: Where,
        #[command(flatten)]
        wanted: Wanted,
        /// 申請する運営者の識別名
        #[arg(long, value_parser = officer)]
        by: OperatorName,
    },
    /// 承認を待つ申請の一覧（運営者）
    Requests {
        #[command(flatten)]
        place: Where,
    },
    /// 申請を承認し、一度だけ使える登録コードを発行します（申請した人とは別の運営者）
    Approve {
        #[command(flatten)]
        place: Where,
        /// 申請の番号（fumibako device requests に出るもの）
        request: EnrolmentRequestId,
        /// 承認する運営者の識別名
        #[arg(long, value_parser = officer)]
        by: OperatorName,
    },
    /// 申請と承認を一度に行い、登録コードを発行します（運営者が二人そろっているとき）
    Code {
        #[command(flatten)]
        place: Where,
        #[command(flatten)]
        wanted: Wanted,
        /// 申請する運営者の識別名
        #[arg(long, value_parser = officer)]
        by: OperatorName,
        /// 承認する、別の運営者の識別名
        #[arg(long, value_parser = officer)]
        approved_by: OperatorName,
    },
    /// この端末を登録します（事業所の端末で）
    Enrol(client::enrol::Args),
    /// 外部の認証局の証明書を持つ端末を登録します（運営者）
    Outside(outside::Register),
    /// 事業所の端末の一覧（運営者）
    List {
        #[command(flatten)]
        place: Where,
        /// 事業所番号（10桁）
        number: OfficeNumber,
    },
    /// 証明書の期限が近い端末の一覧（運営者）
    Due {
        #[command(flatten)]
        place: Where,
    },
    /// 端末の証明書を失効させます（運営者）
    Revoke {
        #[command(flatten)]
        place: Where,
        /// 端末の番号（fumibako device list に出るもの）
        device: DeviceId,
        /// 理由: lost（紛失・盗難）、retired（使用終了）、unspecified
        #[arg(long, default_value = "unspecified", value_parser = reason)]
        reason: RevocationReason,
        /// 運営者の識別名
        #[arg(long, value_parser = officer)]
        by: Option<OperatorName>,
        /// 連絡を受けた時刻（例: 2026-11-22T09:00:00+09:00）。書かなければ今
        #[arg(long, value_name = "TIME")]
        received_at: Option<Timestamp>,
    },
}

/// Which device of which office, and how both were proven.
#[derive(clap::Args)]
pub(crate) struct Wanted {
    /// 事業所番号（10桁）。運営者自身の端末なら --operator
    #[arg(required_unless_present = "operator")]
    number: Option<OfficeNumber>,
    /// 運営者自身の端末
    #[arg(long, conflicts_with_all = ["number", "software"])]
    operator: bool,
    /// ケアソフトが使う端末。使わせることをコンマで区切ります（send,collect,read）。書かなければブラウザーの端末
    #[arg(long, value_name = "SCOPES", value_parser = scopes)]
    software: Option<Scopes>,
    /// 端末の呼び名（例: 受付のPC）
    #[arg(long)]
    label: String,
    /// 事業所と責任者を確かめた方法（例: 指定通知書の写しと、代表電話への折り返し）
    #[arg(long)]
    evidence: String,
    /// 確かめた書類の写し。指紋だけを台帳に残します
    #[arg(long, value_name = "FILE")]
    evidence_file: Option<PathBuf>,
}

fn scopes(text: &str) -> Result<Scopes, NotScopes> {
    text.replace(',', " ").parse()
}

fn reason(text: &str) -> Result<RevocationReason, String> {
    text.parse().map_err(|_| "lost、retired、unspecified のどれかにしてください".to_owned())
}

pub(crate) fn run(command: &Command) -> Outcome {
    match command {
        Command::Enrol(args) => client::enrol::run(args),
        Command::Request { place, wanted, by } => block_on(request(place, wanted, by)),
        Command::Requests { place } => block_on(requests(place)),
        Command::Approve { place, request, by } => block_on(approve(place, *request, by)),
        Command::Code { place, wanted, by, approved_by } => block_on(code(place, wanted, by, approved_by)),
        Command::Outside(args) => block_on(outside::register(args)),
        Command::List { place, number } => block_on(list(place, *number)),
        Command::Due { place } => block_on(due(place)),
        Command::Revoke { place, device, reason, by, received_at } => {
            block_on(revoke(place, *device, *reason, by.as_ref(), *received_at))
        }
    }
}

/// The digest of a paper's copy; the paper itself stays where it is.
pub(crate) fn evidence_digest(file: Option<&Path>) -> anyhow::Result<Option<Digest>> {
    let Some(file) = file else { return Ok(None) };
    let failure =
        || Failure::new("確かめた書類の写しを読めません。", "--evidence-file の場所を確かめてください（64 MB まで）。");
    if std::fs::metadata(file).with_context(failure)?.len() > EVIDENCE_BYTES_MAX {
        return Err(failure().into());
    }
    Ok(Some(Digest::of_file(&std::fs::read(file).with_context(failure)?)))
}

async fn ask(store: &Store, wanted: &Wanted, by: &OperatorName) -> anyhow::Result<EnrolmentRequestId> {
    let office = match wanted.number {
        Some(number) => number,
        None => store.operator().await.map_err(explain)?.register.number,
    };
    let new = NewEnrolment {
        office,
        label: wanted.label.clone(),
        evidence: wanted.evidence.clone(),
        evidence_digest: evidence_digest(wanted.evidence_file.as_deref())?,
        scopes: wanted.software,
    };
    match store.request_enrolment(new, by).await.map_err(explain)? {
        Requested::Done(id) => Ok(id),
        Requested::NoSuchOffice => Err(no_office(office)),
        Requested::Incomplete => Err(incomplete()),
        Requested::DeviceTaken => Err(device_taken()),
    }
}

async fn request(place: &Where, wanted: &Wanted, by: &OperatorName) -> Outcome {
    let (_, store) = place.open().await?;
    let asked = ask(&store, wanted, by).await;
    store.close().await;
    say!("申請の番号: {}", asked?);
    say!("別の運営者が fumibako device approve 番号 --by 識別名 で承認すると、登録コードが出ます。");
    Ok(Done::All)
}

async fn requests(place: &Where) -> Outcome {
    let (_, store) = place.open().await?;
    let pending = store.pending_enrolments().await.map_err(explain)?;
    store.close().await;
    if pending.is_empty() {
        say!("承認を待つ申請はありません。");
    }
    for request in pending {
        say!(
            "{}  {} {}  {}  申請 {} {}",
            request.id,
            request.office_number,
            request.office_name,
            request.label,
            request.requested_by,
            store::japanese_time(&request.requested_at)
        );
        say!("    確認: {}", request.evidence);
    }
    Ok(Done::All)
}

async fn approve(place: &Where, request: EnrolmentRequestId, by: &OperatorName) -> Outcome {
    let (_, store) = place.open().await?;
    let approval = store.approve_enrolment(request, by).await.map_err(explain)?;
    store.close().await;
    tell(approval)
}

async fn code(place: &Where, wanted: &Wanted, by: &OperatorName, approved_by: &OperatorName) -> Outcome {
    if by.is(approved_by) {
        return Err(own_request());
    }
    let (_, store) = place.open().await?;
    let approval = match ask(&store, wanted, by).await {
        Ok(request) => store.approve_enrolment(request, approved_by).await.map_err(explain),
        Err(error) => Err(error),
    };
    store.close().await;
    tell(approval?)
}

fn tell(approval: Approval) -> Outcome {
    match approval {
        Approval::Code(EnrolmentCode { code, expires_at }) => {
            say!("登録コード: {}", code.as_str());
            say!(
                "期限: {}（一度だけ使えます。電話や郵便など、別の方法で事業所に伝えてください）",
                store::japanese_time(&expires_at)
            );
            Ok(Done::All)
        }
        Approval::OwnRequest => Err(own_request()),
        Approval::NotPending => Err(Failure::new(
            "その番号の、承認を待つ申請はありません。",
            "fumibako device requests で番号を確かめてください。30日たった申請は、出し直します。",
        )
        .into()),
    }
}

async fn list(place: &Where, number: OfficeNumber) -> Outcome {
    let (_, store) = place.open().await?;
    let devices = store.devices(number).await.map_err(explain)?;
    let due = store.due().await.map_err(explain)?;
    store.close().await;
    if devices.is_empty() {
        say!("{number} に登録された端末はありません。");
    }
    for device in devices {
        let state = match device.revoked_at {
            Some(at) => format!("失効 {}", store::japanese_time(&at)),
            None => format!("{} まで有効", store::japanese_time(&device.valid_until)),
        };
        let stage =
            due.iter().find(|due| due.device == device.id).map_or_else(String::new, |due| stage(due.stage_days));
        let outside = if device.outside { "  外部の認証局" } else { "" };
        say!(
            "{}  {}  登録 {}  {state}{stage}{outside}",
            device.id,
            device.label,
            store::japanese_time(&device.enrolled_at)
        );
    }
    Ok(Done::All)
}

fn stage(days: i64) -> String {
    if days == 0 { "（期限切れ）".to_owned() } else { format!("（あと{days}日以内）") }
}

async fn due(place: &Where) -> Outcome {
    let (_, store) = place.open().await?;
    let due = store.due().await.map_err(explain)?;
    store.close().await;
    if due.is_empty() {
        say!("期限の近い証明書はありません。");
    }
    for due in due {
        say!(
            "{}  {}  {}  期限 {}{}",
            due.office_number,
            due.device,
            due.device_label,
            store::japanese_time(&due.valid_until),
            stage(due.stage_days)
        );
    }
    Ok(Done::All)
}

async fn revoke(
    place: &Where,
    device: DeviceId,
    reason: RevocationReason,
    by: Option<&OperatorName>,
    received_at: Option<Timestamp>,
) -> Outcome {
    let (_, store) = place.open().await?;
    let revoked = store.revoke_device(device, reason, by, received_at).await.map_err(explain)?;
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

pub(crate) fn no_office(number: OfficeNumber) -> anyhow::Error {
    Failure::new(
        format!("事業所番号 {number} の、開いている事業所はありません。"),
        "先に fumibako office add で登録してください。",
    )
    .into()
}

pub(crate) fn incomplete() -> anyhow::Error {
    Failure::new(
        "端末の呼び名か、確かめた方法が空か、長すぎます。",
        "--label は60文字まで、--evidence は1000文字までで書いてください。",
    )
    .into()
}

pub(crate) fn device_taken() -> anyhow::Error {
    Failure::new(
        "その呼び名の端末には、まだ使える証明書があります。",
        "使わなくなった端末なら fumibako device revoke で失効させてください。別の端末なら、別の呼び名にしてください。",
    )
    .into()
}

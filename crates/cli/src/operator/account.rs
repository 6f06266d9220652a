//! Accounts without a browser: the first administrator, and emergencies. Two people, named by their staff numbers, stand
//! behind each command that changes something.

use super::{Where, block_on, explain};
use crate::terminal::{Done, Failure, Outcome, say};
use identity::role::{Role, Side};
use standard::OfficeNumber;
use store::AccountId;
use store::people::{AccountState, By, Invited, NewAccount};

/// Who types, and who agrees.
#[derive(clap::Args, Debug)]
pub(crate) struct Hands {
    /// 実行する人の職員番号（英数字と . _ -。記録に残ります）
    #[arg(long, value_name = "STAFF")]
    by: String,
    /// 承認した人の職員番号。実行する人とは別の人です
    #[arg(long, value_name = "STAFF")]
    approved_by: String,
}

impl Hands {
    pub(super) fn by(&self) -> By<'_> {
        By::Terminal { by: &self.by, approved_by: &self.approved_by }
    }
}

/// Who is invited.
#[derive(clap::Args, Debug)]
pub(crate) struct Invitee {
    /// ログイン名（3〜64文字。英小文字・数字・. _ - @）
    #[arg(long)]
    login: String,
    /// 氏名
    #[arg(long)]
    name: String,
    /// かな
    #[arg(long)]
    kana: String,
    /// 同じ人を見分けるもの（かなと生年月日など）。そのままでは保存しません
    #[arg(long, value_name = "KEY")]
    person_key: String,
}

impl Invitee {
    fn account(&self, role: Role, office: Option<OfficeNumber>) -> NewAccount {
        NewAccount {
            login: self.login.clone(),
            name: self.name.clone(),
            kana: self.kana.clone(),
            person_key: self.person_key.clone(),
            role,
            office,
        }
    }
}

#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// 運営者の職員を招きます。最初の管理者は、これで作ります
    InviteOperator {
        #[command(flatten)]
        place: Where,
        #[command(flatten)]
        hands: Hands,
        #[command(flatten)]
        invitee: Invitee,
        /// 役割
        #[arg(long, default_value = "operator-administrator", value_parser = operator_role)]
        role: Role,
    },
    /// 事業所の最初の管理者を招きます
    InviteOffice {
        #[command(flatten)]
        place: Where,
        #[command(flatten)]
        hands: Hands,
        #[command(flatten)]
        invitee: Invitee,
        /// 事業所番号（10桁）
        number: OfficeNumber,
    },
    /// 招待コードを出し直します。前のコードは使えなくなります
    InviteAgain {
        #[command(flatten)]
        place: Where,
        #[command(flatten)]
        hands: Hands,
        /// アカウントの番号（fumibako account list に出るもの）
        account: AccountId,
    },
    /// アカウントの一覧
    List {
        #[command(flatten)]
        place: Where,
        /// 事業所の職員も出します
        #[arg(long)]
        offices: bool,
    },
    /// アカウントを止めます。サインインもその場で終わります
    Suspend {
        #[command(flatten)]
        place: Where,
        #[command(flatten)]
        hands: Hands,
        /// アカウントの番号
        account: AccountId,
    },
    /// 止めたアカウントを、また使えるようにします
    Resume {
        #[command(flatten)]
        place: Where,
        #[command(flatten)]
        hands: Hands,
        /// アカウントの番号
        account: AccountId,
    },
    /// アカウントを閉じます。元には戻せません
    Close {
        #[command(flatten)]
        place: Where,
        #[command(flatten)]
        hands: Hands,
        /// アカウントの番号
        account: AccountId,
    },
    /// サインインをすべて終わらせます
    EndSessions {
        #[command(flatten)]
        place: Where,
        #[command(flatten)]
        hands: Hands,
        /// アカウントの番号
        account: AccountId,
    },
}

pub(crate) fn run(command: &Command) -> Outcome {
    block_on(async {
        match command {
            Command::InviteOperator { place, hands, invitee, role } => {
                invite(place, hands, invitee.account(*role, None)).await
            }
            Command::InviteOffice { place, hands, invitee, number } => {
                invite(place, hands, invitee.account(Role::OfficeAdministrator, Some(*number))).await
            }
            Command::InviteAgain { place, hands, account } => invite_again(place, hands, *account).await,
            Command::List { place, offices } => list(place, *offices).await,
            Command::Suspend { place, hands, account } => {
                let (_, store) = place.open().await?;
                let done = store.suspend_account(hands.by(), *account).await.map_err(explain)?;
                store.close().await;
                told(done, "止めました。")
            }
            Command::Resume { place, hands, account } => {
                let (_, store) = place.open().await?;
                let done = store.resume_account(hands.by(), *account).await.map_err(explain)?;
                store.close().await;
                told(done, "使えるようにしました。")
            }
            Command::Close { place, hands, account } => {
                let (_, store) = place.open().await?;
                let done = store.close_account(hands.by(), *account).await.map_err(explain)?;
                store.close().await;
                told(done, "閉じました。")
            }
            Command::EndSessions { place, hands, account } => {
                let (_, store) = place.open().await?;
                let ended = store.end_sessions(hands.by(), *account).await.map_err(explain)?;
                store.close().await;
                told(ended.is_some(), &format!("{} 件のサインインを終わらせました。", ended.unwrap_or_default()))
            }
        }
    })
}

fn operator_role(id: &str) -> Result<Role, String> {
    Role::from_id(id).filter(|role| role.side() == Side::Operator).ok_or_else(|| {
        let roles: Vec<&str> =
            Role::ALL.iter().filter(|role| role.side() == Side::Operator).map(|role| role.id()).collect();
        format!("役割は次のどれかです: {}", roles.join("、"))
    })
}

async fn invite(place: &Where, hands: &Hands, new: NewAccount) -> Outcome {
    let (_, store) = place.open().await?;
    let role = new.role;
    let invited = store.invite(hands.by(), new).await.map_err(explain)?;
    store.close().await;
    match invited {
        Invited::Done(invitation) => {
            say!("招きました: {}（{}）", invitation.account_id, role.label());
            code(&invitation.code, &invitation.expires_at);
            Ok(Done::All)
        }
        Invited::LoginTaken => Err(Failure::new(
            "このログイン名は使えません。一度使われた名前は、二度と使いません。",
            "別のログイン名にしてください。",
        )
        .into()),
        Invited::SamePerson => Err(Failure::new(
            "この人には、すでにアカウントがあります。",
            "アカウントは一人に一つです。fumibako account list で確かめ、画面から役割を申請してください。",
        )
        .into()),
        Invited::Unfit => Err(Failure::new(
            "ログイン名、氏名、かな、見分けるもののどれかが、空か長すぎるか、使えない文字を含んでいます。",
            "ログイン名は3〜64文字の英小文字・数字・. _ - @、ほかは100文字までにしてください。",
        )
        .into()),
        Invited::NotAllowed => Err(Failure::new(
            "招けません。--by と --approved-by が別の人でないか、開いている事業所がありません。",
            "職員番号は英数字と . _ - で、二人の別の人のものにしてください。事業所は fumibako office list で確かめられます。",
        )
        .into()),
        Invited::Incompatible(why) => Err(Failure::new(why.what(), why.fix()).into()),
    }
}

async fn invite_again(place: &Where, hands: &Hands, account: AccountId) -> Outcome {
    let (_, store) = place.open().await?;
    let invitation = store.invite_again(hands.by(), account).await.map_err(explain)?;
    store.close().await;
    let Some(invitation) = invitation else { return told(false, "") };
    code(&invitation.code, &invitation.expires_at);
    Ok(Done::All)
}

fn code(code: &str, expires_at: &str) {
    say!("招待コード: {code}");
    say!(
        "期限: {}（一度だけ使えます。ログイン名とは別の方法で、本人に直接伝えてください）",
        store::japanese_time(expires_at)
    );
}

async fn list(place: &Where, offices: bool) -> Outcome {
    let (_, store) = place.open().await?;
    let mut rows = store.all_accounts(Side::Operator).await.map_err(explain)?;
    if offices {
        rows.extend(store.all_accounts(Side::Office).await.map_err(explain)?);
    }
    store.close().await;
    if rows.is_empty() {
        say!("アカウントはありません。最初の管理者は fumibako account invite-operator で招きます。");
    }
    for row in rows {
        let state = match row.state {
            AccountState::Invited => "招待中",
            AccountState::Active => "有効",
            AccountState::Suspended => "停止",
            AccountState::Closed => "閉鎖",
        };
        let roles: Vec<&str> = row.roles.iter().map(|role| role.label()).collect();
        let seen = row.last_signed_in_at.as_deref().map_or_else(|| "—".to_owned(), store::japanese_time);
        say!("{}  {state}  最後のサインイン {seen}  {}", row.account_id, roles.join("・"));
    }
    Ok(Done::All)
}

fn told(done: bool, what: &str) -> Outcome {
    if !done {
        return Err(Failure::new(
            "できませんでした。--by と --approved-by が別の人でないか、その状態のアカウントがありません。",
            "fumibako account list で番号と状態を、二人の職員番号が別の人のものかを確かめてください。",
        )
        .into());
    }
    say!("{what}");
    Ok(Done::All)
}

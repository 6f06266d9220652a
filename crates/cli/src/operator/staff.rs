use super::{Where, block_on, explain};
use crate::terminal::{Done, Failure, Outcome, say};
use identity::role::Role;
use standard::OfficeNumber;
use store::people::{By, Invited, NewAccount};

#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// 職員を招待し、初回コードを発行します。最初の管理者や、画面を使えないときのためのものです
    Invite(Invite),
}

#[derive(clap::Args)]
pub(crate) struct Invite {
    #[command(flatten)]
    place: Where,
    /// ログインID（3〜64文字の英数字と . _ - @）
    login: String,
    /// 氏名
    #[arg(long)]
    name: String,
    /// かな
    #[arg(long)]
    kana: String,
    /// 生年月日（同じ人の二つ目のアカウントを見分けるためだけに使い、保存しません）
    #[arg(long, value_name = "YYYY-MM-DD")]
    born: String,
    #[arg(long, value_parser = role, help = roles())]
    role: Role,
    /// 事業所番号（10桁）。運営者の職員なら書きません
    #[arg(long)]
    office: Option<OfficeNumber>,
    /// 実行する運営者の識別名（氏名は使いません）
    #[arg(long)]
    by: String,
    /// 承認した別の運営者の識別名
    #[arg(long)]
    approved_by: String,
}

fn role(id: &str) -> Result<Role, String> {
    Role::from_id(id).ok_or_else(roles)
}

fn roles() -> String {
    let known: Vec<_> = Role::ALL.iter().map(|role| format!("{}（{}）", role.id(), role.label())).collect();
    format!("役割: {}", known.join("、"))
}

pub(crate) fn run(command: &Command) -> Outcome {
    match command {
        Command::Invite(args) => block_on(invite(args)),
    }
}

async fn invite(args: &Invite) -> Outcome {
    let (_, store) = args.place.open().await?;
    let new = NewAccount {
        login: args.login.clone(),
        name: args.name.clone(),
        kana: args.kana.clone(),
        // As the page for invitations writes it, so that it finds the same person.
        person_key: format!("{} {}", args.kana.split_whitespace().collect::<String>(), args.born),
        role: args.role,
        office: args.office,
    };
    let by = By::Terminal { by: &args.by, approved_by: &args.approved_by };
    let invited = store.invite(by, new).await.map_err(explain)?;
    store.close().await;
    let (what, fix) = match invited {
        Invited::Done(invitation) => {
            say!("初回コード: {}", invitation.code.as_str());
            say!(
                "期限: {}（一度だけ使えます。本人に、ログインIDとは別の方法で伝えてください）",
                store::japanese_time(&invitation.expires_at)
            );
            return Ok(Done::All);
        }
        Invited::LoginTaken => {
            ("そのログインIDは、使われているか、使われていたことがあります。", "別のログインIDにしてください。")
        }
        Invited::SamePerson => ("この人には、すでにアカウントがあります。", "そのアカウントに役割を加えてください。"),
        Invited::Unfit => (
            "氏名、かな、ログインIDのどれかが空か、長すぎるか、使えない文字を含んでいます。",
            "直してから、もう一度実行してください。",
        ),
        Invited::NotAllowed => (
            "その事業所に、その役割の人は招待できません。実行した人と承認した人が同じかもしれません。",
            "事業所番号と役割を確かめ、--by と --approved-by には別々の運営者を書いてください。",
        ),
        Invited::Incompatible(_) => ("一人が兼ねられない役割です。", "役割を確かめてください。"),
    };
    Err(Failure::new(what, fix).into())
}

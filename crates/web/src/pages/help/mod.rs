//! 困ったとき・はじめての日・アクセシビリティ: words of ours, and steps that tick themselves off by what is true.

mod situations;

use crate::app::App;
use crate::form_token::FormToken;
use crate::guard::{Caller, SignedIn};
use crate::pages::frame::{Frame, show};
use crate::problem::Problem;
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use identity::role::Deed;
use situations::{AT_THE_DOOR, SITUATIONS, Situation};
use store::{Folder, Sought, Stage};

/// Sets that are looked at for what has been done already.
const LOOKED_AT: u32 = 40;

/// 困ったとき.
#[derive(Template)]
#[template(path = "help/situations.html")]
struct Situations {
    frame: Frame,
    /// Those for whoever cannot sign in come alone before that.
    door: bool,
    groups: &'static [(&'static str, &'static [Situation])],
}

/// アクセシビリティについて.
#[derive(Template)]
#[template(path = "help/accessibility.html")]
struct Accessibility {
    frame: Frame,
}

/// はじめての日.
#[derive(Template)]
#[template(path = "help/first_day.html")]
struct FirstDay {
    frame: Frame,
    steps: Vec<Step>,
    left: usize,
}

struct Step {
    done: bool,
    title: &'static str,
    how: &'static str,
    href: &'static str,
    label: &'static str,
}

pub(crate) async fn situations(signed_in: SignedIn) -> Result<Response, Problem> {
    show(&Situations { frame: signed_in.frame("困ったとき"), door: false, groups: SITUATIONS })
}

/// The same for whoever cannot sign in, which is where help is needed most.
pub(crate) async fn at_the_door(caller: Caller) -> Result<Response, Problem> {
    show(&Situations { frame: at_door("サインインで困ったとき", &caller), door: true, groups: AT_THE_DOOR })
}

pub(crate) async fn accessibility(caller: Caller) -> Result<Response, Problem> {
    let frame = Frame { narrow: false, ..at_door("アクセシビリティについて", &caller) };
    show(&Accessibility { frame })
}

/// No form stands on these pages, so none needs a token.
fn at_door(title: &'static str, caller: &Caller) -> Frame {
    match FormToken::of("") {
        Some(token) => Frame::at_door(title, &caller.asker.office, &token),
        None => Frame::bare(title),
    }
}

pub(crate) async fn first_day(State(app): State<App>, signed_in: SignedIn) -> Result<Response, Problem> {
    let person = &signed_in.person;
    let mut steps = vec![Step {
        done: true,
        title: "この端末を登録して、サインインする",
        how: "この画面が開けていれば、済んでいます。次からも、同じ端末で、同じようにサインインします。",
        href: "",
        label: "",
    }];
    if person.may(Deed::OwnAccount) {
        let factors = app.store.factors(person).await?;
        steps.push(Step {
            done: factors.len() > 1,
            title: "二つ目の手段を、もう一つ登録する",
            how: "スマートフォンをなくした日にも仕事が止まらないように、パスキーか、別の認証アプリを加えておきます。",
            href: "/account",
            label: "自分のアカウントを開く",
        });
    }
    if person.may(Deed::ListSets) {
        steps.extend(of_office(&app, &signed_in).await?);
    }
    if person.may(Deed::ManageStaff) {
        steps.push(Step {
            done: app.store.list_staff(person).await?.len() > 1,
            title: "一緒に使う職員を招く",
            how: "一人一つのアカウントを作ります。管理者は二人いると、再登録や役割の確認が事業所の中でできます。",
            href: "/staff",
            label: "職員の画面を開く",
        });
    }
    let left = steps.iter().filter(|step| !step.done).count();
    show(&FirstDay { frame: signed_in.frame("はじめての日"), steps, left })
}

async fn of_office(app: &App, signed_in: &SignedIn) -> Result<Vec<Step>, Problem> {
    let person = &signed_in.person;
    let newest =
        |folder| Sought { folder, partners: None, kind: None, stage: Stage::Any, before: None, rows: LOOKED_AT };
    let received = app.store.look_through(&person.asker, &newest(Folder::Received)).await?;
    let sent = app.store.look_through(&person.asker, &newest(Folder::Sent)).await?;
    let known = !app.store.directory(person, "").await?.is_empty();
    let step = |done, title, how, href, label| Step { done, title, how, href, label };
    Ok(vec![
        step(
            known,
            "いつもの連携先が参加しているか確かめる",
            "番号か名前で探します。参加していない事業所には、これまでどおりの手段を控えておけます。",
            "/partners",
            "連携先の画面を開く",
        ),
        step(
            received.iter().any(|set| set.collected_at.is_some()),
            "届いたものを一つ開く",
            "種類を押すと、紙の様式の形で見られます。開くと、相手に「受け取った」と伝わります。",
            "/",
            "届いたものの画面を開く",
        ),
        step(
            received.iter().any(|set| set.outcome.is_some()),
            "ケアソフトに取り込んで、結果を伝える",
            "「取込用にダウンロード」したファイルを取り込み、「取り込めた」などを押します。相手は電話で確かめずに済みます。",
            "/",
            "届いたものの画面を開く",
        ),
        step(
            !sent.is_empty(),
            "はじめてのデータを送る",
            "ケアソフトから書き出したファイルを送ります。送ったものは「送ったもの」に並び、相手が開いたかも分かります。",
            "/send",
            "送る画面を開く",
        ),
    ])
}

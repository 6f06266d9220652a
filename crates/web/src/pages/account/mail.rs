//! 届いた知らせのメール: asked for, proven by a code, switched off; by each person for themselves.

use crate::app::App;
use crate::guard::SignedIn;
use crate::pages::asked::Asked;
use crate::pages::field::{Choice, Faults, Field};
use crate::pages::form::Form;
use crate::pages::frame::{Frame, on_to, show, show_again};
use crate::problem::Problem;
use crate::wording::time_or_dash;
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use identity::role::Deed;
use standard::value::Private;
use store::{MAIL_ASKED_MAX, MailAsked, MailConfirmed, MailFailure, OwnMail, japanese_time};

/// Hours from which one chooses; nobody looks at night.
const HOURS: std::ops::RangeInclusive<u8> = 6..=20;
const HOUR_FIRST: u8 = 8;

const DONE: &[(&str, &str)] = &[
    ("asked", "申し込みを受け付けました。数分のうちに届くコードを、この画面に入れてください。"),
    ("on", "アドレスを確かめました。まだ開いていないデータがある日に、メールが届きます。"),
    ("off", "メールをやめました。アドレスは消しました。"),
];
const UNFIT_ADDRESS: &str =
    "メールアドレスとして使えません。半角で、前後に空白や別の文字を付けずに入れてください。例: hanako@example.jp";
const UNFIT_HOUR: &str = "時刻を一覧から選んでください。";
const WRONG: &str = "コードが違います。届いたメールのとおりに入れてください。";
const OVER: &str = "このコードは使えません。時間が過ぎたか、誤りが続いたためです。下の「申し込みをやめる」を押し、もう一度申し込んでください。";
const NO_MAIL: &str = "この交換所では、いまメールを送れません。";

/// 届いた知らせのメール.
#[derive(Template)]
#[template(path = "account/mail.html")]
struct Mail {
    frame: Frame,
    faults: Faults,
    /// The exchange has a mail server.
    mails: bool,
    own: Option<Own>,
    address: Field,
    hour: Field,
    code: Field,
}

/// As it stands.
struct Own {
    address: String,
    office: String,
    hour: u8,
    confirmed: bool,
    code_until: Option<String>,
    sent: String,
    trouble: Option<Trouble>,
}

struct Trouble {
    at: String,
    what: &'static str,
    then: &'static str,
}

pub(crate) async fn page(State(app): State<App>, signed_in: SignedIn, asked: Asked) -> Result<Response, Problem> {
    show(&mail(&app, &signed_in, asked.done(DONE), &Form::default(), Faults::default()).await?)
}

pub(crate) async fn ask(State(app): State<App>, signed_in: SignedIn, form: Form) -> Result<Response, Problem> {
    let faults = if app.mails {
        let address = Private::new(form.text("address").to_owned());
        let hour = form.text("hour").parse().ok().filter(|hour| HOURS.contains(hour));
        match app.store.ask_for_mail(&signed_in.person, &address, hour.unwrap_or(u8::MAX)).await? {
            MailAsked::Done => return Ok(on_to("/account/mail?done=asked")),
            MailAsked::NotAllowed => return Err(Problem::no_right()),
            MailAsked::UnfitAddress => Faults::of("address", UNFIT_ADDRESS),
            MailAsked::UnfitHour => Faults::of("hour", UNFIT_HOUR),
            MailAsked::TooMany => Faults::of(
                "address",
                format!("申し込みは一日に{MAIL_ASKED_MAX}回までです。あす、もう一度申し込んでください。"),
            ),
        }
    } else {
        Faults::of("address", NO_MAIL)
    };
    show_again(&mail(&app, &signed_in, None, &form, faults).await?)
}

pub(crate) async fn confirm(State(app): State<App>, signed_in: SignedIn, form: Form) -> Result<Response, Problem> {
    let fault = match app.store.confirm_mail(&signed_in.person, form.text("code")).await? {
        MailConfirmed::Done => return Ok(on_to("/account/mail?done=on")),
        MailConfirmed::Wrong => WRONG,
        MailConfirmed::Over => OVER,
    };
    show_again(&mail(&app, &signed_in, None, &form, Faults::of("code", fault)).await?)
}

pub(crate) async fn end(State(app): State<App>, signed_in: SignedIn, _form: Form) -> Result<Response, Problem> {
    app.store.end_mail(&signed_in.person).await?;
    Ok(on_to("/account/mail?done=off"))
}

async fn mail(
    app: &App,
    signed_in: &SignedIn,
    notice: Option<&'static str>,
    form: &Form,
    faults: Faults,
) -> Result<Mail, Problem> {
    // Whoever receives nothing here has nothing to be told; switching off stays possible.
    let own = app.store.own_mail(&signed_in.person).await?;
    if own.is_none() && !signed_in.person.may(Deed::ListSets) {
        return Err(Problem::no_right());
    }
    let hours = HOURS.map(|hour| Choice { value: hour.to_string(), label: format!("{hour}時") }).collect();
    let hour = Some(form.text("hour")).filter(|hour| !hour.is_empty());
    Ok(Mail {
        frame: signed_in.frame("届いた知らせのメール").narrow().notice(notice).faulty(!faults.is_empty()),
        mails: app.mails,
        own: own.map(Own::from),
        address: Field::text("address", "メールアドレス")
            .hint("職場の、あなたが読めるアドレスにしてください。")
            .autocomplete("email")
            .value(form.text("address"))
            .faults(&faults),
        hour: Field::select("hour", "お知らせする時刻", hours)
            .value(hour.map_or_else(|| HOUR_FIRST.to_string(), str::to_owned))
            .faults(&faults),
        code: Field::text("code", "メールに書かれたコード")
            .hint("英字と数字で16文字です。大文字と小文字、ハイフンの有無は問いません。")
            .autocomplete("one-time-code")
            .class("long-code")
            .faults(&faults),
        faults,
    })
}

impl From<OwnMail> for Own {
    fn from(own: OwnMail) -> Self {
        let OwnMail { address, office_name, hour, confirmed, code_until, sent_at, failed, given_up } = own;
        let trouble = failed.map(|(at, why, _)| Trouble {
            at: japanese_time(&at),
            what: match why {
                MailFailure::Server => "メールサーバーが受け取りませんでした。",
                MailFailure::Address => "メールサーバーが、このアドレスを断りました。アドレスを確かめてください。",
            },
            then: match given_up {
                true => "もう送りません。やめてから、アドレスを確かめて申し込み直してください。",
                false => "あとで自動でもう一度送ります。",
            },
        });
        Self {
            address: address.into_revealed(),
            office: office_name,
            hour,
            confirmed,
            code_until: code_until.as_deref().map(japanese_time),
            sent: time_or_dash(sent_at.as_deref()),
            trouble,
        }
    }
}

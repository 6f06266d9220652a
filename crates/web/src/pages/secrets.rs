//! Passwords, factors and codes: what setting up and one's own account have in common.

use crate::pages::field::{Faults, Field};
use crate::wording::clock_time;
use identity::password::{PASSWORD_CHARS_MAX, Policy};
use jiff::Timestamp;
use store::people::{FactorSet, PasswordSet, Token};

pub(crate) const LOCKED: &str =
    "誤りが多く続いたため、止めています。事業所の管理者に、本人確認のうえで再登録を申請してもらってください。";
pub(crate) const BUSY: &str = "いま混み合っています。少し待ってから、もう一度入力してください。";
const TIME_OVER: &str = "時間が過ぎたため、変更できませんでした。もう一度はじめから行ってください。";
/// Fields of these forms.
pub(crate) const OLD: &str = "password";
pub(crate) const LABEL: &str = "label";
pub(crate) const TOTP_LABEL: &str = "認証アプリ";
pub(crate) const PASSKEY_LABEL: &str = "パスキー";

/// The rules, before anybody types.
pub(crate) fn password_rules(policy: Policy) -> Vec<String> {
    let mixed = if policy.needs_symbol() { "半角の英字・数字・記号" } else { "半角の英字と数字" };
    let chars_min = policy.chars_min();
    let own = [
        format!(
            "{chars_min}文字以上{PASSWORD_CHARS_MAX}文字まで。文と文をつなげたような、長いものが安全です。日本語も使えます。"
        ),
        format!("{mixed}を、それぞれ一つ以上入れてください。"),
    ];
    own.into_iter().chain(ALWAYS.iter().map(|&rule| rule.to_owned())).collect()
}

const ALWAYS: &[&str] = &[
    "名前・ログインID・事業所名・番号・生まれた年・よくある言葉・キーの並びは、推測されるので使えません。",
    "ほかのところで使っているもの、前に使ったもの、漏れたことが知られているものは使えません。",
    "定期的に変える必要はありません。人に知られたと思ったときだけ変えてください。",
];

pub(crate) fn new_password_fields(faults: &Faults) -> [Field; 2] {
    [
        Field::password("new_password", "新しいパスワード", "new-password").faults(faults),
        Field::password("new_password_again", "新しいパスワード（もう一度）", "new-password").faults(faults),
    ]
}

/// What the person calls a factor; of use once there are several.
pub(crate) fn label_field(ours: &str, faults: &Faults) -> Field {
    let field = Field::text(LABEL, "この手段の名前").hint("あとで見分けられるように付けます。例: 自分のスマートフォン");
    field.value(ours).faults(faults)
}

pub(crate) fn totp_field(faults: &Faults) -> Field {
    Field::one_time_code("code", "アプリに出た6桁の数字").faults(faults)
}

pub(crate) fn not_the_same() -> Faults {
    Faults::of("new_password_again", "二つの入力が同じではありません。もう一度、両方に同じものを入力してください。")
}

/// What stands against a password, rule by rule; else the token to go on with.
pub(crate) fn password_taken(set: PasswordSet) -> Result<Option<Token>, Faults> {
    const NEW: &str = "new_password";
    match set {
        PasswordSet::Done(token) => Ok(token),
        PasswordSet::Weak(weaknesses) => {
            let mut faults = Faults::default();
            for (at, weakness) in weaknesses.iter().enumerate() {
                // The same advice for several reasons is given once, after the last of them.
                let again = weaknesses[at + 1..].iter().any(|later| later.fix() == weakness.fix());
                let fix = if again { "" } else { weakness.fix() };
                faults.add(NEW, format!("{}{fix}", weakness.what()));
            }
            Err(faults)
        }
        PasswordSet::Wrong => Err(Faults::of(OLD, "いまのパスワードが違います。確かめて、もう一度入力してください。")),
        PasswordSet::Wait(until) => Err(Faults::of(OLD, wait(until))),
        PasswordSet::Locked => Err(Faults::of(OLD, LOCKED)),
        PasswordSet::Busy => Err(Faults::of(NEW, BUSY)),
        PasswordSet::Over => Err(Faults::of(NEW, TIME_OVER)),
    }
}

/// What stands against a factor; else the token to go on with.
pub(crate) fn factor_taken(set: FactorSet, field: &'static str) -> Result<Option<Token>, Faults> {
    let text = match set {
        FactorSet::Done(token) => return Ok(token),
        FactorSet::Refused if field.is_empty() => {
            "パスキーを登録できませんでした。同じパスキーは二度登録できません。もう一度お試しください。".to_owned()
        }
        FactorSet::Refused => {
            "数字が合いません。スマートフォンの時計が合っているかを確かめ、アプリに出ている新しい数字を入力してください。".to_owned()
        }
        FactorSet::Wait(until) => wait(until),
        FactorSet::Locked => LOCKED.to_owned(),
        FactorSet::Unfit => return Err(Faults::of(LABEL, "名前は、1文字から100文字までで書いてください。")),
        FactorSet::TooMany => "登録できる手段は10個までです。使っていないものを外してから、もう一度行ってください。".to_owned(),
        FactorSet::Over => TIME_OVER.to_owned(),
    };
    Err(Faults::of(field, text))
}

/// 続けて誤りがあった.
pub(crate) fn wait(until: Timestamp) -> String {
    format!("続けて誤りがあったため、いまは試せません。{}を過ぎてから、もう一度入力してください。", clock_time(until))
}

/// The name a person gives to a factor, or ours.
pub(crate) fn label_or<'a>(given: &'a str, ours: &'a str) -> &'a str {
    if given.is_empty() { ours } else { given }
}

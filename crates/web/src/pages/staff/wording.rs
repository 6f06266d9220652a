use crate::pages::field::Faults;
use store::people::{AccountState, Invited};

pub(super) const DONE: &[(&str, &str)] = &[
    ("suspended", "使えないようにしました。開いていたサインインも終わりました。"),
    ("renamed", "氏名を直しました。"),
    ("resumed", "また使えるようにしました。"),
    ("closed", "この事業所での利用を終えました。役割とサインインは、すべて終わりました。"),
];

pub(super) const NEEDED: &[(&str, &str)] = &[
    ("name", "氏名を書いてください。"),
    ("kana", "かなを書いてください。"),
    ("born_on", "生年月日を選んでください。"),
    ("login", "ログインIDを決めてください。"),
];

pub(super) const NAME_UNFIT: &str = "氏名とかなを、それぞれ1文字から100文字までで書いてください。";
pub(super) const NO_ROLE: &str = "役割を選んでください。";
pub(super) const NO_OFFICE: &str = "事業所番号は、10桁の番号で書いてください。";

pub(super) fn refused(refused: &Invited) -> Faults {
    match refused {
        Invited::LoginTaken => Faults::of(
            "login",
            "このログインIDは、いま使われているか、前に使われていました。一度使ったIDは二度使えません。別のIDにしてください。",
        ),
        Invited::SamePerson => Faults::of(
            "kana",
            "この方のアカウントは、すでにあります。一人に一つです。招待せずに、「役割」の画面で役割を申請してください。",
        ),
        Invited::Unfit => Faults::of(
            "login",
            "ログインIDは3文字から64文字までの英字・数字・ピリオド・下線・ハイフン・@、氏名とかなは100文字までで書いてください。",
        ),
        Invited::Incompatible(why) => Faults::of("role", format!("{}{}", why.what(), why.fix())),
        Invited::NotAllowed | Invited::Done(_) => {
            Faults::of("role", "この招待は、この画面からはできません。役割と事業所番号を確かめてください。")
        }
    }
}

pub(super) fn state(state: AccountState) -> (&'static str, &'static str) {
    match state {
        AccountState::Invited => ("設定を待っています", "care"),
        AccountState::Active => ("利用中", "good"),
        AccountState::Suspended => ("停止中", "care"),
        AccountState::Closed => ("終了", "gone"),
    }
}

use crate::form_token::FormToken;
use crate::pages::field::{Faults, Field};
use crate::pages::form::Form;
use crate::pages::frame::Frame;
use crate::wording::day;
use askama::Template;
use store::Visit;

pub(super) const DONE: &[(&str, &str)] =
    &[("returned", "受け取りました。相手の事業所に届いています。"), ("answered", "結果を相手の事業所に伝えました。")];
pub(super) const REFUSED: &str = "番号かコードが違うか、この窓口はもう使えません。手紙と、電話で聞いたコードを確かめてください。\
     5回続けて間違えると閉じます。分からないときは、手紙を送った事業所に電話してください。";
pub(super) const BUSY: &str = "いま混み合っています。少し待ってから、もう一度入力してください。";
pub(super) const NO_FILE: &str = "返すファイルを選んでください。60個・8MBまでです。";
pub(super) const OTHER_RECEIVER: &str =
    "送信先が、この手紙の事業所ではないファイルがあります。その事業所あてに書き出したファイルを選んでください。";
pub(super) const NOT_ACTUALS: &str = "ここから返せるのは、実績のファイル（UPJSK・DLTJSK）だけです。";
pub(super) const NO_OUTCOME: &str = "結果を選んでください。";
pub(super) const UNOPENED: &str =
    "まだ何も開いていません。書類を開くか、ファイルを受け取ってから、結果を伝えてください。";
pub(super) const TOO_MANY: &str = "返せる件数の上限になりました。手紙を送った事業所に連絡してください。";

/// Why one of several sets was not taken, and what became of the others.
pub(super) fn partly(taken: usize, of: usize, fault: &str) -> String {
    match (taken, of) {
        (_, 1) => fault.to_owned(),
        (0, _) => format!("1組目で止まり、どれも受け取っていません。{fault}"),
        (taken, _) => {
            let stopped = taken + 1;
            format!(
                "{of}組のうち{taken}組を受け取り、{stopped}組目で止まりました。{fault}同じファイルをもう一度返しても、二重にはなりません。"
            )
        }
    }
}

/// 受け取りの窓口.
#[derive(Template)]
#[template(path = "handover/front.html")]
pub(super) struct Front {
    pub(super) frame: Frame,
}

/// 番号とコード.
#[derive(Template)]
#[template(path = "handover/knock.html")]
pub(super) struct Knock {
    frame: Frame,
    faults: Faults,
    address: String,
    number: Field,
    code: Field,
}

impl Knock {
    pub(super) fn new(address: &str, token: &FormToken, form: &Form, faults: Faults) -> Self {
        Self {
            frame: Frame { token: token.text().to_owned(), ..Frame::bare("書類を受け取る") }.faulty(!faults.is_empty()),
            address: address.chars().filter(char::is_ascii_alphanumeric).take(64).collect(),
            number: Field::text("number", "あなたの事業所の事業所番号").hint("10桁の番号").value(form.text("number")),
            code: Field::one_time_code("code", "電話で聞いたコード").hint("8桁の数字").faults(&faults),
            faults,
        }
    }
}

fn frame(title: &'static str, token: &FormToken) -> Frame {
    Frame { token: token.text().to_owned(), narrow: false, ..Frame::bare(title) }
}

/// 受け取ったもの.
#[derive(Template)]
#[template(path = "handover/inside.html")]
pub(super) struct Inside {
    frame: Frame,
    office: String,
    partner: String,
    until: String,
    names: Vec<String>,
    return_fault: Option<String>,
    answer_fault: Option<String>,
    faults: Faults,
}

/// What was wrong with a form, by form.
pub(super) enum Fault {
    Return(String),
    Answer(String),
}

impl Inside {
    pub(super) fn new(
        visit: &Visit,
        token: &FormToken,
        names: Vec<String>,
        notice: Option<&'static str>,
        fault: Option<Fault>,
    ) -> Self {
        let (return_fault, answer_fault) = match fault {
            Some(Fault::Return(text)) => (Some(text), None),
            Some(Fault::Answer(text)) => (None, Some(text)),
            None => (None, None),
        };
        let faults = match (&return_fault, &answer_fault) {
            (Some(text), _) => Faults::of("file", text.clone()),
            (_, Some(text)) => Faults::of("outcome", text.clone()),
            _ => Faults::default(),
        };
        Self {
            frame: frame("受け取ったもの", token).notice(notice).faulty(!faults.is_empty()),
            office: format!("{}（{}）", visit.office.name, visit.office.register.number),
            partner: format!("{}（{}）", visit.partner_name, visit.partner),
            until: day(&visit.expires_at),
            names,
            faults,
            return_fault,
            answer_fault,
        }
    }
}

/// 様式.
#[derive(Template)]
#[template(path = "handover/forms.html")]
pub(super) struct Forms {
    frame: Frame,
    office: String,
    sheets: String,
}

impl Forms {
    pub(super) fn new(visit: &Visit, token: &FormToken, sheets: String) -> Self {
        Self { frame: frame("書類", token), office: visit.office.name.clone(), sheets }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_sets_it_is_said_which_were_taken() {
        assert_eq!(partly(0, 1, "違います。"), "違います。");
        assert!(partly(0, 3, "違います。").contains("どれも受け取っていません。違います。"));
        assert!(partly(2, 3, "違います。").starts_with("3組のうち2組を受け取り、3組目で止まりました。違います。"));
    }
}

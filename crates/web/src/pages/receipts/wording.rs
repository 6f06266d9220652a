use exchange::{Outcome, State};
use receipt::StepName;

pub(super) const DONE: &[(&str, &str)] = &[
    ("acknowledged", "受領を確認しました。送信元にも伝わっています。"),
    ("withdrawn", "取り下げました。相手の一覧では「取下げ」になり、開けません。"),
    ("answered", "取込みの結果を伝えました。送信元にも伝わっています。"),
];
pub(super) const NO_OUTCOME: &str = "取込みの結果を選んでください。";
pub(super) const NO_NUMBER: &str = "ファイルを選び、レコードと項目は数字で入れてください。理由も選んでください。";
pub(super) const UNFIT_NOTE: &str = "500文字までにしてください。表示できない文字は使えません。";

/// How a state looks in a list.
pub(crate) const fn look(state: State) -> &'static str {
    match state {
        State::Waiting | State::Partly | State::Rejected => "care",
        State::Imported => "good",
        State::Withdrawn | State::Erased => "gone",
        State::Collected | State::Acknowledged => "",
    }
}

/// 取込みの結果.
pub(crate) const fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Imported => "取り込めた",
        Outcome::Partly => "一部だけ取り込めた",
        Outcome::Rejected => "取り込めなかった",
    }
}

/// What a step says.
pub(super) const fn step_says(step: StepName) -> &'static str {
    match step {
        StepName::Accepted => "交換所が送信元から受け付け、保管しました。",
        StepName::Collected => "送信先が初めて開きました。",
        StepName::Acknowledged => "送信先が、手元に保存したことを確かめました。",
        StepName::Answered => "送信先が、ソフトに取り込んだ結果を伝えました。",
        StepName::Withdrawn => "送信元が、開かれる前に取り下げました。",
        StepName::Erased => "保管の期限か二人の決定により、中身を消去しました。",
    }
}

/// What is late, and what should be done about it by the receiver.
pub(super) const fn late(state: State) -> (&'static str, &'static str) {
    match state {
        State::Waiting => ("まだ受け取られていません", "受け取る"),
        State::Collected => ("受領確認がまだです", "受領を確認する"),
        _ => ("取込みの結果がまだです", "取込みの結果を答える"),
    }
}

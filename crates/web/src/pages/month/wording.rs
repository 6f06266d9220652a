use store::{ChainState, SetState, State};

pub(super) const DONE: &[(&str, &str)] = &[
    ("compared", "予定と実績を突き合わせました。"),
    ("compared-more", "予定と実績を突き合わせました。まだ残りがあります。もう一度「突き合わせる」を押してください。"),
    ("compared-none", "突き合わせるものはありません。予定と実績の両方を受け取ったものから突き合わせます。"),
    (
        "compared-damaged",
        "突き合わせましたが、開けないデータがありました。届いたもの・送ったものの一覧で確かめてください。",
    ),
    ("reminded", "「実績をお待ちしています」と伝えました。相手の「届いたもの」に出ます。"),
    ("reminded-already", "きょうは、もう伝えてあります。催促は、相手と月ごとに一日一回です。"),
    ("nothing-missing", "この相手から届いていない実績はありません。"),
    ("accepted", "差異を了承しました。どちらかが差し替えられると、もう一度出ます。"),
    ("reopened", "了承を取り消しました。"),
    ("moved-on", "見ているあいだに、データが差し替えられました。新しい内容で確かめてください。"),
    ("commented", "連絡を書きました。相手の事業所にも見えています。"),
];

pub(super) const UNFIT_COMMENT: &str = "連絡は、1文字以上500文字までで書いてください。表示できない文字は使えません。";
pub(super) const TOO_MANY_COMMENTS: &str =
    "この利用者と月の連絡は、上限の200件に達しています。電話などで相談してください。";
pub(super) const NO_LABEL: &str = "（この端末では表示できません）";

/// How a set stands, from where the reader sits, and how that looks.
pub(super) fn standing(set: &SetState) -> (&'static str, &'static str) {
    match (set.state, set.sent) {
        (State::Waiting, true) => ("送った・相手は未開封", "care"),
        (State::Collected, true) => ("送った・相手が開封", ""),
        (State::Acknowledged, true) => ("送った・相手が受領", ""),
        (State::Imported, true) => ("送った・相手が取込み済み", "good"),
        (State::Partly, true) => ("送った・一部だけ取込み", "care"),
        (State::Rejected, true) => ("送った・取り込めず", "late"),
        (State::Waiting, false) => ("届いた・未開封", "care"),
        (State::Collected, false) => ("届いた・開封済み", ""),
        (State::Acknowledged, false) => ("届いた・受領済み", ""),
        (State::Imported, false) => ("届いた・取込み済み", "good"),
        (State::Partly, false) => ("届いた・一部だけ取込み", "care"),
        (State::Rejected, false) => ("届いた・取り込めず", "late"),
        (State::Withdrawn | State::Erased, _) => ("取下げ・消去", "gone"),
    }
}

/// A version in words, and how that looks.
pub(super) const fn version(state: ChainState) -> (&'static str, &'static str) {
    match state {
        ChainState::Current => ("現在の版", "good"),
        ChainState::Replaced(_) => ("差し替え済み", "gone"),
        ChainState::Deleted(_) => ("削除された", "gone"),
        ChainState::Deletes(_) => ("前のものを削除", "care"),
        ChainState::DeletesNothing => ("削除（相手なし）", "care"),
        ChainState::TakenBack => ("取下げ", "gone"),
        ChainState::Unknown => ("不明", "care"),
    }
}

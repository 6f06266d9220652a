use store::{Folder, Stage};

pub(super) const DONE: &[(&str, &str)] = &[
    ("answered", "取込みの結果を伝えました。送信元にも伝わっています。"),
    ("none", "選ばれているものがありません。一覧の左の四角に印を付けてから、もう一度押してください。"),
    ("no-outcome", "取込みの結果が選ばれていません。もう一度、一覧から選んでください。"),
];

/// 状態 that can be looked for.
pub(super) const fn stage(stage: Stage, folder: Folder) -> &'static str {
    match (stage, folder) {
        (Stage::Any, _) => "すべて",
        (Stage::New, Folder::Received) => "まだ開いていないもの",
        (Stage::New, Folder::Sent) => "相手がまだ開いていないもの",
        (Stage::Unanswered, Folder::Received) => "結果をまだ伝えていないもの",
        (Stage::Unanswered, Folder::Sent) => "相手の結果を待っているもの",
    }
}

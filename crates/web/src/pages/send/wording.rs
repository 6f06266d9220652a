//! What is said about sending.

use exchange::Refusal;

pub(super) const DONE: &[(&str, &str)] = &[
    ("left", "送らずにやめました。選んだファイルは交換所に残っていません。"),
    ("held", "もう一人の職員の確認を待っています。確認されるまで送られません。"),
    ("withdrawn", "確認待ちのデータを取り下げました。何も送っていません。"),
    (
        "gone",
        "この組の確認待ちは、もう終わっています。送信済みか、取り下げられたか、期限が過ぎています。「送ったもの」の一覧で確かめてください。",
    ),
    ("released", "確認したので、送りました。"),
    ("mended", "直したファイルに入れ替えました。まだ送っていません。"),
];

pub(super) const NO_FILES: &str = "ファイルが選ばれていません。ケアソフトから書き出したファイルを選んでください。";
pub(super) const TOO_MANY_DRAFTS: &str =
    "送らずに置いてあるものが多すぎます。前に選んだものを送るか、やめてから、もう一度選んでください。";
pub(super) const NO_REASON: &str = "送る理由を500文字までで書いてください。もう一人の職員が読んで判断します。";
pub(super) const NOT_READ: &str = "注意を読み、「確かめました」に印を付けてください。まだ何も送っていません。";

/// What came of a set, for the line of a result.
pub(super) fn outcome(outcome: &str, code: &str) -> String {
    match outcome {
        "accepted" => "送りました。".to_owned(),
        "already" => "すでに送ってあります。二重には送っていません。".to_owned(),
        "held" => "もう一人の職員の確認を待っています。".to_owned(),
        "kept" => "まだ送っていません。直すか、もう一人の職員が確かめると送れます。".to_owned(),
        _ => match Refusal::ALL.iter().find(|refusal| refusal.code() == code) {
            Some(refusal) => format!("{}{}", refusal.what(), refusal.fix()),
            None => "送れませんでした。もう一度選んで送ってください。".to_owned(),
        },
    }
}

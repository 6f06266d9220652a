pub(super) const OVER: &str =
    "しばらく操作がなかったか、別の場所で終了したため、一度サインアウトしました。もう一度入ってください。";

pub(super) const DONE: &[(&str, &str)] = &[
    ("out", "サインアウトしました。席を離れるときは、ブラウザーも閉じてください。"),
    ("set-up", "設定が終わりました。決めたパスワードと認証の手段で入ってください。"),
    ("changed", "変更しました。もう一度入ってください。"),
];

pub(super) const NO_OFFICE: &str = "どの事業所の仕事をするかを選んでください。";

/// The same whatever was wrong (R8.9).
pub(super) const REFUSED: &str = "入れませんでした。ログインIDとパスワードを確かめて、もう一度入力してください。";

pub(super) fn second_refused(field: &str) -> String {
    match field {
        "code" => "6桁の数字が違うか、もう使われています。次の数字に変わるのを待って、入力してください。",
        "recovery_code" => "予備コードが違うか、もう使われています。紙に書いたものから、別の一つを入力してください。",
        "pass" => "一時パスが違うか、期限が過ぎています。受け取った文字を確かめてください。",
        _ => "パスキーを確かめられませんでした。もう一度お試しください。",
    }
    .to_owned()
}

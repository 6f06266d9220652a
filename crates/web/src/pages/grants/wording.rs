pub(super) const DONE: &[(&str, &str)] = &[
    ("requested", "役割を申請しました。あなたとは別の管理者が確認すると有効になります。"),
    ("confirmed", "確認しました。役割は、次の操作から有効です。"),
    ("withdrawn", "役割を取り消しました。本人のサインインも終わりました。"),
];

pub(super) const NO_LOGIN: &str = "役割を受ける方のログインIDを書いてください。";
pub(super) const NO_ROLE: &str = "役割を選んでください。";
pub(super) const NOBODY: &str = "この方に、この役割を申請することはできません。ログインIDと役割を確かめてください。";
pub(super) const ALREADY: &str = "この方は、その役割をもう持っているか、申請中です。一覧で確かめてください。";
pub(super) const NOT_HERE: &str = "その申請は、この画面にはありません。一覧で今の状態を確かめてください。";
pub(super) const NO_OFFICE: &str = "事業所番号は、10桁の番号で書いてください。";

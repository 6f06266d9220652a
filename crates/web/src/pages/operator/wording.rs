pub(super) const DONE: &[(&str, &str)] = &[
    ("added", "事業所を登録しました。続けて、端末の登録と、管理者の招待を行ってください。"),
    ("closed", "事業所を閉じました。送ることも受け取ることも、もうできません。"),
    ("approved", "承認しました。"),
];

pub(super) const NO_NUMBER: &str = "事業所番号は、10桁の番号で書いてください。";
pub(super) const TAKEN: &str = "この事業所番号は、もう登録されています。台帳を検索して確かめてください。";
pub(super) const NO_NAME: &str = "事業所名を200文字までで書いてください。";
pub(super) const NO_TYPES: &str = "サービス種類コードを、2桁ずつ空白で区切って書いてください。例: 43 46";

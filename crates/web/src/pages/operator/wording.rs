pub(super) const DONE: &[(&str, &str)] = &[
    ("added", "事業所を登録しました。続けて、端末の登録と、管理者の招待を行ってください。"),
    ("closed", "事業所を閉じました。送ることも受け取ることも、もうできません。"),
    ("asked", "申請しました。あなたとは別の人が承認すると、登録コードが出ます。"),
];

pub(super) const NO_SUCH_OFFICE: &str =
    "この番号の事業所は、登録されていないか、閉じています。台帳を確かめてください。";
pub(super) const INCOMPLETE: &str = "端末の名前と、事業所をどのように確かめたかを書いてください。";
pub(super) const DEVICE_TAKEN: &str =
    "この事業所には、同じ名前で使える端末があります。先に使えなくするか、別の名前にしてください。";
pub(super) const OWN_REQUEST: &str = "自分が申請したものは、自分では承認できません。ほかの人に承認を頼んでください。";
pub(super) const NOT_PENDING: &str =
    "この申請は、承認を待っている状態ではありません。一覧で今の状態を確かめてください。";
pub(super) const NO_NUMBER: &str = "事業所番号は、10桁の番号で書いてください。";
pub(super) const TAKEN: &str = "この事業所番号は、もう登録されています。台帳を検索して確かめてください。";
pub(super) const NO_NAME: &str = "事業所名を200文字までで書いてください。";
pub(super) const NO_TYPES: &str = "サービス種類コードを、2桁ずつ空白で区切って書いてください。例: 43 46";

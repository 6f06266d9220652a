pub(super) const DONE: &[(&str, &str)] =
    &[("revoked", "接続キーを止めました。このキーを使うソフトウェアは、もうつながりません。")];

pub(super) const NO_SCOPE: &str = "できることを、一つ以上選んでください。";
pub(super) const NO_DEVICE: &str = "キーを使う端末を、一覧から選んでください。";
pub(super) const NO_LABEL: &str = "名前は、1文字から100文字までで書いてください。";
pub(super) const TOO_MANY: &str =
    "この端末の接続キーが多すぎます。使っていないキーを止めてから、もう一度作ってください。";

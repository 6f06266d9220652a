use store::Channel;

pub(super) const DONE: &[(&str, &str)] = &[
    ("kept", "控えを書きました。"),
    ("forgotten", "控えを消しました。"),
    ("software", "この事業所で使うソフトを変えました。連携先の画面に出ます。"),
    ("unfit-software", "変えられませんでした。ソフトの名前は100文字まで、改行などを入れずに書いてください。"),
];
pub(super) const NO_NUMBER: &str = "事業所番号は、10桁の番号で書いてください。";
pub(super) const ONESELF: &str = "自分の事業所の番号です。連携先の番号を書いてください。";
pub(super) const TOO_MANY: &str = "控えが500件になっています。使っていないものを消してから、もう一度行ってください。";
pub(super) const UNFIT_NAME: &str = "事業所名を、100文字までで書いてください。";
pub(super) const UNFIT_PLACE: &str = "所在地は、100文字までで書いてください。";
pub(super) const UNFIT_NOTE: &str = "控えは、300文字までで書いてください。表示できない文字は使えません。";
pub(super) const NO_CHANNEL: &str = "連絡の手段を選んでください。";
pub(super) const NO_TYPE: &str = "サービス種類コードは、2文字の半角で書いてください。分からなければ空けておきます。";

/// 連絡の手段.
pub(crate) const fn channel(channel: Channel) -> &'static str {
    match channel {
        Channel::Exchange => "交換所",
        Channel::Letter => "一方向の受渡し",
        Channel::Fax => "ファクス",
        Channel::Post => "郵送",
        Channel::Hand => "手渡し",
        Channel::Other => "その他",
    }
}

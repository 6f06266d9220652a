use super::parcel::PARCEL_BYTES_MAX;
use store::{HANDOVER_FILES_MAX, Handover, HandoverEnd};

pub(super) const DONE: &[(&str, &str)] = &[("withdrawn", "取り下げました。手紙のアドレスは、もう使えません。")];
pub(super) const NO_FILE: &str = "渡すファイルを選んでください。ケアソフトから書き出したままのファイルです。";
pub(super) const OTHER_RECEIVER: &str =
    "送信先が、この連携先ではないファイルがあります。この連携先あてに書き出したファイルだけを選んでください。";
pub(super) const UNSERVED_FIX: &str =
    "相手を選び直すか、その利用者を除いて、書き出し直してください。手紙では、このまま渡すことはできません。";
pub(super) const REGISTERED: &str = "この事業所は、もう交換所に参加しています。ふつうに送ってください。";
pub(super) const TOO_MANY: &str =
    "受渡し中のものが200件あります。済んだものを取り下げるか、期限が来るのを待ってください。";
pub(super) const STILL_OPEN: &str =
    "同じものを渡した手紙が、まだ有効です。その手紙を印刷し直すか、取り下げてから、もう一度渡してください。";
pub(super) const BUSY: &str = "いま混み合っています。少し待ってから、もう一度行ってください。";

pub(super) fn too_many_files() -> String {
    format!("一度に渡せるのは、{HANDOVER_FILES_MAX}個・{}MBまでです。何回かに分けてください。", PARCEL_BYTES_MAX >> 20)
}

/// 状態, and how it looks.
pub(super) fn state(handover: &Handover, over: bool) -> (&'static str, &'static str) {
    match (&handover.ended, &handover.opened_at) {
        (Some((_, HandoverEnd::Withdrawn)), _) => ("取り下げました", "gone"),
        (Some((_, HandoverEnd::Tries)), _) => ("誤りが続いたため閉じました", "late"),
        (Some((_, HandoverEnd::Time)), _) => ("期限が来て終わりました", "gone"),
        (None, _) if over => ("期限が来て終わりました", "gone"),
        (None, Some(_)) => ("相手が開きました", "good"),
        (None, None) => ("まだ開かれていません", "care"),
    }
}

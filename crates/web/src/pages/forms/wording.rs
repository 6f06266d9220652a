//! What the page says around the forms.

pub(crate) const LEAD_RECEIVED: &str =
    "この事業所に届いたデータを、紙の様式の形で見ています。開いたことと印刷したことは、証跡に残ります。";
pub(crate) const LEAD_SENT: &str =
    "この事業所が送ったデータを、紙の様式の形で見ています。開いたことと印刷したことは、証跡に残ります。";

pub(crate) const SHOW_CHANGES: &str = "前の版からの変更を表示する";
pub(crate) const HIDE_CHANGES: &str = "変更の印を消す";
pub(crate) const FOR_PRINT: &str = "印刷用に開く";
pub(crate) const FOR_SCREEN: &str = "画面用に戻る";
pub(crate) const TO_RECEIPT: &str = "受領の記録を見る";
pub(crate) const TO_LISTS: &str = "一覧に戻る";

pub(crate) const VERSION_FIRST: &str = "同じ利用者・同じ対象のものは、これより前に送られていません。";
pub(crate) const VERSION_AFTER: &str = "同じ利用者・同じ対象の前の版があります。";
pub(crate) const VERSION_NEWEST: &str = "現在の版です。";
pub(crate) const VERSION_OLD: &str = "この後に新しい版があります。";

pub(crate) const CUT: &str = "行数が多すぎるため、途中までを表示しています。すべての行は、データを受け取って取り込んだソフトウェアで確かめてください。";
pub(crate) const NO_VERSION_BEFORE: &str = "比べられる前の版がないため、変更の印はありません。";
pub(crate) const NOT_COLLECTED_BEFORE: &str =
    "前の版のうち、事業所でまだ受け取っていないものは比べていません。受け取る権限のある職員なら比べられます。";
pub(crate) const NOTHING_CHANGED: &str = "前の版から変わったところはありません。";
pub(crate) const PICTURE_CHANGED: &str = "家族構成の図が、前の版から変わりました。";
pub(crate) const TOO_MANY_VERSIONS: &str =
    "前の版が多くの送信に分かれているため、新しいものから順に一部だけと比べています。";
pub(crate) const DAMAGED_BEFORE: &str = "前の版の一部を開けなかったため、比べていません。運営者に記録が残りました。";

/// Of some of the people only there is something newer.
pub(crate) fn partly_old(all: u64, old: u64) -> String {
    format!("{all}件の対象のうち{old}件に、この後に新しい版があります。ほかの{}件は現在の版です。", all - old)
}

/// What could not be shown of a sheet.
pub(crate) fn unread(sheet: &str, records: u64) -> String {
    format!("「{sheet}」に、形がくずれていて様式に表示できない行が{records}行あります。送信元に確かめてください。")
}

/// How much of the comparison there is.
pub(crate) fn compared(people: usize, compared: usize, changed: usize) -> String {
    match people - compared.min(people) {
        0 => format!("{compared}人を前の版と比べ、{changed}人に変更がありました。"),
        new => format!(
            "{compared}人を前の版と比べ、{changed}人に変更がありました。前の版のない{new}人には印を付けていません。"
        ),
    }
}

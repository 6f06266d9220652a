//! What pages about erasures say.

use super::OBJECTS_MAX;
use store::{Blocked, japanese_time};

pub(super) const DONE: &[(&str, &str)] = &[
    ("requested", "消去を申請しました。申請した人とは別の、運営者の管理者が承認します。まだ何も消していません。"),
    ("approved", "承認しました。24時間たってから、保守担当が行います。それまでは取りやめられます。"),
    ("withdrawn", "取りやめました。何も消していません。"),
    ("running", "消去を続けています。この画面を開き直すと、進み具合が見られます。"),
    ("erased", "消去しました。消去した人とは別の、監査担当が検証します。"),
    ("verifying", "検証を続けています。この画面を開き直すと、終わったかどうかが分かります。"),
    ("certified", "検証し、証明書を出しました。下から保存できます。"),
];
pub(super) const HOLD_DONE: &[(&str, &str)] = &[
    ("held", "保全しました。解くまで、期限が来ても消去されません。"),
    ("asked", "保全を解くことを申し出ました。ほかの人が同意すると解けます。"),
    ("released", "保全を解きました。期限の過ぎたものは、消去されるようになります。"),
    ("kept", "保全を続けます。解くことの申し出は取り下げました。"),
];

pub(super) const NO_KIND: &str = "情報種別を選んでください。";
pub(super) const NO_REASON: &str = "理由を選んでください。";
pub(super) const BASIS: &str = "根拠を500文字までで書いてください。氏名や被保険者番号は書かないでください。";
pub(super) const NO_PROCEDURE: &str =
    "この種別の消去手順が、まだ決まっていません。先に「保存と保全」の画面を見て、手順を二人で定めてください。";
pub(super) const NOT_ERASABLE: &str = "この種別は、申請では消去しません。";
pub(super) const OWN_REQUEST: &str = "申請した人は、自分では承認できません。別の管理者に頼んでください。";
pub(super) const OWN_WORK: &str = "消去を行った人は、自分では検証できません。別の人に頼んでください。";
pub(super) const NOT_WAITING: &str = "この消去は、もうその段階にありません。いまの状態を確かめてください。";
pub(super) const CHANGED: &str =
    "申請の後に、対象か手順が変わっています。取りやめて、申請し直してください。何も消していません。";
pub(super) const ON_SERVER: &str = "鍵は消去しましたが、データベースがサーバーにあるので、ディスクから消えたことを確かめられず、証明書は出せません。サーバーの側で行うことは、運用の手引きの「PostgreSQL での消去」にあります。";
pub(super) const BUSY: &str = "ほかの読み取りが続いていて、検証できません。しばらくして、もう一度検証してください。";
pub(super) const HOLD_REASON: &str = "理由を500文字までで書いてください。氏名や被保険者番号は書かないでください。";
pub(super) const HOLD_SCOPE: &str = "何を保全するか、選んでください。";
pub(super) const HOLD_SUBJECT: &str = "事業所番号か、対象の番号を書いてください。";
pub(super) const HOLD_NO_OFFICE: &str = "その事業所番号は登録されていません。番号を確かめてください。";
pub(super) const HOLD_TOO_MANY: &str = "保全が多すぎます。要らなくなった保全を解いてから、もう一度お試しください。";
pub(super) const HOLD_OWN: &str = "解くことを申し出た人は、自分では同意できません。別の人に頼んでください。";
pub(super) const HOLD_GONE: &str = "その保全は、もう解かれているか、申し出が取り下げられています。";

pub(super) fn count() -> String {
    format!(
        "対象の番号を、空白か改行で区切って1〜{OBJECTS_MAX}件書いてください。それより多いときは、分けて申請します。"
    )
}

pub(super) fn cooling(from: &str) -> String {
    format!("承認から24時間たっていません。{} から行えます。", japanese_time(from))
}

pub(super) fn living(copies: &[String]) -> String {
    format!(
        "鍵の写しが、まだ残っています（{}）。証明書は出せません。その控えを元の場所に戻すか、破棄して台帳に記録してから、検証してください。",
        copies.join("、")
    )
}

pub(super) fn unfinished(count: u64) -> String {
    format!("消去が済んでいないものが {count}件 あります。保守担当が、もう一度消去を行ってください。")
}

pub(super) fn not_gone(count: u64) -> String {
    format!(
        "消去したものの断片が {count}か所 見つかりました。証明書は出せません。ほかに写しを作ったプログラムや人がいないか調べてから、もう一度検証してください。"
    )
}

pub(super) fn blocked(why: &Blocked) -> String {
    match why {
        Blocked::Unknown(object) => {
            format!("その種別に、番号 {object} のものはありません。番号と種別を確かめてください。")
        }
        Blocked::Already(object) => format!("{object} は、すでに消去されたか、別の申請に入っています。"),
        Blocked::NotEnded(object) => {
            format!("{object} は、まだ使われています。廃止や終了の手続きが済んでから申請してください。")
        }
        Blocked::Minimum { object, until } => {
            format!("{object} には、{} まで保存の義務があります。", japanese_time(until))
        }
        Blocked::Held { object, hold } => format!("{object} は保全されています（保全の番号 {hold}）。"),
    }
}

/// How far an erasure is, and how it looks.
pub(super) fn state(state: &str) -> (&str, &'static str) {
    match state {
        "requested" => ("承認待ち", "care"),
        "approved" => ("承認済み", "care"),
        "erasing" => ("途中", "care"),
        "erased" => ("検証待ち", "care"),
        "certified" => ("証明書あり", "good"),
        "withdrawn" => ("取りやめ", "gone"),
        "replayed" => ("復元のときに再び消去", "gone"),
        other => (other, ""),
    }
}

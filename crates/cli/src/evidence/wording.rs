//! What is said about a log, in words for those who audit it.

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use ledger::{Checkpoint, ClockState, NoteError, Stamp, Wrong};

/// Above this, or if it is not known, the clock is pointed out (R10.3).
const OFFSET_MS_MAX: u32 = 1_000;

/// 2026年11月22日 9:00:00（日本時間）.
pub(crate) fn instant(ms: i64) -> String {
    let zone = TimeZone::fixed(Offset::constant(9));
    Timestamp::from_millisecond(ms).map_or_else(
        |_| "（読めない時刻）".to_owned(),
        |at| at.to_zoned(zone).strftime("%Y年%-m月%-d日 %-H:%M:%S（日本時間）").to_string(),
    )
}

pub(crate) fn seconds(seconds: u64) -> String {
    let ms = i64::try_from(seconds).ok().and_then(|seconds| seconds.checked_mul(1000));
    ms.map_or_else(|| "（読めない時刻）".to_owned(), instant)
}

/// The clock of a checkpoint, and whether it is to be pointed out.
pub(crate) fn clock(stamp: &Stamp) -> (String, bool) {
    let source = if stamp.source.as_str() == "none" {
        "比べた時刻源なし".to_owned()
    } else {
        format!("時刻源 {}", stamp.source)
    };
    let ahead = |offset: Option<i32>| match offset {
        Some(offset) => format!("ずれ{offset}ミリ秒、"),
        None => "ずれは不明、".to_owned(),
    };
    match stamp.clock {
        ClockState::Synchronised { offset_ms } => {
            let unsure = offset_ms.is_some_and(|offset| offset.unsigned_abs() > OFFSET_MS_MAX);
            (format!("合っています（{}{source}）", ahead(offset_ms)), unsure)
        }
        ClockState::Unsynchronised { offset_ms } => (format!("合っていません（{}{source}）", ahead(offset_ms)), true),
        ClockState::Unknown => (format!("分かりません（{source}）"), true),
    }
}

/// 1,234,567.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// What is wrong with the signatures of a checkpoint.
pub(crate) fn note(error: NoteError) -> String {
    match error {
        NoteError::Unsigned => "指定した鍵の署名がありません（別の鍵で署名されたか、署名が消されています）".to_owned(),
        NoteError::BadSignature => "署名が内容と合いません（内容か署名が書き換えられています）".to_owned(),
        NoteError::OtherLog => "別の交換所のものです（名前が鍵と違います）".to_owned(),
        NoteError::TooFewWitnesses { need, have } => {
            format!("立会人の署名が足りません（{need}人必要なところ{have}人）")
        }
        _ => "形が崩れていて読めません".to_owned(),
    }
}

/// What is wrong, in one sentence without the index.
pub(crate) fn wrong(wrong: &Wrong) -> String {
    match wrong {
        Wrong::NoCheckpoint => "チェックポイントがありません。何件あるはずかも分かりません".to_owned(),
        Wrong::Checkpoint(error) => format!("チェックポイントの{}", note(*error)),
        Wrong::CutShort { known } => format!(
            "ここで終わっていますが、{}件あった時のチェックポイントがあります。後ろが切られたか、古い写しです",
            count(*known)
        ),
        Wrong::OtherHistory { good, bad } if *good == 0 => {
            format!("はじめの{}件のどこかが、署名されたチェックポイントと違います（作り直された記録です）", count(*bad))
        }
        Wrong::OtherHistory { good, bad } => format!(
            "{}番から{}番までのどこかから、署名されたチェックポイントと違います（作り直された記録です）",
            count(*good),
            count(bad.saturating_sub(1))
        ),
        Wrong::Changed => "内容が書き換えられています".to_owned(),
        Wrong::Missing { count: missing } => format!("ここから{}件が抜けています", count(*missing)),
        Wrong::Added { count: added } => format!("ここに{}件が書き足されています", count(*added)),
        Wrong::Moved { from } => format!("順番が入れ替わっています（ここにあるのは{}番の記録です）", count(*from)),
        Wrong::Unreadable => "ここから記録として読めません（途中で切れたか、書き換えられています）".to_owned(),
        Wrong::ChangedBefore { before } => format!(
            "ここから{}番までの間に書き換えられた記録があります（ハッシュも壊れているので、どれかは決められません）",
            count(before.saturating_sub(1))
        ),
        Wrong::Hashes => "ハッシュのファイルが書き換えられています。記録そのものは署名どおりです".to_owned(),
        Wrong::NoHashes => "ハッシュのファイルがありません。記録そのものは署名どおりです".to_owned(),
        Wrong::Contradiction => {
            "記録とハッシュが食い違っています（上のハッシュも壊れているので、どちらが正しいかは決められません）"
                .to_owned()
        }
        Wrong::Stray => "この記録のものではないファイルです".to_owned(),
        Wrong::TooManyCheckpoints => "過去のチェックポイントが多すぎて、すべては見ていません".to_owned(),
        _ => "知らない種類の食い違いです".to_owned(),
    }
}

/// The id of a fault in JSON.
pub(crate) fn id(wrong: &Wrong) -> &'static str {
    match wrong {
        Wrong::NoCheckpoint => "no-checkpoint",
        Wrong::Checkpoint(_) => "checkpoint",
        Wrong::CutShort { .. } => "cut-short",
        Wrong::OtherHistory { .. } => "other-history",
        Wrong::Changed => "changed",
        Wrong::Missing { .. } => "missing",
        Wrong::Added { .. } => "added",
        Wrong::Moved { .. } => "moved",
        Wrong::Unreadable => "unreadable",
        Wrong::ChangedBefore { .. } => "changed-before",
        Wrong::Hashes => "hashes",
        Wrong::NoHashes => "no-hashes",
        Wrong::Contradiction => "contradiction",
        Wrong::Stray => "stray",
        Wrong::TooManyCheckpoints => "too-many-checkpoints",
        _ => "unknown",
    }
}

/// When a checkpoint was made, in words.
pub(crate) fn made_at(checkpoint: &Checkpoint) -> String {
    checkpoint.stamp().map_or_else(|| "時刻が書かれていません".to_owned(), |stamp| instant(stamp.at.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        let all = [0, 999, 1_000, 1_234_567].map(count);
        assert_eq!(all, ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn r10_3_a_clock_that_is_off_or_unknown_is_pointed_out() {
        let stamp = |clock| Stamp {
            at: ledger::Timestamp::from_millisecond(0).expect("an instant"),
            clock,
            source: "chrony".parse().expect("a token"),
        };
        let unsure = |state| clock(&stamp(state)).1;
        assert!(!unsure(ClockState::Synchronised { offset_ms: Some(-1_000) }));
        assert!(unsure(ClockState::Synchronised { offset_ms: Some(-1_001) }));
        assert!(unsure(ClockState::Unsynchronised { offset_ms: Some(0) }));
        assert!(unsure(ClockState::Unknown));
        assert_eq!(instant(0), "1970年1月1日 9:00:00（日本時間）");
    }
}

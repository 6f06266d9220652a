//! 消去 in words and on paper: what pages, commands and certificates say alike (R11).

mod kinds;
mod paper;

pub use kinds::{Words, words};
pub use paper::certificate_document;

/// Why an erasure was asked for.
#[must_use]
pub fn reason(id: &str) -> &str {
    match id {
        "expiry" => "保存期間の終わり",
        "early" => "保存期間より前の消去",
        "end-of-contract" => "契約の終わり",
        "maintenance" => "保守で使ったデータの消去",
        other => other,
    }
}

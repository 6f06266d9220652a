//! What a finding means, and what to look at before judging it.

use ledger::review::{
    FAILED_SIGN_INS_PER_HOUR, PAGES_PER_HOUR, PERSON_READS_PER_HOUR, PROGRAM_READS_PER_HOUR, Pattern, REFUSALS_PER_HOUR,
};
use store::log::Verdict;

pub(super) const DONE: &[(&str, &str)] = &[
    ("judged", "判断を残しました。点検を閉じるまでは、判断し直せます。"),
    ("opened", "今月のきょうまでの点検を用意しました。"),
    ("there", "きょうの臨時の点検は、もう用意してあります。"),
    ("closed", "点検を閉じました。記録は、このまま残ります。"),
];

pub(super) const NO_VERDICT: &str = "判断を選んでください。";
pub(super) const NO_NOTE: &str = "そう判断した理由を、2000文字までで書いてください。";
pub(super) const OWN: &str = "あなた自身の操作についての所見は、あなたは判断できません。ほかの担当者が判断します。";
pub(super) const CLOSED: &str = "この点検は、もう閉じています。判断は変えられません。";

pub(super) fn waiting(findings: u64) -> String {
    format!("まだ判断していない所見が {findings} 件あります。すべて判断してから閉じてください。")
}

/// What stands on every page while reviews are overdue.
pub(super) fn overdue(reviews: u64, can_see_to_it: bool) -> String {
    let then = if can_see_to_it { "" } else { "監査担当に知らせてください。" };
    format!("ログ点検が、期限を過ぎています（{reviews}件）。{then}")
}

/// What stands on every page until it is read (R6.6).
pub(super) fn unseen(alarms: u64) -> String {
    format!("重要な知らせがあります（{alarms}件）。読んで、確かめたことを記録してください。")
}

/// What stands on every page of the operator's while the clock is in doubt.
pub(super) fn clock(state: ledger::ClockState) -> String {
    format!(
        "交換所の時計が、日本標準時に{}。時刻合わせ（chrony など）の動きを確かめてください。",
        match (state, state.offset_ms()) {
            (ledger::ClockState::Unknown, _) => "合っているか確かめられていません".to_owned(),
            (_, Some(offset)) => format!("合っていません（ずれ {offset} ミリ秒）"),
            (_, None) => "合っていません".to_owned(),
        }
    )
}

pub(super) const fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Sound => "問題なし",
        Verdict::Action => "要対応",
        Verdict::Incident => "事故",
    }
}

pub(super) const fn verdict_hint(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Sound => "確かめて、正しい仕事だとわかった",
        Verdict::Action => "事故ではないが、直すことがある",
        Verdict::Incident => "漏えいなどのおそれがある。すぐに責任者に知らせる",
    }
}

/// A finding's title, what was seen, and what to look at.
pub(super) fn pattern(pattern: Pattern) -> (&'static str, String, &'static str) {
    match pattern {
        Pattern::AfterLeaving => (
            "終わった人・端末・事業所からの利用",
            "終わったか止めたアカウント、端末、事業所からの操作か、操作しようとした記録です。".to_owned(),
            "本人に心当たりがあるか、アカウントや端末がまだ使われていないかを確かめます。",
        ),
        Pattern::Damaged => (
            "壊れたデータ",
            "封をしたデータが開きませんでした。壊れたか、すり替えられたおそれがあります。".to_owned(),
            "送った事業所に送り直してもらい、原因を調べます。",
        ),
        Pattern::NoRelation => (
            "やりとりのない事業所のデータを開いた",
            "一度もデータをやりとりしていない相手のデータを開いた記録です。".to_owned(),
            "開いた人と、相手の事業所との関係を確かめます。",
        ),
        Pattern::MassReading => (
            "短い時間の、多くの閲覧",
            format!(
                "一時間に、人が {PERSON_READS_PER_HOUR} 件以上、ソフトが {PROGRAM_READS_PER_HOUR} 件以上データを開いたか、\
                 {PAGES_PER_HOUR} 回以上画面を開いた記録です。"
            ),
            "月末のまとめ仕事など、理由のある閲覧だったかを確かめます。",
        ),
        Pattern::Night => (
            "夜間の閲覧",
            "夜10時から朝6時までに、人が画面・データ・証跡を見た記録です。".to_owned(),
            "その時間に仕事があったかを、本人か勤務の記録で確かめます。",
        ),
        Pattern::FailedSignIns => (
            "サインインの失敗が続いた",
            format!("一時間に {FAILED_SIGN_INS_PER_HOUR} 回以上、サインインに失敗した記録です。"),
            "本人の打ち間違いか、ほかの人が試したのかを確かめます。",
        ),
        Pattern::UnknownTerminal => (
            "知らない端末からの利用",
            "登録のない端末や、その人の事業所ではない端末からの記録です。".to_owned(),
            "接続元に心当たりがあるか、端末をなくした人がいないかを確かめます。",
        ),
        Pattern::TwoPlaces => (
            "二つの端末で同時に使われたアカウント",
            "同じアカウントが、別の端末で使われている間にサインインした記録です。".to_owned(),
            "アカウントを貸し借りしていないか、本人に確かめます。",
        ),
        Pattern::Refusals => (
            "断られた操作が続いた",
            format!("一時間に {REFUSALS_PER_HOUR} 回以上、操作を断った記録です。"),
            "役割に合わない仕事をしようとしていないか、ソフトの設定に誤りがないかを確かめます。",
        ),
        Pattern::Emergency => (
            "非常の手段でのサインイン・再登録",
            "一時パスか予備コードでのサインインか、再登録の申請です。".to_owned(),
            "本人が手段をなくした事情と、本人確認の記録を確かめます。",
        ),
        Pattern::OperatorRole => (
            "運営者の役割が増えた",
            "運営者の役割を、だれかに付けた記録です。".to_owned(),
            "申請と確認が正しい手順だったか、その役割がいまも要るかを確かめます。",
        ),
        Pattern::Keys => (
            "鍵・認証局の操作",
            "鍵か認証局を、人が使うか変えた記録です。".to_owned(),
            "予定された作業だったか、二人で行ったかを確かめます。",
        ),
        Pattern::CommandLine => (
            "運営者の端末での作業",
            "画面ではなく、運営者の端末（コマンド）で行った作業の記録です。".to_owned(),
            "作業の申請や日誌と合っているかを確かめます。",
        ),
        Pattern::LogRead => (
            "証跡の閲覧・書き出し",
            "証跡を見たか、書き出した記録です。".to_owned(),
            "見る目的のある人が、要る分だけ見たかを確かめます。",
        ),
        Pattern::FirstPartner => (
            "はじめての相手とのやりとり",
            "これまでやりとりのなかった事業所に、データを送った記録です。".to_owned(),
            "新しい利用者の担当になったなど、理由のあるやりとりかを確かめます。",
        ),
        Pattern::UncleanStop => (
            "交換所の不意の停止",
            "正しく閉じられないまま、交換所が開き直された記録です。".to_owned(),
            "停電や故障の記録と合っているかを確かめます。",
        ),
        Pattern::Clock => (
            "時計が合っていない間の記録",
            "交換所の時計が合っていないか、確かめられていない間に書かれた記録です。".to_owned(),
            "時刻合わせの動きと、その間の記録の時刻を確かめます。",
        ),
    }
}

/// `2027年3月分`; `2027年3月9日まで（臨時）` for one in between.
pub(super) fn month(month: &str) -> String {
    let number = |text: &str| text.trim_start_matches('0').to_owned();
    match month.split('-').collect::<Vec<_>>().as_slice() {
        [year, month] => format!("{year}年{}月分", number(month)),
        [year, month, day] => format!("{year}年{}月{}日まで（臨時）", number(month), number(day)),
        _ => month.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_review_is_named_after_its_month_or_its_day() {
        assert_eq!(month("2027-03"), "2027年3月分");
        assert_eq!(month("2027-03-09"), "2027年3月9日まで（臨時）");
    }
}

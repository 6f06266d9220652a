use identity::recovery::Refusal;
use store::people::RecoveryState;

pub(super) const DONE: &[(&str, &str)] = &[
    (
        "requested",
        "台帳に書きました。申請した方でも本人確認をした方でもない、もう一人の管理者が承認すると、コードが出ます。事業所にいないときは、交換所の運営者が承認します。",
    ),
    ("withdrawn", "取り消しました。コードは、もう使えません。"),
];

pub(super) const NOBODY: &str = "この方の再登録は申請できません。利用中の職員から選んでください。";
pub(super) const NO_PURPOSE: &str = "何を登録し直すかを選んでください。";
pub(super) const WRONG_KIND: &str = "PDF、JPEG、PNG のどれかの形式のファイルを選んでください。";
pub(super) const TOO_LARGE: &str = "ファイルが大きすぎます。8 MB までのものを選んでください。";
pub(super) const NOT_HERE: &str = "その申請は、承認を待っている状態ではありません。一覧で今の状態を確かめてください。";

/// The field beside which a refusal stands.
pub(super) fn field(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::VerifierMissing | Refusal::SubjectVerifies => "verified_by",
        Refusal::MethodMissing => "method",
        Refusal::EvidenceMissing => "evidence",
        Refusal::EndOutOfRange => "hours",
        _ => "account",
    }
}

pub(super) fn state(state: RecoveryState) -> (&'static str, &'static str) {
    match state {
        RecoveryState::AwaitsApproval => ("承認待ち", "care"),
        RecoveryState::Open => ("本人の登録待ち", "care"),
        RecoveryState::Done => ("本人が登録済み", "good"),
        RecoveryState::Expired => ("期限切れ", "gone"),
        RecoveryState::Withdrawn => ("取消し", "gone"),
    }
}

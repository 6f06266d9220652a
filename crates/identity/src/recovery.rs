//! 再登録: new secrets for somebody who lost theirs, after somebody else checked who they are.

use std::fmt;

use jiff::{SignedDuration, Timestamp};

use crate::role::{Role, Side};
use crate::session::later;

/// How long an initial secret or a reset code lives (R8.12).
pub const CODE_LIFE: SignedDuration = SignedDuration::from_hours(24);
/// How long a temporary pass lasts at most (R8.13).
pub const PASS_LIFE_MAX: SignedDuration = SignedDuration::from_hours(72);

/// コードの用途 — what a one-time code opens, and nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// 招待 — first set-up of an account.
    Invite,
    /// パスワードの再登録.
    Password,
    /// 認証の手段の再登録.
    Factor,
    /// 両方の再登録.
    Both,
    /// 一時パス (R8.13).
    Temporary,
}

impl Purpose {
    /// Every purpose, for documents and tests.
    pub const ALL: [Self; 5] = [Self::Invite, Self::Password, Self::Factor, Self::Both, Self::Temporary];

    /// Stable id, for tables.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Invite => "invite",
            Self::Password => "password",
            Self::Factor => "factor",
            Self::Both => "both",
            Self::Temporary => "temporary",
        }
    }

    /// The purpose with this id.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.id() == id)
    }

    /// The name on screen.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Invite => "招待",
            Self::Password => "パスワードの再登録",
            Self::Factor => "認証の手段の再登録",
            Self::Both => "パスワードと認証の手段の再登録",
            Self::Temporary => "一時パス",
        }
    }

    /// Whether the password is set anew.
    #[must_use]
    pub const fn sets_password(self) -> bool {
        matches!(self, Self::Invite | Self::Password | Self::Both)
    }

    /// Whether factors are set up anew, the old ones being suspended at once (R8.13).
    #[must_use]
    pub const fn sets_factor(self) -> bool {
        matches!(self, Self::Invite | Self::Factor | Self::Both)
    }
}

/// 本人確認の方法 — how somebody's identity was checked (R8.11).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    /// 対面で、顔写真のある証明書を見た.
    InPerson,
    /// 映像で、顔写真のある証明書を見た.
    OnScreen,
    /// 登録してある電話番号にかけ直し、人事の記録と照らした.
    CallBack,
    /// 書面と証明書の写しを受け取った.
    OnPaper,
}

impl Method {
    /// Every method, for forms and tests.
    pub const ALL: [Self; 4] = [Self::InPerson, Self::OnScreen, Self::CallBack, Self::OnPaper];

    /// Stable id, for tables.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::InPerson => "in-person",
            Self::OnScreen => "on-screen",
            Self::CallBack => "call-back",
            Self::OnPaper => "on-paper",
        }
    }

    /// The method with this id.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.id() == id)
    }

    /// The name on screen.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::InPerson => "対面で、顔写真のある証明書を確かめた",
            Self::OnScreen => "映像の通話で、顔写真のある証明書を確かめた",
            Self::CallBack => "登録済みの電話番号にかけ直し、人事の記録と照らした",
            Self::OnPaper => "書面と証明書の写しを受け取った",
        }
    }
}

/// 再登録の申請 — a case of the 本人確認台帳 before it is entered (R8.11). `Id` names a *person*, not an account: two accounts
/// of one person are one.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a, Id> {
    /// Who shall get new secrets.
    pub subject: &'a Id,
    /// Who opens the case, signed in.
    pub requester: &'a Id,
    /// Who checked the identity.
    pub verifier: Option<&'a Id>,
    /// Who approved it, where that is needed.
    pub approver: Option<&'a Id>,
    /// Whether it needs a second pair of eyes: [`needs_approval`].
    pub needs_approval: bool,
    /// How identity was checked.
    pub method: Option<Method>,
    /// The SHA-256 of the evidence file, which is kept sealed.
    pub evidence: Option<[u8; 32]>,
    /// What is wanted.
    pub purpose: Purpose,
    /// Whether another case of this person is open, or a pass runs.
    pub open_case: bool,
    /// When it is entered.
    pub made_at: Timestamp,
    /// When the code or the pass shall end.
    pub ends_at: Timestamp,
}

/// Whether new secrets for somebody with these roles need two others: one who checks, one who approves. Whoever can give
/// rights to others must not fall to one person's word.
#[must_use]
pub fn needs_approval(roles: impl IntoIterator<Item = Role>) -> bool {
    roles.into_iter().any(|role| role.side() == Side::Operator || role == Role::OfficeAdministrator)
}

/// 再登録の拒否 — why a case is not entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
#[error("recovery refused: {}", self.code())]
pub enum Refusal {
    /// Whoever can sign in changes their own secrets without a case; whoever cannot is not signed in.
    SubjectRequests,
    /// One cannot vouch for oneself.
    SubjectVerifies,
    /// One cannot approve one's own case.
    SubjectApproves,
    /// Nobody checked the identity.
    VerifierMissing,
    /// How it was checked is not said.
    MethodMissing,
    /// The evidence file is missing.
    EvidenceMissing,
    /// The case needs a second person's approval.
    ApprovalMissing,
    /// The approval came from the person who opened the case or checked the identity.
    ApproverNotAnother,
    /// Another case of this person is still open, or a pass still runs.
    CaseOpen,
    /// An invitation is no recovery.
    NotRecovery,
    /// The end asked for is past, or too far away.
    EndOutOfRange,
}

impl Refusal {
    /// Every refusal, for documents and tests.
    pub const ALL: [Self; 11] = [
        Self::SubjectRequests,
        Self::SubjectVerifies,
        Self::SubjectApproves,
        Self::VerifierMissing,
        Self::MethodMissing,
        Self::EvidenceMissing,
        Self::ApprovalMissing,
        Self::ApproverNotAnother,
        Self::CaseOpen,
        Self::NotRecovery,
        Self::EndOutOfRange,
    ];

    /// Stable code, for the log.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::SubjectRequests => "subject-requests",
            Self::SubjectVerifies => "subject-verifies",
            Self::SubjectApproves => "subject-approves",
            Self::VerifierMissing => "verifier-missing",
            Self::MethodMissing => "method-missing",
            Self::EvidenceMissing => "evidence-missing",
            Self::ApprovalMissing => "approval-missing",
            Self::ApproverNotAnother => "approver-not-another",
            Self::CaseOpen => "case-open",
            Self::NotRecovery => "not-recovery",
            Self::EndOutOfRange => "end-out-of-range",
        }
    }

    /// What is wrong.
    #[must_use]
    pub const fn what(self) -> &'static str {
        match self {
            Self::SubjectRequests => "自分の再登録は、自分では申請できません。",
            Self::SubjectVerifies => "本人確認を、本人が行ったことになっています。",
            Self::SubjectApproves => "自分の再登録は、自分では承認できません。",
            Self::VerifierMissing => "だれが本人確認をしたか、書かれていません。",
            Self::MethodMissing => "本人確認の方法が選ばれていません。",
            Self::EvidenceMissing => "本人確認の書類の写しがありません。",
            Self::ApprovalMissing => "この人の再登録には、もう一人の承認が要ります。",
            Self::ApproverNotAnother => "承認した人が、申請した人か本人確認をした人と同じです。",
            Self::CaseOpen => "この人の再登録は、すでに一件進んでいます。",
            Self::NotRecovery => "招待は、再登録としては扱えません。",
            Self::EndOutOfRange => "終わりの日時が、選べる範囲にありません。",
        }
    }

    /// What to do now.
    #[must_use]
    pub const fn fix(self) -> &'static str {
        match self {
            Self::SubjectRequests => {
                "サインインできるときは「自分のアカウント」で変えます。できないときは、管理者に申請を頼んでください。"
            }
            Self::SubjectVerifies | Self::VerifierMissing => "本人でない人が本人確認をし、その人を記してください。",
            Self::SubjectApproves | Self::ApprovalMissing | Self::ApproverNotAnother => {
                "本人、申請した人、本人確認をした人のどれでもない管理者に、承認を頼んでください。"
            }
            Self::MethodMissing => "どのように確かめたかを選んでください。",
            Self::EvidenceMissing => "確かめた書類の写し（画像かPDF）を添えてください。",
            Self::CaseOpen => "進んでいる再登録を終えるか、取り消してから、申請し直してください。",
            Self::NotRecovery => "職員の画面から招待してください。",
            Self::EndOutOfRange => "今より後で、コードは24時間、一時パスは72時間以内にしてください。",
        }
    }
}

/// Whether a case may be entered and a code made (R8.11, R8.13).
pub fn judge<Id: PartialEq>(case: &Case<'_, Id>) -> Result<(), Refusal> {
    if case.purpose == Purpose::Invite {
        return Err(Refusal::NotRecovery);
    }
    if case.subject == case.requester {
        return Err(Refusal::SubjectRequests);
    }
    let verifier = case.verifier.ok_or(Refusal::VerifierMissing)?;
    if verifier == case.subject {
        return Err(Refusal::SubjectVerifies);
    }
    if case.method.is_none() {
        return Err(Refusal::MethodMissing);
    }
    if case.evidence.is_none() {
        return Err(Refusal::EvidenceMissing);
    }
    match case.approver {
        Some(approver) if approver == case.subject => return Err(Refusal::SubjectApproves),
        Some(approver) if approver == case.requester || approver == verifier => {
            return Err(Refusal::ApproverNotAnother);
        }
        None if case.needs_approval => return Err(Refusal::ApprovalMissing),
        _ => {}
    }
    if case.open_case {
        return Err(Refusal::CaseOpen);
    }
    let life_max = if case.purpose == Purpose::Temporary { PASS_LIFE_MAX } else { CODE_LIFE };
    if case.ends_at <= case.made_at || case.ends_at > later(case.made_at, life_max) {
        return Err(Refusal::EndOutOfRange);
    }
    Ok(())
}

/// 一度きりのコード — as kept; the code itself is not.
#[derive(Clone, Copy, Debug)]
pub struct OneTimeCode<'a> {
    /// Whose it is.
    pub account: &'a str,
    /// What it opens.
    pub purpose: Purpose,
    /// When it was made.
    pub issued_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When it was used.
    pub used_at: Option<Timestamp>,
}

/// Why a code opens nothing. The page says the same for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodeRefused {
    /// It is not this account's.
    #[error("another account's code")]
    OtherAccount,
    /// It was used before.
    #[error("used")]
    Used,
    /// Its time is over, or has not begun.
    #[error("expired")]
    Expired,
}

/// 使ったコード — that a one-time code was right. Made by [`redeem`] only, and used up by what it opens.
pub struct Redeemed {
    account: Box<str>,
    purpose: Purpose,
}

impl fmt::Debug for Redeemed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Redeemed({})", self.purpose.id())
    }
}

impl Redeemed {
    /// Whose it was.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.account
    }

    /// What it opens.
    #[must_use]
    pub const fn purpose(&self) -> Purpose {
        self.purpose
    }
}

/// Whether a code that was found by its keyed index opens anything for this account now (R8.11, R8.12).
///
/// Whoever is signed in as somebody else does not redeem it: `account` is the account of the login typed beside the code.
pub fn redeem(code: &OneTimeCode<'_>, account: &str, now: Timestamp) -> Result<Redeemed, CodeRefused> {
    if code.account != account {
        return Err(CodeRefused::OtherAccount);
    }
    if code.used_at.is_some() {
        return Err(CodeRefused::Used);
    }
    let life_max = if code.purpose == Purpose::Temporary { PASS_LIFE_MAX } else { CODE_LIFE };
    if now < code.issued_at || now >= code.expires_at.min(later(code.issued_at, life_max)) {
        return Err(CodeRefused::Expired);
    }
    Ok(Redeemed { account: account.into(), purpose: code.purpose })
}

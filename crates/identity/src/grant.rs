//! 付与: rights are applied for by one, confirmed by another, and end.

use jiff::{SignedDuration, Timestamp};

use crate::session::later;

/// An application that nobody confirmed lapses after this (R12.3).
pub const UNCONFIRMED_MAX: SignedDuration = SignedDuration::from_hours(14 * 24);
/// A grant lasts at most this long, and is confirmed anew at the yearly stock-taking (R12.3, R12.4).
pub const GRANT_MAX: SignedDuration = SignedDuration::from_hours(366 * 24);
/// An account that nobody used for so long is suspended (R12.4).
pub const UNUSED_MAX: SignedDuration = SignedDuration::from_hours(90 * 24);

/// 付与の時刻 — the instants of a grant.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// When it was applied for.
    pub requested_at: Timestamp,
    /// When another person confirmed it.
    pub confirmed_at: Option<Timestamp>,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When it was withdrawn.
    pub withdrawn_at: Option<Timestamp>,
}

/// 付与の状態.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// 確認待ち — gives no right, and counts for what cannot stand together.
    Waiting,
    /// 有効.
    InForce,
    /// 確認されないまま失効.
    Lapsed,
    /// 期限切れ.
    Expired,
    /// 取消し.
    Withdrawn,
}

impl State {
    /// The name on screen.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Waiting => "確認待ち",
            Self::InForce => "有効",
            Self::Lapsed => "確認されず失効",
            Self::Expired => "期限切れ",
            Self::Withdrawn => "取消し",
        }
    }
}

/// How a grant stands now (R12.3).
#[must_use]
pub fn state(times: &Times, now: Timestamp) -> State {
    let Times { requested_at, confirmed_at, expires_at, withdrawn_at } = *times;
    if withdrawn_at.is_some_and(|at| at <= now) {
        return State::Withdrawn;
    }
    let confirmed = confirmed_at.filter(|at| *at < later(requested_at, UNCONFIRMED_MAX));
    match confirmed {
        // However long a row says it lasts, it does not last longer than the rule.
        Some(at) if now < expires_at.min(later(at, GRANT_MAX)) => State::InForce,
        Some(_) => State::Expired,
        None if now < later(requested_at, UNCONFIRMED_MAX).min(expires_at) => State::Waiting,
        None => State::Lapsed,
    }
}

/// Who has a hand in a grant. `Id` names a *person*: two accounts of one person are one.
#[derive(Clone, Copy, Debug)]
pub struct Hands<'a, Id> {
    /// Who applied.
    pub requester: &'a Id,
    /// Who gets the role.
    pub grantee: &'a Id,
    /// Who confirms.
    pub confirmer: &'a Id,
}

/// 付与の拒否 — why an application is not taken or not confirmed (R12.3, R12.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum Refusal {
    /// Nobody gives themselves a role.
    #[error("requester and grantee are one person")]
    SelfGrant,
    /// Nobody confirms what they applied for.
    #[error("requester and confirmer are one person")]
    OwnApplication,
    /// Nobody confirms a role for themselves.
    #[error("confirmer and grantee are one person")]
    OwnRole,
    /// It ends before it begins, or later than the rule allows.
    #[error("the end is out of range")]
    EndOutOfRange,
    /// It waits no longer.
    #[error("the application is not waiting")]
    NotWaiting,
}

impl Refusal {
    /// Every refusal, for documents and tests.
    pub const ALL: [Self; 5] =
        [Self::SelfGrant, Self::OwnApplication, Self::OwnRole, Self::EndOutOfRange, Self::NotWaiting];

    /// What is wrong.
    #[must_use]
    pub const fn what(self) -> &'static str {
        match self {
            Self::SelfGrant => "自分の役割は、自分では申請できません。",
            Self::OwnApplication => "自分が申請したものは、自分では確認できません。",
            Self::OwnRole => "自分の役割は、自分では確認できません。",
            Self::EndOutOfRange => "期限が、選べる範囲にありません。",
            Self::NotWaiting => "この申請は、確認を待っている状態ではありません。",
        }
    }

    /// What to do now.
    #[must_use]
    pub const fn fix(self) -> &'static str {
        match self {
            Self::SelfGrant => "ほかの管理者に申請を頼んでください。",
            Self::OwnApplication | Self::OwnRole => {
                "申請した人でも役割を受ける人でもない管理者に、確認を頼んでください。"
            }
            Self::EndOutOfRange => "今日より後で、一年以内の日にしてください。",
            Self::NotWaiting => "一覧で今の状態を確かめ、必要なら申請し直してください。",
        }
    }
}

/// Whether somebody may apply for a role for somebody.
pub fn may_request<Id: PartialEq>(
    requester: &Id,
    grantee: &Id,
    expires_at: Timestamp,
    now: Timestamp,
) -> Result<(), Refusal> {
    if requester == grantee {
        return Err(Refusal::SelfGrant);
    }
    if expires_at <= now || expires_at > later(now, GRANT_MAX) {
        return Err(Refusal::EndOutOfRange);
    }
    Ok(())
}

/// Whether the application may be confirmed by this person now: three hands, three people (R12.3).
pub fn may_confirm<Id: PartialEq>(hands: &Hands<'_, Id>, times: &Times, now: Timestamp) -> Result<(), Refusal> {
    if hands.requester == hands.grantee {
        return Err(Refusal::SelfGrant);
    }
    if hands.confirmer == hands.requester {
        return Err(Refusal::OwnApplication);
    }
    if hands.confirmer == hands.grantee {
        return Err(Refusal::OwnRole);
    }
    if state(times, now) != State::Waiting {
        return Err(Refusal::NotWaiting);
    }
    Ok(())
}

/// Whether an account has been unused for so long that it is suspended (R12.4).
#[must_use]
pub fn unused(last_signed_in_at: Timestamp, now: Timestamp) -> bool {
    now >= later(last_signed_in_at, UNUSED_MAX)
}

//! 認証要素: what somebody shows, and when two of them are two factors.

use std::fmt;

use subtle::ConstantTimeEq as _;

/// 認証要素の種類 — what a factor rests on (R8.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// 知識 — something the person knows.
    Knowledge,
    /// 所持 — something the person has.
    Possession,
    /// 生体 — something the person is.
    Inherence,
}

/// 認証の手段 — what somebody might show at the door, counted or not (R8.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Means {
    /// パスワード.
    Password,
    /// 秘密の質問 — knowledge again, and weaker.
    SecurityQuestion,
    /// 認証アプリの6桁コード.
    Totp,
    /// パスキー.
    Passkey,
    /// 予備コード — a list on paper.
    RecoveryCode,
    /// 本人の端末に結びついた証明書.
    PersonalCertificate,
    /// 事業所で共用する証明書 — proves the office's device, and nobody.
    OfficeCertificate,
    /// メールで届くコード — the mailbox is behind a password, often the same one (R8.5).
    EmailCode,
}

impl Means {
    /// Every means, for documents and tests.
    pub const ALL: [Self; 8] = [
        Self::Password,
        Self::SecurityQuestion,
        Self::Totp,
        Self::Passkey,
        Self::RecoveryCode,
        Self::PersonalCertificate,
        Self::OfficeCertificate,
        Self::EmailCode,
    ];

    /// What it rests on; `None`: it is no factor of a person.
    #[must_use]
    pub const fn kind(self) -> Option<Kind> {
        match self {
            Self::Password | Self::SecurityQuestion => Some(Kind::Knowledge),
            Self::Totp | Self::Passkey | Self::RecoveryCode | Self::PersonalCertificate => Some(Kind::Possession),
            Self::OfficeCertificate | Self::EmailCode => None,
        }
    }

    /// The name on screen.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Password => "パスワード",
            Self::SecurityQuestion => "秘密の質問",
            Self::Totp => "認証アプリ",
            Self::Passkey => "パスキー",
            Self::RecoveryCode => "予備コード",
            Self::PersonalCertificate => "本人の端末の証明書",
            Self::OfficeCertificate => "事業所の証明書",
            Self::EmailCode => "メールのコード",
        }
    }
}

/// Whether a person who has these two has two factors: what is asked when a factor is added (R8.3).
pub fn may_combine(a: Means, b: Means) -> Result<(), NotTwoFactors> {
    match (a.kind(), b.kind()) {
        (Some(a), Some(b)) if a == b => Err(NotTwoFactors::SameKind),
        (Some(_), Some(_)) => Ok(()),
        _ => Err(NotTwoFactors::NotPersonal),
    }
}

/// Why two proofs are not two factors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotTwoFactors {
    /// Two steps of one kind.
    #[error("both are of the same kind: two steps, not two factors")]
    SameKind,
    /// One of them proves an office or a mailbox, not a person.
    #[error("one of them is not a factor of a person")]
    NotPersonal,
    /// They are of two accounts.
    #[error("they belong to two accounts")]
    OtherAccount,
}

/// 認証の証 — that somebody showed a factor of this account. Only the functions that check one can make it, and it is used
/// up by what it opens.
///
/// ```compile_fail,E0451
/// use fumibako_identity::factor::{Kind, Proof};
/// let forged = Proof { kind: Kind::Knowledge, account: "a".into() };
/// ```
///
/// ```compile_fail,E0382
/// # fn check(proof: fumibako_identity::Proof) {
/// let _ = fumibako_identity::TwoFactors::of(proof, proof);
/// # }
/// ```
pub struct Proof {
    kind: Kind,
    account: Box<str>,
}

impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proof({:?})", self.kind)
    }
}

impl Proof {
    pub(crate) fn of(kind: Kind, account: &str) -> Self {
        Self { kind, account: account.into() }
    }

    /// What it rests on.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The account whose factor was shown.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.account
    }
}

/// The fewest bytes that are compared as a hash: a shorter one is a fault of the caller, and never matches.
pub const HASH_BYTES_MIN: usize = 16;

/// Checks a password: the hash computed from what was typed against the one kept. In constant time.
#[must_use]
pub fn password(account: &str, computed: &[u8], kept: &[u8]) -> Option<Proof> {
    same(computed, kept).then(|| Proof::of(Kind::Knowledge, account))
}

/// Checks a recovery code by its keyed index: the one computed against the one kept, which must not have been used.
#[must_use]
pub fn recovery_code(account: &str, computed: &[u8], kept: &[u8], used: bool) -> Option<Proof> {
    (same(computed, kept) && !used).then(|| Proof::of(Kind::Possession, account))
}

fn same(computed: &[u8], kept: &[u8]) -> bool {
    computed.len() >= HASH_BYTES_MIN && bool::from(computed.ct_eq(kept))
}

/// パスキーの応答 — what a WebAuthn library found in an assertion. Challenge, origin and signature are its affair; that
/// it was asked, and what it reported, is ours.
#[derive(Clone, Copy, Debug)]
pub struct Assertion {
    /// The signature, challenge and origin were checked and right.
    pub genuine: bool,
    /// The authenticator says it unlocked for its owner (PIN or biometrics, locally).
    pub user_verified: bool,
    /// Its counter of signatures; 0 if it keeps none.
    pub counter: u32,
    /// The counter we kept.
    pub counter_kept: u32,
}

/// Why an assertion proves nothing (R8.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AssertionRefused {
    /// Another origin, a replayed challenge, a bad signature.
    #[error("not genuine")]
    NotGenuine,
    /// Whoever held the key was not asked for PIN or biometrics.
    #[error("the user was not verified")]
    NotVerified,
    /// The counter went back or stood still: there are two copies of the key.
    #[error("the counter went back")]
    CounterBack,
}

/// Checks a passkey's assertion (R8.4).
///
/// It counts as possession only. Its PIN or biometrics are checked by the authenticator, where we cannot see them, so a
/// passkey does not make two factors by itself.
pub fn passkey(account: &str, assertion: &Assertion) -> Result<Proof, AssertionRefused> {
    let Assertion { genuine, user_verified, counter, counter_kept } = *assertion;
    if !genuine {
        return Err(AssertionRefused::NotGenuine);
    }
    if !user_verified {
        return Err(AssertionRefused::NotVerified);
    }
    // 0 and 0: the authenticator keeps no counter, as passkeys that are synchronised do not.
    if (counter, counter_kept) != (0, 0) && counter <= counter_kept {
        return Err(AssertionRefused::CounterBack);
    }
    Ok(Proof::of(Kind::Possession, account))
}

/// Checks a certificate as a factor. Only one bound to this person's own device is one (R8.3, R7.6).
pub fn certificate(account: &str, bound_to: Option<&str>) -> Result<Proof, NotTwoFactors> {
    match bound_to {
        Some(owner) if owner == account => Ok(Proof::of(Kind::Possession, account)),
        Some(_) => Err(NotTwoFactors::OtherAccount),
        None => Err(NotTwoFactors::NotPersonal),
    }
}

/// 二要素 — two proofs of different kinds, of one account. A full session begins with this and nothing else (R8.2, R8.3).
///
/// ```compile_fail,E0451
/// use fumibako_identity::TwoFactors;
/// let forged = TwoFactors { account: "a".into() };
/// ```
pub struct TwoFactors {
    account: Box<str>,
}

impl fmt::Debug for TwoFactors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TwoFactors")
    }
}

impl TwoFactors {
    /// Both, if they are of different kinds and of one account.
    pub fn of(a: Proof, b: Proof) -> Result<Self, NotTwoFactors> {
        if a.account != b.account {
            return Err(NotTwoFactors::OtherAccount);
        }
        if a.kind == b.kind {
            return Err(NotTwoFactors::SameKind);
        }
        Ok(Self { account: a.account })
    }

    /// Whose they are.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.account
    }
}

//! 接続の範囲: what a program's token allows.

use std::fmt;
use std::str::FromStr;

/// 接続の範囲 — what a program's token allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Collect and acknowledge.
    Collect,
    /// List, and read what has been collected.
    Read,
    /// Send and withdraw.
    Send,
}

impl Scope {
    /// Every scope, in the order of the text form.
    pub const ALL: [Self; 3] = [Self::Collect, Self::Read, Self::Send];

    /// Stable id.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Collect => "collect",
            Self::Read => "read",
            Self::Send => "send",
        }
    }

    /// The name on screen.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Collect => "受け取る",
            Self::Read => "見る",
            Self::Send => "送る",
        }
    }

    const fn bit(self) -> u8 {
        match self {
            Self::Collect => 1,
            Self::Read => 2,
            Self::Send => 4,
        }
    }
}

/// The longest text that [`Scopes`] reads: every scope once, and some room.
pub const SCOPES_BYTES_MAX: usize = 64;

/// 接続の範囲の組 — some scopes, never none. Its text form is sorted: `collect read send`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Scopes(u8);

impl Scopes {
    /// These scopes; `None` if there is none, for a token that allows nothing is a mistake.
    #[must_use]
    pub fn of(scopes: &[Scope]) -> Option<Self> {
        let bits = scopes.iter().fold(0, |bits, scope| bits | scope.bit());
        (bits != 0).then_some(Self(bits))
    }

    /// Whether it is among them.
    #[must_use]
    pub const fn contains(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// Each of them, in the order of the text form.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.into_iter().filter(move |scope| self.contains(*scope))
    }

    /// Whether a program with these scopes may do the deed (R12.1).
    #[must_use]
    pub fn may(self, deed: crate::role::Deed) -> bool {
        deed.scope().is_some_and(|scope| self.contains(scope))
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, scope) in self.iter().enumerate() {
            f.write_str(if at == 0 { "" } else { " " })?;
            f.write_str(scope.id())?;
        }
        Ok(())
    }
}

impl fmt::Debug for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scopes({self})")
    }
}

/// Not a list of scopes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("接続の範囲は collect、read、send を空白で区切って書きます")]
pub struct NotScopes;

impl FromStr for Scopes {
    type Err = NotScopes;

    fn from_str(text: &str) -> Result<Self, NotScopes> {
        if text.len() > SCOPES_BYTES_MAX {
            return Err(NotScopes);
        }
        let mut scopes = Vec::with_capacity(Scope::ALL.len());
        for word in text.split_ascii_whitespace() {
            // An unknown word is a right we do not know how to withhold.
            scopes.push(Scope::ALL.into_iter().find(|scope| scope.id() == word).ok_or(NotScopes)?);
        }
        Self::of(&scopes).ok_or(NotScopes)
    }
}

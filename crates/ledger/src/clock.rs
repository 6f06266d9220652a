//! 時刻の信頼 — what the kernel and several time servers say of the host's clock, put together (R10.3).

use crate::ClockState;

/// From here on people are told. Public servers differ from Japan Standard Time by some hundred milliseconds.
pub const ALARM_MS: u32 = 500;
/// From here on an entry says that its instant is not to be trusted.
pub const OFF_MS: u32 = 1_000;
/// From here on nothing may be signed with an instant in it.
pub const SIGNING_MS: u32 = 5_000;
/// Servers that are no further apart than this tell the same time.
const AGREE_MS: i64 = 1_000;
/// Servers whose answers are looked at.
pub const SOURCES_MAX: usize = 16;

/// What several servers agree on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Agreed {
    /// Milliseconds to add to the host's clock; the middle of those that agree.
    pub offset_ms: i32,
    /// Servers that tell another time and were left out.
    pub excluded: usize,
}

/// The offset that a majority of the servers asked agrees on. Of three or more, half must not be silent or astray; of one or
/// two, all that answered must agree. `None`: nothing is proven.
#[must_use]
pub fn agree(answers_ms: &[i64], asked: usize) -> Option<Agreed> {
    let mut sorted: Vec<i64> = answers_ms.iter().copied().take(SOURCES_MAX).collect();
    sorted.sort_unstable();
    let mut best: &[i64] = &[];
    for start in 0..sorted.len() {
        let within = sorted[start..].iter().take_while(|answer| **answer - sorted[start] <= AGREE_MS).count();
        if within > best.len() {
            best = &sorted[start..start + within];
        }
    }
    let enough = if asked >= 3 { best.len() * 2 > asked } else { !best.is_empty() && best.len() == sorted.len() };
    let middle = best.get(best.len() / 2).copied().filter(|_| enough)?;
    let bound = i64::from(i32::MAX);
    // Beyond 24 days it is as wrong as can be said.
    let offset_ms = i32::try_from(middle.clamp(-bound, bound)).unwrap_or(i32::MAX);
    Some(Agreed { offset_ms, excluded: sorted.len() - best.len() })
}

/// The state of the clock, from what the kernel says (`None`: it could not be asked) and the offset, if one is proven.
#[must_use]
pub fn judge(kernel_synchronised: Option<bool>, offset_ms: Option<i32>) -> ClockState {
    let far = offset_ms.is_some_and(|offset| offset.unsigned_abs() > OFF_MS);
    match (kernel_synchronised, offset_ms) {
        (None, None) => ClockState::Unknown,
        (Some(false), _) => ClockState::Unsynchronised { offset_ms },
        _ if far => ClockState::Unsynchronised { offset_ms },
        // The kernel says so, or it was measured.
        _ => ClockState::Synchronised { offset_ms },
    }
}

impl ClockState {
    /// Whether an instant by this clock can be shown without a warning.
    #[must_use]
    pub fn is_sound(self) -> bool {
        match self {
            Self::Synchronised { offset_ms } => offset_ms.is_none_or(|offset| offset.unsigned_abs() <= OFF_MS),
            Self::Unsynchronised { .. } | Self::Unknown => false,
        }
    }

    /// Whether people are to be told to look at the clock.
    #[must_use]
    pub fn needs_care(self) -> bool {
        match self {
            Self::Synchronised { offset_ms } => offset_ms.is_some_and(|offset| offset.unsigned_abs() > ALARM_MS),
            Self::Unsynchronised { .. } | Self::Unknown => true,
        }
    }

    /// Whether something may be signed with an instant of this clock in it: never when it is known to be far off.
    #[must_use]
    pub fn may_sign(self) -> bool {
        self.offset_ms().is_none_or(|offset| offset.unsigned_abs() <= SIGNING_MS)
    }

    /// Milliseconds by which the clock was off, where that is known.
    #[must_use]
    pub fn offset_ms(self) -> Option<i32> {
        match self {
            Self::Synchronised { offset_ms } | Self::Unsynchronised { offset_ms } => offset_ms,
            Self::Unknown => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r10_3_a_lying_server_is_left_out_against_two_honest_ones() {
        assert_eq!(agree(&[3, -600_000, 40], 3), Some(Agreed { offset_ms: 40, excluded: 1 }));
        assert_eq!(agree(&[86_400_000, 2, -5], 3), Some(Agreed { offset_ms: 2, excluded: 1 }));
        assert_eq!(agree(&[i64::MIN / 2, i64::MAX / 2], 2), None);
    }

    #[test]
    fn r10_3_without_a_majority_nothing_is_proven() {
        assert_eq!(agree(&[], 0), None);
        assert_eq!(agree(&[], 3), None);
        assert_eq!(agree(&[5], 3), None, "one of three may be the liar");
        assert_eq!(agree(&[0, 2_000], 2), None, "nobody knows which");
        assert_eq!(agree(&[0, 5_000, 10_000], 3), None);
        assert_eq!(agree(&[2_000], 1), Some(Agreed { offset_ms: 2_000, excluded: 0 }));
        assert_eq!(agree(&[10, 20], 3), Some(Agreed { offset_ms: 20, excluded: 0 }));
    }

    #[test]
    fn r10_3_what_is_off_by_more_than_a_second_or_unknown_is_flagged() {
        assert_eq!(judge(Some(true), Some(300)), ClockState::Synchronised { offset_ms: Some(300) });
        assert_eq!(judge(None, Some(300)), ClockState::Synchronised { offset_ms: Some(300) });
        assert_eq!(judge(Some(true), Some(-2_000)), ClockState::Unsynchronised { offset_ms: Some(-2_000) });
        assert_eq!(judge(Some(false), Some(3)), ClockState::Unsynchronised { offset_ms: Some(3) });
        assert_eq!(judge(None, None), ClockState::Unknown);
        assert!(judge(Some(true), None).is_sound() && !judge(Some(true), None).needs_care());
        assert!(!ClockState::Unknown.is_sound() && ClockState::Unknown.needs_care());
        let near = ClockState::Synchronised { offset_ms: Some(700) };
        assert!(near.is_sound() && near.needs_care() && near.may_sign());
        assert!(!judge(Some(true), Some(6_000)).may_sign());
    }
}

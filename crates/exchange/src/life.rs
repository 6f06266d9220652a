use crate::Refusal;

/// Where a transmission stands. Each step happens once and is never undone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Life {
    /// The receiver has opened it.
    pub collected: bool,
    /// 受領確認: the receiver has it safe.
    pub acknowledged: bool,
    /// 取下げ: the sender took it back before collection.
    pub withdrawn: bool,
}

/// The receiver may open a set as often as it likes, unless the sender took it back.
///
/// # Errors
/// [`Refusal::Withdrawn`].
pub const fn may_collect(life: Life) -> Result<(), Refusal> {
    if life.withdrawn { Err(Refusal::Withdrawn) } else { Ok(()) }
}

/// Only what has been collected can be acknowledged; a second acknowledgement changes nothing.
///
/// # Errors
/// [`Refusal::Withdrawn`], [`Refusal::NotCollected`].
pub const fn may_acknowledge(life: Life) -> Result<(), Refusal> {
    match life {
        Life { withdrawn: true, .. } => Err(Refusal::Withdrawn),
        Life { collected: false, .. } => Err(Refusal::NotCollected),
        _ => Ok(()),
    }
}

/// Once the receiver has seen it, a set can only be answered by another set (削除), never unsent.
///
/// # Errors
/// [`Refusal::AlreadyCollected`].
pub const fn may_withdraw(life: Life) -> Result<(), Refusal> {
    if life.collected { Err(Refusal::AlreadyCollected) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_collected_set_cannot_be_withdrawn() {
        let fresh = Life::default();
        let collected = Life { collected: true, ..fresh };
        let withdrawn = Life { withdrawn: true, ..fresh };
        assert_eq!(may_withdraw(fresh), Ok(()));
        assert_eq!(may_withdraw(collected), Err(Refusal::AlreadyCollected));
        assert_eq!(may_withdraw(withdrawn), Ok(()));
        assert_eq!(may_collect(withdrawn), Err(Refusal::Withdrawn));
        assert_eq!(may_acknowledge(withdrawn), Err(Refusal::Withdrawn));
        assert_eq!(may_acknowledge(fresh), Err(Refusal::NotCollected));
        assert_eq!(may_acknowledge(collected), Ok(()));
    }
}

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
    /// 消去: its content is gone.
    pub erased: bool,
}

/// The receiver may open a set as often as it likes, unless the sender took it back.
///
/// # Errors
/// [`Refusal::Withdrawn`], [`Refusal::Erased`].
pub const fn may_collect(life: Life) -> Result<(), Refusal> {
    match life {
        Life { withdrawn: true, .. } => Err(Refusal::Withdrawn),
        Life { erased: true, .. } => Err(Refusal::Erased),
        _ => Ok(()),
    }
}

/// Only what has been collected can be acknowledged; a second acknowledgement changes nothing.
///
/// # Errors
/// [`Refusal::Withdrawn`], [`Refusal::Erased`], [`Refusal::NotCollected`].
pub const fn may_acknowledge(life: Life) -> Result<(), Refusal> {
    match life {
        Life { withdrawn: true, .. } => Err(Refusal::Withdrawn),
        Life { erased: true, acknowledged: false, .. } => Err(Refusal::Erased),
        Life { collected: false, .. } => Err(Refusal::NotCollected),
        _ => Ok(()),
    }
}

/// Once the receiver has seen it, a set can only be answered by another set (削除), never unsent.
///
/// # Errors
/// [`Refusal::AlreadyCollected`], [`Refusal::Erased`].
pub const fn may_withdraw(life: Life) -> Result<(), Refusal> {
    match life {
        Life { collected: true, .. } => Err(Refusal::AlreadyCollected),
        Life { erased: true, withdrawn: false, .. } => Err(Refusal::Erased),
        _ => Ok(()),
    }
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

    #[test]
    fn what_was_erased_takes_no_further_step() {
        let erased = Life { erased: true, ..Life::default() };
        assert_eq!(may_collect(erased), Err(Refusal::Erased));
        assert_eq!(may_acknowledge(erased), Err(Refusal::Erased));
        assert_eq!(may_withdraw(erased), Err(Refusal::Erased));
        // Doing again what was done before still changes nothing.
        let done = Life { collected: true, acknowledged: true, ..erased };
        assert_eq!(may_acknowledge(done), Ok(()));
        assert_eq!(may_withdraw(Life { withdrawn: true, ..erased }), Ok(()));
    }
}

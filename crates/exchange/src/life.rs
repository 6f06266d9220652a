//! 送信一件の一生 — which step may follow which, in one table.

use crate::{Outcome, Refusal};

/// Where a transmission stands. Every set ends in exactly one of the final states.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// 未受領: nobody has opened it yet.
    Waiting,
    /// 受領: the receiver opened it.
    Collected,
    /// 受領確認: the receiver has it safe.
    Acknowledged,
    /// 取込み済み: all of it is in the receiver's software. Final.
    Imported,
    /// 一部取込み: some of it is. Final.
    Partly,
    /// 取り込めず: none of it is. Final.
    Rejected,
    /// 取下げ: the sender took it back before anybody opened it. Final.
    Withdrawn,
    /// 消去: its content was erased before the receiver said how the import went. Final.
    Erased,
}

impl State {
    /// Every state, for documents and tests.
    pub const ALL: [Self; 8] = [
        Self::Waiting,
        Self::Collected,
        Self::Acknowledged,
        Self::Imported,
        Self::Partly,
        Self::Rejected,
        Self::Withdrawn,
        Self::Erased,
    ];

    /// As it stands in the API and in receipts.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Collected => "collected",
            Self::Acknowledged => "acknowledged",
            Self::Imported => "imported",
            Self::Partly => "partly",
            Self::Rejected => "rejected",
            Self::Withdrawn => "withdrawn",
            Self::Erased => "erased",
        }
    }

    /// The state with this id.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.id() == id)
    }

    /// 状態 in words: the same on pages, in lists, in documents and on the command line.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Waiting => "未受領",
            Self::Collected => "受領済み",
            Self::Acknowledged => "受領確認済み",
            Self::Imported => "取込み済み",
            Self::Partly => "一部だけ取込み",
            Self::Rejected => "取り込めず",
            Self::Withdrawn => "取下げ",
            Self::Erased => "消去済み",
        }
    }

    /// Whether nothing can follow.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Imported | Self::Partly | Self::Rejected | Self::Withdrawn | Self::Erased)
    }
}

/// A step in a set's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The receiver opens it.
    Collect,
    /// The receiver has it safe.
    Acknowledge,
    /// The receiver's software or a person there says how the import went.
    Import(Outcome),
    /// The sender takes it back.
    Withdraw,
    /// Its content is erased: after its time, or because two people decided it.
    Erase,
}

impl Step {
    /// Every step, for tests.
    pub const ALL: [Self; 7] = [
        Self::Collect,
        Self::Acknowledge,
        Self::Import(Outcome::Imported),
        Self::Import(Outcome::Partly),
        Self::Import(Outcome::Rejected),
        Self::Withdraw,
        Self::Erase,
    ];
}

/// What becomes of a set by a step, or why it may not be taken. Where the step was taken before, nothing changes: every
/// step may be repeated, by a program that never heard the answer.
///
/// # Errors
/// The [`Refusal`] that says what is in the way.
pub const fn next(state: State, step: Step) -> Result<State, Refusal> {
    use State::{Acknowledged, Collected, Erased, Imported, Partly, Rejected, Waiting, Withdrawn};
    match (step, state) {
        // A receiver may open a set as often as it likes, as long as there is something to open.
        (Step::Collect, Waiting) => Ok(Collected),
        (Step::Collect, Collected | Acknowledged | Imported | Partly | Rejected) => Ok(state),
        (Step::Acknowledge, Collected) => Ok(Acknowledged),
        (Step::Acknowledge, Acknowledged | Imported | Partly | Rejected) => Ok(state),
        (Step::Acknowledge, Waiting) => Err(Refusal::NotCollected),
        (Step::Import(outcome), Acknowledged) => Ok(outcome.state()),
        (Step::Import(_), Waiting | Collected) => Err(Refusal::NotAcknowledged),
        // The same answer again is no other answer; whether its places are the same is for who knows them.
        (Step::Import(Outcome::Imported), Imported)
        | (Step::Import(Outcome::Partly), Partly)
        | (Step::Import(Outcome::Rejected), Rejected) => Ok(state),
        (Step::Import(_), Imported | Partly | Rejected) => Err(Refusal::AlreadyAnswered),
        (Step::Withdraw, Waiting | Withdrawn) => Ok(Withdrawn),
        // Once the receiver has seen it, a set can only be answered by another set (削除), never unsent.
        (Step::Withdraw, Collected | Acknowledged | Imported | Partly | Rejected) => Err(Refusal::AlreadyCollected),
        // Erasing takes the content of a finished set too, but not how it ended.
        (Step::Erase, Waiting | Collected | Acknowledged | Erased) => Ok(Erased),
        (Step::Erase, Imported | Partly | Rejected | Withdrawn) => Ok(state),
        (Step::Collect | Step::Acknowledge | Step::Import(_), Withdrawn) => Err(Refusal::Withdrawn),
        (Step::Collect | Step::Acknowledge | Step::Import(_) | Step::Withdraw, Erased) => Err(Refusal::Erased),
    }
}

/// Whether there is something to open. How a finished set ended stays when its content is erased later.
///
/// # Errors
/// [`Refusal::Withdrawn`], [`Refusal::Erased`].
pub const fn may_open(state: State, erased: bool) -> Result<(), Refusal> {
    match state {
        State::Withdrawn => Err(Refusal::Withdrawn),
        State::Erased => Err(Refusal::Erased),
        _ if erased => Err(Refusal::Erased),
        _ => Ok(()),
    }
}

/// 期限: after how many days somebody should ask what has become of a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// From acceptance to being opened.
    pub collect_days: u16,
    /// From being opened to the acknowledgement.
    pub acknowledge_days: u16,
    /// From the acknowledgement to the answer how the import went.
    pub import_days: u16,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self { collect_days: 7, acknowledge_days: 3, import_days: 14 }
    }
}

impl Deadlines {
    /// How long a set may stay in this state before it is overdue; `None`: for good.
    #[must_use]
    pub const fn days(self, state: State) -> Option<u16> {
        match state {
            State::Waiting => Some(self.collect_days),
            State::Collected => Some(self.acknowledge_days),
            State::Acknowledged => Some(self.import_days),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use State::{Acknowledged, Collected, Erased, Imported, Partly, Rejected, Waiting, Withdrawn};
    use std::collections::BTreeSet;

    #[test]
    fn no_two_states_are_worded_alike() {
        let words: BTreeSet<_> = State::ALL.into_iter().map(State::label).collect();
        assert_eq!(words.len(), State::ALL.len());
    }

    /// The whole table, once more and by hand: a row per state, a column per step in the order of [`Step::ALL`].
    #[test]
    fn r1_10_every_step_from_every_state() {
        use Refusal as R;
        let ok = Ok;
        let table: [(State, [Result<State, Refusal>; 7]); 8] = [
            (
                Waiting,
                [
                    ok(Collected),
                    Err(R::NotCollected),
                    Err(R::NotAcknowledged),
                    Err(R::NotAcknowledged),
                    Err(R::NotAcknowledged),
                    ok(Withdrawn),
                    ok(Erased),
                ],
            ),
            (
                Collected,
                [
                    ok(Collected),
                    ok(Acknowledged),
                    Err(R::NotAcknowledged),
                    Err(R::NotAcknowledged),
                    Err(R::NotAcknowledged),
                    Err(R::AlreadyCollected),
                    ok(Erased),
                ],
            ),
            (
                Acknowledged,
                [
                    ok(Acknowledged),
                    ok(Acknowledged),
                    ok(Imported),
                    ok(Partly),
                    ok(Rejected),
                    Err(R::AlreadyCollected),
                    ok(Erased),
                ],
            ),
            (Imported, answered(Imported)),
            (Partly, answered(Partly)),
            (Rejected, answered(Rejected)),
            (
                Withdrawn,
                [
                    Err(R::Withdrawn),
                    Err(R::Withdrawn),
                    Err(R::Withdrawn),
                    Err(R::Withdrawn),
                    Err(R::Withdrawn),
                    ok(Withdrawn),
                    ok(Withdrawn),
                ],
            ),
            (
                Erased,
                [
                    Err(R::Erased),
                    Err(R::Erased),
                    Err(R::Erased),
                    Err(R::Erased),
                    Err(R::Erased),
                    Err(R::Erased),
                    ok(Erased),
                ],
            ),
        ];
        for (state, row) in table {
            for (step, expected) in Step::ALL.into_iter().zip(row) {
                assert_eq!(next(state, step), expected, "{step:?} from {state:?}");
            }
        }
    }

    fn answered(state: State) -> [Result<State, Refusal>; 7] {
        let again = |this| if this == state { Ok(state) } else { Err(Refusal::AlreadyAnswered) };
        [
            Ok(state),
            Ok(state),
            again(Imported),
            again(Partly),
            again(Rejected),
            Err(Refusal::AlreadyCollected),
            Ok(state),
        ]
    }

    #[test]
    fn r1_10_a_final_state_never_changes_and_every_other_can_still_end() {
        for state in State::ALL {
            let reached: BTreeSet<State> = Step::ALL.into_iter().filter_map(|step| next(state, step).ok()).collect();
            if state.is_final() {
                assert!(reached.iter().all(|after| *after == state), "{state:?} became {reached:?}");
            } else {
                assert_eq!(next(state, Step::Erase), Ok(Erased), "{state:?} ends at the latest with its time");
            }
        }
    }

    #[test]
    fn r1_10_a_step_taken_twice_is_the_step_taken_once() {
        for state in State::ALL {
            for step in Step::ALL {
                if let Ok(after) = next(state, step) {
                    assert_eq!(next(after, step), Ok(after), "{step:?} from {state:?}");
                }
            }
        }
    }

    #[test]
    fn what_was_erased_or_taken_back_is_not_opened() {
        for state in State::ALL {
            let expected = match state {
                Withdrawn => Err(Refusal::Withdrawn),
                Erased => Err(Refusal::Erased),
                _ => Ok(()),
            };
            assert_eq!(may_open(state, false), expected, "{state:?}");
            assert!(may_open(state, true).is_err(), "{state:?}");
        }
    }

    #[test]
    fn every_state_has_its_own_id_and_unfinished_ones_a_deadline() {
        for state in State::ALL {
            assert_eq!(State::from_id(state.id()), Some(state));
            assert_eq!(Deadlines::default().days(state).is_none(), state.is_final(), "{state:?}");
        }
        assert_eq!(State::from_id("lost"), None);
    }
}

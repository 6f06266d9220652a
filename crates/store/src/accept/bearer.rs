//! だれの手で: who brings a set, and how.

use crate::handover::by_letter;
use crate::record::Act;
use crate::{Hand, HandoverId, Office};
use ledger::Action;
use std::net::IpAddr;

/// Who brings a set, and how.
#[derive(Clone)]
pub(crate) struct Bearer {
    pub(crate) sender: Office,
    pub(crate) by: By,
    /// 一方向の受渡し: by which handover it goes or comes.
    pub(crate) handover: Option<HandoverId>,
}

/// By whose hand.
#[derive(Clone)]
pub(crate) enum By {
    Hand(Hand),
    /// Whoever has letter and code, from this address.
    Letter(Option<IpAddr>),
}

impl Bearer {
    pub(super) fn act(&self, action: Action, now: jiff::Timestamp) -> Act {
        match &self.by {
            By::Hand(hand) => hand.act(action, now),
            By::Letter(from) => by_letter(action, now).office(self.sender.register.number).source(*from),
        }
    }
}

impl From<&Hand> for Bearer {
    fn from(hand: &Hand) -> Self {
        Self { sender: hand.asker().office.clone(), by: By::Hand(hand.clone()), handover: None }
    }
}

//! アクセス記録の木 at work: signing, keeping the newest checkpoint out of the data's reach, and what an operator does with it.

pub(crate) mod anchor;
mod commands;
mod export;
mod mail;
mod outside;
mod witness;

pub(crate) use commands::{DeclareGap, Status, declare_gap, status};
pub(crate) use export::{Export, export};
pub(crate) use mail::Mail;
pub(crate) use outside::{Outside, keep, mail_alarms};
pub(crate) use witness::Witness;

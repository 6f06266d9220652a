//! アクセス記録の木 at work: signing, keeping the newest checkpoint out of the data's reach, and what an operator does with it.

pub(crate) mod anchor;
mod commands;
mod mail;
mod outside;
mod witness;

pub(crate) use commands::{DeclareGap, Export, Status, declare_gap, export, status};
pub(crate) use mail::Mail;
pub(crate) use outside::{Outside, keep};
pub(crate) use witness::Witness;

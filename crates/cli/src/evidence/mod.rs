//! What an outsider does with the log: verifying an exported one, proving an entry, reading a proof. Nothing here knows the
//! exchange: only the files, and public keys that came by another way (R10.5). The commands of an operator's side lie with
//! the operator's.

mod delivery;
pub(crate) mod folder;
mod ledger_sample;
mod prove;
pub(crate) mod receipt;
mod trust;
mod verify;
mod wording;

use crate::check::screen::{WIDTH, wrap};
use crate::operator::{block_on, log};
use crate::terminal::{Failure, Outcome};

#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// 書き出した記録に、変更・削除・追加・入替えがないかを確かめます
    Verify(verify::Args),
    /// 書き出した記録から、一件の証明を作ります
    Prove(prove::Args),
    /// 交換所の記録を、確かめられる形で書き出します（運営者）
    Export(log::Export),
    /// 記録の数、確かめる鍵、控えを表示します（運営者）
    Status(log::Status),
    /// 古い控えに戻したことを、二人で宣言します（運営者）
    DeclareGap(log::DeclareGap),
    /// 確かめ方を試すための、架空の記録を作ります
    Sample(ledger_sample::Args),
}

pub(crate) fn run(command: &Command) -> Outcome {
    match command {
        Command::Verify(args) => verify::run(args),
        Command::Prove(args) => prove::run(args),
        Command::Export(args) => block_on(log::export(args)),
        Command::Status(args) => block_on(log::status(args)),
        Command::DeclareGap(args) => block_on(log::declare_gap(args)),
        Command::Sample(args) => ledger_sample::run(args),
    }
}

/// A failure in lines that fit the screen.
fn failure(what: impl AsRef<str>, fix: impl AsRef<str>) -> Failure {
    let fit = |text: &str, columns| wrap(text, columns).join("\n");
    Failure::new(fit(what.as_ref(), WIDTH), fit(fix.as_ref(), WIDTH - 3))
}

//! What an outsider does with the log: verifying an exported one, proving an entry, reading a proof. Nothing here knows the
//! exchange: only the files, and public keys that came by another way (R10.5).

mod folder;
mod ledger_sample;
mod prove;
pub(crate) mod receipt;
mod trust;
mod verify;
mod wording;

use crate::terminal::Outcome;

#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// 書き出した記録に、変更・削除・追加・入替えがないかを確かめます
    Verify(verify::Args),
    /// 書き出した記録から、一件の証明を作ります
    Prove(prove::Args),
    /// 確かめ方を試すための、架空の記録を作ります
    Sample(ledger_sample::Args),
}

pub(crate) fn run(command: &Command) -> Outcome {
    match command {
        Command::Verify(args) => verify::run(args),
        Command::Prove(args) => prove::run(args),
        Command::Sample(args) => ledger_sample::run(args),
    }
}

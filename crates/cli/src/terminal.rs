//! What commands say, and how they end: 0 done, 1 something was refused, 2 usage or I/O.

use std::fmt;
use std::process::ExitCode;

/// How a command went.
pub(crate) enum Done {
    /// Everything asked for.
    All,
    /// Something was refused; it has been said what and why.
    Partly,
}

/// A failure the person at the terminal can act on: what happened, what to do.
#[derive(Debug)]
pub(crate) struct Failure {
    what: String,
    fix: String,
}

impl Failure {
    pub(crate) fn new(what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { what: what.into(), fix: fix.into() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n→ {}", self.what, self.fix)
    }
}

impl std::error::Error for Failure {}

pub(crate) type Outcome = anyhow::Result<Done>;

pub(crate) fn finish(outcome: Outcome) -> ExitCode {
    match outcome {
        Ok(Done::All) => ExitCode::SUCCESS,
        Ok(Done::Partly) => ExitCode::from(1),
        Err(error) => {
            anstream::eprintln!("{error}");
            for cause in error.chain().skip(1) {
                anstream::eprintln!("  原因: {cause}");
            }
            ExitCode::from(2)
        }
    }
}

/// Prints a line for the person at the terminal.
macro_rules! say {
    ($($text:tt)*) => {
        anstream::println!($($text)*)
    };
}
pub(crate) use say;

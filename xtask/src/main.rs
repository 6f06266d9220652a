//! Chores of the project. `cargo xtask` lists them.
//!
//! Depends on nothing but the standard library, so that it builds on a fresh machine before anything is installed.

mod browser;
mod demo;
mod install;
mod outside;
mod scan;
mod shell;
mod test;
mod wasm;

use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask demo [--once]   starts an exchange with two invented offices and sends the first letters
cargo xtask test            everything CI runs: install, format, lints, tests, docs, dependency policy
cargo xtask browser [WORD [NAME]]
                            journeys in a real browser (of files with WORD in their name, with NAME in the journey's);
                            target/screenshots
cargo xtask screenshots     all of them: every page at 1280 and 820 px and the printed forms, in target/screenshots; fails
                            where a page of the table of doors was not looked at
cargo xtask month-end [200x40]  people × partners of a month from files to sent, in a real browser, release build
cargo xtask print           builds fumibako-print, the typesetter of documents, and installs its fonts
cargo xtask check           the same without the tests
cargo xtask load [ARGS]     drives a server over TLS and measures it beside the bare floor
cargo xtask cost [ARGS]     the same sends with sealing and log, and in a build without both: the ratio
cargo xtask bench           speed of the checks on a large file, beside plain record splitting
cargo xtask pages [SETS] [PAGE]
                            pages of an office with so many stored sets (100,000) while thirty people read;
                            one page alone, again and again, for a profile
cargo xtask sign-in [TRIES] time of an answer for known and unknown logins, and passwords compared per second
cargo xtask rotate [BOXES]  replaces keys over many boxes during sends; 1,000,000 unless told otherwise
cargo xtask crash [ROUNDS]  kills the server during sends, 200 times unless told otherwise; with --database postgres
                            two nodes and PostgreSQL, in turn
cargo xtask swap            whether anything of an exchange gets into a swap file of the test (needs root)
cargo xtask postgres [WORD] the store's and the exchange's tests on PostgreSQL (those whose name has WORD in it)
cargo xtask scan            lets testssl.sh and sslyze at an exchange on loopback and asserts what they find
cargo xtask outside         lets a program that is not ours check an exported log and its proofs
cargo xtask ledger          entries per second that the verifier of the log reads
cargo xtask fuzz [SECONDS]  runs each fuzz target (needs a nightly toolchain), 10 seconds each unless told otherwise
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match args.as_slice() {
        ["demo"] => demo::play(false),
        ["demo", "--once"] => demo::play(true),
        ["test"] => test::everything(),
        ["browser" | "screenshots"] => browser::journeys("", ""),
        ["browser", word] => browser::journeys(word, ""),
        ["browser", word, name] => browser::journeys(word, name),
        ["month-end"] => browser::month_end("200x40"),
        ["month-end", size] => browser::month_end(size),
        ["print"] => test::print(),
        ["check"] => test::check(),
        ["load", rest @ ..] => test::load(rest),
        ["cost", rest @ ..] => test::cost(rest),
        ["bench"] => test::bench(),
        ["pages", rest @ ..] => test::pages(rest),
        ["sign-in"] => test::sign_in("400"),
        ["sign-in", tries] => test::sign_in(tries),
        ["rotate"] => test::rotate("1000000"),
        ["rotate", boxes] => test::rotate(boxes),
        ["swap"] => test::swap(),
        ["crash"] => test::crash("200"),
        ["crash", rounds] => test::crash(rounds),
        ["crash", rounds, "--database", "postgres"] => test::crash_on_postgres(rounds),
        ["postgres"] => test::on_postgres("", false),
        ["postgres", word] => test::on_postgres(word, false),
        ["scan"] => scan::scan(),
        ["outside"] => outside::outside(),
        ["ledger"] => test::ledger(),
        ["fuzz"] => test::fuzz("10"),
        ["fuzz", seconds] => test::fuzz(seconds),
        _ => {
            shell::say(USAGE);
            return if args.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(2) };
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            shell::complain(&why);
            ExitCode::FAILURE
        }
    }
}

//! What CI runs, and the measurements.

use crate::install;
use crate::shell::{Done, cargo, exists, run, target};

/// The crate of `fumibako-print` with its typesetter, which is not built unless asked for.
const PRINT: [&str; 4] = ["--package", "fumibako-print", "--features", "engine"];

/// Builds `fumibako-print` beside the other programs, with the fonts it needs.
pub(crate) fn print() -> Done {
    install::to_print()?;
    run(cargo().arg("build").args(PRINT))
}

/// Format, lints, tests, docs, dependency policy.
pub(crate) fn everything() -> Done {
    install::to_test()?;
    run(cargo().args(["fmt", "--all", "--check"]))?;
    lints()?;
    // Before the tests: those of the exchange print with it.
    print()?;
    if exists("cargo-nextest", "--version") {
        run(cargo().args(["nextest", "run", "--workspace", "--no-fail-fast"]))?;
        run(cargo().args(["nextest", "run", "--no-fail-fast"]).args(PRINT))?;
        run(cargo().args(["test", "--workspace", "--doc"]))?;
    } else {
        run(cargo().args(["test", "--workspace"]))?;
        run(cargo().arg("test").args(PRINT))?;
    }
    on_postgres("", true)?;
    crate::outside::outside()?;
    crate::browser::journeys("", "")?;
    policy()
}

/// Tests that are not tried on PostgreSQL, each with why.
const NOT_ON_POSTGRES: [(&str, &str); 9] = [
    (
        "test(crash::) | test(nodes::) | test(canary::)",
        "they start a PostgreSQL of their own beside their SQLite, whatever is asked for",
    ),
    ("binary(postgres) | binary(migrations)", "the same"),
    ("test(disk::)", "a full disk under the file of the database, and a lock on that file"),
    (
        "test(upgrade::) | test(an_exchange_of_before)",
        "files that earlier versions left, when there was no other engine",
    ),
    ("test(commands::a_damaged_database)", "bytes of the file"),
    ("test(put_under_another_key)", "the key of the file; a server has none of ours"),
    (
        "binary(bodies) | test(/damage::.*large/) | test(whose_body_was_lost)",
        "the folder of large bodies; on a server they lie in rows",
    ),
    (
        "test(certificates::) | test(names_are_nowhere_after) | test(anybody_verifies_a_certificate) | test(the_printed_certificate) \
         | test(board::r11_2_) | test(left_behind::r6_1_) | test(what_went_with_a_set) | test(what_the_receiver_wrote)",
        "certificates of erasure, which are not issued where the disk cannot be searched (R11.4); that it says so is tried",
    ),
    (
        "test(data_put_back_by_hand) | test(another_erasure_overtook) | test(an_export_goes_on) | test(memory)",
        "a copy of the folder; how much memory a check on the command line takes",
    ),
];
/// What is tried on PostgreSQL every time: whatever writes something that must be right.
const EVERY_TIME: &str = "(package(fumibako-store) | test(life::) | test(damage::) | test(ledger_entries::) | test(sets::) \
     | test(sign_in::) | test(pki::) | test(history::))";

/// The tests of the store and of the exchange, on PostgreSQL: a cluster of their own, a database for each.
pub(crate) fn on_postgres(word: &str, every_time: bool) -> Done {
    install::to_test()?;
    let cluster = test_postgres::Cluster::start()?;
    let chosen = if every_time { EVERY_TIME } else { "all()" };
    let left_out: Vec<String> = NOT_ON_POSTGRES.iter().map(|(tests, _)| format!("({tests})")).collect();
    let filter = format!("not ({}) & {chosen}", left_out.join(" | "));
    let mut tests = cargo();
    tests.args([
        "nextest",
        "run",
        "--package",
        "fumibako-store",
        "--package",
        "fumibako",
        "--no-fail-fast",
        "-E",
        &filter,
    ]);
    if !word.is_empty() {
        tests.arg(word);
    }
    run(tests.env("FUMIBAKO_TEST_DATABASE", "postgres").env(test_postgres::URL_VARIABLE, cluster.url()))
}

/// The same without the tests.
pub(crate) fn check() -> Done {
    install::to_test()?;
    run(cargo().args(["fmt", "--all", "--check"]))?;
    lints()?;
    policy()
}

fn lints() -> Done {
    run(cargo().args(["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"]))?;
    run(cargo().arg("clippy").args(PRINT).args(["--all-targets", "--", "--deny", "warnings"]))?;
    run(cargo().args(["doc", "--workspace", "--no-deps", "--quiet"]).env("RUSTDOCFLAGS", "--deny warnings"))?;
    let wasm = ["clippy", "--package", "fumibako-standard-wasm", "--target", install::WASM, "--", "--deny", "warnings"];
    run(cargo().args(wasm))
}

fn policy() -> Done {
    run(cargo().args(["deny", "--workspace", "check", "licenses", "bans", "sources"]))
}

/// Sends per second over TLS, and the same bytes through the bare floor in the same run.
pub(crate) fn load(args: &[&str]) -> Done {
    install::to_build()?;
    run(cargo().args(["build", "--release", "--package", "fumibako", "--package", "load"]))?;
    let release = target().join("release");
    run(crate::shell::command(release.join("load")).arg("--server").arg(release.join("fumibako")).args(args))
}

/// Sends per second with sealing and log, and with a program in which both do nothing, in turn.
///
/// That program lies under another name, and the real one is built again after it: nobody finds it by mistake.
pub(crate) fn cost(args: &[&str]) -> Done {
    install::to_build()?;
    let release = target().join("release");
    let bare = release.join("fumibako-bare");
    run(cargo().args(["build", "--release", "--package", "fumibako", "--features", "bare"]).env("FUMIBAKO_BARE", "1"))?;
    // A copy: the next build writes over the name that cargo gave it.
    let copied = std::fs::rename(release.join("fumibako"), &bare);
    copied.map_err(|error| format!("{}: {error}", bare.display()))?;
    let mut with_everything = vec!["--bare"];
    let bare = bare.to_str().ok_or("the name of the target folder is not UTF-8")?;
    with_everything.push(bare);
    if !args.contains(&"--only") {
        with_everything.extend(["--only", "a,c"]);
    }
    with_everything.extend(args);
    load(&with_everything)
}

/// MB/s of all checks on a large 第6表, beside plain record splitting.
pub(crate) fn bench() -> Done {
    run(cargo().args(["bench", "--package", "fumibako-standard", "--bench", "check"]))
}

/// How long the pages of an office with so many stored sets take while thirty people read.
pub(crate) fn pages(asked: &[&str]) -> Done {
    run(cargo().args(["bench", "--package", "fumibako", "--bench", "pages", "--"]).args(asked))
}

/// Replaces the master key over so many boxes, with sends going on beside it.
pub(crate) fn rotate(boxes: &str) -> Done {
    run(cargo().args(["bench", "--package", "fumibako-store", "--bench", "rotation", "--", boxes]))
}

/// Whether the time of an answer tells whether a login exists, at the cost that a real exchange pays.
pub(crate) fn sign_in(tries: &str) -> Done {
    run(cargo().args(["bench", "--package", "fumibako-store", "--bench", "sign_in", "--", tries]))
}

/// Kills the server at random moments; the ordinary tests do the same a few times.
pub(crate) fn crash(rounds: &str) -> Done {
    install::to_test()?;
    run(cargo()
        .args(["test", "--package", "fumibako", "--test", "exchange", "--", "crash::what_was", "--nocapture"])
        .env("FUMIBAKO_CRASH_ROUNDS", rounds))
}

/// Gives the machine a swap file, an exchange too little memory, and looks what got into the file. By hand: it changes how
/// the machine swaps for as long as it runs, and needs the right to.
pub(crate) fn swap() -> Done {
    install::to_test()?;
    run(cargo()
        .args(["test", "--package", "fumibako", "--test", "exchange", "--", "left_behind::r6_8", "--nocapture"])
        .env("FUMIBAKO_SWAP", "1"))
}

/// Kills nodes and PostgreSQL in turn.
pub(crate) fn crash_on_postgres(rounds: &str) -> Done {
    install::to_test()?;
    run(cargo()
        .args(["test", "--package", "fumibako", "--test", "exchange", "--", "crash::what_two_nodes", "--nocapture"])
        .env("FUMIBAKO_CRASH_ROUNDS", rounds))
}

/// Entries per second of `fumibako ledger verify`, from memory and from files.
pub(crate) fn ledger() -> Done {
    run(cargo().args(["bench", "--package", "fumibako-ledger", "--bench", "verify"]))
}

/// Every fuzz target for a while. By hand, not in CI: it needs a nightly toolchain.
pub(crate) fn fuzz(seconds: &str) -> Done {
    if !exists("cargo-fuzz", "--version") {
        run(cargo().args(["install", "--locked", "cargo-fuzz"]))?;
    }
    let targets = [
        "read_set",
        "round_trip",
        "file_name",
        "piecewise",
        "repair",
        "canonical_json",
        "truth",
        "diff",
        "reconcile",
        "ledger_text",
        "ledger_export",
    ];
    for target in targets {
        let limit = format!("-max_total_time={seconds}");
        run(crate::shell::command("cargo")
            .args(["+nightly", "fuzz", "run", target, "--", &limit])
            // The toolchain file of the project would win over `+nightly` otherwise.
            .env_remove("RUSTUP_TOOLCHAIN")
            .env_remove("CARGO"))?;
    }
    Ok(())
}

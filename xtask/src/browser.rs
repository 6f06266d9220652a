//! Journeys in a real browser: Debian's Chromium with real client certificates, against a real exchange.

use crate::demo::{self, Build, Demo, Server};
use crate::install;
use crate::shell::{Done, command, root, run, target};
use std::fs;
use std::path::Path;
use std::process::Command;

const FOLDER: &str = "crates/web/browser";

/// Runs the journeys whose file name contains `word` and whose own name contains `name`. Pictures of every page go to `target/screenshots`.
pub(crate) fn journeys(word: &str, name: &str) -> Done {
    let modules = install::to_browse()?;
    // Documents are made on the way.
    crate::test::print()?;
    let entries = fs::read_dir(root().join(FOLDER)).map_err(|error| format!("{FOLDER}: {error}"))?;
    let mut files: Vec<_> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".test.mjs") && name.contains(word))
        .map(|name| format!("{FOLDER}/{name}"))
        .collect();
    files.sort();
    if files.is_empty() {
        return Err(format!("{FOLDER}: no journey has {word} in its name"));
    }
    let run_all = |exchange: &Demo, server: &Server| {
        run(journey(exchange, server, &modules).arg("--test-concurrency=2").args(&files).env("FUMIBAKO_JOURNEY", name))
    };
    demo::with_exchange(Build::Debug, run_all)
}

/// The month's end in its whole size (`PEOPLExPARTNERS`), with a program built for work.
pub(crate) fn month_end(size: &str) -> Done {
    let modules = install::to_browse()?;
    demo::with_exchange(Build::Release, |exchange, server| {
        run(journey(exchange, server, &modules)
            .arg(format!("{FOLDER}/send.test.mjs"))
            .env("FUMIBAKO_JOURNEY", "month-end")
            .env("FUMIBAKO_MONTH_END", size))
    })
}

/// Node, told where everything is.
fn journey(exchange: &Demo, server: &Server, modules: &Path) -> Command {
    let mut node = command("node");
    node.args(["--test", "--test-reporter=spec"])
        .env("FUMIBAKO_PROGRAM", &exchange.program)
        .env("FUMIBAKO_FOLDER", &exchange.folder)
        .env("FUMIBAKO_EXCHANGE", &server.exchange)
        .env("FUMIBAKO_ENROLMENT", &server.enrolment)
        .env("FUMIBAKO_MODULES", modules)
        .env("FUMIBAKO_SCREENSHOTS", target().join("screenshots"));
    node
}

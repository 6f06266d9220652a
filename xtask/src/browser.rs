//! Journeys in a real browser: Debian's Chromium with real client certificates, against a real exchange.

use crate::demo;
use crate::install;
use crate::shell::{Done, command, root, run, target};
use std::fs;

const FOLDER: &str = "crates/web/browser";

/// Runs the journeys whose file name contains `word`. Pictures of every page go to `target/screenshots`.
pub(crate) fn journeys(word: &str) -> Done {
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
    demo::with_exchange(|exchange, server| {
        run(command("node")
            .args(["--test", "--test-concurrency=2", "--test-reporter=spec"])
            .args(&files)
            .env("FUMIBAKO_PROGRAM", &exchange.program)
            .env("FUMIBAKO_FOLDER", &exchange.folder)
            .env("FUMIBAKO_EXCHANGE", &server.exchange)
            .env("FUMIBAKO_ENROLMENT", &server.enrolment)
            .env("FUMIBAKO_MODULES", &modules)
            .env("FUMIBAKO_SCREENSHOTS", target().join("screenshots")))
    })
}

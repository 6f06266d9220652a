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
    let looked_at = target().join("screenshots").join("looked-at.txt");
    let _ = fs::remove_file(&looked_at);
    let run_all = |exchange: &Demo, server: &Server| {
        run(journey(exchange, server, &modules).arg("--test-concurrency=2").args(&files).env("FUMIBAKO_JOURNEY", name))
    };
    demo::with_exchange(Build::Debug, run_all)?;
    // A part of the journeys looks at a part of the pages.
    if !word.is_empty() || !name.is_empty() {
        return Ok(());
    }
    let looked_at = fs::read_to_string(&looked_at).map_err(|error| format!("{}: {error}", looked_at.display()))?;
    every_page_was_looked_at(&looked_at)
}

/// Doors that a browser is given, and that are no page to look at: files, pictures, numbers, and ways on to a page.
const NO_PAGES: [&str; 11] = [
    "/news",
    "/first",
    "/sets/{id}/files/{name}",
    "/sets/{id}/pictures/{number}",
    "/sets/{id}/receipt/file",
    "/sets/{id}/enclosures/{number}",
    "/recovery/{id}/evidence",
    "/operator/tls-scan/{id}",
    "/operator/erasures/{id}/certificate",
    "/operator/erasures/{id}/paper",
    // Shown to whoever works for several offices.
    "/sign-in/office",
];

/// Compares what was looked at with the table of doors: a page without pictures, axe and the narrow window is a gap.
fn every_page_was_looked_at(looked_at: &str) -> Done {
    let doors = root().join("docs/routes.md");
    let doors = fs::read_to_string(&doors).map_err(|error| format!("{}: {error}", doors.display()))?;
    let pages = doors.lines().filter_map(|line| line.strip_prefix("| GET ")?.split(" | ").next());
    let is_page = |path: &&str| {
        let last = path.rsplit('/').next().unwrap_or_default();
        !path.starts_with("/api/") && !last.contains('.') && !NO_PAGES.contains(path)
    };
    let missing: Vec<&str> =
        pages.filter(is_page).filter(|page| !looked_at.lines().any(|path| fits(page, path))).collect();
    if missing.is_empty() { Ok(()) } else { Err(format!("pages that no journey looked at: {}", missing.join(", "))) }
}

/// Whether a path is one of a pattern with segments in braces.
fn fits(pattern: &str, path: &str) -> bool {
    let (pattern, path): (Vec<_>, Vec<_>) = (pattern.split('/').collect(), path.split('/').collect());
    pattern.len() == path.len() && pattern.iter().zip(&path).all(|(one, other)| one.starts_with('{') || one == other)
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
        .env("FUMIBAKO_HANDOVER", &server.handover)
        .env("FUMIBAKO_MODULES", modules)
        .env("FUMIBAKO_SCREENSHOTS", target().join("screenshots"));
    node
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn a_path_belongs_to_its_pattern_alone() {
        assert!(fits("/sets/{id}/receipt", "/sets/0199/receipt") && fits("/", "/"));
        assert!(!fits("/sets/{id}", "/sets/0199/receipt") && !fits("/sent", "/staff"));
    }
}

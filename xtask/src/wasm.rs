//! 標準の検査 as a module for browsers, laid beside a program: pages look files over with it. `cargo build` alone makes a
//! program that works without, and lets the server look.

use crate::install::{self, WASM};
use crate::shell::{Done, cargo, run, target};
use std::fs;
use std::path::Path;

/// What the program looks for beside itself.
const NAME: &str = "fumibako-standard.wasm";

/// Builds the module and lays it beside this program.
pub(crate) fn beside(program: &Path) -> Done {
    install::to_build_wasm()?;
    // Flags meant for this machine, such as those of a coverage run, are not for the module.
    run(cargo()
        .args(["rustc", "--package", "fumibako-standard-wasm", "--lib", "--crate-type", "cdylib"])
        .args(["--profile", "wasm", "--target", WASM])
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS"))?;
    let made = target().join(WASM).join("wasm/fumibako_standard_wasm.wasm");
    let to = program.with_file_name(NAME);
    fs::copy(&made, &to).map(|_| ()).map_err(|error| format!("{}: {error}", to.display()))
}

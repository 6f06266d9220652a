//! An exported log, its proofs and cosignatures, checked by a program that is not ours (R10.5): aics-tlog from PyPI.

use crate::install;
use crate::shell::{Done, cargo, command, root, run, target};
use std::fs;

/// Pinned, so that a new release does not change what passes.
const AICS_TLOG: &str = "aics-tlog==0.2.1";
/// Several tiles, and one above them.
const ENTRIES: &str = "1000";

/// Makes a sample of a log and lets the other program at it.
pub(crate) fn outside() -> Done {
    install::to_look_from_outside()?;
    let folder = target().join("outside");
    let venv = folder.join("venv");
    if !venv.join("bin").join("aics-tlog").exists() {
        run(command("python3").args(["-m", "venv"]).arg(&venv))?;
        // It asks for Python 3.12, but runs on the 3.11 of Debian 12.
        let install = ["install", "--quiet", "--ignore-requires-python", AICS_TLOG];
        run(command(venv.join("bin").join("pip")).args(install))?;
    }
    run(cargo().args(["build", "--package", "fumibako", "--bin", "fumibako"]))?;
    let program = target().join("debug").join("fumibako");
    let sample = folder.join("sample");
    if sample.exists() {
        fs::remove_dir_all(&sample).map_err(|error| format!("{}: {error}", sample.display()))?;
    }
    run(command(&program).args(["ledger", "sample"]).arg(&sample).args(["--entries", ENTRIES]))?;
    let script = root().join("xtask/src/outside.py");
    run(command(venv.join("bin").join("python")).arg(script).arg(&program).arg(&sample))
}

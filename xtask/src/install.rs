//! What a fresh Debian 12 with a Rust toolchain lacks. Installed by package name, only when missing, and said aloud.

use crate::shell::{Done, cargo, command, exists, output, run, say};
use std::path::Path;

/// To build: a C compiler, and OpenSSL's libcrypto for the encrypted database.
const BUILD: [&str; 3] = ["build-essential", "pkg-config", "libssl-dev"];
/// For the tests: the `openssl` program, against which files and certificates are checked.
const TEST: [&str; 1] = ["openssl"];
/// To scan: testssl.sh with the `hexdump` it needs, and a Python environment for sslyze.
const SCAN: [&str; 3] = ["testssl.sh", "bsdextrautils", "python3-venv"];
/// The dependency policy. A pinned version, so that a new release does not change what passes.
const CARGO_DENY: &str = "0.20.2";

/// The browser will run the checks of the standard.
pub(crate) const WASM: &str = "wasm32-unknown-unknown";

pub(crate) fn to_build() -> Done {
    packages(&BUILD)
}

pub(crate) fn to_test() -> Done {
    packages(&BUILD)?;
    packages(&TEST)?;
    // The browser's build of the checks is tested in Node; one from elsewhere will do.
    if !exists("node", "--version") {
        packages(&["nodejs"])?;
    }
    let library = output(command("rustc").args(["--print", "target-libdir", "--target", WASM]))?;
    if !Path::new(library.trim()).is_dir() {
        run(command("rustup").args(["target", "add", WASM]))?;
    }
    if !exists("cargo-deny", "--version") {
        say("cargo-deny がないので入れます（依存の方針の検査に使います）。");
        run(cargo().args(["install", "--locked", "cargo-deny", "--version", CARGO_DENY]))?;
    }
    Ok(())
}

pub(crate) fn to_scan() -> Done {
    packages(&BUILD)?;
    packages(&SCAN)
}

fn packages(wanted: &[&str]) -> Done {
    let missing: Vec<_> = wanted.iter().copied().filter(|name| !installed(name)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    say(&format!("足りないパッケージを入れます: {}", missing.join(" ")));
    let root = output(command("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    let apt = |args: &[&str]| {
        let mut apt = if root { command("apt-get") } else { command("sudo") };
        if !root {
            apt.arg("apt-get");
        }
        run(apt.env("DEBIAN_FRONTEND", "noninteractive").args(args))
    };
    apt(&["update", "--quiet"])?;
    let mut install = vec!["install", "--yes", "--quiet", "--no-install-recommends"];
    install.extend(missing);
    apt(&install)
}

fn installed(package: &str) -> bool {
    output(command("dpkg-query").args(["--show", "--showformat=${db:Status-Status}", package]))
        .is_ok_and(|status| status == "installed")
}

//! What a fresh Debian 12 with a Rust toolchain lacks. Installed by package name, only when missing, and said aloud.

use crate::shell::{Done, cargo, command, exists, output, root, run, say, target};
use std::fs;
use std::path::{Path, PathBuf};

/// To build: a C compiler, and OpenSSL's libcrypto for the encrypted database.
const BUILD: [&str; 3] = ["build-essential", "pkg-config", "libssl-dev"];
/// For the tests: the `openssl` program, against which files and certificates are checked, a PKCS#11 token in software, and
/// pebble, an ACME server; and the other database.
const TEST: [&str; 4] = ["openssl", "softhsm2", "pebble", "postgresql-15"];
/// For paper: the fonts of `fumibako-print`, and the tools that read its documents back in tests.
const PRINT: [&str; 3] = ["fonts-ipaexfont", "fonts-noto-cjk", "poppler-utils"];
/// To scan: testssl.sh with the `hexdump` it needs, and a Python environment for sslyze.
const SCAN: [&str; 3] = ["testssl.sh", "bsdextrautils", "python3-venv"];
/// For a look at the log from outside: a Python environment.
const OUTSIDE: [&str; 1] = ["python3-venv"];
/// The dependency policy. A pinned version, so that a new release does not change what passes.
const CARGO_DENY: &str = "0.20.2";

/// The browser will run the checks of the standard.
pub(crate) const WASM: &str = "wasm32-unknown-unknown";

/// For the journeys in a browser: the browser, Japanese letters for it, and the tools of the key store it shares with
/// Firefox.
const BROWSER: [&str; 3] = ["chromium", "fonts-noto-cjk", "libnss3-tools"];

pub(crate) fn to_build() -> Done {
    packages(&BUILD)
}

/// What `fumibako-print` needs besides itself.
pub(crate) fn to_print() -> Done {
    packages(&BUILD)?;
    packages(&PRINT)
}

pub(crate) fn to_test() -> Done {
    packages(&BUILD)?;
    packages(&TEST)?;
    // Forms are printed and read back in a test.
    packages(&PRINT)?;
    packages(&BROWSER)?;
    // The browser's build of the checks is tested in Node; one from elsewhere will do.
    if !exists("node", "--version") {
        packages(&["nodejs"])?;
    }
    to_build_wasm()?;
    if !exists("cargo-deny", "--version") {
        say("cargo-deny がないので入れます（依存の方針の検査に使います）。");
        run(cargo().args(["install", "--locked", "cargo-deny", "--version", CARGO_DENY]))?;
    }
    Ok(())
}

/// What a browser runs is built for another target.
pub(crate) fn to_build_wasm() -> Done {
    let library = output(command("rustc").args(["--print", "target-libdir", "--target", WASM]))?;
    if Path::new(library.trim()).is_dir() { Ok(()) } else { run(command("rustup").args(["target", "add", WASM])) }
}

/// Returns the folder in which Node finds what the journeys import. The browser is Debian's; none is downloaded.
pub(crate) fn to_browse() -> Done<PathBuf> {
    packages(&BROWSER)?;
    packages(&PRINT)?;
    for (program, package) in [("node", "nodejs"), ("npm", "npm")] {
        if !exists(program, "--version") {
            packages(&[package])?;
        }
    }
    let (source, folder) = (root().join("crates/web/browser"), target().join("browser"));
    let read = |path: PathBuf| fs::read(&path).map_err(|error| format!("{}: {error}", path.display()));
    let lock = read(source.join("package-lock.json"))?;
    // npm writes this file last.
    let complete = folder.join("node_modules/.package-lock.json").is_file();
    if complete && fs::read(folder.join("package-lock.json")).is_ok_and(|installed| installed == lock) {
        return Ok(folder);
    }
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for (name, content) in [("package.json", read(source.join("package.json"))?), ("package-lock.json", lock)] {
        fs::write(folder.join(name), content).map_err(|error| format!("{name}: {error}"))?;
    }
    run(command("npm").args(["ci", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix"]).arg(&folder))?;
    Ok(folder)
}

pub(crate) fn to_look_from_outside() -> Done {
    packages(&BUILD)?;
    packages(&OUTSIDE)
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

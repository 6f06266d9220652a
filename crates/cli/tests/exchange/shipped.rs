//! What the program that offices and operators get must not have in it.

use std::fs;
use std::path::Path;

/// Words of a build that neither seals nor records (`store/src/bare.rs`), and words that every build has.
const BARE: &[u8] = b"FUMIBAKO-BARE";
const ALWAYS: &str = "交換所を開きました";

fn has(program: &[u8], words: &[u8]) -> bool {
    program.windows(words.len()).any(|window| window == words)
}

#[test]
fn the_program_cannot_leave_out_sealing_or_the_log() {
    let program = fs::read(env!("CARGO_BIN_EXE_fumibako")).expect("the program");
    assert!(has(&program, ALWAYS.as_bytes()), "the search finds what is there");
    assert!(!has(&program, BARE), "this program neither seals nor records");
}

/// A feature is added up over everything that is built together: whoever asked for it anywhere would ask for it here.
#[test]
fn nothing_asks_for_a_build_without_sealing_and_log() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut manifests = vec![root.join("Cargo.toml"), root.join("xtask/Cargo.toml")];
    for folder in ["crates", "xtask"] {
        let members = fs::read_dir(root.join(folder)).expect("a folder").map(|entry| entry.expect("an entry").path());
        manifests.extend(members.map(|member| member.join("Cargo.toml")).filter(|manifest| manifest.is_file()));
    }
    assert!(manifests.len() > 12, "{manifests:?}");
    let asking: Vec<_> = manifests
        .iter()
        .flat_map(|manifest| {
            fs::read_to_string(manifest).expect("a manifest").lines().map(str::to_owned).collect::<Vec<_>>()
        })
        .filter(|line| ["\"bare\"", "/bare", "bare ="].iter().any(|asking| line.contains(asking)))
        .collect();
    // The feature, and the one that hands it on: both are asked for by nobody.
    let declared = ["bare = [\"store/bare\"]", "bare = []"];
    assert!(asking.iter().all(|line| declared.contains(&line.as_str())) && asking.len() == 2, "{asking:?}");
}

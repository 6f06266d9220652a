//! R6.1, R6.8: what an exchange leaves on the disk, hands out, or holds in memory names nobody who receives care. Two hundred
//! names go through; every byte is looked at in five encodings, and in what is packed.

use crate::browser::Browser;
use crate::canary::{Search, assert_clean, do_everything, ms932, names};
use crate::commands::done;
use crate::evidence::build_printer;
use crate::samples::care_plan_of;
use crate::server::Server;
use crate::world::{Exchange, World};
use http::Method;
use identity::role::Role;
use serde_json::json;
use standard::sample::PersonName;
use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const TWO: [&str; 4] = ["--by", "kato", "--approved-by", "ito"];
/// Everybody's and nobody's period.
const EVER: [(&str, &str); 2] = [("from", "2024-01-01"), ("to", "2029-12-30")];

/// A document as others read it: its text with and without what breaks lines, and what is attached to it.
fn unpacked(pdf: &Path) -> String {
    let run = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).output().unwrap();
        assert!(output.status.success(), "{program}");
        output.stdout
    };
    let path = pdf.to_str().unwrap();
    let text = String::from_utf8(run("pdftotext", &["-raw", path, "-"])).unwrap();
    let joined: String = text.chars().filter(|c| !c.is_whitespace() && *c != '\u{200B}').collect();
    fs::write(pdf.with_extension("txt"), format!("{text}\n{joined}")).unwrap();
    let attached = pdf.with_extension("attached");
    fs::create_dir(&attached).unwrap();
    run("pdfdetach", &["-saveall", "-o", attached.to_str().unwrap(), path]);
    assert!(fs::read_dir(&attached).unwrap().count() > 0, "what proves it is attached");
    joined
}

/// Without the space between family and given name, as texts of documents are joined.
fn joined(names: &[PersonName]) -> Vec<PersonName> {
    let without = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect();
    names.iter().map(|name| PersonName { kanji: without(&name.kanji), kana: without(&name.kana) }).collect()
}

#[tokio::test]
async fn r6_1_nothing_that_is_kept_or_handed_out_names_anybody_who_receives_care() {
    build_printer();
    let names = names();
    let exchange = Exchange::create(|_| {}).await;
    let config = fs::read_to_string(exchange.config()).unwrap();
    let backup = "[backup]\nboxes = \"backup-boxes\"\nkeys = \"backup-keys\"\n";
    fs::write(exchange.config(), format!("{config}\n{backup}")).unwrap();
    let server = Server::start_allowing_cores(&exchange.config());
    let world = World { server, exchange };
    do_everything(&names, &world).await;

    let offices = world.offices().await;
    let place = world.exchange.folder().to_owned();
    let handed = place.join("handed");
    fs::create_dir(&handed).unwrap();
    let set = care_plan_of(&offices.sender, &offices.receiver, 1, &names[..20]);
    let id = offices.sender.sends(&set).await.accepted();
    offices.receiver.fetches(&id).await.done();
    offices.receiver.acknowledges(&id).await.done();
    // Somebody writes a name into the note, against the hint beside the box.
    let note = format!("{} さんの分", names[4].kanji);
    let place_of = json!([{ "file": 1, "record": 1, "column": 1, "reason": "person-unknown" }]);
    let body = json!({ "outcome": "partly", "places": place_of, "note": note });
    let path = format!("/api/v1/transmissions/{id}/import");
    let answered = offices.receiver.request(Method::POST, &path).json(&body).send().await.unwrap();
    assert_eq!(answered.status(), 200);

    // What leaves the house: receipt, record of a period, log, certificate of erasure, backup.
    let receipt = offices.sender.get(&format!("/api/v1/transmissions/{id}/receipt")).await.done();
    fs::write(handed.join("receipt.json"), &receipt.body).unwrap();
    let member = world.exchange.member(&offices.receiver, Role::OfficeAdministrator).await;
    let browser: Browser = member.signs_in(&offices.receiver).await;
    let record = browser.fill("/evidence", "/evidence", &EVER).await.done();
    fs::write(handed.join("evidence.pdf"), &record.body).unwrap();
    let text = unpacked(&handed.join("evidence.pdf"));
    assert!(text.contains("架空の事業所") && text.contains(&offices.sender.number), "offices are named: {text}");
    done(&place, &["backup", "run", "--by", "tanaka"]);
    done(&place, &["ledger", "export", "handed/log"]);
    let rule = ["retention", "set", "sets", "--keep-days", "0", "--staff", "sato,suzuki"];
    done(&place, &[&rule[..], &TWO].concat());
    done(&place, &["expire"]);
    let list = done(&place, &["erasure", "list"]);
    let erasure = list.split_whitespace().next().unwrap();
    let certificate = ["--json", "handed/certificate.json", "--pdf", "handed/certificate.pdf"];
    done(&place, &[&["erasure", "certificate", erasure][..], &certificate].concat());
    assert!(unpacked(&handed.join("certificate.pdf")).contains("データ消去証明書"));

    let search = Search::new(&names.iter().cloned().chain(joined(&names)).collect::<Vec<_>>());
    // While it serves: the write-ahead log is full of what was just written.
    assert_clean(&search, &place);
    let World { server, exchange } = world;
    let status = server.dies_of("ABRT");
    assert_eq!((status.signal(), status.core_dumped()), (Some(6), false));
    assert_clean(&search, &place);
    let files: Vec<PathBuf> = fs::read_dir(&place).unwrap().map(|entry| entry.unwrap().path()).collect();
    let cores = files.iter().filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("core"));
    assert_eq!(cores.count(), 0);
    // Once more after a crash, and what it says on its standard output.
    let server = exchange.start();
    let (status, said) = server.stop().await;
    assert!(status.success() && said.contains("交換所を閉じました"), "{said}");
    assert!(search.hits(said.as_bytes(), 0).is_empty());
    assert_clean(&search, &place);

    // The same search finds what is there: in words, in a text whose lines are joined, in what is packed.
    fs::write(handed.join("control.txt"), ms932(&names[7].kanji)).unwrap();
    fs::write(handed.join("control.joined"), joined(&names)[9].kanji.as_bytes()).unwrap();
    let found: Vec<usize> = search.hits_in(&place).0.into_iter().map(|(_, name)| name % names.len()).collect();
    assert!(found.contains(&7) && found.contains(&9) && found.len() == 2, "{found:?}");
}

/// Every part of the memory that holds something of its own, and whether the kernel may write it out.
fn swappable(process: u32) -> Vec<String> {
    let maps = fs::read_to_string(format!("/proc/{process}/smaps")).expect("readable by root");
    let (mut head, mut anonymous, mut open) = (String::new(), 0_u64, Vec::new());
    for line in maps.lines() {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let number = || value.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or_default();
        match name {
            "Anonymous" => anonymous = number(),
            "VmFlags" if anonymous > 0 && !value.split_whitespace().any(|flag| flag == "lo") => {
                open.push(format!("{head} {anonymous} kB"));
            }
            // `7f…-7f… rw-p …`: the next part begins.
            _ if line.split_whitespace().next().is_some_and(|range| range.contains('-')) => head = line.to_owned(),
            _ => {}
        }
    }
    open
}

#[tokio::test]
async fn r6_8_the_kernel_may_not_swap_out_what_the_server_has_in_memory() {
    let names = names();
    let exchange = Exchange::create(|_| {}).await;
    let machine = std::env::var_os("FUMIBAKO_SWAP").map(|_| Machine::new(exchange.folder()));
    let server = match &machine {
        Some(machine) => Server::start_in_group(&exchange.config(), &machine.group),
        None => exchange.start(),
    };
    let world = World { server, exchange };
    do_everything(&names, &world).await;
    let status = fs::read_to_string(format!("/proc/{}/status", world.server.id())).unwrap();
    let figure = |name: &str| -> u64 {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("a figure");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    };
    assert!(figure("VmLck:") >= figure("RssAnon:"), "{status}");
    assert_eq!(figure("VmSwap:"), 0);
    let open = swappable(world.server.id());
    assert!(open.is_empty(), "{open:#?}");
    // The same look finds what is not locked: this very test.
    assert!(!swappable(std::process::id()).is_empty());
    if let Some(machine) = &machine {
        machine.presses();
        let swapped = machine.swapped();
        let control = PersonName { kanji: CONTROL.to_owned(), kana: CONTROL.to_owned() };
        assert!(!Search::new(&[control]).hits(&swapped, 0).is_empty(), "what may be swapped out is found");
        assert!(Search::new(&names).hits(&swapped, 0).is_empty());
        anstream::println!("{} bytes of swap searched", swapped.len());
    }
    let World { server, exchange } = world;
    assert!(server.stop().await.0.success());
    // The group is empty now, and the swap file lies in the folder.
    drop(machine);
    drop(exchange);
}

/// A name of nobody, in the memory of a program that is not locked.
const CONTROL: &str = "試し　見せ子";
const SWAP_MIB: usize = 384;
/// More than a locked server needs, less than it and the program beside it.
const MEMORY_MIB: usize = 320;
/// How long the other program keeps the memory.
const PRESSING: Duration = Duration::from_secs(15);

/// A swap file that the machine uses before any other, and a group of processes that has too little memory.
struct Machine {
    swap: PathBuf,
    group: PathBuf,
}

fn sh(script: &str) {
    let done = Command::new("sh").args(["-ec", script]).status().unwrap();
    assert!(done.success(), "refused, so nothing is shown about swap: {script}");
}

impl Machine {
    fn new(folder: &Path) -> Self {
        let swap = folder.join("swap");
        // Written, not only reserved: what is reserved reads as empty whatever the kernel put there.
        sh(&format!(
            "dd if=/dev/zero of={0} bs=1M count={SWAP_MIB} status=none; chmod 600 {0}; mkswap {0} >&2; swapon -p 32767 {0}",
            swap.display()
        ));
        let (first, second) = ("/sys/fs/cgroup/memory", "/sys/fs/cgroup");
        let (root, limit) = match Path::new(first).is_dir() {
            true => (first, "memory.limit_in_bytes"),
            false => (second, "memory.max"),
        };
        let group = Path::new(root).join(format!("fumibako-{}", std::process::id()));
        let machine = Self { swap, group };
        sh(&format!("mkdir {0}; echo {1} > {0}/{limit}", machine.group.display(), MEMORY_MIB << 20));
        machine
    }

    /// A program beside it fills the memory, so that something has to go.
    fn presses(&self) {
        let script = format!(
            "echo $$ > {}/cgroup.procs; yes '{CONTROL}' | tr -d '\\n' | head -c {}M | tail | sleep {}",
            self.group.display(),
            MEMORY_MIB,
            PRESSING.as_secs()
        );
        let begun = Instant::now();
        let mut pressing = Command::new("sh").args(["-c", &script]).stdout(Stdio::null()).spawn().unwrap();
        std::thread::sleep(PRESSING.saturating_sub(Duration::from_secs(3)).saturating_sub(begun.elapsed()));
        let _ = pressing.wait();
    }

    /// What is in the file, past the cache of files, which does not know.
    fn swapped(&self) -> Vec<u8> {
        let read = Command::new("dd")
            .arg(format!("if={}", self.swap.display()))
            .args(["bs=1M", "iflag=direct", "status=none"])
            .output()
            .unwrap();
        assert!(read.status.success());
        read.stdout
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let script = format!("swapoff {}; rmdir {}", self.swap.display(), self.group.display());
        let _ = Command::new("sh").args(["-c", &script]).status();
    }
}

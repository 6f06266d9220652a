//! A case, and how it lies in the folder.

use base64::prelude::{BASE64_STANDARD, Engine};
use fumibako_standard::json_report::{self, Called};
use fumibako_standard::rules::{Example, rule};
use fumibako_standard::{Context, HistorySet, Profile, ServiceCodes, SourceFile, check_with, write};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Names and bytes.
pub(crate) type Files = Vec<(String, Vec<u8>)>;
/// Files of the folder by their path in it.
pub(crate) type Tree = BTreeMap<String, Vec<u8>>;

/// Kept by hand beside the cases.
const BY_HAND: [&str; 2] = [".gitattributes", "README.md"];
/// Of a service code table in the folder of a case.
const SERVICE_CODES: &str = "service-codes.csv";

#[derive(Clone)]
pub(crate) struct Case {
    pub(crate) group: &'static str,
    pub(crate) name: String,
    pub(crate) ja: String,
    pub(crate) en: String,
    pub(crate) clauses: Vec<String>,
    pub(crate) rules: Vec<String>,
    pub(crate) ambiguities: Vec<String>,
    pub(crate) profile: Profile,
    pub(crate) files: Files,
    pub(crate) service_codes: Option<&'static str>,
    pub(crate) history: Files,
    /// The codes a checker must report, said by whoever wrote the case.
    pub(crate) finds: Vec<&'static str>,
    /// And whether all of it is accepted.
    pub(crate) accepted: bool,
}

/// A sound case of the export profile, to be made into what it is with the methods.
pub(crate) fn case(group: &'static str, name: impl Into<String>, ja: &str, en: &str, mut files: Files) -> Case {
    // As a folder lists them.
    files.sort();
    Case {
        group,
        name: name.into(),
        ja: ja.into(),
        en: en.into(),
        clauses: Vec::new(),
        rules: Vec::new(),
        ambiguities: Vec::new(),
        profile: Profile::Export,
        files,
        service_codes: None,
        history: Vec::new(),
        finds: Vec::new(),
        accepted: true,
    }
}

impl Case {
    /// These are found, and it is refused.
    pub(crate) fn refused(mut self, finds: &[&'static str]) -> Case {
        (self.finds, self.accepted) = (finds.to_vec(), false);
        self
    }

    /// These are found, and it is accepted all the same.
    pub(crate) fn warned(mut self, finds: &[&'static str]) -> Case {
        (self.finds, self.accepted) = (finds.to_vec(), true);
        self
    }

    /// Judged as received.
    pub(crate) fn import(mut self) -> Case {
        self.profile = Profile::Import;
        self
    }

    /// The ambiguities of README 12 it decides.
    pub(crate) fn about(mut self, ambiguities: &[&str]) -> Case {
        self.ambiguities.extend(ambiguities.iter().map(|id| id.to_string()));
        self
    }

    /// A clause of the standard.
    pub(crate) fn clause(mut self, clause: &str) -> Case {
        self.clauses.push(clause.into());
        self
    }

    pub(crate) fn path(&self) -> String {
        format!("{}/{}", self.group, self.name)
    }

    pub(crate) fn expected(&self) -> Expected {
        answer(&self.files, self.profile, self.service_codes.map(str::as_bytes), &self.history)
    }

    /// `case.json` and the files beside it.
    pub(crate) fn files_to_keep(&self) -> Tree {
        let mut kept = Tree::new();
        let mut put = |place: String, bytes: Vec<u8>| kept.insert(format!("{}/{place}", self.path()), bytes);
        let mut listed = Vec::new();
        let mut twins = BTreeSet::new();
        for (name, bytes) in &self.files {
            let on_disk = is_plain(name) && twins.insert(name.to_lowercase());
            if on_disk {
                put(format!("files/{name}"), bytes.clone());
            }
            let base64 = (!on_disk).then(|| BASE64_STANDARD.encode(bytes));
            listed.push(KeptFile { name: name.clone(), base64 });
        }
        for (name, bytes) in &self.history {
            put(format!("history/{name}"), bytes.clone());
        }
        if let Some(table) = self.service_codes {
            put(SERVICE_CODES.into(), table.as_bytes().to_vec());
        }
        let rules: BTreeSet<String> =
            self.rules.iter().cloned().chain(self.finds.iter().map(|code| code.to_string())).collect();
        let clauses = rules.iter().filter_map(|code| rule(code)).map(|rule| rule.clause.to_string());
        let mut all_clauses = self.clauses.clone();
        all_clauses.extend(clauses.filter(|clause| !self.clauses.contains(clause)));
        let case = Kept {
            title: Title { ja: self.ja.clone(), en: self.en.clone() },
            clauses: all_clauses,
            rules: rules.into_iter().collect(),
            ambiguities: self.ambiguities.clone(),
            profile: match self.profile {
                Profile::Export => "export".into(),
                Profile::Import => "import".into(),
            },
            files: listed,
            service_codes: self.service_codes.map(|_| SERVICE_CODES.into()),
            history: (!self.history.is_empty()).then(|| "history".into()),
            expected: self.expected(),
        };
        let mut text = serde_json::to_vec_pretty(&case).expect("JSON");
        text.push(b'\n');
        put("case.json".into(), text);
        kept
    }
}

/// Whether every system and every git can hold a file of this name.
fn is_plain(name: &str) -> bool {
    let letters = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'));
    letters && !name.starts_with('.') && !name.ends_with('.') && name.len() <= 100 && !name.is_empty()
}

/// `case.json`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Kept {
    title: Title,
    clauses: Vec<String>,
    rules: Vec<String>,
    ambiguities: Vec<String>,
    pub(crate) profile: String,
    pub(crate) files: Vec<KeptFile>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_codes: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    history: Option<String>,
    pub(crate) expected: Expected,
}

#[derive(Serialize, Deserialize)]
struct Title {
    ja: String,
    en: String,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct KeptFile {
    name: String,
    /// The bytes, where no file can have the name; else they lie under `files/`.
    #[serde(skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Expected {
    pub(crate) accepted: bool,
    pub(crate) units: Vec<Unit>,
    pub(crate) findings: Vec<Finding>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Unit {
    pub(crate) kind: Option<String>,
    serial: String,
    sender: String,
    sender_type: Option<String>,
    receiver: String,
    receiver_type: Option<String>,
    files: Vec<String>,
    pub(crate) accepted: bool,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Finding {
    pub(crate) code: String,
    severity: String,
    pub(crate) file: Option<String>,
    row: Option<u64>,
    column: Option<u16>,
}

#[derive(Deserialize)]
struct Said {
    units: Vec<Unit>,
    findings: Vec<Finding>,
}

/// What the checker says, cut down to what is compared.
fn answer(files: &Files, profile: Profile, service_codes: Option<&[u8]>, history: &Files) -> Expected {
    let codes = service_codes.map(|table| ServiceCodes::read(table).expect("a table"));
    let history = HistorySet::read(&sources(history));
    let context = Context { service_codes: codes.as_ref(), history: &history };
    let report = check_with(&sources(files), profile, &context);
    let called = files.iter().map(|(name, _)| Called { name, shown: name }).collect();
    let text = json_report::write(&[json_report::Folder { report: &report, files: called, values: Vec::new() }]);
    let Said { units, findings } = serde_json::from_str(&text).expect("JSON");
    Expected { accepted: report.is_accepted(), units, findings }
}

fn sources(files: &Files) -> Vec<SourceFile<'_>> {
    files.iter().map(|(name, bytes)| SourceFile { name, bytes }).collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors")
}

/// What lies in the folder.
pub(crate) fn kept() -> Tree {
    fn walk(folder: &Path, below: &str, tree: &mut Tree) {
        for entry in fs::read_dir(folder).expect("vectors/ is there") {
            let path = entry.expect("vectors/ can be read").path();
            let name = path.file_name().and_then(|name| name.to_str()).expect("plain names").to_string();
            if path.is_dir() {
                walk(&path, &format!("{below}{name}/"), tree);
            } else if !(below.is_empty() && BY_HAND.contains(&name.as_str())) {
                tree.insert(format!("{below}{name}"), fs::read(&path).expect("vectors/ can be read"));
            }
        }
    }
    let mut tree = Tree::new();
    walk(&root(), "", &mut tree);
    tree
}

/// Writes what is made and takes away what is not.
pub(crate) fn bless(made: &Tree) {
    let root = root();
    for entry in fs::read_dir(&root).expect("vectors/ is there") {
        let path = entry.expect("vectors/ can be read").path();
        if path.is_dir() {
            fs::remove_dir_all(path).expect("vectors/ can be written");
        }
    }
    for (path, bytes) in made {
        let path = root.join(path);
        fs::create_dir_all(path.parent().expect("below vectors/")).expect("vectors/ can be written");
        fs::write(path, bytes).expect("vectors/ can be written");
    }
}

/// A case as it lies there.
pub(crate) struct Read {
    pub(crate) path: String,
    pub(crate) kept: Kept,
    folder: PathBuf,
}

/// All cases, read from nothing but the folder.
pub(crate) fn read_all() -> Vec<Read> {
    let tree = kept();
    let paths = tree.keys().filter_map(|path| path.strip_suffix("/case.json"));
    let read = |path: &str| {
        let kept = serde_json::from_slice(&tree[&format!("{path}/case.json")]).expect("a case");
        Read { path: path.to_string(), kept, folder: root().join(path) }
    };
    paths.map(read).collect()
}

impl Read {
    pub(crate) fn answer(&self) -> Expected {
        let bytes = |file: &KeptFile| match &file.base64 {
            Some(base64) => BASE64_STANDARD.decode(base64).expect("base64"),
            None => fs::read(self.folder.join("files").join(&file.name)).expect("the file lies there"),
        };
        let files = self.kept.files.iter().map(|file| (file.name.clone(), bytes(file))).collect();
        let profile = if self.kept.profile == "import" { Profile::Import } else { Profile::Export };
        let codes = self.kept.service_codes.as_ref().map(|name| fs::read(self.folder.join(name)).expect("a table"));
        let mut history = Files::new();
        if let Some(folder) = &self.kept.history {
            for entry in fs::read_dir(self.folder.join(folder)).expect("the history lies there") {
                let entry = entry.expect("the history lies there");
                let name = entry.file_name().into_string().expect("a plain name");
                history.push((name, fs::read(entry.path()).expect("the history lies there")));
            }
            history.sort();
        }
        answer(&files, profile, codes.as_deref(), &history)
    }
}

// --- what cases are made of ---

/// Files of an example of a rule.
pub(crate) fn files(example: Example) -> Files {
    example.iter().map(|file| (file.name.to_string(), file.bytes())).collect()
}

/// The good example of a rule.
pub(crate) fn good(code: &str) -> Files {
    files(rule(code).expect("a rule").good)
}

/// 第1〜3表
pub(crate) fn plan() -> Files {
    good("V79")
}

/// 第6・7表
pub(crate) fn schedule() -> Files {
    good("V81")
}

/// One row of 実績.
pub(crate) fn actual() -> Files {
    good("V23")
}

/// MS932 bytes of a text.
pub(crate) fn ms932(text: &str) -> Vec<u8> {
    write::ms932(text).expect("MS932 text")
}

/// The first occurrence replaced by bytes.
pub(crate) fn replaced(bytes: &[u8], from: &str, to: &[u8]) -> Vec<u8> {
    let from = ms932(from);
    let at = bytes.windows(from.len()).position(|window| window == from).expect("the text is there");
    [&bytes[..at], to, &bytes[at + from.len()..]].concat()
}

/// Every occurrence replaced.
pub(crate) fn replaced_all(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len(), "as long as it was");
    let mut bytes = bytes.to_vec();
    for at in 0..bytes.len() {
        if bytes[at..].starts_with(from.as_bytes()) {
            bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
        }
    }
    bytes
}

/// The files, with something else in the one of this prefix.
pub(crate) fn with(mut files: Files, prefix: &str, from: &str, to: &str) -> Files {
    let file = files.iter_mut().find(|(name, _)| name.starts_with(prefix)).expect("the file is there");
    file.1 = replaced(&file.1, from, &ms932(to));
    files
}

/// The files under other names.
pub(crate) fn renamed(files: Files, from: &str, to: &str) -> Files {
    files.into_iter().map(|(name, bytes)| (name.replace(from, to), bytes)).collect()
}

/// The files without the one of this prefix.
pub(crate) fn without(files: Files, prefix: &str) -> Files {
    files.into_iter().filter(|(name, _)| !name.starts_with(prefix)).collect()
}

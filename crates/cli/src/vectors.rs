//! `fumibako vectors` — judges another program by `vectors/`: the same sets, the same findings.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};
use std::process::{Command as Process, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context;
use base64::prelude::{BASE64_STANDARD, Engine};
use serde::Deserialize;

use crate::check::screen;
use crate::terminal::{Done, Failure, Outcome, say};

/// A program that takes longer over one case is not waited for.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often it is looked whether a program has ended.
const GLANCE: Duration = Duration::from_millis(2);
/// Nobody needs a longer answer to so small a set.
const ANSWER_BYTES_MAX: u64 = 16 << 20;
/// Differences shown of one case.
const SHOWN_MAX: usize = 10;

#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// 別のプログラムが同じ検査結果を出すか、検査用データで確かめます
    ///
    /// 一件ごとに「BIN check --format json --as export|import DIR」を実行し、終了コードとJSONを比べます。
    Run(Args),
}

#[derive(clap::Args)]
pub(crate) struct Args {
    /// 確かめるプログラム
    #[arg(value_name = "BIN")]
    bin: PathBuf,
    /// 検査用データのフォルダー
    #[arg(long, value_name = "DIR", default_value = "vectors")]
    dir: PathBuf,
    /// 名前にこの文字列を含むものだけ（rules/V52 など）
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
}

pub(crate) fn run(command: &Command) -> Outcome {
    let Command::Run(args) = command;
    let bin = program(&args.bin)?;
    let cases = cases(&args.dir, args.only.as_deref())?;
    let (mut same, mut differing, mut impossible) = (0, 0, 0);
    for case in &cases {
        let place = tempfile::tempdir().context("一時フォルダーを作れません")?;
        match case.lay_out(place.path()) {
            Ok(()) => {}
            Err(LayOut::NoSuchName) => {
                impossible += 1;
                continue;
            }
            Err(LayOut::Failed(error)) => return Err(error),
        }
        let differences = case.judge(&bin, place.path())?;
        if differences.is_empty() {
            same += 1;
            continue;
        }
        differing += 1;
        say!("{}（{}）", case.path, case.kept.title.ja);
        for difference in differences.iter().take(SHOWN_MAX) {
            for (at, line) in screen::wrap(difference, screen::WIDTH - 4).iter().enumerate() {
                say!("  {}{line}", if at == 0 { "" } else { "  " });
            }
        }
        if differences.len() > SHOWN_MAX {
            say!("  ほか{}件", differences.len() - SHOWN_MAX);
        }
    }
    say!("{}件のうち、一致{same}件、不一致{differing}件、対象外{impossible}件", cases.len());
    if impossible > 0 {
        say!("対象外は、ここではファイルにできない名前の例です。");
    }
    Ok(if differing == 0 { Done::All } else { Done::Partly })
}

/// A name without a folder is looked for on the PATH, as a shell does.
fn program(bin: &Path) -> anyhow::Result<PathBuf> {
    if bin.components().count() == 1 && !bin.exists() {
        return Ok(bin.to_owned());
    }
    let fix = "プログラムの場所を確かめてください。";
    bin.canonicalize().with_context(|| Failure::new(format!("{}がありません。", bin.display()), fix))
}

/// `case.json`; what is for people alone is left out.
#[derive(Deserialize)]
struct Kept {
    title: Title,
    profile: Profile,
    files: Vec<KeptFile>,
    service_codes: Option<String>,
    history: Option<String>,
    expected: Expected,
}

#[derive(Deserialize)]
struct Title {
    ja: String,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Profile {
    Export,
    Import,
}

#[derive(Deserialize)]
struct KeptFile {
    name: String,
    base64: Option<String>,
}

#[derive(Deserialize)]
struct Expected {
    accepted: bool,
    #[serde(flatten)]
    said: Said,
}

/// The answer of a program, as much of it as is compared.
#[derive(Deserialize)]
struct Said {
    units: Vec<Unit>,
    findings: Vec<Finding>,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
struct Unit {
    serial: String,
    sender: String,
    sender_type: Option<String>,
    receiver: String,
    receiver_type: Option<String>,
    kind: Option<String>,
    files: Vec<String>,
    accepted: bool,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
struct Finding {
    file: Option<String>,
    row: Option<u64>,
    column: Option<u64>,
    code: String,
    severity: String,
}

struct Case {
    /// `rules/V52-bad`
    path: String,
    folder: PathBuf,
    kept: Kept,
}

fn cases(root: &Path, only: Option<&str>) -> anyhow::Result<Vec<Case>> {
    let fix = "検査用データ（vectors）のフォルダーを --dir で指定してください。";
    let unreadable = |path: &Path| Failure::new(format!("{}を読めません。", path.display()), fix);
    let mut cases = Vec::new();
    for group in folders(root).with_context(|| unreadable(root))? {
        for folder in folders(&group).with_context(|| unreadable(&group))? {
            let path = folder.strip_prefix(root).unwrap_or(&folder).to_string_lossy().replace('\\', "/");
            if only.is_some_and(|only| !path.contains(only)) {
                continue;
            }
            let json = folder.join("case.json");
            let bytes = fs::read(&json).with_context(|| unreadable(&json))?;
            let kept = serde_json::from_slice(&bytes).with_context(|| unreadable(&json))?;
            cases.push(Case { path, folder, kept });
        }
    }
    if cases.is_empty() {
        return Err(Failure::new(format!("{}に検査用データがありません。", root.display()), fix).into());
    }
    Ok(cases)
}

fn folders(path: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(path)?.map(|entry| entry.map(|entry| entry.path()));
    let mut folders = entries.collect::<io::Result<Vec<_>>>()?;
    folders.retain(|path| path.is_dir());
    folders.sort();
    Ok(folders)
}

/// Why a case cannot be laid out.
enum LayOut {
    /// No file here can have such a name.
    NoSuchName,
    Failed(anyhow::Error),
}

impl Case {
    /// The files in a folder of their own, under their names.
    fn lay_out(&self, place: &Path) -> Result<(), LayOut> {
        let failed = |error: io::Error| LayOut::Failed(anyhow::Error::new(error).context(self.path.clone()));
        let files = place.join("files");
        fs::create_dir(&files).map_err(failed)?;
        for KeptFile { name, base64 } in &self.kept.files {
            if !is_a_name(name) {
                return Err(LayOut::NoSuchName);
            }
            let target = files.join(name);
            match base64 {
                None => fs::copy(self.folder.join("files").join(name), target).map(drop).map_err(failed)?,
                Some(text) => {
                    let bytes = BASE64_STANDARD.decode(text).map_err(io::Error::other).map_err(failed)?;
                    // Which names a disk takes, the disk knows best.
                    let file = fs::OpenOptions::new().write(true).create_new(true).open(target);
                    let mut file = file.map_err(|_| LayOut::NoSuchName)?;
                    io::copy(&mut bytes.as_slice(), &mut file).map_err(failed)?;
                }
            }
        }
        Ok(())
    }

    /// What the program says otherwise.
    fn judge(&self, bin: &Path, place: &Path) -> anyhow::Result<Vec<String>> {
        let profile = match self.kept.profile {
            Profile::Export => "export",
            Profile::Import => "import",
        };
        // Answers go into a file: a pipe that nobody empties would hold the program up.
        let answer = place.join("answer");
        let mut process = Process::new(bin);
        process.args(["check", "--format", "json", "--as", profile]);
        if let Some(table) = &self.kept.service_codes {
            process.arg("--service-codes").arg(self.folder.join(table).canonicalize()?);
        }
        if let Some(earlier) = &self.kept.history {
            process.arg("--history").arg(self.folder.join(earlier).canonicalize()?);
        }
        process.arg(place.join("files")).stdin(Stdio::null()).stderr(Stdio::null());
        process.stdout(fs::File::create(&answer)?);
        let Some(status) = wait(&mut process, bin)? else {
            return Ok(vec![format!("{}秒たっても終わりません", PATIENCE.as_secs())]);
        };
        let mut bytes = Vec::new();
        fs::File::open(&answer)?.take(ANSWER_BYTES_MAX).read_to_end(&mut bytes)?;
        Ok(self.compare(status, &bytes))
    }

    fn compare(&self, status: ExitStatus, answer: &[u8]) -> Vec<String> {
        let expected = &self.kept.expected;
        let mut differences = Vec::new();
        let code = i32::from(!expected.accepted);
        if status.code() != Some(code) {
            let said = status.code().map_or_else(|| "なし（止められた）".into(), |code| code.to_string());
            differences.push(format!("終了コード: {code}のはずが{said}"));
        }
        let said: Said = match serde_json::from_slice(answer) {
            Ok(said) => said,
            Err(error) => {
                differences.push(format!("JSONとして読めません（{error}）"));
                return differences;
            }
        };
        let units = |said: &Said| said.units.iter().map(Unit::in_order).collect::<Vec<_>>();
        for (unit, times) in surplus(&units(&expected.said), &units(&said)) {
            differences.push(format!("送信単位が{}: {unit}", word(times)));
        }
        for (finding, times) in surplus(&expected.said.findings, &said.findings) {
            differences.push(format!("指摘が{}: {finding}", word(times)));
        }
        differences
    }
}

/// Whether it names one file, in this folder and nowhere else.
fn is_a_name(name: &str) -> bool {
    let mut parts = Path::new(name).components();
    let one = matches!((parts.next(), parts.next()), (Some(Component::Normal(_)), None));
    one && !name.contains(['/', '\0'])
}

/// Runs it; none if it had to be ended.
fn wait(process: &mut Process, bin: &Path) -> anyhow::Result<Option<ExitStatus>> {
    let fix = "実行できるプログラムを指定してください。";
    let mut child =
        process.spawn().with_context(|| Failure::new(format!("{}を実行できません。", bin.display()), fix))?;
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if start.elapsed() > PATIENCE {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(GLANCE);
    }
}

/// What one list has more often than the other: negative where it is missing in the second. Order does not matter.
fn surplus<'a, T: Ord>(expected: &'a [T], said: &'a [T]) -> Vec<(&'a T, i64)> {
    let mut times: BTreeMap<&T, i64> = BTreeMap::new();
    for item in expected {
        *times.entry(item).or_default() -= 1;
    }
    for item in said {
        *times.entry(item).or_default() += 1;
    }
    times.into_iter().filter(|(_, times)| *times != 0).collect()
}

fn word(times: i64) -> &'static str {
    if times < 0 { "足りません" } else { "余分です" }
}

impl Unit {
    /// The order of its files is the reader's own affair.
    fn in_order(&self) -> Unit {
        let mut unit = self.clone();
        unit.files.sort();
        unit
    }
}

impl std::fmt::Display for Unit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let office = |number: &str, kind: &Option<String>| match kind {
            Some(kind) => format!("{number}/{kind}"),
            None => number.to_owned(),
        };
        write!(
            f,
            "{} {} {}→{} {}ファイル {}",
            self.kind.as_deref().unwrap_or("種類なし"),
            self.serial,
            office(&self.sender, &self.sender_type),
            office(&self.receiver, &self.receiver_type),
            self.files.len(),
            if self.accepted { "受け付ける" } else { "受け付けない" }
        )
    }
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let severity = match self.severity.as_str() {
            "error" => "誤り",
            "warning" => "注意",
            other => other,
        };
        write!(f, "{severity} {}", self.code)?;
        if let Some(row) = self.row {
            write!(f, " {row}行目")?;
        }
        if let Some(column) = self.column {
            write!(f, " {column}列目")?;
        }
        // Another program's answer, or a hostile name: a terminal must not obey it.
        let plain = |letter: char| if letter.is_control() { '?' } else { letter };
        let file = self.file.as_deref().unwrap_or("（ファイルなし）");
        write!(f, " {}", file.chars().map(plain).collect::<String>())
    }
}

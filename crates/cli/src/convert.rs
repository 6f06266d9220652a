//! `fumibako convert` — a set as canonical JSON, and back. Also how `diff` and `reconcile` come by their sets.

use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use standard::json::{self, from_json, to_json};
use standard::{FileName, SourceFile, group};

use crate::check::gather::{self, Folder, Loaded};
use crate::terminal::{Done, Failure, Outcome};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// 変換先の形
    #[arg(long, value_enum, value_name = "FORM")]
    to: Form,
    /// 変換するファイルまたはフォルダー（いくつでも）。最後に、書き出すフォルダー（なければ作ります）
    #[arg(required = true, num_args = 2.., value_names = ["SRC", "DST"])]
    paths: Vec<PathBuf>,
    /// 結果の表示の形
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// 正準JSON（一組につき一つのファイル）
    Json,
    /// 標準仕様のCSV
    Csv,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// 画面で読む
    Text,
    /// プログラムで読む
    Json,
}

/// What is to be written, or why it is not.
struct Converted {
    files: Vec<json::File>,
    refused: Vec<(String, String)>,
}

pub(crate) fn run(args: &Args) -> Outcome {
    let Some((folder, sources)) = args.paths.split_last() else { return Ok(Done::All) };
    let found = files(sources)?;
    let Converted { files, refused } = match args.to {
        Form::Json => sets_to_json(&found),
        Form::Csv => json_to_files(&found),
    };
    // Nothing is written unless everything can be.
    if refused.is_empty() {
        write(folder, &files)?;
    }
    show(&match args.format {
        Format::Json => answer(&files, &refused),
        Format::Text => report(folder, &files, &refused),
    })?;
    Ok(if refused.is_empty() { Done::All } else { Done::Partly })
}

fn sets_to_json(found: &[json::File]) -> Converted {
    let names: Vec<&str> = found.iter().map(|file| file.name.as_str()).collect();
    let (groups, faults) = group(&names);
    let mut converted = Converted { files: Vec::new(), refused: Vec::new() };
    for (index, fault) in &faults {
        converted.refused.push((plain(names.get(*index).copied().unwrap_or_default()), fault.message()));
    }
    for group in groups {
        let sources: Vec<SourceFile<'_>> =
            group.files.iter().filter_map(|(index, _)| found.get(*index)).map(source).collect();
        let types = [group.key.sender_type, group.key.receiver_type].map(|code| code.map(|code| code.to_string()));
        let [from, to] = types.map(|code| code.unwrap_or_else(|| "00".into()));
        let id = group.kind().map_or("incomplete", |kind| kind.id());
        let name = format!("{id}_{}_{from}_{}_{to}_{}.json", group.key.sender, group.key.receiver, group.key.serial);
        match to_json(&sources) {
            Ok(text) => converted.files.push(json::File { name, bytes: text.into_bytes() }),
            Err(fault) => converted.refused.push((name, fault.to_string())),
        }
    }
    converted
}

fn json_to_files(found: &[json::File]) -> Converted {
    let mut converted = Converted { files: Vec::new(), refused: Vec::new() };
    for file in found {
        match read_json(file) {
            Ok(files) => converted.files.extend(files),
            Err(why) => converted.refused.push((plain(&file.name), why)),
        }
    }
    converted
}

fn read_json(file: &json::File) -> Result<Vec<json::File>, String> {
    let text = std::str::from_utf8(&file.bytes).map_err(|_| "UTF-8の文章として読めません".to_owned())?;
    from_json(text).map_err(|fault| fault.to_string())
}

/// All files of these places, folder by folder.
pub(crate) fn folders(paths: &[PathBuf]) -> anyhow::Result<Vec<Folder<Loaded>>> {
    gather::load(paths).map_err(|problem| match problem {
        gather::Problem::Nothing => Failure::new(
            "指定された場所にファイルがありません。",
            "変換・比較するファイルのあるフォルダーを指定してください。",
        )
        .into(),
        problem => {
            let mut what = String::new();
            lines(&mut what, "", &problem.to_string());
            Failure::new(what.trim_end(), "場所を確かめて、もう一度実行してください。")
        }
        .into(),
    })
}

/// All files of these places. A file twice under one name is refused: which of them would count?
pub(crate) fn files(paths: &[PathBuf]) -> anyhow::Result<Vec<json::File>> {
    let mut files: Vec<json::File> = folders(paths)?
        .into_iter()
        .flat_map(|folder| folder.files)
        .map(|found| json::File { name: found.name, bytes: found.bytes })
        .collect();
    files.sort_by(|a, b| a.name.cmp(&b.name));
    if files.windows(2).any(|pair| matches!(pair, [a, b] if a.name == b.name)) {
        let fix = "どちらを使うか決めて、フォルダーを一つだけ指定してください。";
        return Err(Failure::new("同じ名前のファイルが二つのフォルダーにあります。", fix).into());
    }
    Ok(files)
}

/// The CSV files of a place for `diff` and `reconcile`: as they are, or out of canonical JSON.
pub(crate) fn load(path: &Path) -> anyhow::Result<Vec<json::File>> {
    let mut loaded = Vec::new();
    for file in files(&[path.to_owned()])? {
        if file.name.parse::<FileName>().is_ok() {
            loaded.push(file);
        } else if Path::new(&file.name).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json")) {
            let fix = "fumibako convert --to json で作ったファイルを指定してください。";
            let refused = |why| Failure::new(format!("{}: {why}", plain(&file.name)), fix);
            loaded.extend(read_json(&file).map_err(refused)?);
        }
    }
    if loaded.is_empty() {
        let fix = "ケアプランデータのCSVファイルか、そのあるフォルダーを指定してください。";
        let what = format!("{}に標準仕様の名前のファイルがありません。", plain(&path.to_string_lossy()));
        return Err(Failure::new(what, fix).into());
    }
    Ok(loaded)
}

pub(crate) fn source(file: &json::File) -> SourceFile<'_> {
    SourceFile { name: &file.name, bytes: &file.bytes }
}

/// Nothing is overwritten. Looked at before the first is written, so that a refusal leaves nothing behind.
pub(crate) fn free(folder: &Path, files: &[json::File]) -> anyhow::Result<()> {
    match files.iter().find(|file| folder.join(&file.name).exists()) {
        Some(file) => Err(exists(folder, &file.name).into()),
        None => Ok(()),
    }
}

fn exists(folder: &Path, name: &str) -> Failure {
    let fix = "上書きはしません。別のフォルダーを指定してください。";
    Failure::new(format!("{}がすでにあります。", plain(&folder.join(name).to_string_lossy())), fix)
}

pub(crate) fn write(folder: &Path, files: &[json::File]) -> anyhow::Result<()> {
    free(folder, files)?;
    let failed = |error: io::Error| {
        let what = format!("{}に書き込めません（{error}）。", plain(&folder.to_string_lossy()));
        Failure::new(what, "空き容量と書き込みの許可を確かめてください。")
    };
    fs::create_dir_all(folder).map_err(failed)?;
    for json::File { name, bytes } in files {
        let written = OpenOptions::new().write(true).create_new(true).open(folder.join(name));
        match written.and_then(|mut file| file.write_all(bytes)) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(exists(folder, name).into()),
            Err(error) => return Err(failed(error).into()),
            Ok(()) => {}
        }
    }
    Ok(())
}

fn report(folder: &Path, files: &[json::File], refused: &[(String, String)]) -> String {
    let mut out = String::new();
    if refused.is_empty() {
        for file in files {
            let _ = writeln!(out, "  {}", file.name);
        }
        let _ = writeln!(out, "{}に{}個のファイルを書き出しました。", plain(&folder.to_string_lossy()), files.len());
    } else {
        out.push_str("変換できないものがあるので、何も書き出していません。\n");
        for (name, why) in refused {
            let _ = writeln!(out, "\n  {name}");
            lines(&mut out, "    ", why);
        }
        out.push_str("\n→ fumibako check で検査し、直してから、もう一度変換してください。\n");
    }
    out
}

fn answer(files: &[json::File], refused: &[(String, String)]) -> String {
    let written: Vec<&str> =
        if refused.is_empty() { files.iter().map(|file| file.name.as_str()).collect() } else { Vec::new() };
    let refused: Vec<_> = refused.iter().map(|(name, why)| serde_json::json!({ "file": name, "why": why })).collect();
    pretty(&serde_json::json!({ "written": written, "refused": refused }))
}

pub(crate) fn pretty(value: &serde_json::Value) -> String {
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}

/// A text fit for a terminal: what would steer it is replaced.
pub(crate) fn plain(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { '?' } else { letter }).collect()
}

/// Adds a text in lines that fit the screen, each after the indent.
pub(crate) fn lines(out: &mut String, indent: &str, text: &str) {
    use crate::check::screen::{WIDTH, width, wrap};
    for line in wrap(&plain(text), WIDTH.saturating_sub(width(indent))) {
        let _ = writeln!(out, "{indent}{line}");
    }
}

/// Writes to the screen; whoever stopped reading has read enough.
pub(crate) fn show(text: &str) -> anyhow::Result<()> {
    match anstream::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::new(format!("結果を表示できません（{error}）。"), "出力先を確かめてください。").into())
        }
        _ => Ok(()),
    }
}

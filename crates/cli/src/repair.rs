//! `fumibako repair` — a conforming copy of files written in another manner, and the list of what was changed.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Component, Path, PathBuf};

use serde_json::{Map, Value, json};
use standard::SourceFile;
use standard::dialect::{self, Dialect};
use standard::json::File;
use standard::repair::{Accepted, Change, Decision, Original, Repaired, RepairedFile, repair, written_text};

use crate::check::gather::{Folder, Loaded};
use crate::check::screen::cut;
use crate::convert::{self, Format, lines, plain};
use crate::terminal::{Done, Failure, Outcome};

/// Changes of one file shown on the screen; JSON has them all.
const CHANGES_SHOWN: usize = 20;
/// Decisions shown on the screen; JSON has them all.
const DECISIONS_SHOWN: usize = 100;
/// Columns of a value on the screen.
const VALUE_WIDTH: usize = 30;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// 直すファイルまたはフォルダー（書き換えません）
    #[arg(value_name = "SRC")]
    source: PathBuf,
    /// 直した写しを書き出すフォルダー（なければ作ります。上書きはしません）
    #[arg(value_name = "DST")]
    target: PathBuf,
    /// MS932（Shift_JIS）にない文字を、表示される候補に置き換えます
    #[arg(long)]
    accept_replacements: bool,
    /// 出力の形
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// セルの内容も表示します
    #[arg(long)]
    show_values: bool,
}

pub(crate) fn run(args: &Args) -> Outcome {
    apart(&args.source, &args.target)?;
    let accepted = if args.accept_replacements { Accepted::proposed() } else { Accepted::none() };
    let mut work = Work::default();
    // A set lies in one folder; what a folder below holds is written to the same folder below the target.
    for Folder { path, files } in convert::folders(std::slice::from_ref(&args.source))? {
        work.add(path.strip_prefix(&args.source).unwrap_or(Path::new("")), files, &accepted);
    }
    let mut written: BTreeMap<PathBuf, Vec<File>> = BTreeMap::new();
    for RepairedFile { source, name, bytes } in &work.repaired.files {
        let folder = args.target.join(&work.below[*source]);
        written.entry(folder).or_default().push(File { name: name.clone(), bytes: bytes.clone() });
    }
    written.iter().try_for_each(|(folder, files)| convert::free(folder, files))?;
    written.iter().try_for_each(|(folder, files)| convert::write(folder, files))?;
    let told = Told { work: &work, values: args.show_values };
    convert::show(&match args.format {
        Format::Json => convert::pretty(&told.answer()),
        Format::Text => told.report(&args.target),
    })?;
    Ok(if work.repaired.is_complete() { Done::All } else { Done::Partly })
}

/// The files of all folders in one row, and what was made of them.
#[derive(Default)]
struct Work {
    found: Vec<Loaded>,
    /// The folder each file lies in, from the source on.
    below: Vec<PathBuf>,
    dialects: Vec<Dialect>,
    repaired: Repaired,
}

impl Work {
    /// Repairs the sets of one folder by themselves.
    fn add(&mut self, below: &Path, files: Vec<Loaded>, accepted: &Accepted) {
        let sources: Vec<SourceFile<'_>> =
            files.iter().map(|file| SourceFile { name: &file.name, bytes: &file.bytes }).collect();
        let first = self.found.len();
        let Repaired { files: repaired, changes, decisions } = repair(&sources, accepted);
        let dialects = dialect::of(&sources).into_iter();
        self.dialects.extend(dialects.map(|dialect| Dialect { file: dialect.file + first, ..dialect }));
        let repaired = repaired.into_iter();
        self.repaired.files.extend(repaired.map(|file| RepairedFile { source: file.source + first, ..file }));
        let changes = changes.into_iter();
        self.repaired.changes.extend(changes.map(|change| Change { file: change.file + first, ..change }));
        self.repaired.decisions.extend(decisions.into_iter().map(|decision| Decision {
            file: decision.file.map(|file| file + first),
            set: decision.set.iter().map(|file| file + first).collect(),
            ..decision
        }));
        self.below.resize(first + files.len(), below.to_owned());
        self.found.extend(files);
    }
}

/// Nothing may be written where the originals are.
fn apart(source: &Path, target: &Path) -> anyhow::Result<()> {
    let Ok(source) = source.canonicalize() else { return Ok(()) }; // it will be said that it cannot be read
    let folder = if source.is_dir() { Some(source.as_path()) } else { source.parent() };
    let absolute = std::path::absolute(target)?;
    // The part of the target that exists, and so may be reached by a link. What is still to be made goes down only.
    let ancestor = absolute.ancestors().find(|part| part.exists()).unwrap_or(&absolute);
    let existing = ancestor.canonicalize().unwrap_or_else(|_| ancestor.to_owned());
    let rest = absolute.strip_prefix(ancestor).unwrap_or(&absolute);
    if rest.components().any(|part| part == Component::ParentDir) {
        let what = "書き出す先のフォルダーの途中に、まだないフォルダーの「..」があります。";
        return Err(Failure::new(what, "「..」を使わずに指定してください。").into());
    }
    let inside = match source.is_dir() {
        true => existing.starts_with(&source),
        false => Some(existing.as_path()) == folder && target.exists(),
    };
    if inside {
        let what = "書き出す先が、直すファイルのあるフォルダーの中です。";
        return Err(Failure::new(what, "元のファイルには手を加えません。別のフォルダーを指定してください。").into());
    }
    Ok(())
}

struct Told<'t> {
    work: &'t Work,
    values: bool,
}

impl Told<'_> {
    fn name(&self, file: usize) -> String {
        self.work.found.get(file).map(|file| plain(&file.shown)).unwrap_or_default()
    }

    fn report(&self, target: &Path) -> String {
        let mut out = String::new();
        for index in 0..self.work.found.len() {
            self.file(&mut out, index);
        }
        self.decisions(&mut out);
        self.candidates(&mut out);
        let written = self.work.repaired.files.len();
        let held = self.work.found.len() - written;
        if written > 0 {
            let target = plain(&target.to_string_lossy());
            let what = match self.work.repaired.changes.is_empty() {
                true => "直すところはありませんでした。",
                false => "",
            };
            lines(&mut out, "", &format!("{what}{target}に{written}個のファイルを書き出しました。"));
        }
        if held > 0 {
            lines(&mut out, "", &format!("人が決めることがあるので、{held}個のファイルは書き出していません。"));
        }
        out
    }

    /// How one file was written, and what was changed in it.
    fn file(&self, out: &mut String, index: usize) {
        let dialects: Vec<_> = self.work.dialects.iter().filter(|dialect| dialect.file == index).collect();
        let changes: Vec<_> = self.work.repaired.changes.iter().filter(|change| change.file == index).collect();
        if dialects.is_empty() && changes.is_empty() {
            return;
        }
        lines(out, "", &self.name(index));
        for dialect in dialects {
            lines(out, "  ", &format!("{}。", dialect.sentence()));
        }
        if !changes.is_empty() {
            lines(out, "  ", &format!("直したところ: {}か所", changes.len()));
        }
        let original = self.original(index);
        for change in changes.iter().take(CHANGES_SHOWN) {
            let done: Vec<String> =
                change.manners.iter().map(|manner| format!("{} [{}]", manner.done(), manner.why())).collect();
            lines(out, "    ", &format!("{}: {}", place_of(change), done.join("、")));
            if self.values {
                let (before, after) = self.values(original.as_ref(), change);
                // A line end is nothing to look at.
                if !(before.trim().is_empty() && after.trim().is_empty()) {
                    let [before, after] = [before, after].map(|text| cut(&plain(&text), VALUE_WIDTH));
                    lines(out, "      ", &format!("{before} → {after}"));
                }
            }
        }
        if let Some(more) = changes.len().checked_sub(CHANGES_SHOWN).filter(|more| *more > 0) {
            lines(out, "    ", &format!("ほか{more}か所（--format json ですべて表示します）"));
        }
        out.push('\n');
    }

    fn original(&self, file: usize) -> Option<Original<'_>> {
        self.work.found.get(file).filter(|_| self.values).map(|file| Original::new(&file.bytes))
    }

    fn values(&self, original: Option<&Original<'_>>, change: &Change) -> (String, String) {
        match &change.range {
            Some(range) => {
                (original.map(|original| original.text(range)).unwrap_or_default(), written_text(&change.written))
            }
            None => {
                let name = self.work.found.get(change.file).map(|file| file.name.clone());
                (name.unwrap_or_default(), written_text(&change.written))
            }
        }
    }

    fn decisions(&self, out: &mut String) {
        let decisions = &self.work.repaired.decisions;
        if decisions.is_empty() {
            return;
        }
        lines(out, "", &format!("人が決めること: {}件", decisions.len()));
        for decision in decisions.iter().take(DECISIONS_SHOWN) {
            lines(out, "  ", &format!("{}: {} [{}]", self.place(decision), decision.what, decision.why));
            if self.values
                && let Some((from, to)) = &decision.character
            {
                lines(out, "    ", &format!("{from} → {}", to.as_deref().unwrap_or("候補なし")));
            }
            lines(out, "    ", &format!("→ {}", decision.fix));
        }
        if let Some(more) = decisions.len().checked_sub(DECISIONS_SHOWN).filter(|more| *more > 0) {
            lines(out, "  ", &format!("ほか{more}件（--format json ですべて表示します）"));
        }
        out.push('\n');
    }

    fn place(&self, decision: &Decision) -> String {
        let file = decision.file.or(decision.set.first().copied());
        let mut place = file.map(|file| self.name(file)).unwrap_or_default();
        if decision.file.is_none() {
            place.push_str(" などの一組");
        }
        if let Some(row) = decision.row {
            let _ = write!(place, " {row}行目");
        }
        if let Some(item) = decision.item {
            let _ = write!(place, "「{item}」");
        }
        place
    }

    /// Each character without its place, so that it says nothing about a person.
    fn replacements(&self) -> BTreeMap<&(String, Option<String>), usize> {
        let mut counts = BTreeMap::new();
        for decision in &self.work.repaired.decisions {
            if let Some(character) = &decision.character {
                *counts.entry(character).or_default() += 1;
            }
        }
        counts
    }

    fn candidates(&self, out: &mut String) {
        let replacements = self.replacements();
        if replacements.is_empty() {
            return;
        }
        lines(out, "", "MS932（Shift_JIS）にない文字と、置き換えの候補");
        for ((from, to), count) in &replacements {
            let to = match to.as_deref() {
                None => "候補なし",
                Some("") => "取り除く",
                Some(to) => to,
            };
            lines(out, "  ", &format!("{}（{}） → {to}  {count}か所", visible(from), code_points(from)));
        }
        if replacements.keys().any(|(_, to)| to.is_some()) {
            lines(out, "", "→ 候補でよければ、--accept-replacements を付けてもう一度実行してください。");
        }
        out.push('\n');
    }

    fn answer(&self) -> Value {
        let folder = |file: usize| self.work.below.get(file).map(|below| plain(&below.to_string_lossy()));
        let written: Vec<Value> = self
            .work
            .repaired
            .files
            .iter()
            .map(|file| json!({ "file": self.name(file.source), "name": file.name, "folder": folder(file.source) }))
            .collect();
        let dialects: Vec<Value> = self
            .work
            .dialects
            .iter()
            .map(|dialect| {
                json!({ "file": self.name(dialect.file), "id": dialect.manner.id(), "sentence": dialect.sentence() })
            })
            .collect();
        let replacements: Vec<Value> = self
            .replacements()
            .into_iter()
            .map(|((from, to), count)| json!({ "from": from, "to": to, "count": count }))
            .collect();
        json!({
            "written": written,
            "dialects": dialects,
            "changes": self.changes(),
            "decisions": self.work.repaired.decisions.iter().map(|decision| self.decision(decision)).collect::<Vec<_>>(),
            "replacements": replacements,
        })
    }

    fn changes(&self) -> Vec<Value> {
        let mut original: Option<(usize, Option<Original<'_>>)> = None;
        let mut changes = Vec::with_capacity(self.work.repaired.changes.len());
        for change in &self.work.repaired.changes {
            if original.as_ref().is_none_or(|(file, _)| *file != change.file) {
                original = Some((change.file, self.original(change.file)));
            }
            let reasons: Vec<Value> = change
                .manners
                .iter()
                .map(|manner| json!({ "id": manner.id(), "done": manner.done(), "why": manner.why() }))
                .collect();
            let mut fields = Map::new();
            fields.insert("file".into(), self.name(change.file).into());
            if let Some(range) = &change.range {
                fields.insert("start".into(), range.start.into());
                fields.insert("end".into(), range.end.into());
            }
            fields.insert("bytes_written".into(), change.written.len().into());
            place(&mut fields, change.row, change.column, change.item);
            fields.insert("reasons".into(), reasons.into());
            if self.values {
                let original = original.as_ref().and_then(|(_, original)| original.as_ref());
                let (before, after) = self.values(original, change);
                fields.insert("before".into(), before.into());
                fields.insert("after".into(), after.into());
            }
            changes.push(fields.into());
        }
        changes
    }

    fn decision(&self, decision: &Decision) -> Value {
        let mut fields = Map::new();
        if let Some(file) = decision.file {
            fields.insert("file".into(), self.name(file).into());
        }
        let set: Vec<String> = decision.set.iter().map(|file| self.name(*file)).collect();
        fields.insert("set".into(), set.into());
        place(&mut fields, decision.row, decision.column, decision.item);
        fields.insert("why".into(), decision.why.into());
        fields.insert("what".into(), decision.what.clone().into());
        fields.insert("fix".into(), decision.fix.clone().into());
        if let Some((from, to)) = decision.character.as_ref().filter(|_| self.values) {
            fields.insert("from".into(), from.clone().into());
            fields.insert("to".into(), to.clone().into());
        }
        fields.into()
    }
}

fn place(fields: &mut Map<String, Value>, row: Option<u64>, column: Option<u16>, item: Option<&'static str>) {
    fields.insert("row".into(), row.into());
    fields.insert("column".into(), column.into());
    fields.insert("item".into(), item.into());
}

fn place_of(change: &Change) -> String {
    let Some(range) = &change.range else { return "ファイル名".into() };
    let mut place = change.row.map_or_else(String::new, |row| format!("{row}行目"));
    if let Some(item) = change.item {
        let _ = write!(place, "「{item}」");
    }
    let _ = write!(place, "（{}〜{}バイト）", range.start, range.end);
    place
}

/// A character fit for a terminal: one that cannot be seen is named by its number alone.
fn visible(text: &str) -> String {
    let unseen =
        |c: char| c.is_control() || matches!(c, '\u{200B}'..='\u{206F}' | '\u{FEFF}' | '\u{E000}'..='\u{F8FF}');
    if text.contains(unseen) { "見えない文字".into() } else { plain(text) }
}

fn code_points(text: &str) -> String {
    text.chars().map(|letter| format!("U+{:04X}", u32::from(letter))).collect::<Vec<_>>().join(" ")
}

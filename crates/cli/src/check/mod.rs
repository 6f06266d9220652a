//! `fumibako check` — judges files against the standard and points at what must change.

mod disk;
mod excerpt;
pub(crate) mod gather;
pub(crate) mod screen;
mod text;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anstream::AutoStream;
use clap::{ColorChoice, ValueEnum};
use disk::OnDisk;
use excerpt::Spot;
use gather::{Folder, Found};
use standard::json_report::{self, Called};
use standard::{Context, Finding, HistorySet, Profile, Report, ServiceCodes};

/// Nothing to refuse.
const EXIT_SOUND: u8 = 0;
/// At least one error in the files.
const EXIT_REFUSED: u8 = 1;
/// The files could not be judged.
const EXIT_FAILED: u8 = 2;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// 検査するファイルまたはフォルダー（フォルダーは中のフォルダーも検査します）
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// 出力の形
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// 送る側として検査するか（export）、受け取る側として検査するか（import）
    #[arg(long = "as", value_enum, default_value = "export", value_name = "PROFILE")]
    profile: Side,
    /// サービスコード表（CSV: サービスコード,名称,種別,算定,限度額）。V56・V68・V74の検査に使います
    #[arg(long, value_name = "FILE")]
    service_codes: Option<PathBuf>,
    /// これまでに届いたデータのフォルダー。V87・V88・V89の検査に使います
    #[arg(long, value_name = "DIR")]
    history: Option<PathBuf>,
    /// 項目の内容も表示します（氏名などが画面に出ます）
    #[arg(long)]
    show_values: bool,
    /// 色を付けるか
    #[arg(long, value_enum, default_value = "auto", value_name = "WHEN")]
    color: ColorChoice,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// 画面で読む
    Text,
    /// プログラムで読む
    Json,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Side {
    /// 書き出したファイルを、送る前に厳しく検査します
    Export,
    /// 受け取ったファイルを、取り込む前に検査します
    Import,
}

impl From<Side> for Profile {
    fn from(side: Side) -> Profile {
        match side {
            Side::Export => Profile::Export,
            Side::Import => Profile::Import,
        }
    }
}

/// The files of one folder and what was found in them.
///
/// A unit is looked for within one folder: copies of a set in two folders are two sets, and neither spoils
/// the other.
struct Judged {
    folder: Folder<Found>,
    report: Report,
}

pub(crate) fn run(args: &Args) -> ExitCode {
    match judge(args).and_then(|judged| print(args, &judged).map(|()| judged)) {
        Ok(judged) if judged.iter().all(|judged| judged.report.is_accepted()) => EXIT_SOUND.into(),
        Ok(_) => EXIT_REFUSED.into(),
        Err(problem) => {
            // Where even this cannot be written, the exit code has to do.
            let _ = writeln!(anstream::stderr(), "検査できませんでした: {problem}");
            EXIT_FAILED.into()
        }
    }
}

fn judge(args: &Args) -> Result<Vec<Judged>, gather::Problem> {
    let service_codes = args.service_codes.as_deref().map(service_codes).transpose()?;
    let history = args.history.as_ref().map_or_else(|| Ok(Vec::new()), history)?;
    let context = Context { service_codes: service_codes.as_ref(), history: &history };
    let judge = |folder: Folder<Found>| {
        let mut disk = OnDisk::new(&folder.files);
        let report = standard::check_contents(&names(&folder), &mut disk, args.profile.into(), &context);
        disk.finish()?;
        Ok(Judged { folder, report })
    };
    gather::gather(&args.paths)?.into_iter().map(judge).collect()
}

fn names(folder: &Folder<Found>) -> Vec<&str> {
    folder.files.iter().map(|file| file.name.as_str()).collect()
}

fn service_codes(path: &Path) -> Result<ServiceCodes, gather::Problem> {
    let shown = path.display().to_string();
    let bytes = fs::read(path).map_err(|error| gather::Problem::Read(shown.clone(), error))?;
    ServiceCodes::read(&bytes).map_err(|fault| gather::Problem::ServiceCodes(shown, fault))
}

/// Earlier sets, each folder by itself, in the order of import over all of them.
fn history(folder: &PathBuf) -> Result<Vec<HistorySet>, gather::Problem> {
    let folders = gather::gather(std::slice::from_ref(folder))?;
    let mut sets = Vec::new();
    for folder in &folders {
        let mut disk = OnDisk::new(&folder.files);
        sets.extend(HistorySet::read_contents(&names(folder), &mut disk));
        disk.finish()?;
    }
    sets.sort_by_key(|set| set.key);
    Ok(sets)
}

fn json(judged: &[Judged], show: bool) -> String {
    let mut folders = Vec::new();
    for Judged { folder, report } in judged {
        let files = folder.files.iter().map(|file| Called { name: &file.name, shown: &file.shown }).collect();
        let values = if show { values(folder, report) } else { Vec::new() };
        folders.push(json_report::Folder { report, files, values });
    }
    json_report::write(&folders)
}

/// The cells the findings point at, in one pass over each file.
fn values(folder: &Folder<Found>, report: &Report) -> Vec<Option<String>> {
    let mut spots: BTreeMap<usize, BTreeSet<Spot>> = BTreeMap::new();
    let place = |finding: &Finding| finding.place.file.zip(Spot::of(finding));
    for (file, spot) in report.findings.iter().filter_map(place) {
        spots.entry(file).or_default().insert(spot);
    }
    let mut disk = OnDisk::new(&folder.files);
    let values: BTreeMap<usize, BTreeMap<Spot, String>> =
        spots.iter().map(|(file, spots)| (*file, excerpt::values(&mut disk, *file, spots))).collect();
    let value = |finding: &Finding| {
        let (file, spot) = place(finding)?;
        values.get(&file)?.get(&spot).cloned()
    };
    report.findings.iter().map(value).collect()
}

fn print(args: &Args, judged: &[Judged]) -> Result<(), gather::Problem> {
    let choice = match args.color {
        ColorChoice::Auto => AutoStream::choice(&io::stdout()),
        ColorChoice::Always => anstream::ColorChoice::Always,
        ColorChoice::Never => anstream::ColorChoice::Never,
    };
    let mut out = io::BufWriter::new(AutoStream::new(io::stdout().lock(), choice));
    let written = match args.format {
        Format::Json => out.write_all(json(judged, args.show_values).as_bytes()),
        Format::Text => text::write(&mut out, judged, args.profile, args.show_values),
    };
    match written.and_then(|()| out.flush()) {
        // Whoever stopped reading has read enough.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(gather::Problem::Output(error)),
        _ => Ok(()),
    }
}

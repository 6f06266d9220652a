//! `fumibako check` — judges files against the standard and points at what must change.

mod excerpt;
pub(crate) mod gather;
mod json;
pub(crate) mod screen;
mod text;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anstream::AutoStream;
use clap::{ColorChoice, ValueEnum};
use gather::Folder;
use standard::{Profile, Report, SourceFile};

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
    folder: Folder,
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
    let judge = |folder: Folder| {
        let files: Vec<SourceFile<'_>> =
            folder.files.iter().map(|file| SourceFile { name: &file.name, bytes: &file.bytes }).collect();
        let report = standard::check(&files, args.profile.into());
        Judged { folder, report }
    };
    Ok(gather::gather(&args.paths)?.into_iter().map(judge).collect())
}

fn print(args: &Args, judged: &[Judged]) -> Result<(), gather::Problem> {
    let choice = match args.color {
        ColorChoice::Auto => AutoStream::choice(&io::stdout()),
        ColorChoice::Always => anstream::ColorChoice::Always,
        ColorChoice::Never => anstream::ColorChoice::Never,
    };
    let mut out = io::BufWriter::new(AutoStream::new(io::stdout().lock(), choice));
    let written = match args.format {
        Format::Json => json::write(&mut out, judged),
        Format::Text => text::write(&mut out, judged, args.profile),
    };
    match written.and_then(|()| out.flush()) {
        // Whoever stopped reading has read enough.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(gather::Problem::Output(error)),
        _ => Ok(()),
    }
}

use super::enclosing::{Enclosed, Enclosing, the_one_set};
use super::packs::{Pack, Packed, Stray, pack};
use super::{DeviceFolder, FindingView, ProblemView, Session, block_on, call};
use crate::terminal::{Done, Outcome, say};
use reqwest::multipart::{Form, Part};
use serde::Deserialize;
use std::path::PathBuf;

/// Findings shown for one set; the rest are counted.
const FINDINGS_SHOWN_MAX: usize = 20;

#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    device: DeviceFolder,
    /// 送るファイルか、それが入っているフォルダー
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    enclosed: Enclosed,
}

#[derive(Deserialize)]
struct SendView {
    sets: Vec<SetView>,
    strays: Vec<StrayView>,
}

#[derive(Deserialize)]
struct SetView {
    outcome: String,
    serial: String,
    receiver: String,
    files: Vec<String>,
    transmission: Option<TransmissionView>,
    problem: Option<ProblemView>,
    warnings: Vec<FindingView>,
}

#[derive(Deserialize)]
struct TransmissionView {
    id: String,
    kind_label: String,
    digest: String,
}

#[derive(Deserialize)]
struct StrayView {
    file: String,
    problem: ProblemView,
}

/// Splits what is under the paths into sets and sends each; a set that was sent before is not sent twice.
pub(crate) fn run(args: &Args) -> Outcome {
    let session = Session::open(&args.device)?;
    let enclosing = Enclosing::read(&args.enclosed)?;
    let Packed { packs, sets, mut strays } = pack(&args.paths)?;
    strays.retain(|stray| !enclosing.has(&stray.path));
    let mut with = match enclosing.is_empty() {
        true => None,
        false => Some((the_one_set(&sets, !strays.is_empty())?, enclosing)),
    };
    block_on(async {
        let mut tally = Tally::default();
        for Stray { shown, why, .. } in &strays {
            tally.refused += 1;
            say!("送りませんでした: {shown}");
            say!("  {why}");
        }
        for pack in packs {
            let mut form = form(pack)?;
            if let Some((set, enclosing)) = with.take() {
                form = enclosing.beside(form, set)?;
            }
            let answer: SendView = call(session.post("/api/v1/transmissions").multipart(form)).await?.json().await?;
            for stray in &answer.strays {
                tally.refused += 1;
                say!("送りませんでした: {}", stray.file);
                show_problem(&stray.problem);
            }
            for set in &answer.sets {
                show(set, &mut tally);
            }
        }
        say!("送信 {}件、送信済み {}件、送れなかったもの {}件", tally.accepted, tally.already, tally.refused);
        Ok(if tally.refused == 0 { Done::All } else { Done::Partly })
    })
}

#[derive(Default)]
struct Tally {
    accepted: usize,
    already: usize,
    refused: usize,
}

fn form(pack: Pack) -> anyhow::Result<Form> {
    pack.files.into_iter().try_fold(Form::new(), |form, file| {
        let part = Part::bytes(file.bytes).file_name(file.name).mime_str("application/octet-stream")?;
        Ok(form.part("file", part))
    })
}

fn show(set: &SetView, tally: &mut Tally) {
    let files = set.files.len();
    match (&set.transmission, set.outcome.as_str()) {
        (Some(sent), "accepted") => {
            tally.accepted += 1;
            say!("送りました: {} → {} {}（{files}ファイル）", set.serial, set.receiver, sent.kind_label);
            say!("  受付番号 {}", sent.id);
            say!("  指紋 {}", sent.digest);
        }
        (Some(sent), _) => {
            tally.already += 1;
            say!("送信済みです: {} → {} {}（受付番号 {}）", set.serial, set.receiver, sent.kind_label, sent.id);
        }
        (None, _) => {
            tally.refused += 1;
            say!("送りませんでした: {} → {}（{files}ファイル）", set.serial, set.receiver);
            if let Some(problem) = &set.problem {
                show_problem(problem);
            }
        }
    }
    if !set.warnings.is_empty() {
        say!("  注意 {}件（送信には差し支えありません）", set.warnings.len());
    }
}

fn show_problem(problem: &ProblemView) {
    say!("  {} [{}]", problem.what, problem.code);
    say!("  → {}", problem.fix);
    for finding in problem.findings.iter().take(FINDINGS_SHOWN_MAX) {
        let file = finding.file.as_deref().unwrap_or("データ全体");
        let row = finding.row.map_or_else(String::new, |row| format!(" {row}行目"));
        let item = match (&finding.column, &finding.item) {
            (Some(column), Some(item)) => format!(" No.{column} {item}"),
            _ => String::new(),
        };
        let character = finding.character.map_or_else(String::new, |character| format!(" {character}文字目"));
        say!("    {} {file}{row}{item}{character}", finding.code);
        say!("      {}", finding.what);
        say!("      → {}", finding.fix);
    }
    if problem.findings.len() > FINDINGS_SHOWN_MAX {
        say!("    ほか {}件", problem.findings.len() - FINDINGS_SHOWN_MAX);
    }
}

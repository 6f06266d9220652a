//! `fumibako ledger verify` — whether an exported log is the one that was signed.

use std::path::PathBuf;

use ledger::{ENTRY_PROOF_BYTES_MAX, EntryProof, Fault, Policy, Report, SignedCheckpoint, Wrong, verify_export};
use serde_json::{Value, json};

use super::failure;
use super::folder::{Folder, text};
use super::trust::Trust;
use super::wording::{clock, count, id, made_at, seconds, wrong};
use crate::convert::{Format, lines, plain, pretty, show};
use crate::terminal::{Done, Outcome};

/// Checkpoints that one person can name.
const KNOWN_MAX: usize = 1_000;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// 書き出した記録のフォルダー
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    #[command(flatten)]
    trust: Trust,
    /// 手元に残しておいたチェックポイントか証明のファイル（いくつでも）。これと食い違う記録を見つけます
    #[arg(long, value_name = "FILE")]
    checkpoint: Vec<PathBuf>,
    /// 出力の形
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

pub(crate) fn run(args: &Args) -> Outcome {
    let folder = Folder::open(&args.folder)?;
    args.trust.must_lie_outside(&args.folder)?;
    args.checkpoint.iter().try_for_each(|kept| super::trust::outside(kept, &args.folder))?;
    let policy = args.trust.policy()?;
    let known = known(&args.checkpoint, &policy)?;
    let report = verify_export(&folder, &policy, &known).map_err(super::folder::Unread::told)?;
    show(&match args.format {
        Format::Json => pretty(&answer(&report)),
        Format::Text => said(&report, args.trust.has_witnesses(), known.len()),
    })?;
    Ok(if report.is_sound() { Done::All } else { Done::Partly })
}

/// What somebody has kept. If it cannot be trusted, nothing is said about the log: it would be a false alarm.
fn known(paths: &[PathBuf], policy: &Policy) -> anyhow::Result<Vec<SignedCheckpoint>> {
    if paths.len() > KNOWN_MAX {
        let fix = format!("{KNOWN_MAX}個までにしてください。");
        return Err(failure("--checkpoint が多すぎます。", fix).into());
    }
    let read = |path: &PathBuf| {
        let fix = "手元に残したチェックポイントと、その時の公開鍵（--old-key）を確かめてください。";
        let shown = plain(&path.to_string_lossy());
        let fail = |why: String| failure(format!("{shown}を使えません。{why}。"), fix);
        let text = text(path, ENTRY_PROOF_BYTES_MAX, fix)?;
        // A proof holds a checkpoint too, and offices keep proofs.
        let signed = match text.parse::<EntryProof>() {
            Ok(proof) => proof.checkpoint().clone(),
            Err(_) => text.parse::<SignedCheckpoint>().map_err(|error| fail(super::wording::note(error)))?,
        };
        match policy.check_older(&signed) {
            // It may have been kept before the witnesses had signed.
            Ok(_) | Err(ledger::NoteError::TooFewWitnesses { .. }) => Ok(signed),
            Err(error) => Err(fail(super::wording::note(error)).into()),
        }
    };
    paths.iter().map(read).collect()
}

fn said(report: &Report, has_witnesses: bool, known: usize) -> String {
    let mut out = String::new();
    if report.is_sound() {
        out.push_str("記録は署名されたとおりです。変更・削除・追加・入替えはありません。\n\n");
    } else {
        out.push_str("記録が署名されたものと違います。\n\n");
        for fault in &report.faults {
            lines(&mut out, "  ", &sentence(fault));
            if let Some(path) = &fault.path {
                lines(&mut out, "      ", &format!("ファイル {path}"));
            }
        }
        if report.more_faults > 0 {
            lines(&mut out, "  ", &format!("ほかに{}か所", count(report.more_faults)));
        }
        out.push('\n');
    }
    facts(&mut out, report, known);
    if report.is_sound() {
        advice(&mut out, report, has_witnesses, known);
    } else {
        out.push('\n');
        let text = "→ このフォルダーをそのまま保存し（直したり書き出し直したりせず）、\
                    監査の担当に渡してください。手元のチェックポイントも一緒に。";
        lines(&mut out, "", text);
    }
    out
}

fn sentence(fault: &Fault) -> String {
    match (&fault.index, &fault.wrong) {
        // It names its range itself.
        (_, Wrong::OtherHistory { .. }) | (None, _) => format!("✗ {}。", wrong(&fault.wrong)),
        (Some(index), _) => format!("✗ {}番：{}。", count(*index), wrong(&fault.wrong)),
    }
}

fn facts(out: &mut String, report: &Report, known: usize) {
    let Some(checkpoint) = &report.checkpoint else { return };
    let size = checkpoint.size();
    let mut fact = |name: &str, value: &str| lines(out, "", &format!("  {name}：{value}"));
    fact("交換所", checkpoint.origin().as_str());
    fact("署名された件数", &format!("{}件（番号は0から）", count(size)));
    if report.entries != size {
        fact("読めた件数", &format!("{}件", count(report.entries)));
    }
    fact("署名された時", &made_at(checkpoint));
    if let Some(stamp) = checkpoint.stamp() {
        let (text, unsure) = clock(&stamp);
        fact("その時の時計", &text);
        if unsure {
            fact("注意", "時刻は確かとは言えません。前後関係は番号で見てください。");
        }
    }
    if let Some(trust) = &report.trust {
        for cosigned in &trust.cosigned {
            let text = format!("{} {}", cosigned.witness, seconds(cosigned.at_seconds));
            fact("立会人の署名", &text);
        }
        if trust.unknown > 0 {
            fact("知らない鍵の署名", &format!("{}件（見ていません）", trust.unknown));
        }
    }
    if report.older > 0 {
        fact("過去のチェックポイント", &format!("{}個と合いました", report.older));
    }
    if known > 0 {
        fact("手元のチェックポイント", &format!("{known}個のうち{}個と合いました", report.known));
    }
}

/// What a sound log does not tell, as long as only its operator vouches for it.
fn advice(out: &mut String, report: &Report, has_witnesses: bool, known: usize) {
    out.push('\n');
    if !has_witnesses && known == 0 {
        let text = "署名の鍵を持つ者がはじめから作り直した記録は、これだけでは見分けられません。\
                    → 立会人の鍵（--witness）か、手元に残したチェックポイント（--checkpoint）も\
                    指定してください。";
        lines(out, "", text);
    }
    if report.checkpoint.as_ref().is_some_and(|checkpoint| checkpoint.size() > 0) {
        let text = "この checkpoint ファイルを手元に残すと、次から、それより前の書換えを必ず見つけられます。";
        lines(out, "", text);
    }
}

fn answer(report: &Report) -> Value {
    let faults: Vec<Value> = report
        .faults
        .iter()
        .map(|fault| {
            let mut said = json!({
                "index": fault.index,
                "wrong": id(&fault.wrong),
                "path": fault.path,
                "text": wrong(&fault.wrong),
            });
            match &fault.wrong {
                Wrong::Missing { count } | Wrong::Added { count } => said["count"] = json!(count),
                Wrong::Moved { from } => said["from"] = json!(from),
                Wrong::ChangedBefore { before } => said["before"] = json!(before),
                Wrong::CutShort { known } => said["known_size"] = json!(known),
                Wrong::OtherHistory { good, bad } => {
                    (said["good_size"], said["bad_size"]) = (json!(good), json!(bad));
                }
                _ => {}
            }
            said
        })
        .collect();
    let checkpoint = report.checkpoint.as_ref().map(|checkpoint| {
        let stamp = checkpoint.stamp();
        json!({
            "origin": checkpoint.origin().as_str(),
            "size": checkpoint.size(),
            "at": stamp.as_ref().map(|stamp| stamp.at.to_string()),
            "clock_is_sure": stamp.as_ref().map(|stamp| !clock(stamp).1),
        })
    });
    let cosigned = report.trust.iter().flat_map(|trust| &trust.cosigned);
    let cosigned: Vec<Value> =
        cosigned.map(|one| json!({ "witness": one.witness.as_str(), "at_seconds": one.at_seconds })).collect();
    json!({
        "sound": report.is_sound(),
        "first_bad": report.first_bad(),
        "entries": report.entries,
        "checkpoint": checkpoint,
        "cosigned": cosigned,
        "older_checkpoints": report.older,
        "known_checkpoints": report.known,
        "faults": faults,
        "more_faults": report.more_faults,
    })
}

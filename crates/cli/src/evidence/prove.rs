//! `fumibako ledger prove` — the proof of one entry, from an exported log.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::PathBuf;

use ledger::{ProveError, prove};

use super::failure;
use super::folder::{Folder, Unread};
use super::wording::count;
use crate::convert::{plain, show};
use crate::terminal::{Done, Outcome, say};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// 書き出した記録のフォルダー
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// 記録の番号（0から）
    #[arg(value_name = "INDEX")]
    index: u64,
    /// 証明を書き出すファイル。指定がなければ画面に出します
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(crate) fn run(args: &Args) -> Outcome {
    let folder = Folder::open(&args.folder)?;
    let proof = prove(&folder, args.index).map_err(|error| explain(error, args.index))?;
    let Some(path) = &args.out else {
        show(&proof.to_string())?;
        return Ok(Done::All);
    };
    let shown = plain(&path.to_string_lossy());
    let written = OpenOptions::new().write(true).create_new(true).open(path);
    written.and_then(|mut file| file.write_all(proof.to_string().as_bytes())).map_err(|error| {
        let fix = "すでにあるファイルには上書きしません。別の名前にするか、書き込みの許可を確かめてください。";
        failure(format!("{shown}に書き込めません（{error}）。"), fix)
    })?;
    say!("{}番の証明を{shown}に書き出しました。", count(args.index));
    say!("確かめ方: fumibako receipt verify {shown} --key 交換所の公開鍵");
    Ok(Done::All)
}

fn explain(error: ProveError<Unread>, index: u64) -> anyhow::Error {
    let (what, fix) = match error {
        ProveError::Read(unread) => return unread.told(),
        ProveError::Checkpoint => (
            "チェックポイントがないか、読めません。".to_owned(),
            "書き出した記録のフォルダー（checkpoint と tile のあるところ）を指定してください。",
        ),
        ProveError::OutOfRange(size) => (
            format!("{}番の記録はありません。この記録は{}件です。", count(index), count(size)),
            "番号は0から数えます。",
        ),
        _ => (
            "記録かハッシュが壊れているので、証明を作れません。".to_owned(),
            "fumibako ledger verify で、どこが壊れているかを見てください。",
        ),
    };
    failure(what, fix).into()
}

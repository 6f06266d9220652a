use super::{DeviceFolder, Session, block_on, call};
use crate::terminal::{Done, Failure, Outcome, say};
use anyhow::Context as _;
use receipt::{RECEIPT_BYTES_MAX, Receipt};
use std::path::PathBuf;

#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    device: DeviceFolder,
    /// データの番号（fumibako send や一覧に出るもの）
    id: String,
    /// 書き出すファイル（なければ receipt-番号.json）
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Fetches the receipt of one set and keeps it in a file, which must not be there yet.
pub(crate) fn run(args: &Args) -> Outcome {
    if args.id.is_empty() || !args.id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-') {
        let fix = "数字と a〜f と - からなる番号を、送ったときの表示から写してください。";
        return Err(Failure::new("データの番号ではありません。", fix).into());
    }
    let session = Session::open(&args.device)?;
    let out = args.out.clone().unwrap_or_else(|| PathBuf::from(format!("receipt-{}.json", args.id)));
    let bytes = block_on(async {
        let answer = call(session.get(&format!("/api/v1/transmissions/{}/receipt", args.id))).await?;
        Ok(answer.bytes().await?)
    })?;
    let broken = || Failure::new("交換所の返事は、証明ではありませんでした。", "もう一度お試しください。");
    if bytes.len() > RECEIPT_BYTES_MAX {
        return Err(broken().into());
    }
    let receipt = Receipt::parse(&bytes).with_context(broken)?;
    let kept = std::fs::File::create_new(&out).and_then(|mut file| {
        std::io::Write::write_all(&mut file, &bytes)?;
        file.sync_all()
    });
    kept.with_context(|| {
        Failure::new(
            format!("{} に書けません。", out.display()),
            "同じ名前のファイルがないか確かめるか、--out で別の名前を示してください。",
        )
    })?;
    let proven = receipt.steps.iter().filter(|step| step.proof.is_some()).count();
    say!("証明を受け取りました: {}（{proven}段階）", out.display());
    say!("  確かめるには: fumibako receipt verify {} --key 公開鍵", out.display());
    Ok(Done::All)
}

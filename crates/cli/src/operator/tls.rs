//! 通信の点検 at the terminal: at once, without waiting for the server's next turn (R5.11); and verifying a report, which needs
//! the file and a key one trusts, and no exchange.

use super::erasure::verify::{key, read};
use super::{Where, block_on, explain};
use crate::terminal::{Done, Failure, Outcome, say};
use anyhow::Context as _;
use jiff::Timestamp;
use ledger::self_scan::{SCAN_BYTES_MAX, ScanError, ScanReport, SignedScan};
use std::fs;
use std::path::PathBuf;
use web::self_scan::{DoorAt, DoorKind, scan};

#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// 動いている交換所の窓口を、いま点検します
    Scan {
        #[command(flatten)]
        place: Where,
        /// 署名された報告を書き出すファイル
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// 署名された報告を確かめます（だれでも）
    Verify {
        /// 報告（JSON）
        file: PathBuf,
        /// 公開鍵（64桁の十六進）、またはそれを書いたファイル。報告とは別の道で受け取ったもの
        #[arg(long, value_name = "KEY")]
        key: String,
    },
}

pub(crate) fn run(command: &Command) -> Outcome {
    match command {
        Command::Scan { place, out } => block_on(look(place, out.as_deref())),
        Command::Verify { file, key } => verify(file, key),
    }
}

async fn look(place: &Where, out: Option<&std::path::Path>) -> Outcome {
    let (config, store) = place.open().await?;
    let doors = [
        (DoorKind::Exchange, Some(config.exchange_address())),
        (DoorKind::Enrolment, Some(config.enrolment_address())),
        (DoorKind::Tls12, config.tls12_address()),
        (DoorKind::Handover, config.handover_address()),
    ];
    let doors: Vec<_> =
        doors.into_iter().filter_map(|(kind, address)| address.map(|address| DoorAt { kind, address })).collect();
    let report = scan(&doors, Timestamp::now).await;
    let silent = |report: &ScanReport| report.doors.iter().all(|door| door.checks.len() <= 1);
    if silent(&report) {
        store.close().await;
        return Err(Failure::new(
            "どの窓口も答えません。点検は記録していません。",
            "交換所が動いているか（fumibako serve）、設定の listen が動いているものと同じかを確かめてください。",
        )
        .into());
    }
    let kept = store.record_self_scan_at_terminal(report).await.map_err(explain)?;
    let document = store.self_scan_document(kept.id).await.map_err(explain)?;
    store.close().await;
    say!("比べた基準: {}", kept.report.edition);
    for door in &kept.report.doors {
        let wrong: Vec<_> = door.checks.iter().filter(|check| !check.sound).collect();
        say!("{} {}: {} 項目、違い {}", door.door, door.address, door.checks.len(), wrong.len());
        for check in wrong {
            say!("    {} ({}): 決まり {}、見つかったもの {}", check.id, check.clause, check.expected, check.found);
        }
    }
    for row in kept.report.negotiated.iter().filter(|row| !row.approved) {
        say!("    決まりにない接続 {} 件: {} {} {} {}", row.connections, row.door, row.version, row.suite, row.group);
    }
    if let (Some(path), Some(document)) = (out, document) {
        fs::write(path, document).with_context(|| {
            Failure::new(format!("{} に書けません。", path.display()), "場所と権限を確かめてください。")
        })?;
        say!("署名された報告: {}", path.display());
    }
    if kept.deviations > 0 {
        say!("→ 違いのある窓口を止めて、だれが何を変えたかを証跡で確かめてください。");
        return Ok(Done::Partly);
    }
    say!("窓口は、決まりのとおりに話しています。");
    Ok(Done::All)
}

fn verify(file: &std::path::Path, trusted: &str) -> Outcome {
    let trusted = key(trusted)?;
    let bytes = read(file, SCAN_BYTES_MAX as u64 + 1)?;
    let checked = SignedScan::parse(&bytes).and_then(|signed| signed.verify(&trusted).map(|()| signed));
    match checked {
        Ok(signed) => {
            say!("報告は正しいものです。一文字も変わっていません。");
            say!("点検した時刻: {}", store::japanese_time(&signed.report.ended_at));
            say!("比べた基準: {}", signed.report.edition);
            say!("違い: {} 件", signed.report.deviations());
            say!("アクセスの記録の {}件目に、この報告が記録されています。", signed.log.index() + 1);
            Ok(Done::All)
        }
        Err(error) => {
            say!("この報告は信用できません: {}", why(error));
            say!("→ 交換所に、報告と公開鍵をもう一度求めてください。");
            Ok(Done::Partly)
        }
    }
}

fn why(error: ScanError) -> &'static str {
    match error {
        ScanError::Malformed => "報告ではないか、書き換えられています",
        ScanError::OtherKey => "別の鍵で署名されています",
        ScanError::Signature => "署名が合いません",
        ScanError::Digest => "ダイジェストが中身と合いません",
        ScanError::Entry => "アクセスの記録が、この報告のものではありません",
        _ => "アクセスの記録にあることが証明されていません",
    }
}

//! 機器・媒体の廃棄台帳 and 外部委託の破棄台帳 (R11.7, R11.8).

use super::{Where, below, block_on, explain, officer};
use crate::terminal::{Done, Failure, Outcome, say};
use anyhow::Context as _;
use sha2::{Digest as _, Sha256};
use std::path::{Path, PathBuf};
use store::{DisposalEntered, DisposalId, DisposalProof, OperatorName};

#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// 廃棄する機器・媒体を台帳に載せます
    Open {
        #[command(flatten)]
        place: Where,
        /// 製造番号
        serial: String,
        /// 製造番号を何で確かめたか（例: 銘板、機器台帳）
        #[arg(long)]
        source: String,
        /// 外部に委託するときは、その番号
        #[arg(long)]
        batch: Option<DisposalId>,
        /// 運営者の識別名
        #[arg(long, value_parser = officer)]
        by: OperatorName,
    },
    /// 廃棄が済んだ機器・媒体を、証拠とともに閉じます
    Close(Box<Close>),
    /// 外部に委託する破棄を始めます
    Batch {
        #[command(flatten)]
        place: Where,
        /// 委託先
        #[arg(long)]
        contractor: String,
        /// 契約と、医療情報を預けた側の承認
        #[arg(long)]
        contract: String,
        /// 運営者の識別名
        #[arg(long, value_parser = officer)]
        by: OperatorName,
    },
    /// 委託した破棄を閉じます。すべての機器に証拠が要ります
    BatchClose {
        #[command(flatten)]
        place: Where,
        /// 委託の番号
        batch: DisposalId,
        /// 運営者の識別名
        #[arg(long, value_parser = officer)]
        by: OperatorName,
    },
    /// 台帳。90日を超えて開いたままのものがあれば 1 で終わります
    List {
        #[command(flatten)]
        place: Where,
    },
}

#[derive(clap::Args)]
pub(crate) struct Close {
    #[command(flatten)]
    place: Where,
    /// 台帳の番号
    device: DisposalId,
    /// 方法（例: 破砕、消磁）
    #[arg(long)]
    method: String,
    /// 使った道具
    #[arg(long)]
    tool: String,
    /// 読み出せる情報が残っていないことを、どう確かめたか
    #[arg(long)]
    residual_check: String,
    /// 行った者（識別名か、委託先の担当の番号）
    #[arg(long)]
    performed_by: String,
    /// その者の資格・知識
    #[arg(long)]
    qualification: String,
    /// 証拠のファイル（報告書、写真、証明書）。台帳にはダイジェストだけが残ります
    #[arg(long, value_name = "FILE")]
    evidence: PathBuf,
    /// 閉じる運営者の識別名（載せた人とは別の人）
    #[arg(long, value_parser = officer)]
    by: OperatorName,
}

pub(crate) fn run(command: &Command) -> Outcome {
    block_on(async {
        match command {
            Command::Open { place, serial, source, batch, by } => {
                let (_, store) = place.open().await?;
                let entered = store.open_disposal(serial, source, *batch, by).await.map_err(explain)?;
                store.close().await;
                said(entered, "台帳に載せました")
            }
            Command::Close(close) => self::close(close).await,
            Command::Batch { place, contractor, contract, by } => {
                let (_, store) = place.open().await?;
                let entered = store.open_disposal_batch(contractor, contract, by).await.map_err(explain)?;
                store.close().await;
                said(entered, "委託を始めました")
            }
            Command::BatchClose { place, batch, by } => {
                let (_, store) = place.open().await?;
                let entered = store.close_disposal_batch(*batch, by).await.map_err(explain)?;
                store.close().await;
                said(entered, "委託した破棄を閉じました")
            }
            Command::List { place } => list(place).await,
        }
    })
}

fn digest(path: &Path) -> anyhow::Result<String> {
    let bytes = std::fs::read(path).with_context(|| {
        Failure::new(format!("証拠のファイル {} を読めません。", path.display()), "場所と権限を確かめてください。")
    })?;
    Ok(Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect())
}

async fn close(close: &Close) -> Outcome {
    let proof = DisposalProof {
        method: close.method.clone(),
        tool: close.tool.clone(),
        residual_check: close.residual_check.clone(),
        performed_by: close.performed_by.clone(),
        qualification: close.qualification.clone(),
        evidence_digest: digest(&close.evidence)?,
    };
    let (_, store) = close.place.open().await?;
    let entered = store.close_disposal(close.device, proof, &close.by).await.map_err(explain)?;
    store.close().await;
    said(entered, "廃棄を閉じました")
}

fn said(entered: DisposalEntered, done: &str) -> Outcome {
    let failure = match entered {
        DisposalEntered::Done(id) => {
            say!("{done}: {id}");
            return Ok(Done::All);
        }
        DisposalEntered::Incomplete => {
            Failure::new("足りない項目があります。", "どの項目も、空でなく、300文字までで書いてください。")
        }
        DisposalEntered::Twice => Failure::new(
            "同じ製造番号か、同じ証拠が、すでに台帳にあります。",
            "一つの証拠で証明できるのは一つの廃棄だけです。番号とファイルを確かめてください。",
        ),
        DisposalEntered::NotOpen => {
            Failure::new("その番号の、開いているものはありません。", "一覧は fumibako disposal list で見られます。")
        }
        DisposalEntered::OwnEntry => {
            Failure::new("載せた人は、自分では閉じられません。", "別の運営者が --by に自分の識別名を入れてください。")
        }
        DisposalEntered::Lacks(0) => {
            Failure::new("この委託には機器がありません。", "fumibako disposal open --batch で載せてください。")
        }
        DisposalEntered::Lacks(count) => Failure::new(
            format!("証拠のない機器が {count}台 あります。"),
            "それぞれの証拠を fumibako disposal close で加えてから閉じてください。",
        ),
    };
    Err(failure.into())
}

async fn list(place: &Where) -> Outcome {
    let (_, store) = place.open().await?;
    let (batches, devices) = store.disposals().await.map_err(explain)?;
    let mut overdue = 0;
    if batches.is_empty() && devices.is_empty() {
        say!("廃棄の記録はありません。");
    }
    let mut state = |opened: &str, closed: &Option<String>| match closed {
        Some(at) => format!("{} に閉じました", store::japanese_time(at)),
        None if store.disposal_is_overdue(opened) => {
            overdue += 1;
            "開いたまま90日を超えています".to_owned()
        }
        None => "開いています".to_owned(),
    };
    for batch in &batches {
        say!("委託 {}  {}", batch.batch_id, state(&batch.opened_at, &batch.closed_at));
        below(&format!("委託先 {}  契約 {}", batch.contractor, batch.contract));
    }
    for device in &devices {
        say!("機器 {}  {}", device.device_id, state(&device.opened_at, &device.closed_at));
        below(&format!("製造番号 {}（{}）", device.serial, device.serial_source));
        if let (Some(method), Some(by)) = (&device.method, &device.performed_by) {
            below(&format!("{method}（{by}）"));
        }
    }
    store.close().await;
    Ok(if overdue == 0 { Done::All } else { Done::Partly })
}

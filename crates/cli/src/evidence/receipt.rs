//! `fumibako receipt` — fetching and reading a proof: what it proves, and what it does not.

use std::fmt::Write as _;
use std::path::PathBuf;

use ledger::{ENTRY_PROOF_BYTES_MAX, Entry, EntryProof, EntryProofError, Trust};
use receipt::RECEIPT_BYTES_MAX;
use serde_json::json;

use super::folder::text;
use super::wording::{clock, count, instant, made_at, note, seconds};
use super::{delivery, failure};
use crate::convert::{Format, lines, plain, pretty, show};
use crate::terminal::{Done, Outcome};

#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// データ一件の送達の証明を、交換所から受け取ります（事業所の端末で）
    Get(crate::client::receipt::Args),
    /// 証明を、公開鍵だけで確かめます（交換所につながなくても使えます）
    Verify(Args),
}

#[derive(clap::Args)]
pub(crate) struct Args {
    /// 証明のファイル
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    trust: super::trust::Trust,
    /// 出力の形
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

pub(crate) fn run(command: &Command) -> Outcome {
    match command {
        Command::Get(args) => crate::client::receipt::run(args),
        Command::Verify(args) => verify(args),
    }
}

fn verify(args: &Args) -> Outcome {
    let policy = args.trust.policy()?;
    let fix = "fumibako receipt get か ledger prove で書き出した証明のファイルを、そのまま指定してください。";
    let text = text(&args.file, RECEIPT_BYTES_MAX.max(ENTRY_PROOF_BYTES_MAX), fix)?;
    if text.starts_with('{') {
        return delivery::verify(&text, &policy, args.format);
    }
    let verified = text.parse::<EntryProof>().and_then(|proof| Ok((proof.verify(&policy)?, proof)));
    match verified {
        Ok((trust, proof)) => {
            show(&match args.format {
                Format::Json => pretty(&answer(&proof, &trust)),
                Format::Text => said(&proof, &trust),
            })?;
            Ok(Done::All)
        }
        Err(EntryProofError::Malformed(_)) if !text.starts_with("c2sp.org/tlog-proof@v1") => {
            Err(failure("証明のファイルではありません。", fix).into())
        }
        Err(error) => {
            let why = why(error);
            show(&match args.format {
                Format::Json => pretty(&json!({ "proven": false, "text": why })),
                Format::Text => refused(&why),
            })?;
            Ok(Done::Partly)
        }
    }
}

fn why(error: EntryProofError) -> String {
    match error {
        EntryProofError::NotInLog(_) => {
            "記録がチェックポイントにつながりません（記録・番号・ハッシュのどれかが書き換えられています）".to_owned()
        }
        EntryProofError::Checkpoint(error) => format!("チェックポイントの{}", note(error)),
        _ => "形が崩れていて読めません（書き換えられたか、途中で切れています）".to_owned(),
    }
}

pub(super) fn refused(why: &str) -> String {
    let mut out = "この証明からは何も言えません。\n\n".to_owned();
    lines(&mut out, "  ", &format!("✗ {why}。"));
    out.push('\n');
    lines(
        &mut out,
        "",
        "→ 証明をもらい直してください。公開鍵（--key、以前の鍵は --old-key）が正しいかも確かめてください。",
    );
    out
}

fn said(proof: &EntryProof, trust: &Trust) -> String {
    let checkpoint = proof.checkpoint().checkpoint();
    let mut out = "証明は正しいものです。\n\n".to_owned();
    out.push_str("これで言えること\n");
    let mut point = |text: &str| lines(&mut out, "  ", &format!("・{text}"));
    point(&format!("次の記録は、{} の{}番に、この内容のまま入っています。", checkpoint.origin(), count(proof.index())));
    point(&format!(
        "{}に署名された時には、もう入っていました（その時は{}件）。",
        made_at(checkpoint),
        count(checkpoint.size())
    ));
    if let Some(stamp) = checkpoint.stamp() {
        let (text, unsure) = clock(&stamp);
        point(&format!("その時の時計：{text}{}", if unsure { "。時刻は確かとは言えません。" } else { "" }));
    }
    for cosigned in &trust.cosigned {
        point(&format!("立会人 {} が、{}に見ています。", cosigned.witness, seconds(cosigned.at_seconds)));
    }
    out.push_str("\n記録の内容\n");
    content(&mut out, proof.entry());
    out.push_str("\nこれだけでは言えないこと\n");
    let mut point = |text: &str| lines(&mut out, "  ", &format!("・{text}"));
    point("記録された出来事が本当にあったこと。記録したのは交換所です。");
    point("この後に何があったか。後の記録は、それぞれの証明で確かめます。");
    if trust.cosigned.is_empty() {
        point("交換所が、ほかの人に別の記録を見せていないこと。立会人の鍵（--witness）を指定すると確かめられます。");
    }
    out
}

/// The entry field by field; one of a later version as it is.
fn content(out: &mut String, bytes: &[u8]) {
    let Ok(entry) = Entry::parse(bytes) else {
        lines(out, "  ", &plain(&String::from_utf8_lossy(bytes)));
        lines(out, "  ", "（このプログラムより新しい形の記録です。内容はそのまま表示しています）");
        return;
    };
    let entry = entry.fields();
    let mut fact = |name: &str, value: &str| {
        let _ = writeln!(out, "  {name}：{}", plain(value));
    };
    fact("時刻", &instant(entry.at.as_millisecond()));
    fact("操作", entry.action.id());
    fact("だれが", &entry.actor.to_string());
    if let Some(office) = &entry.office {
        fact("事業所", office.as_str());
    }
    if let Some(device) = &entry.device {
        fact("端末", device.id().as_str());
        if let Some(serial) = device.certificate() {
            fact("端末の証明書", serial);
        }
    }
    if let Some(login) = &entry.login {
        fact("サインインの時刻", &instant(login.at.as_millisecond()));
    }
    if let Some(object) = &entry.object {
        fact("対象", object.as_str());
    }
    if let Some(counterpart) = &entry.counterpart {
        fact("相手", counterpart.as_str());
    }
    let (outcome, code) = match &entry.outcome {
        ledger::Outcome::Ok => ("できた", None),
        ledger::Outcome::Refused(code) => ("断られた", Some(code)),
        ledger::Outcome::Failed(code) => ("失敗した", Some(code)),
    };
    fact("結果", &code.map_or_else(|| outcome.to_owned(), |code| format!("{outcome}（{code}）")));
    for (name, value) in &entry.details {
        let value = match value {
            ledger::Detail::Number(number) => number.to_string(),
            ledger::Detail::Token(token) => token.to_string(),
        };
        fact(name.as_str(), &value);
    }
}

fn answer(proof: &EntryProof, trust: &Trust) -> serde_json::Value {
    let checkpoint = proof.checkpoint().checkpoint();
    let stamp = checkpoint.stamp();
    let cosigned: Vec<_> = trust
        .cosigned
        .iter()
        .map(|one| json!({ "witness": one.witness.as_str(), "at_seconds": one.at_seconds }))
        .collect();
    json!({
        "proven": true,
        "origin": checkpoint.origin().as_str(),
        "index": proof.index(),
        "size": checkpoint.size(),
        "at": stamp.as_ref().map(|stamp| stamp.at.to_string()),
        "clock_is_sure": stamp.as_ref().map(|stamp| !clock(stamp).1),
        "cosigned": cosigned,
        "entry": String::from_utf8_lossy(proof.entry()),
    })
}

//! 送達の証明: what became of a set, held against the log.

use std::fmt::Write as _;

use ledger::{ClockState, Policy};
use receipt::{Fault, Receipt, Verified};
use serde_json::json;

use super::receipt::refused;
use super::wording::{count, instant, made_at, seconds};
use crate::convert::{Format, lines, plain, pretty, show};
use crate::terminal::{Done, Outcome};

pub(super) fn verify(text: &str, policy: &Policy, format: Format) -> Outcome {
    let Ok(receipt) = Receipt::parse(text.as_bytes()) else {
        return say_no("形が崩れていて読めません（書き換えられたか、途中で切れています）", format);
    };
    match receipt.verify(policy) {
        Ok(verified) => {
            show(&match format {
                Format::Json => pretty(&answer(&receipt, &verified)),
                Format::Text => said(&receipt, &verified),
            })?;
            Ok(if verified.unproven.is_empty() { Done::All } else { Done::Partly })
        }
        Err(fault) => say_no(&why(&fault), format),
    }
}

fn say_no(why: &str, format: Format) -> Outcome {
    show(&match format {
        Format::Json => pretty(&json!({ "proven": false, "text": why })),
        Format::Text => refused(why),
    })?;
    Ok(Done::Partly)
}

fn why(fault: &Fault) -> String {
    match fault {
        Fault::NotInLog { step, .. } => format!(
            "「{}」の記録が、この公開鍵の証跡につながりません（記録か証明が書き換えられたか、別の交換所の鍵です）",
            step.label()
        ),
        Fault::Otherwise { step, what } => {
            format!("「{}」の{}が、証跡の記録と違います（書き換えられています）", step.label(), about(what))
        }
        Fault::OutOfOrder(step) => {
            format!("「{}」が、前の段階に続きません（段階が抜かれたか、並べ替えられています）", step.label())
        }
        Fault::NoAcceptance => "受付の証明がないため、何も確かめられません".to_owned(),
        Fault::Files => "ファイルの一覧が、データの指紋や宛先と合いません（書き換えられています）".to_owned(),
        Fault::State => "状態が、証明された段階と合いません（書き換えられています）".to_owned(),
        _ => "証明が正しくありません".to_owned(),
    }
}

fn about(what: &str) -> &'static str {
    match what {
        "set" => "データの番号",
        "offices" => "事業所",
        "instant" => "日時",
        "kind" => "種類",
        "size" => "大きさ",
        "content" => "データの指紋",
        "outcome" => "結果",
        "places" => "取り込めなかった箇所",
        _ => "内容",
    }
}

fn said(receipt: &Receipt, verified: &Verified) -> String {
    let set = &receipt.transmission;
    let whole = verified.unproven.is_empty();
    let mut out = if whole { "証明されました。\n\n" } else { "一部だけ証明されました。\n\n" }.to_owned();
    let mut fact = |name: &str, value: &str| {
        let _ = writeln!(out, "  {name}：{}", plain(value));
    };
    fact("データの番号", &set.id);
    fact("種類", &set.kind);
    // Serial and digest stand in no entry of the log: it is the files that vouch for them.
    let unsure = if verified.content { "" } else { "（消去されたため、証明されません）" };
    fact("ファイル連番", &format!("{}{unsure}", set.serial));
    fact("送信元", &set.sender.office);
    fact("送信先", &set.receiver.office);
    let unsure = if whole { "" } else { "（証明のない経過によります）" };
    fact("状態", &format!("{}{unsure}", verified.state.label()));
    out.push_str("\n経過\n");
    for step in &verified.steps {
        let entry = step.entry.fields();
        let time = instant(entry.at.as_millisecond());
        let _ = writeln!(out, "  {}  {time}", step.step.label());
        let _ = writeln!(out, "    証跡の{}番  {}", count(step.index), plain(&entry.actor.to_string()));
    }
    for step in &verified.unproven {
        let _ = writeln!(out, "  {}  証明がありません", step.label());
    }
    if let Some(import) = &receipt.import
        && !import.places.is_empty()
    {
        let _ = writeln!(
            out,
            "\n取り込めなかった箇所\n  {}か所（ファイルの import に書かれています）",
            import.places.len()
        );
    }
    out.push_str("\n指紋\n");
    if verified.content {
        let _ = writeln!(out, "  {}", plain(&set.digest));
        lines(&mut out, "  ", "手元のファイルの sha256sum と、証明の files にある値を比べてください。");
    } else {
        lines(&mut out, "  ", "中身は消去されているため、指紋は証明されません。");
    }
    out.push_str("\nこれで言えること\n");
    let mut point = |text: &str| lines(&mut out, "  ", &format!("・{text}"));
    if let Some(step) = verified.steps.last() {
        let checkpoint = step.checkpoint.checkpoint();
        point(&format!(
            "上の経過は、{}に署名された証跡（{}件）にこのとおり入っています。",
            made_at(checkpoint),
            count(checkpoint.size())
        ));
        for cosigned in &step.trust.cosigned {
            point(&format!("立会人 {} が、{}に見ています。", cosigned.witness, seconds(cosigned.at_seconds)));
        }
    }
    out.push_str("\nこれだけでは言えないこと\n");
    let mut point = |text: &str| lines(&mut out, "  ", &format!("・{text}"));
    point("データの中身が正しいこと。");
    point("この証明が作られたあとに何があったか。新しい証明をもらって確かめます。");
    let unsure = |step: &receipt::ProvenStep| !matches!(step.entry.fields().clock, ClockState::Synchronised { .. });
    if verified.steps.iter().any(unsure) {
        point("時刻の正確さ。交換所の時計が合っていたことを、記録は確かめていません。");
    }
    out
}

fn answer(receipt: &Receipt, verified: &Verified) -> serde_json::Value {
    let steps: Vec<_> = verified
        .steps
        .iter()
        .map(|step| {
            json!({
                "step": step.step.id(),
                "at": step.entry.fields().at.to_string(),
                "index": step.index,
                "actor": step.entry.fields().actor.to_string(),
            })
        })
        .collect();
    let unproven: Vec<_> = verified.unproven.iter().map(|step| step.id()).collect();
    json!({
        "proven": verified.unproven.is_empty(),
        "transmission": receipt.transmission.id,
        "state": verified.state.id(),
        "content": verified.content,
        "steps": steps,
        "unproven": unproven,
    })
}

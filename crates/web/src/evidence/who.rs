use receipt::StepName;
use store::EvidenceRow;

/// Who took a step: the name where it is of this office, and always the pseudonym's end, which is in the receipt in full.
pub(super) fn doer(row: &EvidenceRow, step: StepName) -> String {
    let Some(doer) = row.doers.get(&step) else { return String::new() };
    if doer.by_letter {
        return "手紙と電話のコードで来た人".to_owned();
    }
    // Sender and receiver take turns; the office itself is on one side only.
    let senders = matches!(step, StepName::Accepted | StepName::Withdrawn);
    let ours = senders == row.sent;
    let (kind, id) = doer.actor.split_once(':').unwrap_or((doer.actor.as_str(), ""));
    let what = match kind {
        "person" => "職員",
        "device" => "端末",
        "operator-cli" => "交換所の運営者",
        _ => "交換所",
    };
    let end = id.get(id.len().saturating_sub(8)..).unwrap_or(id);
    match (&doer.name, ours, id.is_empty()) {
        (_, _, true) => what.to_owned(),
        (Some(name), _, false) => format!("{what} {}（…{end}）", name.reveal()),
        (None, true, false) => format!("{what} …{end}"),
        (None, false, false) => format!("相手の{what} …{end}"),
    }
}

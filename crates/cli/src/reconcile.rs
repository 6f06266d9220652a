//! `fumibako reconcile` — 予実突合: plan beside actual.

use std::fmt::Write as _;
use std::path::PathBuf;

use serde_json::{Value, json};
use standard::reconcile::{
    Finding, Insurers, Mismatch, Office, Reconciliation, Service, Side, Sides, Total, Visit, Why, reconcile,
};
use standard::truth::{State, arrivals, truth};
use standard::{FileKind, SourceFile};

use crate::check::screen::{cut, width};
use crate::convert::{self, Format, lines};
use crate::diff::service;
use crate::terminal::{Done, Failure, Outcome};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// 予定（UPPLANのファイルまたはフォルダー、正準JSONでも）
    #[arg(value_name = "PLAN")]
    plan: PathBuf,
    /// 実績（UPJSKのファイルまたはフォルダー。何事業所分でも）
    #[arg(value_name = "ACTUAL")]
    actual: PathBuf,
    /// 出力の形
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// 被保険者番号や時刻などのセルの内容も表示します
    #[arg(long)]
    show_values: bool,
    /// 実績の届いている事業所だけを突き合わせます
    #[arg(long)]
    reported_only: bool,
    /// 保険者番号の違いを問いません（住所地特例）
    #[arg(long)]
    any_insurer: bool,
}

pub(crate) fn run(args: &Args) -> Outcome {
    let mut plan = side(&args.plan, FileKind::Upplan, "予定（UPPLAN）")?;
    let actual = side(&args.actual, FileKind::Upjsk, "実績（UPJSK）")?;
    if args.reported_only {
        plan = plan.of_offices(&actual.offices());
    }
    let insurers = if args.any_insurer { Insurers::Any } else { Insurers::Exact };
    let result = reconcile(&plan, &actual, &insurers);
    convert::show(&match args.format {
        Format::Json => convert::pretty(&answer(&result, args.show_values)),
        Format::Text => report(&result, args.show_values),
    })?;
    Ok(if result.agrees() { Done::All } else { Done::Partly })
}

fn side(path: &std::path::Path, kind: FileKind, label: &str) -> anyhow::Result<Side> {
    let files = convert::load(path)?;
    let files: Vec<SourceFile<'_>> = files.iter().map(convert::source).collect();
    let is_kind = |file: &&SourceFile<'_>| file.name.parse::<standard::FileName>().is_ok_and(|name| name.kind == kind);
    if !files.iter().any(|file| is_kind(&file)) {
        let what = format!("{label}のファイルがありません。");
        return Err(Failure::new(what, "予定、実績の順に指定してください。").into());
    }
    // One plan sent to three offices, or a month sent again, would be counted more than once.
    let mut sets = arrivals(&files);
    if let Some(receiver) = sets.first().map(|set| (set.unit.receiver, set.unit.receiver_type)) {
        for set in &mut sets {
            (set.unit.receiver, set.unit.receiver_type) = receiver;
        }
    }
    let truth = truth(&sets);
    let uploads = |steps: &&Vec<standard::truth::Step>| {
        steps.iter().any(|step| matches!(step.state, State::ReplacedBy(_) | State::WithdrawnBy(_)))
    };
    if !truth.repeated.is_empty() || truth.histories.values().any(|steps| uploads(&steps)) {
        let what = format!("同じ利用者・年月の{label}が二つ以上あるか、取り下げ済みです。");
        return Err(Failure::new(what, "いま有効な一組ずつだけを指定してください。").into());
    }
    Ok(Side::read(&files, kind))
}

fn report(result: &Reconciliation, show_values: bool) -> String {
    let mut out = String::new();
    let offices = || result.people.iter().flat_map(|person| &person.offices);
    let findings: usize = offices()
        .filter(|office| office.sides == Sides::Both)
        .flat_map(|office| &office.services)
        .map(|service| service.findings.len())
        .sum();
    let alone = |sides: Sides| offices().filter(|office| office.sides == sides).count();
    let people = result.people.iter().map(|person| person.number).max().unwrap_or(0);
    let mut parts = Vec::new();
    let mut part = |count: usize, text: &str| {
        if count > 0 {
            parts.push(format!("{text} {count}件"));
        }
    };
    part(findings, "食い違い");
    part(alone(Sides::Plan), "実績のない事業所");
    part(alone(Sides::Actual), "予定にない事業所");
    let summary = match parts.is_empty() {
        true => format!("予定と実績は一致しています（利用者 {people}人）。"),
        false => format!("予定と実績が一致していません（利用者 {people}人）：{}。", parts.join("、")),
    };
    lines(&mut out, "", &summary);
    for person in &result.people {
        let month = person.month;
        let _ = writeln!(out, "\n■ 利用者{}　{}年{}月", person.number, month.year(), month.month());
        if show_values {
            let (insurer, insured) = (person.person.insurer, person.person.insured);
            let _ = writeln!(out, "  保険者番号 {}　被保険者番号 {}", insurer.as_str(), insured.as_str());
        }
        person.offices.iter().for_each(|one| office(&mut out, one, show_values));
    }
    if result.unread != (0, 0) {
        out.push('\n');
        let text = format!("読めない行があります（予定 {}行、実績 {}行）。", result.unread.0, result.unread.1);
        lines(&mut out, "", &(text + "fumibako check で場所がわかります。"));
    }
    if !result.agrees() && !show_values {
        out.push_str("\n時刻などを見るには --show-values を付けてください。\n");
    }
    out
}

fn office(out: &mut String, office: &Office, show_values: bool) {
    let sum = |side: fn(&Service) -> Total| office.services.iter().map(side).fold(Total::default(), Total::plus);
    let (plan, actual) = (sum(|service| service.plan), sum(|service| service.actual));
    let state = match office.sides {
        Sides::Both => String::new(),
        Sides::Plan => format!("　実績なし（予定 {}）", total(plan)),
        Sides::Actual => format!("　予定なし（実績 {}）", total(actual)),
    };
    let _ = writeln!(out, "  事業所 {}{state}", office.office);
    if office.sides != Sides::Both && !show_values {
        return;
    }
    for one in &office.services {
        let satellite =
            if one.satellite.is_empty() { String::new() } else { format!(" サテライト{}", one.satellite) };
        let name = cut(&format!("{}{satellite}", service(one.code.as_str())), 70);
        let _ = writeln!(out, "    {name}");
        let _ = writeln!(out, "      予定 {}　実績 {}", total(one.plan), total(one.actual));
        one.findings.iter().for_each(|one| finding(out, one, show_values));
        notes(out, one);
    }
    if office.sides == Sides::Both {
        let _ = writeln!(out, "    計 予定 {}単位　実績 {}単位", grouped(plan.units), grouped(actual.units));
    }
}

fn total(total: Total) -> String {
    format!("{}回 {}単位", total.count, grouped(total.units))
}

/// 12,345
fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if number < 0 { format!("-{out}") } else { out }
}

fn finding(out: &mut String, finding: &Finding, show_values: bool) {
    let day = match finding.day {
        Some(day) => format!("{}月{}日", day.month(), day.day()),
        None => "日割".to_owned(),
    };
    let what = match finding.what {
        Mismatch::Missing(_) => "実績なし".to_owned(),
        Mismatch::Extra(_) => "予定なし".to_owned(),
        Mismatch::Differs { time, count, units, equipment, .. } => {
            let parts = [(time, "時刻"), (count, "回数"), (units, "単位数"), (equipment, "福祉用具のコード")];
            let parts: Vec<&str> = parts.into_iter().filter(|(differs, _)| *differs).map(|(_, name)| name).collect();
            format!("{}が違います", parts.join("・"))
        }
        Mismatch::Days { missing, extra } => {
            format!("対象日が違います（実績なし {}日、予定なし {}日）", missing.count(), extra.count())
        }
    };
    let pad = " ".repeat(9usize.saturating_sub(width(&day)));
    let mut line = format!("{day}{pad}{what}");
    if show_values {
        line += &match finding.what {
            Mismatch::Missing(visit) | Mismatch::Extra(visit) => format!("　{}", said(visit)),
            Mismatch::Differs { plan, actual, .. } => format!("　{} → {}", said(plan), said(actual)),
            Mismatch::Days { missing, extra } => {
                let days = |days: standard::value::DayMask| {
                    days.days().map(|day| day.to_string()).collect::<Vec<_>>().join(",")
                };
                format!("　実績なし: {}　予定なし: {}", days(missing), days(extra))
            }
        };
    }
    lines(out, "      ", &line);
}

fn said(visit: Visit) -> String {
    let units = visit.units.map_or_else(|| "単位数なし".to_owned(), |units| format!("{units}単位"));
    format!("{}-{} {}回 {units}", visit.start, visit.end, visit.count)
}

fn notes(out: &mut String, service: &Service) {
    let whys = [
        (Why::TimeUnstated, "時刻の記載（9999）が片方だけなので、時刻は比べていません"),
        (Why::UnitsUnstated, "単位数の記載が片方だけなので、単位数は比べていません"),
        (Why::OtherDay, "貸与の日が違いますが、同じ月なので一致としました"),
        (Why::MaskOnOneSide, "日割対象日が片方だけなので、行ごとに比べました"),
    ];
    for (why, text) in whys {
        let count = service.notes.iter().filter(|note| note.why == why).count();
        if count > 0 {
            lines(out, "      ", &format!("（{text}。{count}件）"));
        }
    }
}

fn answer(result: &Reconciliation, show_values: bool) -> Value {
    let total =
        |total: Total| json!({ "count": total.count, "units": total.units, "without_units": total.without_units });
    let service = |service: &Service| {
        let notes: Vec<Value> = service
            .notes
            .iter()
            .map(|note| {
                let why = match note.why {
                    Why::TimeUnstated => "time_unstated",
                    Why::UnitsUnstated => "units_unstated",
                    Why::OtherDay => "other_day",
                    Why::MaskOnOneSide => "mask_on_one_side",
                };
                json!({ "plan_day": note.days.0.to_string(), "actual_day": note.days.1.to_string(), "why": why })
            })
            .collect();
        json!({
            "service_code": service.code.as_str(),
            "satellite": service.satellite,
            "plan": total(service.plan),
            "actual": total(service.actual),
            "findings": service.findings.iter().map(|one| finding_answer(one, show_values)).collect::<Vec<_>>(),
            "notes": notes,
        })
    };
    let office = |office: &Office| {
        json!({
            "office": office.office.as_str(),
            "sides": match office.sides { Sides::Both => "both", Sides::Plan => "plan", Sides::Actual => "actual" },
            "services": office.services.iter().map(service).collect::<Vec<_>>(),
        })
    };
    let people: Vec<Value> = result
        .people
        .iter()
        .map(|person| {
            let mut said = json!({
                "person": person.number,
                "month": person.month.to_string(),
                "offices": person.offices.iter().map(office).collect::<Vec<_>>(),
            });
            if show_values {
                said["insurer_no"] = json!(person.person.insurer.as_str());
                said["insured_no"] = json!(person.person.insured.as_str());
            }
            said
        })
        .collect();
    json!({
        "same": result.agrees(),
        "people": people,
        "unread": { "plan": result.unread.0, "actual": result.unread.1 },
    })
}

fn finding_answer(finding: &Finding, show_values: bool) -> Value {
    let visit = |visit: Visit| json!({ "start": visit.start.to_string(), "end": visit.end.to_string(), "count": visit.count, "units": visit.units });
    let mut said = json!({ "day": finding.day.map(|day| day.to_string()) });
    let (plan, actual) = match finding.what {
        Mismatch::Missing(plan) => {
            said["what"] = json!("missing");
            (Some(plan), None)
        }
        Mismatch::Extra(actual) => {
            said["what"] = json!("extra");
            (None, Some(actual))
        }
        Mismatch::Differs { plan, actual, time, count, units, equipment } => {
            said["what"] = json!("differs");
            said["differs"] = json!({ "time": time, "count": count, "units": units, "equipment": equipment });
            (Some(plan), Some(actual))
        }
        Mismatch::Days { missing, extra } => {
            said["what"] = json!("days");
            said["missing"] = json!(missing.days().collect::<Vec<_>>());
            said["extra"] = json!(extra.days().collect::<Vec<_>>());
            (None, None)
        }
    };
    if show_values {
        said["plan"] = plan.map_or(Value::Null, visit);
        said["actual"] = actual.map_or(Value::Null, visit);
    }
    said
}

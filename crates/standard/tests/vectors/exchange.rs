//! What travels between whom: the patterns D1 to D7, whole, withdrawn, broken; and each file kind with a fault.

use crate::case::{Case, Files, case, plan, renamed, schedule, without};
use fumibako_standard::UnitKind;
use fumibako_standard::sample::{self, Request};

/// Pattern, unit, sender, receiver, what it is.
#[rustfmt::skip]
const PATTERNS: &[(&str, UnitKind, &str, &str, &str, &str)] = &[
    ("D1-plan",                     UnitKind::CarePlan,                    "43", "11", "居宅サービス計画書を送る", "a care plan is sent"),
    ("D1-plan-own-care-manager",    UnitKind::CarePlan,                    "73", "11", "小規模多機能が計画書を送る", "a care plan from a service with its own care manager"),
    ("D1-plan-withdrawn",           UnitKind::CarePlanDelete,              "43", "11", "居宅サービス計画書を取り下げる", "a care plan is withdrawn"),
    ("D2-schedule",                 UnitKind::Schedule,                    "43", "11", "利用票（予定）を送る", "a schedule is sent"),
    ("D2-schedule-rental",          UnitKind::Schedule,                    "43", "17", "福祉用具貸与への利用票（予定）を送る", "a schedule to an equipment rental"),
    ("D2-schedule-day-care",        UnitKind::Schedule,                    "43", "15", "通所介護への利用票（予定）を送る", "a schedule to a day care"),
    ("D2-schedule-withdrawn",       UnitKind::ScheduleDelete,              "43", "11", "利用票（予定）を取り下げる", "a schedule is withdrawn"),
    ("D3-actuals",                  UnitKind::Actual,                      "11", "43", "実績を送る", "actuals are sent"),
    ("D3-actuals-short-stay",       UnitKind::Actual,                      "21", "43", "短期入所の実績を送る", "actuals of a short stay"),
    ("D3-actuals-withdrawn",        UnitKind::ActualDelete,                "11", "43", "実績を取り下げる", "actuals are withdrawn"),
    ("D4-basic-info",               UnitKind::PreventionBasicInfo,         "46", "66", "利用者基本情報を送る", "basic information is sent"),
    ("D4-basic-info-entrusted",     UnitKind::PreventionBasicInfo,         "46", "43", "委託先へ利用者基本情報を送る", "basic information to the entrusted office"),
    ("D4-basic-info-withdrawn",     UnitKind::PreventionBasicInfoDelete,   "46", "66", "利用者基本情報を取り下げる", "basic information is withdrawn"),
    ("D5-plan-and-basic-info",      UnitKind::PreventionPlanWithBasicInfo, "46", "66", "支援計画書と利用者基本情報を送る", "a prevention plan with basic information"),
    ("D5-plan",                     UnitKind::PreventionPlan,              "46", "66", "支援計画書を送る", "a prevention plan is sent"),
    ("D5-plan-management",          UnitKind::PreventionPlan,              "AF", "A2", "介護予防ケアマネジメントの計画書を送る", "a plan of municipal prevention"),
    ("D5-plan-withdrawn",           UnitKind::PreventionPlanDelete,        "46", "66", "支援計画書を取り下げる", "a prevention plan is withdrawn"),
    ("D6-schedule",                 UnitKind::PreventionSchedule,          "46", "A2", "予防・総合事業の利用票（予定）を送る", "a prevention schedule is sent"),
    ("D6-schedule-entrusted",       UnitKind::PreventionSchedule,          "43", "66", "委託先の居宅が利用票（予定）を送る", "a prevention schedule from the entrusted office"),
    ("D6-schedule-withdrawn",       UnitKind::PreventionScheduleDelete,    "46", "A2", "予防・総合事業の利用票を取り下げる", "a prevention schedule is withdrawn"),
    ("D7-actuals",                  UnitKind::PreventionActual,            "A2", "46", "予防・総合事業の実績を送る", "prevention actuals are sent"),
    ("D7-actuals-entrusted",        UnitKind::PreventionActual,            "66", "43", "委託先の居宅へ実績を送る", "prevention actuals to the entrusted office"),
    ("D7-actuals-forwarded",        UnitKind::PreventionActual,            "43", "46", "委託先の居宅が実績を地域包括へ回す", "the entrusted office forwards actuals"),
    ("D7-actuals-withdrawn",        UnitKind::PreventionActualDelete,      "A2", "46", "予防・総合事業の実績を取り下げる", "prevention actuals are withdrawn"),
];

/// Columns before the insurer: the version.
const INSURER: usize = 1;

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (at, (name, kind, from, to, ja, en)) in PATTERNS.iter().enumerate() {
        let files = made(*kind, at as u64, from, to);
        let clause = kind.entry().clause;
        cases.push(case("exchange", *name, ja, en, files.clone()).clause(clause));
        cases.push(
            case(
                "exchange",
                format!("{name}-received"),
                &format!("{ja}（受け取る側）"),
                &format!("{en}, as received"),
                files.clone(),
            )
            .clause(clause)
            .import(),
        );
        let (ja, en) = (format!("{ja}：保険者番号が5桁"), format!("{en}: an insurer number of five digits"));
        let wrong = first_row(files, |row| row[INSURER] = b"12345".to_vec());
        cases.push(case("exchange", format!("{name}-wrong-number"), &ja, &en, wrong).clause(clause).refused(&["V31"]));
    }
    cases.extend(incomplete());
    cases.extend(directions());
    cases.extend(kinds());
    cases.push(order_of_import());
    cases
}

fn made(kind: UnitKind, seed: u64, from: &str, to: &str) -> Files {
    let request = Request {
        seed,
        people: 2,
        sender: "1370000001".parse().expect("an office number"),
        sender_type: from.parse().expect("a service type"),
        receiver: "1370000002".parse().expect("an office number"),
        receiver_type: to.parse().expect("a service type"),
        serial: "20260325093000".parse().expect("a serial"),
        month: "202604".parse().expect("a month"),
        names: None,
    };
    sample::make(kind, &request).into_iter().map(|file| (file.name, file.bytes)).collect()
}

/// Changes the cells before the first text in the first row of the first file.
fn first_row(mut files: Files, change: impl Fn(&mut Vec<Vec<u8>>)) -> Files {
    files.sort();
    let file = files.iter_mut().find(|(name, _)| name.ends_with(".CSV")).expect("a table");
    file.1 = row_changed(&file.1, change);
    files
}

fn row_changed(bytes: &[u8], change: impl Fn(&mut Vec<Vec<u8>>)) -> Vec<u8> {
    // Up to the fourth comma there is no text in any layout.
    let mut cells: Vec<Vec<u8>> = bytes.splitn(4, |byte| *byte == b',').map(<[u8]>::to_vec).collect();
    change(&mut cells);
    cells.join(&b","[..])
}

/// Where the last row begins; texts may hold line ends, but no version after them.
fn last_row(bytes: &[u8]) -> usize {
    let begins = |at: &usize| bytes[..*at].ends_with(b"\r\n") && bytes[*at..].starts_with(b"202407,");
    (0..bytes.len()).rev().find(begins).unwrap_or(0)
}

/// Each unit of several files, without one of them.
fn incomplete() -> Vec<Case> {
    let lacking = |name: &str, files: &Files, file: &str| {
        let ja = format!("一式から{file}が欠けている");
        let en = format!("the set lacks {file}");
        case("exchange", format!("{name}-without-{}", file.replace('_', "-")), &ja, &en, without(files.clone(), file))
    };
    let mut cases = Vec::new();
    for file in ["UP1KYO", "UP2KYO", "UP3KYO", "UPHOSOKU"] {
        cases.push(lacking("D1-plan", &plan(), file).refused(&["V09"]));
    }
    for file in ["UPPLAN", "UPSIKYU", "UPHOSOKU"] {
        cases.push(lacking("D2-schedule", &schedule(), file).refused(&["V09"]));
        let prevention = made(UnitKind::PreventionSchedule, 3, "46", "A2");
        cases.push(lacking("D6-schedule", &prevention, file).refused(&["V09"]));
    }
    let prevention = made(UnitKind::PreventionPlan, 3, "46", "66");
    cases.push(lacking("D5-plan", &prevention, "UPYOBO_SUB").refused(&["V09"]));
    let basic = made(UnitKind::PreventionBasicInfo, 3, "46", "66");
    for sub in ["UPKIHON_SUB1", "UPKIHON_SUB2"] {
        // They may be missing.
        cases.push(lacking("D4-basic-info", &basic, sub));
    }
    cases
}

/// A service office sends actuals alone; the rest comes from a care manager.
fn directions() -> Vec<Case> {
    vec![
        case(
            "exchange",
            "D2-schedule-from-a-service-office",
            "サービス事業所が予定を送ろうとしている",
            "a service office sends a schedule",
            renamed(schedule(), "_43_1370000002_11_", "_15_1370000002_11_"),
        )
        .refused(&["V17"]),
        case(
            "exchange",
            "D6-schedule-to-the-centre",
            "委託先の居宅が予定を地域包括へ送る",
            "the entrusted office sends a schedule to the centre",
            renamed(schedule(), "_1370000002_11_", "_1370000009_46_"),
        )
        .about(&["A19"]),
        case(
            "exchange",
            "D2-schedule-with-another-serial",
            "一式のうち一つだけファイル連番が違う",
            "one file of the set has another serial",
            renamed(
                schedule(),
                "UPSIKYU_202604_1370000001_43_1370000002_11_20260320093000",
                "UPSIKYU_202604_1370000001_43_1370000002_11_20260320093001",
            ),
        )
        .refused(&["V09"]),
        case(
            "exchange",
            "D1-plan-and-D2-schedule-under-one-serial",
            "計画書と利用票が同じファイル連番になっている",
            "a plan and a schedule under one serial",
            [plan(), schedule()].concat(),
        )
        .refused(&["V09"]),
    ]
}

/// Every file kind: a wrong number, and a row too long.
fn kinds() -> Vec<Case> {
    let units = [
        (UnitKind::CarePlan, "43", "11"),
        (UnitKind::Schedule, "43", "11"),
        (UnitKind::CarePlanDelete, "43", "11"),
        (UnitKind::ScheduleDelete, "43", "11"),
        (UnitKind::Actual, "11", "43"),
        (UnitKind::ActualDelete, "11", "43"),
        (UnitKind::PreventionPlanWithBasicInfo, "46", "66"),
        (UnitKind::PreventionBasicInfoDelete, "46", "66"),
        (UnitKind::PreventionPlanDelete, "46", "66"),
    ];
    let mut seen = std::collections::BTreeSet::new();
    let mut cases = Vec::new();
    for (unit, from, to) in units {
        let files = made(unit, 1, from, to);
        for (name, bytes) in &files {
            let kind = fumibako_standard::name::parse(name).expect("a name").kind;
            if !seen.insert(kind) {
                continue;
            }
            let id = kind.id().replace('_', "-");
            let label = kind.label();
            let other = |bytes: Vec<u8>| -> Files {
                files
                    .iter()
                    .map(|file| if file.0 == *name { (name.clone(), bytes.clone()) } else { file.clone() })
                    .collect()
            };
            if !name.ends_with(".CSV") {
                let files = other(b"GIF89a".to_vec());
                let (ja, en) = (format!("{label}：JPEGではない"), format!("{id}: no JPEG"));
                cases.push(case("kinds", format!("{id}-no-jpeg"), &ja, &en, files).refused(&["V14"]));
                continue;
            }
            let (before, last) = bytes.split_at(last_row(bytes));
            let wrong = other([before, &row_changed(last, |row| row[2] = b"12345".to_vec())].concat());
            let (ja, en) = (format!("{label}：被保険者番号が5桁"), format!("{id}: an insured number of five digits"));
            cases.push(case("kinds", format!("{id}-wrong-number"), &ja, &en, wrong).refused(&["V32"]));
            let long = other([&bytes[..bytes.len() - 2], b",\r\n"].concat());
            let (ja, en) =
                (format!("{label}：最後の行の項目が一つ多い"), format!("{id}: a last row with one column more"));
            cases.push(case("kinds", format!("{id}-long-row"), &ja, &en, long).refused(&["V21"]));
        }
    }
    cases
}

/// README 5: a plan, a schedule, the withdrawal of the plan, a new plan: four units of one folder.
fn order_of_import() -> Case {
    let at = |files: Files, time: &str| -> Files {
        files.into_iter().map(|(name, bytes)| (name.replace("20260325093000", time), bytes)).collect()
    };
    let files = [
        at(made(UnitKind::CarePlan, 1, "43", "11"), "20260325093000"),
        at(made(UnitKind::Schedule, 1, "43", "11"), "20260325093100"),
        at(made(UnitKind::CarePlanDelete, 1, "43", "11"), "20260326090000"),
        at(made(UnitKind::CarePlan, 2, "43", "11"), "20260326090100"),
    ];
    case(
        "exchange",
        "D1-D2-order-of-import",
        "四つの送信単位をファイル連番の順に取り込む",
        "four units, imported in the order of their serials",
        files.concat(),
    )
    .clause("2.5")
    .import()
}

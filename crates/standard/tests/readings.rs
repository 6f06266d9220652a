//! The ambiguities of README 12 as the rules read them, and what one fault must not do to the other rules.

use fumibako_standard::rules::rule;
use fumibako_standard::sample::{self, Request};
use fumibako_standard::unit::UNITS;
use fumibako_standard::{
    Context, HistorySet, Profile, Report, Severity, SourceFile, UnitKind, check, check_with, write,
};

type Files = Vec<(String, Vec<u8>)>;

fn good(code: &str) -> Files {
    let rule = rule(code).expect("a rule");
    rule.good.iter().map(|file| (file.name.to_string(), file.bytes())).collect()
}

fn run(files: &Files, profile: Profile) -> Report {
    let files: Vec<SourceFile<'_>> = files.iter().map(|(name, bytes)| SourceFile { name, bytes }).collect();
    check(&files, profile)
}

fn codes(report: &Report) -> Vec<&'static str> {
    let mut codes: Vec<_> = report.findings.iter().map(|finding| finding.rule.code).collect();
    codes.dedup();
    codes
}

fn export(files: &Files) -> Vec<&'static str> {
    codes(&run(files, Profile::Export))
}

fn replaced(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    let [from, to] = [from, to].map(|text| write::ms932(text).expect("MS932"));
    let at = bytes.windows(from.len()).position(|window| window == from).expect("the text is there");
    [&bytes[..at], &to, &bytes[at + from.len()..]].concat()
}

/// The files, with something else in one of them.
fn with(mut files: Files, file: usize, from: &str, to: &str) -> Files {
    files[file].1 = replaced(&files[file].1, from, to);
    files
}

fn renamed(files: Files, from: &str, to: &str) -> Files {
    files.into_iter().map(|(name, bytes)| (name.replace(from, to), bytes)).collect()
}

/// 実績 with these rows: 単位数 to 明細判別コード, and サテライト枝番.
fn actuals(rows: &[(&str, &str)]) -> Files {
    let row = |(service, satellite): &(&str, &str)| {
        format!(
            "202407,131016,0000000001,20260501,202604,1370000001,\"計画 花子\",{service},1370000002,\"ひだまり\",{satellite},0,1370000002,\r\n"
        )
    };
    let text: String = rows.iter().map(row).collect();
    let name = "UPJSK_202604_1370000002_11_1370000001_43_20260501093000.CSV";
    vec![(name.to_string(), write::ms932(&text).expect("MS932"))]
}

const VISIT: &str = "250,,20260401,,0900,1000,1,111111,,,\"\",";
const NOTHING: [&str; 0] = [];

#[test]
fn a05_a_missing_planning_office_or_unit_count_is_a_warning_to_read() {
    let files = with(actuals(&[(VISIT, "")]), 0, "1370000001,\"計画", ",\"計画");
    let report = run(&files, Profile::Import);
    assert_eq!((codes(&report), report.is_accepted()), (vec!["V29"], true));
}

#[test]
fn a06_a_detail_number_may_have_three_digits() {
    let rows: Vec<String> = (1..=101)
        .map(|number| format!("250,,20260401,,9999,9999,1,171003,00999-{number:06},,\"\",{number:03}"))
        .collect();
    let rows: Vec<(&str, &str)> = rows.iter().map(|row| (row.as_str(), "")).collect();
    assert_eq!(export(&actuals(&rows)), NOTHING);
}

#[test]
fn a18_actuals_of_several_types_in_one_file_are_read() {
    let item = "250,,20260401,,9999,9999,1,171003,00999-000021,,\"\",";
    assert_eq!(export(&actuals(&[(VISIT, ""), (VISIT, "1"), (item, "")])), NOTHING);
}

#[test]
fn a24_a_blank_coverage_is_read_as_not_insured() {
    let files = with(good("V47"), 1, ",Y,\"訪問介護\",1370000002,", ",,\"家政婦\",,");
    // Nobody but the receiver is missed.
    assert_eq!(export(&files), ["V84"]);
}

#[test]
fn a25_blank_cells_of_sheet_2_repeat_the_line_above() {
    let first = good("V47");
    let second =
        replaced(&replaced(&first[1].1, "1,\"歩く\",1,\"外出\"", "1,\"\",1,\"\""), "\"三月\",1,", "\"三月\",2,");
    let mut files = first;
    files[1].1.extend(second);
    assert_eq!(export(&files), NOTHING);
}

#[test]
fn a26_the_day_ends_at_2400_and_an_activity_may_be_a_point() {
    for (start, end, code) in [
        ("0000", "2400", None),
        ("0600", "0600", None),
        ("2400", "2400", None),
        ("2401", "2400", Some("V50")),
        ("0960", "1000", Some("V50")),
        ("9999", "9999", Some("V50")),
        ("900", "1000", Some("V50")),
    ] {
        let files = with(good("V49"), 2, "0900,1000", &format!("{start},{end}"));
        assert_eq!(export(&files), Vec::from_iter(code), "{start} {end}");
    }
    for (start, end, code) in [
        ("2300", "2400", None),
        ("9999", "9999", None),
        ("2400", "2400", Some("V54")),
        ("2360", "2400", Some("V54")),
        ("0900", "9999", Some("V55")),
    ] {
        let visit = VISIT.replace("0900,1000", &format!("{start},{end}"));
        assert_eq!(export(&actuals(&[(&visit, "")])), Vec::from_iter(code), "{start} {end}");
    }
}

#[test]
fn a27_each_row_may_carry_another_mask() {
    let day = |day: u8, mask: &str| format!("179,,202604{day:02},{mask},0900,1000,1,761112,,,\"\",");
    let [one, other] = ["1100000000000000000000000000000", "0011000000000000000000000000000"];
    assert_eq!(export(&actuals(&[(&day(1, one), ""), (&day(3, other), "")])), NOTHING);
    let beyond = "0000000000000000000000000000011";
    assert_eq!(export(&actuals(&[(&day(1, beyond), "")])), ["V53"]);
    assert_eq!(export(&actuals(&[(&day(1, &"0".repeat(31)), "")])), ["V53"]);
    assert_eq!(export(&actuals(&[(&day(1, &"2".repeat(31)), "")])), ["V52"]);
}

#[test]
fn a28_subtotals_and_totals_may_have_counts_names_and_satellites() {
    let files = with(
        good("V71"),
        1,
        "\"ひだまり\",1370000002,,11AAAA,,,\"\",0,,,0,",
        "\"小計\",1370000002,,11AAAA,,,\"\",0,,,9,",
    );
    assert_eq!(export(&files), NOTHING);
}

#[test]
fn a29_a_subtotal_is_of_a_satellite_or_of_the_office() {
    let files = good("V71");
    // The second service is the satellite's: one row here and one there.
    let at_satellite = |files: Files| {
        let files =
            with(files, 0, "111211,,,\"\",,1370000002,\"ひだまり\",,", "111211,,,\"\",,1370000002,\"ひだまり\",1,");
        with(files, 1, "1370000002,,111211", "1370000002,1,111211")
    };
    // One subtotal for both places fits, one of the main office's amount does, none at all is accepted.
    let both = at_satellite(files.clone());
    assert_eq!(export(&both), NOTHING);
    let mut none = both.clone();
    let lines: Vec<&[u8]> = both[1].1.split_inclusive(|byte| *byte == b'\n').collect();
    none[1].1 = [lines[0], lines[1], lines[3]].concat();
    assert_eq!(export(&none), NOTHING);
    let main = with(
        both.clone(),
        1,
        "11AAAA,,,\"\",0,,,0,500,500,,,,500,,5700,,5130,,570,0",
        "11AAAA,,,\"\",0,,,0,250,250,,,,250,,2850,,2565,,285,0",
    );
    assert_eq!(export(&main), NOTHING);
    let wrong = with(both, 1, "11AAAA,,,\"\",0,,,0,500,", "11AAAA,,,\"\",0,,,0,501,");
    assert_eq!(export(&wrong), ["V75"]);
}

#[test]
fn a30_other_forms_of_a_tais_code_are_not_rejected() {
    for code in ["00999-00002", "00999000021", "00999－00002"] {
        let item = format!("250,,20260401,,9999,9999,1,171003,{code},,\"\",");
        assert_eq!(export(&actuals(&[(&item, "")])), NOTHING, "{code}");
    }
}

#[test]
fn a31_a_detail_number_of_type_67_is_accepted_and_not_asked_for() {
    let item = |tais: &str, number: &str| format!("250,,20260401,,9999,9999,1,671003,{tais},,\"\",{number}");
    let prevention = |rows: &[(&str, &str)]| renamed(renamed(actuals(rows), "_11_", "_67_"), "_43_", "_46_");
    let (one, other) = (item("00999-000021", ""), item("00999-000022", ""));
    assert_eq!(export(&prevention(&[(&one, ""), (&other, "")])), NOTHING);
    let (one, other) = (item("00999-000021", "1"), item("00999-000021", "2"));
    assert_eq!(export(&prevention(&[(&one, ""), (&other, "")])), NOTHING);
    let same = item("00999-000021", "");
    assert_eq!(export(&prevention(&[(&same, ""), (&same, "")])), ["V67"]);
}

#[test]
fn a33_a_service_with_its_own_care_manager_plans() {
    let files = renamed(good("V81"), "_43_", "_73_");
    assert_eq!(export(&files), NOTHING);
}

#[test]
fn a35_units_of_rate_based_codes_may_be_zero() {
    assert_eq!(export(&actuals(&[(&VISIT.replacen("250", "0", 1), "")])), NOTHING);
}

#[test]
fn a36_negative_and_padded_numbers_are_numbers() {
    for units in ["-250", "000250"] {
        assert_eq!(export(&actuals(&[(&VISIT.replacen("250", units, 1), "")])), NOTHING);
    }
    for (count, code) in [("01", None), ("00", Some("V63")), ("-1", Some("V63")), ("0", Some("V63"))] {
        let visit = VISIT.replace(",1,111111", &format!(",{count},111111"));
        assert_eq!(export(&actuals(&[(&visit, "")])), Vec::from_iter(code), "{count}");
    }
}

#[test]
fn a42_numbers_of_the_support_plan_may_be_quoted() {
    let files = with(good("V77"), 1, ",1,\"外出\"", ",\"1\",\"外出\"");
    assert_eq!(export(&files), NOTHING);
}

#[test]
fn a45_totals_that_do_not_match_are_a_warning() {
    let files = with(good("V81"), 1, "999999,,,\"\",0,,,0,250,", "999999,,,\"\",0,,,0,300,");
    let report = run(&files, Profile::Export);
    assert_eq!((codes(&report), report.is_accepted()), (vec!["V75"], true));
    assert_eq!(report.findings[0].place.item, Some("サービス単位金額"));
}

#[test]
fn a45_costs_written_on_the_subtotal_alone_are_not_added_up() {
    let mut files = good("V71");
    for _ in 0..2 {
        files = with(files, 1, "11.40,2850,90,2565,,285,0", "11.40,,90,,,,");
    }
    assert_eq!(export(&files), NOTHING);
}

#[test]
fn a50_the_prevention_types_stand_in_a_frame_as_they_are() {
    for (kind, code) in [
        ("22", None),
        ("25", None),
        ("26", None),
        ("2B", None),
        ("23", Some("V43")),
        ("2A", Some("V43")),
        ("ZZ", Some("V34")),
    ] {
        let files = with(good("V43"), 2, "16765,22,", &format!("16765,{kind},"));
        assert_eq!(export(&files), Vec::from_iter(code), "{kind}");
    }
}

#[test]
fn rules_on_the_receiver_do_not_apply_to_a_care_manager() {
    for kind in ["43", "46", "AF"] {
        let month = renamed(good("V81"), "_1370000002_11_", &format!("_1370000009_{kind}_"));
        assert_eq!(export(&month), NOTHING, "{kind}");
        let plan = renamed(good("V79"), "_1370000002_11_", &format!("_1370000009_{kind}_"));
        assert_eq!(export(&plan), NOTHING, "{kind}");
    }
}

#[test]
fn an_entrusted_office_passes_on_the_actuals_of_others() {
    let files = renamed(renamed(actuals(&[(VISIT, "")]), "_43_", "_46_"), "1370000002_11", "1370000005_43");
    assert_eq!(export(&files), NOTHING);
    let files = renamed(actuals(&[(VISIT, "")]), "1370000002_11", "1370000005_11");
    assert_eq!(export(&files), ["V65"]);
}

#[test]
fn an_empty_updating_office_is_no_finding_and_an_empty_fixed_code_is() {
    assert_eq!(export(&with(actuals(&[(VISIT, "")]), 0, ",0,1370000002,", ",0,,")), NOTHING);
    assert_eq!(export(&with(good("V73"), 1, "9999999999,,1370000001,", ",,1370000001,")), ["V73"]);
}

#[test]
fn a_person_missing_everywhere_is_one_finding() {
    // 第1表 of another date: the rows of 第2表 and 第3表 and the supplement have lost theirs.
    let files = with(good("V79"), 0, "1370000001,20260320,20240401", "1370000001,20260321,20240401");
    let report = run(&files, Profile::Export);
    assert_eq!(codes(&report), ["V79", "V80"]);
    assert_eq!(report.findings.len(), 2);
    let files = with(good("V81"), 0, "0000000001", "0000000002");
    let report = run(&files, Profile::Export);
    assert_eq!((codes(&report), report.findings.len()), (vec!["V81"], 2), "{:#?}", report.findings);
}

#[test]
fn a_row_nobody_can_read_makes_nobody_missing() {
    // The short row is reported; that its person now lacks a sheet is no second fault.
    for file in 0..3 {
        let mut files = good("V81");
        let end = files[file].1.iter().position(|byte| *byte == b'\n').expect("a row");
        files[file].1.insert(end - 1, b',');
        assert_eq!(export(&files), ["V21"], "file {file}");
    }
    for file in 0..4 {
        let mut files = good("V79");
        let end = files[file].1.len();
        files[file].1.insert(end - 2, b',');
        assert_eq!(export(&files), ["V21"], "file {file}");
    }
}

#[test]
fn a_line_nobody_can_read_may_have_held_the_text_that_the_next_repeats() {
    let first = good("V47");
    let second =
        replaced(&replaced(&first[1].1, "1,\"歩く\",1,\"外出\"", "1,\"\",1,\"\""), "\"三月\",1,", "\"三月\",2,");
    // The first line has one column too many, or a number that is no person's.
    let long = first[1].1.iter().position(|byte| *byte == b'\r').expect("a row");
    let short_number = replaced(&first[1].1, "0000000001", "000000001");
    for (code, spoilt) in [("V21", [&first[1].1[..long], b",", &first[1].1[long..]].concat()), ("V32", short_number)] {
        let mut files = first.clone();
        files[1].1 = [spoilt, second.clone()].concat();
        assert_eq!(export(&files), [code]);
    }
}

#[test]
fn a_line_with_the_text_counts_even_without_its_other_numbers() {
    let first = good("V47");
    let second =
        replaced(&replaced(&first[1].1, "1,\"歩く\",1,\"外出\"", "1,\"\",1,\"\""), "\"三月\",1,", "\"三月\",2,");
    let mut files = first;
    files[1].1 = [replaced(&files[1].1, "\"三月\",1,", "\"三月\",,"), second].concat();
    assert_eq!(export(&files), ["V44"]);
}

/// However many cells of a row are at fault: what a few of them would stop, many do not let pass.
#[test]
fn more_faults_in_a_row_are_no_reason_to_take_it() {
    let wrong = |cells: &[(usize, &str)]| {
        let mut files = good("V47");
        let mut row: Vec<Vec<u8>> = files[0].1.split(|byte| *byte == b',').map(<[u8]>::to_vec).collect();
        cells.iter().for_each(|(number, text)| row[number - 1] = text.as_bytes().to_vec());
        files[0].1 = row.join(&b',');
        files
    };
    let cells = [(5, "1234567"), (10, "1234567"), (14, "2026/03/20"), (15, "2026/03/20"), (18, "2026/03/20")];
    for count in 1..=cells.len() {
        let report = run(&wrong(&cells[cells.len() - count..]), Profile::Import);
        assert!(!report.units[0].accepted, "{count}: {:?}", codes(&report));
    }
    assert!(run(&wrong(&cells[..2]), Profile::Import).units[0].accepted, "postal codes alone stop nothing");
}

#[test]
fn a_wrong_insured_number_is_one_finding() {
    for file in 0..3 {
        assert_eq!(export(&with(good("V81"), file, "0000000001", "000000001")), ["V32"]);
    }
}

#[test]
fn a_wrong_month_in_the_rows_is_v28_alone() {
    let files = with(actuals(&[(VISIT, "")]), 0, "202604", "202605");
    assert_eq!(export(&files), ["V28"]);
}

#[test]
fn an_empty_sheet_is_said_once_for_all_its_people() {
    let kind = UnitKind::Schedule;
    let mut files = made(kind, 3, 30);
    files[2].1.clear();
    let report = run(&files, Profile::Export);
    let missing = report.findings.iter().filter(|finding| finding.rule.code == "V81").count();
    assert_eq!((missing, report.is_accepted()), (1, false));
}

fn made(kind: UnitKind, seed: u64, people: usize) -> Files {
    let (sender_type, receiver_type) = sample::types_for(kind);
    let request = Request {
        seed,
        people,
        sender: "0300000100".parse().expect("an office number"),
        sender_type,
        receiver: "0300000005".parse().expect("an office number"),
        receiver_type,
        serial: "20260401090000".parse().expect("a serial"),
        month: "202604".parse().expect("a month"),
        names: None,
    };
    sample::make(kind, &request).into_iter().map(|file| (file.name, file.bytes)).collect()
}

#[test]
fn samples_of_every_kind_have_nothing_to_find_under_either_profile() {
    for entry in UNITS {
        for seed in [0, 5, 77, 20_261_122] {
            for people in [1, 2, 25] {
                let files = made(entry.kind, seed, people);
                for profile in [Profile::Export, Profile::Import] {
                    let report = run(&files, profile);
                    assert!(report.findings.is_empty(), "{} {seed} {people}: {:#?}", entry.id, report.findings);
                }
            }
        }
    }
}

/// Text without line breaks inside: every line is a row.
fn shuffled(bytes: &[u8]) -> Vec<u8> {
    let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    let every = |from: usize| lines.iter().skip(from).step_by(3).copied();
    every(2).chain(every(0)).chain(every(1)).flatten().copied().collect()
}

#[test]
fn the_order_of_rows_changes_nothing_in_a_schedule() {
    for kind in [UnitKind::Schedule, UnitKind::Actual, UnitKind::PreventionSchedule] {
        let mut files = made(kind, 9, 20);
        files.iter_mut().for_each(|(_, bytes)| *bytes = shuffled(bytes));
        let report = run(&files, Profile::Export);
        assert!(report.findings.is_empty(), "{}: {:#?}", kind.id(), report.findings);
        assert!(report.is_accepted());
    }
}

#[test]
fn faults_across_rows_are_found_in_any_order_of_rows() {
    let mut files = made(UnitKind::Schedule, 9, 20);
    // One total less, one service less in 第7表.
    let lines: Vec<&[u8]> = files[1].1.split_inclusive(|byte| *byte == b'\n').collect();
    let total = lines.iter().position(|line| line.windows(8).any(|part| part == b",999999,")).expect("a total");
    let rest: Vec<u8> =
        lines.iter().enumerate().filter(|(at, _)| *at != total).flat_map(|(_, line)| *line).copied().collect();
    files[1].1 = rest;
    let found = |files: &Files| {
        let report = run(files, Profile::Export);
        (codes(&report), report.findings.len(), report.is_accepted())
    };
    assert_eq!(found(&files), (vec!["V70"], 1, false));
    files.iter_mut().for_each(|(_, bytes)| *bytes = shuffled(bytes));
    assert_eq!(found(&files), (vec!["V70"], 1, false));
}

#[test]
fn an_old_schedule_is_checked_by_its_own_columns() {
    let name = "UPJSK_202412_1370000002_1370000001_20241120093000.CSV".to_string();
    let row = |day: &str, start: &str, code: &str, detail: &str| {
        let row = format!(
            "202208,131016,0000000001,20241120,202412,1370000001,\"計画 花子\",250,,{day},,{start},1000,1,{code},{detail},1370000002,\"A\",,0,1370000002,\r\n"
        );
        write::ms932(&row).expect("MS932")
    };
    let found = |rows: &[Vec<u8>]| export(&vec![(name.clone(), rows.concat())]);
    assert_eq!(found(&[row("20241201", "0900", "111111", "")]), ["V02", "V26"]);
    // No TAIS code is asked for where there is no column.
    assert_eq!(found(&[row("20241201", "0900", "171003", "")]), ["V02", "V26"]);
    assert_eq!(found(&[row("20250101", "0900", "111111", "")]), ["V02", "V26", "V51"]);
    assert_eq!(found(&[row("20241201", "0960", "111111", "")]), ["V02", "V26", "V54"]);
    assert_eq!(found(&[row("20241201", "0900", "111111", "1")]), ["V02", "V26", "V60"]);
    assert_eq!(
        found(&[row("20241201", "0900", "171003", ""), row("20241201", "0900", "171003", "")]),
        ["V02", "V26", "V61"]
    );
}

fn arrived(files: &Files) -> Vec<HistorySet> {
    let files: Vec<SourceFile<'_>> = files.iter().map(|(name, bytes)| SourceFile { name, bytes }).collect();
    HistorySet::read(&files)
}

fn after(history: &[HistorySet], files: &Files) -> Vec<&'static str> {
    let sources: Vec<SourceFile<'_>> = files.iter().map(|(name, bytes)| SourceFile { name, bytes }).collect();
    codes(&check_with(&sources, Profile::Import, &Context { service_codes: None, history }))
}

#[test]
fn a_withdrawal_finds_what_the_upload_brought() {
    let pairs = [
        (UnitKind::CarePlan, UnitKind::CarePlanDelete),
        (UnitKind::Schedule, UnitKind::ScheduleDelete),
        (UnitKind::Actual, UnitKind::ActualDelete),
        (UnitKind::PreventionBasicInfo, UnitKind::PreventionBasicInfoDelete),
        (UnitKind::PreventionPlan, UnitKind::PreventionPlanDelete),
        (UnitKind::PreventionSchedule, UnitKind::PreventionScheduleDelete),
        (UnitKind::PreventionActual, UnitKind::PreventionActualDelete),
    ];
    for (upload, withdrawal) in pairs {
        let history = arrived(&made(upload, 4, 6));
        let later = |files| renamed(files, "20260401090000", "20260402090000");
        let delete = later(made(withdrawal, 4, 6));
        assert_eq!(after(&history, &delete), NOTHING, "{}", withdrawal.id());
        // The second time there is nothing left, whether the first is in the history or sent along.
        let twice = [history.clone(), arrived(&delete)].concat();
        let again = renamed(delete.clone(), "20260402", "20260403");
        assert_eq!(after(&twice, &again), ["V87"], "{}", withdrawal.id());
        assert_eq!(after(&history, &[delete, again].concat()), ["V87"], "{}", withdrawal.id());
        // What is older than what has arrived is said so.
        let older = renamed(made(upload, 4, 6), "20260401090000", "20260331090000");
        let mut said = after(&history, &older);
        // The rows still name the images by their first serial.
        said.retain(|code| *code != "V15");
        assert_eq!(said, ["V88"], "{}", upload.id());
        // A delete that comes late is none of what came after it.
        let before = arrived(&renamed(made(upload, 4, 6), "20260401090000", "20260330090000"));
        let late = renamed(made(withdrawal, 4, 6), "20260401090000", "20260331090000");
        assert_eq!(after(&[before, history.clone()].concat(), &late), ["V88"], "{}", withdrawal.id());
        // The same unit again, and a newer one, are none.
        assert_eq!(after(&history, &made(upload, 4, 6)), NOTHING);
        let mut said = after(&history, &later(made(upload, 4, 6)));
        said.retain(|code| *code != "V15");
        assert_eq!(said, NOTHING);
    }
}

#[test]
fn a_correction_of_one_office_is_held_against_its_own_last_file() {
    let other = VISIT.replace("20260401", "20260402");
    let history = arrived(&actuals(&[(VISIT, ""), (&other, "1")]));
    let later = |rows: &[(&str, &str)]| renamed(actuals(rows), "20260501093000", "20260502093000");
    assert_eq!(after(&history, &later(&[(VISIT, "")])), ["V89"]);
    assert_eq!(after(&history, &later(&[(VISIT, ""), (&other, "1")])), NOTHING);
    // A file of another service type was another file.
    let item = "250,,20260401,,9999,9999,1,171003,00999-000021,,\"\",";
    assert_eq!(after(&history, &renamed(later(&[(item, "")]), "_11_", "_17_")), NOTHING);
}

/// README A06: the length of 第6表.19 is left out of the standard.
#[test]
fn a_detail_number_has_up_to_three_digits() {
    let plan = |number: &str| {
        made(UnitKind::Schedule, 4, 6)
            .into_iter()
            .map(|(name, bytes)| {
                if !name.starts_with("UPPLAN") {
                    return (name, bytes);
                }
                let text: Vec<Vec<u8>> = bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
                let with = |line: Vec<u8>| {
                    let mut cells: Vec<&[u8]> = line.split(|byte| *byte == b',').collect();
                    cells[18] = number.as_bytes();
                    cells.join(&b',')
                };
                (name, text.into_iter().map(with).collect::<Vec<_>>().concat())
            })
            .collect::<Files>()
    };
    let lengths = |number| codes(&run(&plan(number), Profile::Export)).contains(&"V35");
    assert_eq!(["1", "12", "123", "1234", "0000000001"].map(lengths), [false, false, false, true, true]);
}

/// Numbers that were made to lie in one place of a table take no more time than others.
#[test]
fn a_plan_of_every_number_there_may_be_is_read_in_time() {
    let mut rows = String::new();
    for issue in (2..14).step_by(2) {
        for goal in 1..=99 {
            for support in 1..=99 {
                rows.push_str(&format!(
                    "202407,131016,0000000001,20260320,20260320,{issue},\"架空\",{goal},\"\",\"\",\"\",\"\",{support},\"\",Y,,,,,,,\r\n"
                ));
            }
        }
    }
    let (rows, _, _) = encoding_rs::SHIFT_JIS.encode(&rows);
    let name = "UP2KYO_0390000100_43_0390001000_11_20260401090000.CSV".to_owned();
    let begun = std::time::Instant::now();
    let found = codes(&run(&vec![(name, rows.into_owned())], Profile::Export));
    assert!(!found.contains(&"V45"), "{found:?}");
    assert!(begun.elapsed() < std::time::Duration::from_secs(10), "{:?}", begun.elapsed());
}

#[test]
fn findings_of_the_new_rules_stay_within_their_bound() {
    let row = actuals(&[(VISIT, "")]).remove(0);
    let files = vec![(row.0, row.1.repeat(5_000))];
    let report = run(&files, Profile::Export);
    assert_eq!(codes(&report), ["V67"]);
    assert_eq!(report.suppressed[0].count + report.findings.len() as u64, 4_999);
    assert!(report.findings.iter().all(|finding| finding.severity == Severity::Warning));
}

//! What README section 15 settles, and what hostile files meet. Invented people only.

use fumibako_standard::rules::rule;
use fumibako_standard::{
    FINDINGS_PER_RULE_AND_FILE_MAX, Profile, Report, Severity, SourceFile, UnitKind, check, write,
};

fn good(code: &str) -> Vec<(String, Vec<u8>)> {
    let rule = rule(code).expect("a rule");
    rule.good.iter().map(|file| (file.name.to_string(), file.bytes())).collect()
}

fn plan() -> Vec<(String, Vec<u8>)> {
    good("V09")
}

fn schedule() -> Vec<(String, Vec<u8>)> {
    good("V11")
}

fn actual() -> Vec<(String, Vec<u8>)> {
    good("V23")
}

fn basic_info() -> Vec<(String, Vec<u8>)> {
    good("V16")
}

fn run(files: &[(String, Vec<u8>)], profile: Profile) -> Report {
    let files: Vec<SourceFile<'_>> = files.iter().map(|(name, bytes)| SourceFile { name, bytes }).collect();
    check(&files, profile)
}

fn codes(report: &Report) -> Vec<&'static str> {
    let mut codes: Vec<_> = report.findings.iter().map(|finding| finding.rule.code).collect();
    codes.dedup();
    codes
}

fn export(files: &[(String, Vec<u8>)]) -> Vec<&'static str> {
    codes(&run(files, Profile::Export))
}

fn renamed(files: Vec<(String, Vec<u8>)>, from: &str, to: &str) -> Vec<(String, Vec<u8>)> {
    files.into_iter().map(|(name, bytes)| (name.replace(from, to), bytes)).collect()
}

fn replaced(bytes: &[u8], from: &str, to: &[u8]) -> Vec<u8> {
    let from = write::ms932(from).expect("MS932");
    let at = bytes.windows(from.len()).position(|window| window == from).expect("the text is there");
    [bytes.get(..at).expect("before"), to, bytes.get(at + from.len()..).expect("after")].concat()
}

/// The actuals, with something else in place of the office's name (a quoted text).
fn with_office(name: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut files = actual();
    files[0].1 = replaced(&files[0].1, "\"見本の事業所\"", name);
    files
}

#[test]
fn a_unit_is_of_prevention_by_its_types() {
    let kind = |files: &[(String, Vec<u8>)]| run(files, Profile::Export).units[0].kind;
    assert_eq!(kind(&schedule()), Some(UnitKind::Schedule));
    assert_eq!(kind(&renamed(schedule(), "_11_", "_A2_")), Some(UnitKind::PreventionSchedule));
    assert_eq!(kind(&renamed(schedule(), "_11_", "_63_")), Some(UnitKind::PreventionSchedule));
    assert_eq!(kind(&renamed(schedule(), "_43_", "_46_")), Some(UnitKind::PreventionSchedule));
    assert_eq!(kind(&renamed(schedule(), "_43_", "_AF_")), Some(UnitKind::PreventionSchedule));
    assert_eq!(kind(&renamed(actual(), "_11_", "_A6_")), Some(UnitKind::PreventionActual));
    assert_eq!(kind(&actual()), Some(UnitKind::Actual));
}

#[test]
fn a_file_with_no_name_of_the_standard_spoils_no_unit() {
    let mut files = plan();
    files.push(("メモ.txt".into(), b"memo".to_vec()));
    let report = run(&files, Profile::Export);
    assert_eq!(codes(&report), ["V01"]);
    assert!(report.units[0].accepted && !report.is_accepted());
    assert_eq!(report.findings[0].unit, None);
    assert_eq!(report.findings[0].place.file, Some(4));
    assert!(report.units.iter().all(|unit| !unit.files.contains(&4)));
}

#[test]
fn an_error_in_one_unit_leaves_the_others_accepted() {
    let mut files = plan();
    files.extend(renamed(schedule(), "20260320093000", "20260320093001"));
    files[1].1.push(b'x');
    let report = run(&files, Profile::Export);
    assert_eq!(report.units.iter().map(|unit| unit.accepted).collect::<Vec<_>>(), [false, true]);
    assert_eq!(report.units[1].service_month().map(|month| month.to_string()).as_deref(), Some("202604"));
    assert_eq!(report.units[0].service_month(), None);
    assert_eq!(report.units[0].files, [0, 1, 2, 3]);
}

#[test]
fn units_come_in_the_order_of_import_and_files_in_the_standards_order() {
    let mut files = renamed(schedule(), "20260320093000", "20260321000000");
    files.reverse();
    files.extend(plan());
    let report = run(&files, Profile::Export);
    assert_eq!(
        report.units.iter().filter_map(|unit| unit.kind).collect::<Vec<_>>(),
        [UnitKind::CarePlan, UnitKind::Schedule]
    );
    assert_eq!(report.units[1].files, [2, 1, 0]);
}

#[test]
fn records_are_numbered_from_one_with_the_header() {
    let name = "DLTPLAN_202604_1370000001_43_1370000002_11_20260320093000.CSV".to_string();
    let body =
        b"version,insurer,insured,month\r\n202407,131016,0000000001,202604\r\n202407,13101,0000000001,202604\r\n";
    let report = run(&[(name, body.to_vec())], Profile::Export);
    assert_eq!(codes(&report), ["V24", "V31"]);
    let place = report.findings[1].place;
    assert_eq!((place.row, place.column, place.item), (Some(3), Some(2), Some("保険者番号")));
    assert_eq!((place.offset, place.length), (Some(31 + 33 + 7), Some(5)));
}

#[test]
fn some_other_text_is_not_passed_over_as_a_header() {
    let name = "DLTPLAN_202604_1370000001_43_1370000002_11_20260320093000.CSV".to_string();
    let report = run(&[(name, b"memo\r\n".to_vec())], Profile::Import);
    assert_eq!((codes(&report), report.is_accepted()), (vec!["V24", "V21", "V39"], false));
}

#[test]
fn a_first_row_with_a_slip_in_its_version_is_no_header() {
    let name = "DLTPLAN_202604_1370000001_43_1370000002_11_20260320093000.CSV".to_string();
    assert_eq!(export(&[(name, b"2024O7,131016,0000000001,202604\r\n".to_vec())]), ["V26"]);
}

#[test]
fn a_byte_order_mark_is_one_finding_at_record_one() {
    for bytes in [b"\xEF\xBB\xBF".to_vec(), b"\xFF\xFE2\0".to_vec()] {
        let mut files = actual();
        files[0].1 = [bytes, files[0].1.clone()].concat();
        let report = run(&files, Profile::Export);
        assert_eq!(codes(&report), ["V19"]);
        assert_eq!((report.findings.len(), report.findings[0].place.row), (1, Some(1)));
    }
}

#[test]
fn a_utf_8_file_is_one_finding_with_its_dialect() {
    let mut files = actual();
    let text = encoding_rs::SHIFT_JIS.decode(&files[0].1).0.into_owned();
    files[0].1 = text.into_bytes();
    let report = run(&files, Profile::Export);
    assert_eq!((codes(&report), report.findings.len()), (vec!["V19"], 1));
    assert!(report.findings[0].detail.as_deref().is_some_and(|detail| detail.contains("UTF-8")));
    assert_eq!(report.findings[0].place.row, None);
}

#[test]
fn utf_16_without_a_mark_is_one_finding_with_its_dialect() {
    let sound = actual();
    let text = encoding_rs::SHIFT_JIS.decode(&sound[0].1).0.into_owned();
    for order in [u16::to_le_bytes, u16::to_be_bytes] {
        let mut files = sound.clone();
        files[0].1 = text.encode_utf16().flat_map(order).collect();
        let report = run(&files, Profile::Export);
        assert_eq!((codes(&report), report.findings.len()), (vec!["V19"], 1));
        assert!(report.findings[0].detail.as_deref().is_some_and(|detail| detail.contains("UTF-16")));
        assert!(report.suppressed.is_empty());
    }
}

#[test]
fn a_version_that_is_no_text_is_one_finding() {
    let mut files = actual();
    files[0].1.splice(4..4, *b"\0");
    assert_eq!(export(&files), ["V19"]);
}

#[test]
fn half_width_katakana_are_not_taken_for_utf_8() {
    assert_eq!(export(&with_office(b"\"\xC3\xB1\xC3\xB1\"")), [""; 0]);
}

#[test]
fn bytes_that_are_no_character_are_v19_with_their_place() {
    for (name, bytes) in [
        ("half_character_at_end", &b"\"A\x83\""[..]),
        ("half_character_before_a_comma", b"\"A\x83,\""),
        ("byte_80", b"\"\x80\""),
        ("byte_a0", b"\"\xA0\""),
        ("byte_fd", b"\"\xFD\""),
        ("byte_fe", b"\"\xFE\""),
        ("byte_ff", b"\"\xFF\""),
        ("hole_in_the_table", b"\"\x85\x40\""),
        ("nul", b"\"A\0B\""),
        ("escape", b"\"\x1B\""),
        ("delete", b"\"\x7F\""),
        ("end_of_file_mark", b"\"\x1A\""),
    ] {
        let report = run(&with_office(bytes), Profile::Export);
        assert_eq!(codes(&report), ["V19"], "{name}");
        let place = report.findings[0].place;
        assert_eq!((place.row, place.column, place.item), (Some(1), Some(21), Some("サービス事業所名")), "{name}");
        assert!(!report.units[0].accepted);
    }
}

#[test]
fn a_half_character_as_the_last_byte_of_a_file_is_v19() {
    let mut files = actual();
    let length = files[0].1.len();
    files[0].1.truncate(length - 2);
    files[0].1.push(0x83);
    assert_eq!(export(&files), ["V19"]);
}

#[test]
fn characters_whose_second_byte_is_a_sign_of_ascii_are_sound() {
    // ソ 表 能 have 5C; the others 7C, 7B, 5B as their second byte. Then NEC row 13, NEC-selected and IBM kanji.
    for text in ["\"ソ表能\"", "\"ポルゼ\"", "\"①Ⅳ㈱\"", "\"髙﨑\"", "\"ﾐﾎﾝ\"", "\"～－∥\"", "\"a,b\r\nc\td\"", "\"\""]
    {
        assert_eq!(export(&with_office(&write::ms932(text).expect("MS932"))), [""; 0], "{text}");
    }
    for bytes in [&b"\"\x81\x5C\x83\x5C\x95\x5C\""[..], b"\"\xED\x40\xEE\xFC\xFA\x40\xFC\x4B\"", b"\"\x87\x90\""] {
        assert_eq!(export(&with_office(bytes)), [""; 0]);
    }
}

#[test]
fn gaiji_are_an_error_to_write_and_a_warning_to_read() {
    for bytes in [&b"\"\xF0\x40\""[..], b"\"\xF9\xFC\""] {
        let files = with_office(bytes);
        assert_eq!(export(&files), ["V20"]);
        let report = run(&files, Profile::Import);
        assert_eq!((codes(&report), report.is_accepted()), (vec!["V20"], true));
    }
}

#[test]
fn a_plan_without_sheet_3_is_v09_or_v12() {
    let mut files = plan();
    files.remove(2);
    assert_eq!(export(&files), ["V09"]);
    assert_eq!(codes(&run(&files, Profile::Import)), ["V12"]);
    assert!(run(&files, Profile::Import).is_accepted());

    let old_names = renamed(renamed(files.clone(), "_43_", "_"), "_11_", "_");
    assert_eq!(export(&old_names), ["V02", "V12"]);
    let old_version: Vec<_> =
        files.into_iter().map(|(name, bytes)| (name, replaced(&bytes, "202407", b"202208"))).collect();
    assert_eq!(export(&old_version), ["V12", "V26"]);
    assert!(run(&old_version, Profile::Export).is_accepted());
}

#[test]
fn names_of_4_0_are_old_names() {
    let files = renamed(renamed(actual(), "_11_", "_111_"), "_43_", "_430_");
    let report = run(&files, Profile::Export);
    assert_eq!((codes(&report), report.is_accepted()), (vec!["V02"], true));
}

#[test]
fn the_same_file_twice_is_v18_and_no_v09() {
    let mut files = plan();
    files.push(files[0].clone());
    let report = run(&files, Profile::Export);
    assert_eq!((codes(&report), report.is_accepted()), (vec!["V18"], true));
}

#[test]
fn directions_follow_the_types() {
    for (from, to, allowed) in [
        ("43", "11", true),
        ("46", "11", true),
        ("AF", "A2", true),
        ("73", "11", true),
        ("68", "11", true),
        ("69", "11", true),
        ("75", "11", true),
        ("77", "11", true),
        ("79", "11", true),
        ("43", "46", true),
        ("11", "43", false),
        ("15", "11", false),
        ("72", "43", false),
        ("33", "11", false),
    ] {
        let files = renamed(schedule(), "_43_1370000002_11_", &format!("_{from}_1370000002_{to}_"));
        assert_eq!(!export(&files).contains(&"V17"), allowed, "schedule {from} to {to}");
    }
    for (from, to, allowed) in [
        ("11", "43", true),
        ("A2", "46", true),
        ("43", "46", true),
        ("46", "AF", true),
        ("73", "43", true),
        ("11", "15", false),
        ("43", "11", false),
        ("33", "43", false),
    ] {
        let files = renamed(actual(), "_11_1370000001_43_", &format!("_{from}_1370000001_{to}_"));
        assert_eq!(!export(&files).contains(&"V17"), allowed, "actuals {from} to {to}");
    }
}

#[test]
fn a_wrong_serial_shows_as_v09_that_names_the_neighbour() {
    let mut files = plan();
    files[2].0 = files[2].0.replace("20260320093000", "20260320093007");
    let report = run(&files, Profile::Export);
    assert_eq!(codes(&report), ["V09"]);
    assert_eq!(report.units.len(), 2);
    let details: Vec<&str> = report.findings.iter().filter_map(|finding| finding.detail.as_deref()).collect();
    assert!(details[0].contains("UP3KYO") && details[0].contains("20260320093007"), "{details:?}");
    assert!(details[1].contains("UP1KYO") && details[1].contains("20260320093000"), "{details:?}");
}

#[test]
fn a_wrong_office_shows_as_v09_that_names_the_neighbour() {
    let mut files = schedule();
    files[1].0 = files[1].0.replace("1370000002", "1370000003");
    let report = run(&files, Profile::Export);
    assert_eq!(codes(&report), ["V09"]);
    assert!(report.findings[0].detail.as_deref().is_some_and(|detail| detail.contains("1370000003")));
}

#[test]
fn a_plan_and_a_schedule_under_one_serial_are_no_unit() {
    let mut files = plan();
    files.extend(schedule());
    assert_eq!(export(&files), ["V09"]);
}

#[test]
fn a_wrong_month_in_a_name_keeps_its_unit() {
    let files: Vec<_> =
        schedule().into_iter().map(|(name, bytes)| (name.replace("UPPLAN_202604", "UPPLAN_202613"), bytes)).collect();
    let report = run(&files, Profile::Export);
    assert_eq!(
        (codes(&report), report.units[0].kind, report.units[0].accepted),
        (vec!["V05"], Some(UnitKind::Schedule), false)
    );
}

#[test]
fn one_short_row_does_not_stop_the_others() {
    let name = "DLT1KYO_1370000001_43_1370000002_11_20260320093000.CSV".to_string();
    let body = b"202407,131016,0000000001\r\n202407,131016,0000000001,20260230\r\n202407,131016\r\n\r\n202407,131016,0000000002,20260320\r\n";
    let report = run(&[(name, body.to_vec())], Profile::Export);
    let found: Vec<_> = report.findings.iter().map(|finding| (finding.rule.code, finding.place.row)).collect();
    assert_eq!(found, [("V21", Some(1)), ("V33", Some(2)), ("V21", Some(3)), ("V21", Some(4))]);
}

#[test]
fn an_unbalanced_quote_costs_one_record() {
    let mut files = actual();
    let row = files[0].1.clone();
    let broken = replaced(&row, "\"見本の事業所\"", &write::ms932("\"見本の事業所").expect("MS932"));
    let days = ["20260402", "20260403"].map(|day| replaced(&row, "20260401", day.as_bytes()));
    files[0].1 = [row, broken, days.concat()].concat();
    let report = run(&files, Profile::Export);
    let found: Vec<_> = report.findings.iter().map(|finding| (finding.rule.code, finding.place.row)).collect();
    assert_eq!(found, [("V22", Some(2))]);
}

#[test]
fn a_quote_open_to_the_end_of_the_file_is_v22() {
    let mut files = actual();
    let row = files[0].1.clone();
    let cut = replaced(&row, "見本の事業所\"", b"A");
    files[0].1 = [row, cut].concat();
    assert_eq!(export(&files), ["V22"]);
}

#[test]
fn an_unknown_version_silences_the_columns() {
    let name = "DLT1KYO_1370000001_43_1370000002_11_20260320093000.CSV".to_string();
    let report = run(&[(name, b"202410,1,2,3\r\n202410,4\r\n".to_vec())], Profile::Export);
    assert_eq!((codes(&report), report.findings.len()), (vec!["V26"], 1));
    assert!(report.findings[0].detail.as_deref().is_some_and(|detail| detail.contains("202407")));
}

#[test]
fn older_versions_are_read_with_their_columns() {
    let name = "UPPLAN_202412_1370000001_1370000002_20241120093000.CSV".to_string();
    let row = write::ms932(
        "202208,131016,0000000001,20241120,202412,1370000001,\"計画 花子\",250,,20241201,,0900,1000,1,111111,,1370000002,\"A\",,0,1370000001,\r\n",
    )
    .expect("MS932");
    assert_eq!(export(&[(name, row)]), ["V02", "V09", "V26"]);
}

#[test]
fn shifted_columns_are_one_finding() {
    let mut files = actual();
    let shifted = replaced(&files[0].1, "202407,131016,", b"202407,");
    files[0].1 = replaced(&shifted, ",250,,", b",250,,,");
    let report = run(&files, Profile::Export);
    assert_eq!((codes(&report), report.findings.len()), (vec!["V31"], 1));
}

#[test]
fn a_column_another_rule_speaks_about_is_not_v35() {
    // V37: the postal code; V44: the numbers of 第2表; V48: its office.
    let mut files = plan();
    files[1].1 = replaced(&files[1].1, "\"訪問介護\",1370000002", &write::ms932("\"訪問介護\",13").expect("MS932"));
    files[1].1 = replaced(&files[1].1, "20260320,1,", b"20260320,100,");
    assert_eq!(export(&files), ["V44", "V48"]);
}

#[test]
fn days_before_this_month_may_have_five_digits() {
    let days = |value: &str| {
        let mut files = schedule();
        files[1].1 = replaced(&files[1].1, ",285,0,,,,0,", format!(",285,0,{value},,,0,").as_bytes());
        run(&files, Profile::Export)
            .findings
            .iter()
            .map(|finding| (finding.rule.code, finding.severity))
            .collect::<Vec<_>>()
    };
    assert_eq!(days("30"), []);
    assert_eq!(days("12345"), [("V35", Severity::Warning)]);
    assert_eq!(days("123456"), [("V35", Severity::Error)]);
}

#[test]
fn inferred_marks_are_warnings_on_import() {
    let mut files = actual();
    files[0].1 = replaced(&files[0].1, ",250,,", b",,,");
    assert_eq!(run(&files, Profile::Export).findings[0].severity, Severity::Error);
    let report = run(&files, Profile::Import);
    assert_eq!((codes(&report), report.is_accepted()), (vec!["V29"], true));
}

#[test]
fn lf_quoted_numbers_and_a_missing_last_line_end_are_accepted() {
    let name = "DLTPLAN_202604_1370000001_43_1370000002_11_20260320093000.CSV".to_string();
    let body = b"\"202407\",\"131016\",\"H000000001\",\"202604\"\n202407,131016,0000000002,202604";
    assert_eq!(export(&[(name, body.to_vec())]), [""; 0]);
}

#[test]
fn signs_and_leading_zeros_are_integers() {
    for value in ["-250", "000250", "0"] {
        let mut files = actual();
        files[0].1 = replaced(&files[0].1, ",250,,", format!(",{value},,").as_bytes());
        assert_eq!(export(&files), [""; 0], "{value}");
    }
    for value in ["+250", "2.5", "1,0", "-", "２５０"] {
        let mut files = actual();
        let value = write::ms932(&format!(",\"{value}\",,")).expect("MS932");
        files[0].1 = replaced(&files[0].1, ",250,,", &value);
        assert_eq!(export(&files), ["V36"]);
    }
}

#[test]
fn an_empty_file_and_a_file_of_blank_lines_are_v39() {
    let name = "DLTPLAN_202604_1370000001_43_1370000002_11_20260320093000.CSV";
    for body in [&b""[..], b"\r\n", b"\n\n", b"a,b,c,d\r\n"] {
        let codes = export(&[(name.to_string(), body.to_vec())]);
        assert!(codes.contains(&"V39"), "{codes:?}");
    }
}

#[test]
fn findings_are_bounded_and_the_rest_is_counted() {
    let name = "DLT1KYO_1370000001_43_1370000002_11_20260320093000.CSV".to_string();
    let report = run(&[(name, b"202407,13101,0000000001,20260320\r\n".repeat(1000))], Profile::Export);
    assert_eq!(report.findings.len() as u64, FINDINGS_PER_RULE_AND_FILE_MAX);
    assert_eq!(report.suppressed.len(), 1);
    assert_eq!(report.suppressed[0].count, 1000 - FINDINGS_PER_RULE_AND_FILE_MAX);
    assert!(!report.units[0].accepted);
}

#[test]
fn images_are_named_once_each() {
    let image = "UPKIHON_IMAGE_1370000003_46_1370000002_A2_20260320093000_0001.jpg";
    let mut files = good("V15");
    assert_eq!(export(&files), [""; 0]);
    // .JPG in the row is the same image.
    files[0].1 = replaced(&files[0].1, image, image.replace(".jpg", ".JPG").as_bytes());
    assert_eq!(export(&files), [""; 0]);
    let twice = [files[0].1.clone(), files[0].1.clone()].concat();
    assert_eq!(export(&[(files[0].0.clone(), twice), files[1].clone()]), ["V15"]);
    assert_eq!(export(&files[..1]), ["V15"]);
    assert!(export(&basic_info()).is_empty());
}

#[test]
fn every_subset_and_superset_of_each_unit_is_refused() {
    use fumibako_standard::unit::UNITS;
    use fumibako_standard::{FileKind, FileName, group};
    let name = |kind: FileKind, entry_plan: bool, prevention: bool| {
        let month =
            if kind.has_month() && !(kind == FileKind::Uphosoku && entry_plan) { "202604".parse().ok() } else { None };
        let code = if prevention { "A2" } else { "11" };
        let sender = ("1370000001".parse().expect("a number"), "43".parse().expect("a type"));
        let receiver = ("1370000002".parse().expect("a number"), code.parse().expect("a type"));
        FileName::new(kind, month, sender, receiver, "20260320093000".parse().expect("a serial")).to_string()
    };
    let allowed = |kinds: &[FileKind]| {
        UNITS.iter().any(|unit| {
            unit.required.iter().all(|kind| kinds.contains(kind))
                && kinds.iter().all(|kind| unit.required.contains(kind) || unit.optional.contains(kind))
        })
    };
    for unit in UNITS {
        let plan = unit.kind == UnitKind::CarePlan;
        let kind_of = |kinds: &[FileKind]| {
            let names: Vec<String> = kinds.iter().map(|kind| name(*kind, plan, unit.prevention)).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let (groups, faults) = group(&names);
            assert!(faults.is_empty() && groups.len() == 1, "{names:?}");
            let empty: Vec<SourceFile<'_>> = names.iter().map(|name| SourceFile { name, bytes: b"" }).collect();
            let report = check(&empty, Profile::Export);
            assert_eq!(report.units[0].kind, groups[0].kind());
            let refused = report.findings.iter().any(|finding| finding.rule.code == "V09");
            assert_eq!(refused, groups[0].kind().is_none(), "{kinds:?}");
            assert_eq!(refused, !allowed(kinds), "{kinds:?}");
            groups[0].kind()
        };
        assert_eq!(kind_of(unit.required), Some(unit.kind), "{}", unit.id);
        let all: Vec<FileKind> = unit.required.iter().chain(unit.optional).copied().collect();
        assert_eq!(kind_of(&all), Some(unit.kind), "{}", unit.id);
        for missing in unit.required.iter().filter(|_| unit.required.len() > 1) {
            let rest: Vec<FileKind> = unit.required.iter().filter(|kind| *kind != missing).copied().collect();
            assert_ne!(kind_of(&rest), Some(unit.kind), "{} without {}", unit.id, missing.id());
        }
        for extra in FileKind::ALL.into_iter().filter(|kind| !all.contains(kind)) {
            let more: Vec<FileKind> = all.iter().copied().chain([extra]).collect();
            assert_ne!(kind_of(&more), Some(unit.kind), "{} with {}", unit.id, extra.id());
        }
    }
}

#[test]
fn thousands_of_strange_files_are_judged_in_a_moment() {
    let mut files = Vec::new();
    for number in 0..4000 {
        let serial = format!("202603{:02}{:02}{:02}00", 1 + number / 1440, number / 60 % 24, number % 60);
        files.push((format!("UPSIKYU_202613_1370000001_43_1370000002_11_{serial}.CSV"), b"x".to_vec()));
        files.push(("UPHOSOKU_202604_1370000001_43_1370000002_11_20260320093000.CSV".to_string(), Vec::new()));
    }
    let report = run(&files, Profile::Export);
    assert!(report.units.len() > 1000 && report.units.iter().all(|unit| !unit.accepted));
}

#[test]
fn the_month_of_a_supplement_decides_its_version_too() {
    let files: Vec<_> =
        schedule().into_iter().map(|(name, bytes)| (name.replace("_202604_", "_202503_"), bytes)).collect();
    let report = run(&files, Profile::Export);
    let old: Vec<_> = report.findings.iter().filter(|finding| finding.rule.code == "V27").collect();
    assert_eq!(old.len(), 3);
}

#[test]
fn quotes_set_to_make_the_reader_go_back_do_not_hold_it_up() {
    let name = "DLT1KYO_1370000001_43_1370000002_11_20260320093000.CSV";
    for pattern in [
        &b"\""[..],
        b"\",",
        b"\"\n202407,",
        b"\"\"\n202407,",
        b"\"\"\"\n202407,",
        b"\"x\n202407,\"\"",
        b"\n202407,\"",
        b",\"",
    ] {
        for start in [&b""[..], b"\"", b"202407,\"a\n202407,"] {
            let body = [start, &pattern.repeat(500_000 / pattern.len())].concat();
            let report = run(&[(name.to_string(), body)], Profile::Export);
            assert!(!report.units[0].accepted, "{pattern:?}");
        }
    }
}

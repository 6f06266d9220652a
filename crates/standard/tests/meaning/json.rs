use crate::{file, kinds, set, sources};
use fumibako_standard::json::{FORMAT, Problem, from_json, schema, to_json};
use fumibako_standard::sample::SampleFile;
use fumibako_standard::{Profile, SourceFile, check};
use proptest::prelude::*;
use serde_json::{Value, json};

const DELETE: &str = "DLTPLAN_202604_0300000100_43_0300000005_11_20260401090000.CSV";
const PLAN: &str = "UP2KYO_0300000100_43_0300000005_11_20260401090000.CSV";

fn comes_back(files: &[SampleFile]) -> String {
    let text = to_json(&sources(files)).unwrap_or_else(|fault| panic!("{fault}"));
    let back = from_json(&text).unwrap_or_else(|fault| panic!("{fault}"));
    assert_eq!(back.len(), files.len());
    for file in files {
        let found = back.iter().find(|other| other.name == file.name).expect("the file is there");
        assert_eq!(found.bytes, file.bytes, "{}", file.name);
    }
    text
}

fn goal_row(cells: &[(usize, &str)]) -> String {
    let mut row = [""; 22];
    row[..5].copy_from_slice(&["202407", "131016", "0000000001", "20260320", "20260320"]);
    cells.iter().for_each(|(number, text)| row[number - 1] = text);
    row.join(",")
}

/// 第2表 with these bytes as 課題.
fn goal_file(issue: &[u8]) -> SampleFile {
    let row = goal_row(&[(6, "1"), (7, "\"@\"")]);
    let (before, after) = row.split_once('@').unwrap();
    SampleFile { name: PLAN.into(), bytes: [before.as_bytes(), issue, after.as_bytes(), b"\r\n"].concat() }
}

#[test]
fn all_fifteen_sets_come_back_byte_for_byte() {
    for kind in kinds() {
        for seed in 0..12 {
            comes_back(&set(kind, seed, 6));
        }
    }
}

#[test]
fn the_good_examples_of_all_rules_come_back() {
    let mut seen = 0;
    for example in fumibako_standard::RULES.iter().flat_map(|rule| rule.good) {
        let bytes = example.bytes();
        let files = [SourceFile { name: example.name, bytes: &bytes }];
        // What import refuses is no conforming set; a set alone may still be refused for what it lacks.
        let sound = check(&files, Profile::Import).findings.iter().all(|finding| {
            ["V09", "V12", "V15"].contains(&finding.rule.code)
                || finding.severity == fumibako_standard::Severity::Warning
        });
        if sound && !check(&files, Profile::Import).units.is_empty() {
            comes_back(&[SampleFile { name: example.name.into(), bytes }]);
            seen += 1;
        }
    }
    assert!(seen >= 20, "{seen}");
}

#[test]
fn numbers_are_numbers_and_blanks_are_null() {
    let text =
        comes_back(&[file(PLAN, &format!("{}\r\n", goal_row(&[(6, "1"), (7, "\"課題\""), (8, "007"), (9, "\"\"")])))]);
    let document: Value = serde_json::from_str(&text).unwrap();
    let row = &document["files"][0]["rows"][0];
    assert_eq!(document["format"], FORMAT);
    assert_eq!(row["issue_no"], json!(1));
    assert_eq!(row["issue"], json!("課題"));
    assert_eq!(row["goal_no"], json!("007"), "padding is kept");
    assert_eq!(row["long_term_goal"]["text"], json!(""), "quoted, where most blanks are not");
    assert_eq!(row["insured_no"], json!("0000000001"));
    assert_eq!(row["support_no"], Value::Null);
}

#[test]
fn whichever_way_a_file_is_quoted_ended_or_headed_it_comes_back() {
    let quote_all = goal_row(&[(7, "課題")]).split(',').map(|cell| format!("\"{cell}\"")).collect::<Vec<_>>().join(",");
    let header = "版,保険者,被保険者,年月";
    let row = "202407,131016,0000000001,202604";
    for (text, has) in [
        (format!("{quote_all}\r\n"), "\"quoting\": \"all\""),
        (format!("{}\r\n", goal_row(&[(7, "課題")])), "\"quoting\": \"needed\""),
        (format!("{}\n", goal_row(&[(7, "\"課題\"")])), "\"line_end\": \"lf\""),
        (goal_row(&[(7, "\"課,題\r\n\"\"二\"\"\"")]), "\"ends_with_line_end\": false"),
        (String::new(), "\"rows\": []"),
        ("\r\n".into(), "[null]"),
    ] {
        assert!(comes_back(&[file(PLAN, &text)]).contains(has), "{has}");
    }
    let mixed = format!("{header}\r\n{row}\n{row}\r\n\r\n\"202407\",131016,0000000002,202604");
    let said = comes_back(&[file(DELETE, &mixed)]);
    assert!(
        said.contains("\"other_line_ends\": [2]")
            && said.contains("[\"版\", \"保険者\"")
            && said.contains("\"quoted\": true")
    );
}

#[test]
fn characters_that_are_written_with_other_bytes_carry_them() {
    // NEC's ≒ (81E0 is the one to write), NEC's ① (the only one), IBM's Ⅰ, NEC's 纊, IBM's 髙, 外字, and the signs of A41.
    for (bytes, carried) in [
        (&b"\x87\x90"[..], Some("8790")),
        (b"\x87\x40", None),
        (b"\xFA\x4A", Some("fa4a")),
        (b"\xED\x40", Some("ed40")),
        (b"\xFB\xFC", None),
        (b"\xF0\x40", Some("f040")),
        (b"\x81\x60\x81\x7C\x81\x61\x81\x5C\x81\x91\x81\x92\x81\xCA", None),
    ] {
        let said = comes_back(&[goal_file(bytes)]);
        let found = said.split("\"bytes\": \"").nth(1).and_then(|rest| rest.split('"').next());
        assert_eq!(found, carried, "{bytes:x?}");
    }
}

#[test]
fn every_character_of_ms932_comes_back() {
    let mut text = Vec::new();
    for lead in (0x81..=0x9Fu8).chain(0xE0..=0xFC) {
        for trail in (0x40..=0x7Eu8).chain(0x80..=0xFC) {
            let pair = [lead, trail];
            let (decoded, _, bad) = encoding_rs::SHIFT_JIS.decode(&pair);
            if !bad && decoded.chars().count() == 1 {
                text.extend([lead, trail]);
            }
        }
    }
    text.extend(0xA1..=0xDFu8);
    assert!(text.len() > 18_000);
    comes_back(&[goal_file(&text)]);
}

fn refused(change: impl FnOnce(&mut Value)) -> String {
    let text = to_json(&sources(&[file(DELETE, "202407,131016,0000000001,202604\r\n")])).unwrap();
    let mut document: Value = serde_json::from_str(&text).unwrap();
    change(&mut document);
    from_json(&document.to_string()).map(drop).expect_err("it is refused").to_string()
}

#[test]
fn a_reader_says_what_is_wrong_and_where() {
    let row = "/files/0/rows/0";
    for (said, expected) in [
        (
            refused(|json| json["format"] = json!("fumibako-set/2")),
            "format: この版の形式は読めません。読めるのは \"fumibako-set/1\" です",
        ),
        (refused(|json| drop(json.as_object_mut().unwrap().remove("files"))), "項目「files」がありません"),
        (
            refused(|json| drop(json.pointer_mut(row).unwrap().as_object_mut().unwrap().remove("insured_no"))),
            "files[0].rows[0]: 項目「insured_no」がありません",
        ),
        (
            refused(|json| json["files"][0]["rows"][0]["more"] = json!(1)),
            "files[0].rows[0].more: この形式にない項目です",
        ),
        (
            refused(|json| json["files"][0]["rows"][0]["insured_no"] = json!("𠮷")),
            "files[0].rows[0].insured_no: 「被保険者番号」の1文字目はMS932（Shift_JIS）にない文字です",
        ),
        (
            refused(|json| json["files"][0]["rows"][0]["insured_no"] = json!("¥")),
            "files[0].rows[0].insured_no: 「被保険者番号」の1文字目はMS932（Shift_JIS）にない文字です",
        ),
        (
            refused(|json| json["files"][0]["rows"][0]["insured_no"] = json!("")),
            "files[0].rows[0].insured_no: 空のセルは null と書きます",
        ),
        (
            refused(|json| json["files"][0]["rows"][0]["insured_no"] = json!({"text": "1"})),
            "files[0].rows[0].insured_no: 正準の書き方ではありません（この内容なら別の書き方になります）",
        ),
        (
            refused(|json| json["files"][0]["rows"][0]["insured_no"] = json!({"text": "1", "bytes": "32"})),
            "files[0].rows[0].insured_no: bytes と text が同じ文字を表していません",
        ),
        (
            refused(|json| json["unit"]["receiver"] = json!("0300000006")),
            "unit.receiver: 正準の書き方ではありません（この内容なら別の書き方になります）",
        ),
        (
            refused(|json| json["files"][0]["edition"] = json!("202410")),
            "files[0].edition: CSVバージョンがわからないため、項目を区別できません",
        ),
        (
            refused(|json| json["files"][0]["other_line_ends"] = json!([7])),
            "files[0].other_line_ends: 正準の書き方ではありません（この内容なら別の書き方になります）",
        ),
    ] {
        assert_eq!(said, expected);
    }
    let twice = from_json("{\"format\": \"fumibako-set/1\",\n\"format\": 1}").map(drop).unwrap_err();
    assert!(matches!(twice.problem, Problem::Twice { line: 2, .. }), "{twice}");
    assert_eq!(from_json("{").map(drop).unwrap_err().to_string(), "JSONとして読めません（1行1文字目）");
}

#[test]
fn a_set_that_could_not_come_back_is_refused() {
    let refused = |name: &str, bytes: &[u8]| to_json(&[SourceFile { name, bytes }]).unwrap_err().problem;
    assert_eq!(refused("memo.txt", b""), Problem::Name);
    assert_eq!(refused(DELETE, b"\xEF\xBB\xBF202407,131016,0000000001,202604\r\n"), Problem::ByteOrderMark);
    assert_eq!(refused(DELETE, b"202410,131016,0000000001,202604\r\n"), Problem::Edition);
    assert_eq!(refused(DELETE, b"202407,131016,\"0000000001,202604\r\n"), Problem::Broken);
    assert_eq!(refused(DELETE, b"202407,131016,\xFF,202604\r\n"), Problem::Undecodable { item: "被保険者番号" });
    let other = DELETE.replace("0300000005", "0300000006");
    let row = b"202407,131016,0000000001,202604\r\n";
    let two = [SourceFile { name: DELETE, bytes: row }, SourceFile { name: &other, bytes: row }];
    assert_eq!(to_json(&two).unwrap_err().problem, Problem::NotOneSet);
    assert_eq!(to_json(&[]).unwrap_err().problem, Problem::NotOneSet);
}

#[test]
fn the_schema_in_the_documents_is_the_one_of_the_program() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/canonical-json.schema.json");
    if std::env::var_os("FUMIBAKO_BLESS").is_some() {
        std::fs::write(&path, schema()).unwrap();
    }
    assert_eq!(std::fs::read_to_string(path).unwrap_or_default(), schema(), "FUMIBAKO_BLESS=1 writes it");
}

/// Such a record is cut where it is read: what is longer would come back as two.
#[test]
fn a_record_longer_than_the_bound_comes_back_or_is_refused() {
    let long = "x".repeat(fumibako_standard::read::RECORD_BYTES_MAX + 10);
    for middle in [long.clone(), format!("202407,\"{long}\"\r\n"), format!("\"{long}"), ",".repeat(long.len())] {
        let bytes = format!("202407,131016,0000000001,202604\r\n{middle}\r\n202407,131016,0000000002,202604\r\n");
        if let Ok(text) = to_json(&[SourceFile { name: DELETE, bytes: bytes.as_bytes() }]) {
            assert!(from_json(&text).expect("what was written can be read")[0].bytes == bytes.as_bytes());
        }
    }
    let text = to_json(&sources(&[file(DELETE, "202407,131016,0000000001,202604\r\n")])).unwrap();
    for (length, read) in [(1_000, true), (fumibako_standard::read::RECORD_BYTES_MAX, false)] {
        let mut document: Value = serde_json::from_str(&text).unwrap();
        document["files"][0]["rows"].as_array_mut().unwrap().push(vec!["x".repeat(length)].into());
        let files = from_json(&document.to_string());
        assert_eq!(files.is_ok(), read, "{length}: {:?}", files.err());
    }
}

fn hostile_file() -> impl Strategy<Value = Vec<u8>> {
    const PIECES: [&[u8]; 18] = [
        b"202407",
        b",",
        b",",
        b",",
        b"\"",
        b"\"\"",
        b"\r\n",
        b"\n",
        b"\r",
        b"7",
        b"-0",
        b"\x83\x5C",
        b"\x87\x90",
        b"\xF0\x40",
        b"\xB1",
        b"202407,131016,0000000001,202604\r\n",
        b"\"202407\",131016,,\r\n",
        b"CSV,a,b,c\n",
    ];
    prop::collection::vec(prop::sample::select(&PIECES[..]), 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_file_comes_back_or_is_refused(bytes in hostile_file()) {
        if let Ok(text) = to_json(&[SourceFile { name: DELETE, bytes: &bytes }]) {
            let back = from_json(&text);
            prop_assert!(back.is_ok(), "{:?}", back.map(drop));
            prop_assert_eq!(&back.unwrap()[0].bytes, &bytes);
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in ".{0,200}") {
        prop_assert!(from_json(&text).is_err());
    }

    #[test]
    fn any_change_of_a_document_is_refused_or_makes_another_set(
        at in any::<prop::sample::Index>(), length in 0..6usize, insert in "[0-9a-z\",:{}\\[\\]あ]{0,6}",
    ) {
        let text = to_json(&sources(&[file(DELETE, "202407,131016,0000000001,202604\r\n")])).unwrap();
        let letters: Vec<char> = text.chars().collect();
        let at = at.index(letters.len());
        let end = (at + length).min(letters.len());
        let changed: String = letters[..at].iter().copied().chain(insert.chars()).chain(letters[end..].iter().copied()).collect();
        if let Ok(files) = from_json(&changed) {
            let sources: Vec<SourceFile<'_>> = files.iter().map(|file| SourceFile { name: &file.name, bytes: &file.bytes }).collect();
            let again = to_json(&sources).unwrap();
            let same: (Value, Value) = (serde_json::from_str(&again).unwrap(), serde_json::from_str(&changed).unwrap());
            prop_assert_eq!(same.0, same.1);
        }
    }
}

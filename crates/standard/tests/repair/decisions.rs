//! What is not guessed: it is listed for a person, and nothing of the set is given out.

use crate::writing::{File, rows, sample, sources, text, write};
use crate::{becomes, holds, replaced};
use fumibako_standard::dialect::Manner;
use fumibako_standard::repair::{Accepted, Decision, proposal, repair};
use fumibako_standard::write::ms932;
use fumibako_standard::{RULES, UnitKind};

/// The decisions about a set of which nothing is given out.
fn asks(files: &[File]) -> Vec<Decision> {
    let repaired = repair(&sources(files), &Accepted::none());
    assert!(repaired.files.is_empty() && repaired.changes.is_empty());
    assert!(!repaired.decisions.is_empty());
    for decision in &repaired.decisions {
        assert!(!decision.what.is_empty() && !decision.fix.is_empty(), "{decision:?}");
    }
    repaired.decisions
}

fn asks_about(files: &[File], why: &str) -> Decision {
    let decisions = asks(files);
    decisions.iter().find(|decision| decision.why == why).unwrap_or_else(|| panic!("{why}: {decisions:?}")).clone()
}

/// Actuals in which one cell is another.
fn with_cell(row: usize, column: usize, value: &str) -> Vec<File> {
    let mut files = sample(UnitKind::Actual, 7, 3);
    let (mut all, _) = rows(&files[0]).unwrap();
    all[row - 1][column - 1].0 = value.to_owned();
    files[0].bytes = ms932(&text(&all, "\r\n")).unwrap();
    files
}

#[test]
fn a_missing_cell_is_for_a_person() {
    let decision = asks_about(&with_cell(2, 10, ""), "V29");
    assert_eq!((decision.row, decision.column, decision.item), (Some(2), Some(10), Some("サービス利用日")));
}

#[test]
fn a_place_is_that_of_the_original_although_rows_were_removed() {
    let files = write(&with_cell(2, 10, ""), &[Manner::HeaderRow, Manner::BlankLines]);
    assert_eq!(asks_about(&files, "V29").row, Some(4));
}

#[test]
fn an_unknown_code_is_for_a_person() {
    asks_about(&with_cell(1, 23, "7"), "V62");
    asks_about(&with_cell(1, 15, "ZZ1111"), "V34");
}

#[test]
fn wrong_lengths_are_for_a_person() {
    asks_about(&with_cell(1, 2, "13101"), "V31");
    asks_about(&with_cell(1, 3, "1"), "V32");
    asks_about(&with_cell(1, 20, "137000002"), "V35");
    asks_about(&with_cell(1, 12, "900"), "V54");
    asks_about(&with_cell(1, 8, "12,34"), "V21");
}

#[test]
fn dates_that_do_not_exist_or_leave_doubt_are_for_a_person() {
    for date in ["2026/02/30", "26/02/01", "02/01/2026", "R8.2.1", "令和8年2月1日", "2026/02/01 10:00"] {
        asks_about(&with_cell(1, 10, date), "V33");
    }
}

#[test]
fn shifted_columns_are_for_a_person() {
    let mut files = sample(UnitKind::Actual, 7, 1);
    let (mut all, _) = rows(&files[0]).unwrap();
    for row in &mut all {
        row.remove(8);
        row.push((String::new(), false));
    }
    files[0].bytes = ms932(&text(&all, "\r\n")).unwrap();
    asks(&files);
}

#[test]
fn a_comma_inside_unquoted_text_is_not_taken_for_a_trailing_one() {
    // The last columns are all texts and the very last is empty: two readings, both sound.
    let mut files = sample(UnitKind::PreventionPlan, 7, 1);
    let at = files.iter().position(|file| file.name.starts_with("UPYOBO_SUB")).unwrap();
    let (mut all, _) = rows(&files[at]).unwrap();
    for row in &mut all {
        let last = row.len() - 1;
        row[last] = (String::new(), false);
        row[last - 1] = ("見本の事業所".into(), false);
        row[last - 2] = ("通所型サービス,短期集中".into(), false);
    }
    files[at].bytes = ms932(&text(&all, "\r\n")).unwrap();
    asks_about(&files, "V21");
}

#[test]
fn unknown_versions_are_for_a_person() {
    for version in ["201910", "202003", "202601", "999999"] {
        asks_about(&with_version(version), "V26");
    }
    // An old edition for a month in which it no longer applies.
    asks(&with_version("202208"));
}

fn with_version(version: &str) -> Vec<File> {
    let files = sample(UnitKind::ActualDelete, 7, 2);
    let text = String::from_utf8(files[0].bytes.clone()).unwrap().replace("202407,", &format!("{version},"));
    vec![File { name: files[0].name.clone(), bytes: text.into_bytes() }]
}

#[test]
fn a_file_of_several_versions_is_for_a_person() {
    let mut files = sample(UnitKind::ActualDelete, 7, 3);
    let text = String::from_utf8(files[0].bytes.clone()).unwrap();
    files[0].bytes = text.replace("\r\n202407,", "\r\n202410,").into_bytes();
    asks_about(&files, "V25");
    files[0].bytes = text.replacen("202407,", "202410,", 1).into_bytes();
    asks_about(&files, "V26");
}

#[test]
fn ambiguous_names_are_for_a_person() {
    let mut files = sample(UnitKind::Actual, 7, 1);
    let name = files[0].name.clone();
    for wrong in [
        name.replace(".CSV", " (1).CSV"),
        name.replace(".CSV", " - コピー.CSV"),
        name.replace('_', "-"),
        name.replace("0300000100", "300000100"),
        name.replace("20260401090000", "20260401"),
        "実績.CSV".to_owned(),
        "memo.txt".to_owned(),
    ] {
        files[0].name = wrong;
        asks(&files);
    }
}

#[test]
fn a_set_without_one_of_its_files_is_held_back_with_it() {
    // 利用者基本情報 may be sent without its 別表; but here there is one, under a name that cannot be read.
    for rename in [|name: &str| name.replace(".CSV", " (1).CSV"), |_: &str| "UPKIHON_SUB1.CSV".to_owned()] {
        let mut files = sample(UnitKind::PreventionBasicInfo, 7, 2);
        let at = files.iter().position(|file| file.name.starts_with("UPKIHON_SUB1")).unwrap();
        files[at].name = rename(&files[at].name);
        let decisions = asks(&files);
        assert!(decisions.iter().any(|decision| decision.file == Some(at) && !decision.set.is_empty()));
    }
}

#[test]
fn a_set_of_very_many_faulty_files_is_held_back_whole_and_named_in_part() {
    let mut files = sample(UnitKind::PreventionBasicInfo, 7, 1);
    let number = |at: usize| {
        format!("UPKIHON_IMAGE_{}_{at:04}.JPG", files[0].name.split_once('_').unwrap().1.trim_end_matches(".CSV"))
    };
    let names: Vec<String> = (1..=2_000).map(number).collect();
    files.extend(names.into_iter().map(|name| File { name, bytes: vec![b'x'] }));
    let decisions = asks(&files);
    assert!(decisions.len() > 100);
    assert!(decisions.iter().all(|decision| decision.set.len() <= 100));
}

#[test]
fn a_copy_beside_its_original_leaves_it_open_which_to_take() {
    let mut files = sample(UnitKind::Actual, 7, 1);
    files.push(File { name: files[0].name.replace(".CSV", " - コピー.CSV"), bytes: files[0].bytes.clone() });
    asks_about(&files, "V01");
}

#[test]
fn old_names_for_new_content_are_for_a_person() {
    let mut files = sample(UnitKind::ActualDelete, 7, 1);
    files[0].name = "DLTJSK_202602_0300000100_0300000005_20260401090000.CSV".into();
    assert!(asks_about(&files, "V02").what.contains("サービス種類コード"));
    files[0].name = "DLTJSK_202602_0300000100_111_0300000005_431_20260401090000.CSV".into();
    assert!(asks_about(&files, "V02").what.contains("版4.0"));
}

#[test]
fn two_files_that_would_bear_one_name_are_for_a_person() {
    let mut files = sample(UnitKind::Actual, 7, 1);
    files.push(File { name: files[0].name.to_ascii_lowercase(), bytes: files[0].bytes.clone() });
    asks_about(&files, "V18");
}

#[test]
fn an_incomplete_set_is_for_a_person_and_spoils_no_other() {
    let mut files = sample(UnitKind::Schedule, 7, 2);
    files.pop();
    let whole = files.len();
    let mut actuals = write(&sample(UnitKind::Actual, 7, 2), &[Manner::Utf8Mark]);
    files.append(&mut actuals);
    let repaired = repair(&sources(&files), &Accepted::none());
    holds(&files, &repaired);
    assert_eq!(repaired.files.iter().map(|file| file.source).collect::<Vec<_>>(), [whole]);
    assert!(repaired.decisions.iter().any(|decision| decision.why == "V09"), "{:?}", repaired.decisions);
}

#[test]
fn a_first_row_that_may_hold_a_person_is_not_removed_as_a_header() {
    let mut files = sample(UnitKind::ActualDelete, 7, 2);
    let text = String::from_utf8(files[0].bytes.clone()).unwrap();
    files[0].bytes = format!("version,insurer,0000000001,202602,1370000002,11\r\n{text}").into_bytes();
    assert_eq!(asks_about(&files, "V24").row, Some(1));
}

#[test]
fn broken_quotes_and_bytes_are_for_a_person() {
    for (from, to, why) in [("\"", "", "V22"), ("\",", "\"x,", "V22")] {
        let mut files = sample(UnitKind::Actual, 7, 1);
        let text = encoding_rs::SHIFT_JIS.decode(&files[0].bytes).0.replacen(from, to, 1);
        files[0].bytes = ms932(&text).unwrap();
        asks_about(&files, why);
    }
    let mut files = sample(UnitKind::Actual, 7, 1);
    let at = files[0].bytes.iter().position(|byte| *byte == b'"').unwrap();
    files[0].bytes.insert(at + 1, 0xFF);
    asks_about(&files, "V19");
    files[0].bytes[at + 1] = 0;
    asks_about(&files, "V19");
}

#[test]
fn gaiji_are_for_a_person_in_any_encoding() {
    let mut files = sample(UnitKind::Actual, 7, 1);
    let at = files[0].bytes.iter().position(|byte| *byte == b'"').unwrap();
    files[0].bytes.splice(at + 1..at + 1, [0xF0, 0x40]);
    asks_about(&files, "V20");
    asks_about(&replaced(&sample(UnitKind::Actual, 7, 1), "UPJSK", "\u{E000}"), "V20");
}

#[test]
fn a_kanji_outside_ms932_is_proposed_and_replaced_only_when_accepted() {
    let files = replaced(&sample(UnitKind::CarePlan, 7, 2), "UP1KYO", "𠮷");
    let decision = asks_about(&files, "V19");
    assert_eq!(decision.character, Some(("𠮷".into(), Some("吉".into()))));
    assert_eq!((decision.row, decision.item.is_some()), (Some(1), true));
    assert!(!format!("{decision:?}").contains('吉'));

    let expected = replaced(&sample(UnitKind::CarePlan, 7, 2), "UP1KYO", "吉");
    for accepted in [Accepted::proposed(), Accepted::none().and("𠮷", "吉")] {
        let repaired = repair(&sources(&files), &accepted);
        assert!(repaired.decisions.is_empty());
        holds(&files, &repaired);
        for (file, expected) in repaired.files.iter().zip(&expected) {
            assert_eq!(file.bytes, ms932(std::str::from_utf8(&expected.bytes).unwrap()).unwrap());
        }
        let told = repaired.changes.iter().any(|change| change.manners.contains(Manner::OutsideMs932));
        assert!(told);
    }
    // Another person may choose another character; one outside MS932 is no choice.
    assert!(repair(&sources(&files), &Accepted::none().and("𠮷", "由")).is_complete());
    assert!(!repair(&sources(&files), &Accepted::proposed().and("𠮷", "𠮷")).is_complete());
}

#[test]
fn what_is_accepted_in_a_cell_that_is_no_text_is_put_into_its_form_too() {
    let sound = sample(UnitKind::CarePlan, 7, 2);
    let files = replaced(&sound, "UPHOSOKU", "");
    let files: Vec<File> = files
        .into_iter()
        .map(|file| File {
            bytes: String::from_utf8(file.bytes)
                .unwrap()
                .replace("202407,", "\u{200B}\u{A0}202407\u{200B} ,")
                .into_bytes(),
            ..file
        })
        .collect();
    assert_eq!(asks_about(&files, "V19").row, Some(1));
    let repaired = repair(&sources(&files), &Accepted::proposed());
    assert!(repaired.decisions.is_empty(), "{:?}", repaired.decisions);
    holds(&files, &repaired);
    assert!(repaired.files.iter().zip(&sound).all(|(file, sound)| file.bytes == sound.bytes));
}

#[test]
fn kanji_that_ms932_has_stay() {
    let files = replaced(&sample(UnitKind::CarePlan, 7, 2), "UP1KYO", "髙﨑濵德邊齋①㈱");
    let expected: Vec<File> = files
        .iter()
        .map(|file| File { name: file.name.clone(), bytes: ms932(std::str::from_utf8(&file.bytes).unwrap()).unwrap() })
        .collect();
    becomes(&files, &expected);
}

#[test]
fn an_emoji_has_no_proposal_and_is_never_a_question_mark() {
    let files = replaced(&sample(UnitKind::CarePlan, 7, 2), "UP1KYO", "😀");
    assert_eq!(asks_about(&files, "V19").character, Some(("😀".into(), None)));
    assert!(repair(&sources(&files), &Accepted::proposed()).files.is_empty());
}

#[test]
fn decomposed_kana_and_selected_variants_are_proposed_as_one() {
    assert_eq!(proposal("か\u{3099}").as_deref(), Some("が"));
    assert_eq!(proposal("ハ\u{309A}").as_deref(), Some("パ"));
    assert_eq!(proposal("葛\u{E0100}").as_deref(), Some("葛"));
    assert_eq!(proposal("\u{FA4C}").as_deref(), Some("社"));
    assert_eq!(proposal("\u{2F2D}").as_deref(), Some("山"));
    assert_eq!(proposal("\u{3099}"), None);
    assert_eq!(proposal("あいう"), None);
    let files = replaced(&sample(UnitKind::CarePlan, 7, 2), "UP1KYO", "か\u{3099}");
    assert_eq!(asks_about(&files, "V19").character, Some(("か\u{3099}".into(), Some("が".into()))));
}

#[test]
fn what_a_rule_calls_bad_is_either_repaired_or_asked_about() {
    for rule in RULES {
        let files: Vec<File> =
            rule.bad.iter().map(|file| File { name: file.name.into(), bytes: file.bytes() }).collect();
        let repaired = repair(&sources(&files), &Accepted::proposed());
        holds(&files, &repaired);
        assert!(repaired.files.len() == files.len() || !repaired.decisions.is_empty(), "{}", rule.code);
    }
}

#[test]
fn what_a_rule_calls_good_goes_through() {
    for rule in RULES {
        let files: Vec<File> =
            rule.good.iter().map(|file| File { name: file.name.into(), bytes: file.bytes() }).collect();
        let repaired = repair(&sources(&files), &Accepted::none());
        holds(&files, &repaired);
        assert_eq!(repaired.files.len(), files.len(), "{} {:?}", rule.code, repaired.decisions);
    }
}

#[test]
fn utf_16_without_a_mark_is_left_to_a_person() {
    let mut files = sample(UnitKind::ScheduleDelete, 3, 2);
    let text = encoding_rs::SHIFT_JIS.decode(&files[0].bytes).0.into_owned();
    files[0].bytes = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let repaired = repair(&sources(&files), &Accepted::proposed());
    assert!(repaired.files.is_empty() && repaired.changes.is_empty());
    assert!(repaired.decisions.iter().any(|decision| decision.why == "V19"), "{:?}", repaired.decisions);
}

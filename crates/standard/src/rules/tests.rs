//! The borders of what a cell may hold, and the words for what is wrong: mutants of these live where only whole sets are looked at.

use super::*;
use crate::FileKind;
use crate::layout::{CodeTable, Length};
use crate::read::QuoteFault;

/// Every value on its side of the border.
fn border(rule: &str, holds: impl Fn(&[u8]) -> bool, good: &[&str], bad: &[&str]) {
    for (values, expected) in [(good, true), (bad, false)] {
        for value in values {
            assert_eq!(holds(value.as_bytes()), expected, "{rule}: {value}");
        }
    }
}

#[test]
fn what_a_cell_may_hold_ends_where_the_standard_says() {
    border("V31", v31::holds, &["131016", "000000"], &["", "13101", "1310161", "13101A"]);
    border(
        "V32",
        v32::holds,
        &["0000000001", "H000000001"],
        &["", "000000001", "00000000001", "h000000001", "H00000000A"],
    );
    border("V33", |value| v33::is_date(value, false), &["20260401", "20240229"], &["00000000", "20260431", "2026040"]);
    border("V33", |value| v33::is_date(value, true), &["20260401", "00000000"], &["000000", "20260431", ""]);
    border("V33", |value| v33::is_month(value, false), &["202604", "202612"], &["000000", "202600", "202613", "20260"]);
    border("V33", |value| v33::is_month(value, true), &["202604", "000000"], &["00000000", "202613", ""]);
    border("V34", v34::is_service_type, &["11", "A2"], &["", "1", "ZZ", "111"]);
    border("V34", v34::is_service_code, &["111111", "11A1ZZ"], &["11111", "1111111", "1111a1", "ZZ1111", "1111-1"]);
    border(
        "V35",
        v35::is_office,
        &["1370000001", "13A0000001", "137000000A"],
        &["137000000", "13700000011", "13700-0001", "137000000a", ""],
    );
    border("V35", |value| v35::fits_digits(value, 3), &["", "123", "-123"], &["1234", "-1234"]);
    border("V36", v36::is_integer, &["0", "-1", "0012"], &["", "-", "1-", "--1", "1.0", "+1"]);
    border(
        "V36",
        v36::is_decimal,
        &["0.00", "10.84", "999.99"],
        &["1000.00", ".00", "1.0", "1.000", "1A.00", "1.A0", "1.0A", "10,84"],
    );
    border("V37", v37::holds, &["123-4567"], &["1234567", "123-456", "123-45678", "1234-567", "12A-4567", "123-45A7"]);
    border("V40", |value| v40::holds(value, true), &["00000000"], &["20260401", ""]);
    border("V40", |value| v40::holds(value, false), &["20260401", ""], &["00000000"]);
    border("V43", v43::holds, &["21", "25", ""], &["23", "2A"]);
    border("V44", v44::holds, &["1", "99", "01"], &["0", "100", "", "A"]);
    border("V50", v50::is_time, &["0000", "2359", "2400"], &["2360", "2401", "2500", "900", "00000", "09A0"]);
    border("V51", |value| v51::holds(value, b"202604"), &["20260401", "20260430", ""], &["20260501", "20250401"]);
    let month = ["0".repeat(31), "1".repeat(31)];
    border(
        "V52",
        v52::holds,
        &[&month[0], &month[1]],
        &[&"0".repeat(30), &"0".repeat(32), &format!("{}2", "0".repeat(30)), ""],
    );
    let day = |day: usize| format!("{}1{}", "0".repeat(day - 1), "0".repeat(31 - day));
    border("V53", |value| v53::holds(value, 30), &[&day(1), &day(30)], &[&day(31), &month[0]]);
    border(
        "V54",
        v54::is_start,
        &["0000", "0959", "1959", "2359", "9999"],
        &["2400", "2360", "0960", "3000", "999", "99999", "0A00"],
    );
    border("V54", v54::is_end, &["2400", "9999", "0000"], &["2401", "2460"]);
    border("V55", |value| v55::holds(value, b"9999"), &["9999"], &["0900"]);
    border("V55", |value| v55::holds(value, b"1000"), &["0900"], &["9999"]);
    border("V57", v57::holds, &["111111", "17"], &["431111", "1", ""]);
    border("V62", v62::holds, &["0", "1"], &["2", "", "00"]);
    border("V63", v63::holds, &["1", "10", "01"], &["0", "00", "", "-1"]);
    border("V69", v69::holds, &["111111", "999999", "11AAAA"], &["999998", "99999", ""]);
    border("V72", v72::is_zero, &["0", "000", "-0", ""], &["1", "-1", "0 "]);
    border("V73", v73::holds, &["9999999999"], &["999999999", "99999999999", "0000000000"]);
}

#[test]
fn a_code_is_one_of_its_list_and_no_part_of_one() {
    let codes = CodeTable { ident: "tens", name: "十", values: &[("1", "一"), ("12", "十二")] };
    border("V34", |value| v34::is_listed(value, &codes), &["1", "12"], &["", "2", "11", "22", "21", "121", "123"]);
}

#[test]
fn equipment_alone_has_a_tais_code() {
    for kind in [*b"17", *b"67"] {
        assert!(v58::is_equipment(kind) && v60::may_have(kind));
    }
    for kind in [*b"11", *b"16", *b"71", *b"76"] {
        assert!(!v58::is_equipment(kind) && !v60::may_have(kind));
    }
}

#[test]
fn lengths_are_told_in_characters() {
    assert!(v35::fits("ひだまり".as_bytes(), 12) && !v35::fits(b"1234", 3) && v35::fits(b"123", 3));
    assert!(v35::fits_doubled(b"a\"\"b", 3) && !v35::fits_doubled(b"a\"\"bc", 3));
    let told = |value: &[u8], length| v35::describe(value, length).unwrap_or_default();
    assert_eq!(told(b"13700-0001", Length::Exact(10)), "半角の数字と大文字の英字ではない文字があります");
    assert_eq!(told(b"137", Length::Exact(10)), "10文字の項目に3文字あります");
    assert_eq!(told(b"12345", Length::Max(4)), "4文字までの項目に5文字あります");
    assert_eq!(v35::describe(b"12345", Length::Free), None);
}

#[test]
fn the_words_tell_one_fault_from_another() {
    assert_eq!(v19::describe(b"a\0b"), "NUL文字があります");
    assert_eq!(v19::describe(b"a\x01b"), "制御文字があります");
    assert_eq!(v19::describe(b"a\x7Fb"), "制御文字があります");
    assert_eq!(v19::describe(b"ab\x82"), "文字が途中で切れています");
    assert_eq!(v19::describe(b"a\xFFb"), "MS932の文字ではないバイトがあります");
    assert_eq!(v19::describe(b"ab"), "");
    let quotes = [QuoteFault::Unclosed, QuoteFault::AfterQuote, QuoteFault::Inside].map(v22::describe);
    assert!(quotes[0].contains("閉じて") && quotes[1].contains("二つ重ね") && quotes[2].contains("始まらない"));
    let word = |version: &[u8]| v26::judge(version, FileKind::Up1kyo).map_or("", |(_, word)| word);
    assert!(
        word(b"202410").contains("発行月")
            && word(b"201910").contains("版1・版2")
            && word(b"202003").contains("版1・版2")
    );
    assert!(word(b"202411").contains("標準仕様にない") && word(b"202407").is_empty());
    assert_eq!(format!("{:?}", v52::RULE), "Rule(V52)");
}

#[test]
fn numbers_follow_one_another_level_by_level() {
    let broken = |numbers: &[[u8; 3]]| v77::first_broken(numbers.iter().copied());
    assert_eq!(broken(&[[1, 1, 1], [1, 1, 2], [1, 2, 1], [2, 1, 1]]), None);
    assert_eq!(broken(&[[1, 1, 2]]), Some((0, 0)));
    assert_eq!(broken(&[[1, 2, 1]]), Some((0, 0)));
    assert_eq!(broken(&[[2, 1, 1]]), Some((0, 0)));
    assert_eq!(broken(&[[1, 1, 1], [1, 2, 2]]), Some((1, 1)));
    assert_eq!(broken(&[[1, 1, 1], [1, 3, 1]]), Some((1, 1)));
    assert_eq!(broken(&[[1, 1, 1], [1, 1, 3]]), Some((1, 2)));
    assert_eq!(broken(&[[1, 1, 1], [1, 1, 1]]), Some((1, 2)));
    assert_eq!(broken(&[[1, 1, 1], [3, 1, 1]]), Some((1, 0)));
}

#[test]
fn a_subtotal_is_known_by_its_item() {
    for (code, line) in [
        ("11AAAA", v69::Line::Inside),
        ("11EEEE", v69::Line::Outside),
        ("21ZZZZ", v69::Line::Beyond),
        ("999999", v69::Line::Total),
        ("119999", v69::Line::Detail),
        ("111111", v69::Line::Detail),
        ("11", v69::Line::Detail),
    ] {
        assert_eq!(v69::line(code.as_bytes()), line, "{code}");
    }
}

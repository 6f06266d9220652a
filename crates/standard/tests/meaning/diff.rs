use crate::{file, kinds, set, sources};
use fumibako_standard::diff::{Change, Difference, Presence, Rows, Subject, What, diff, diff_with_rows};
use fumibako_standard::sample::SampleFile;
use fumibako_standard::{FileKind, UnitKind};
use proptest::prelude::*;
use std::slice::from_ref;

const GOALS: &str = "UP2KYO_0390000100_43_0390001000_11_20260401090000.CSV";
const MONTH: &str = "UPPLAN_202604_0390000100_43_0390001000_11_20260401090000.CSV";

fn between(before: &SampleFile, after: &SampleFile) -> Difference {
    diff(&sources(std::slice::from_ref(before)), &sources(std::slice::from_ref(after)))
}

fn only(difference: &Difference) -> &Change {
    let [person] = difference.people.as_slice() else { panic!("one person: {difference:?}") };
    let [change] = person.changes.as_slice() else { panic!("one change: {difference:?}") };
    change
}

fn cells(change: &Change) -> Vec<(&str, &str, &str)> {
    let cell = |cell: &'_ fumibako_standard::diff::CellChange| cell.column.0.ident;
    change.cells.iter().map(|one| (cell(one), one.before.reveal().as_str(), one.after.reveal().as_str())).collect()
}

/// 課題NO, 課題, 目標NO, 長期, 短期, 長期期間, 短期期間, 内容NO, 内容.
fn goals(rows: &[[&str; 9]]) -> SampleFile {
    file(GOALS, &goal_rows(rows))
}

fn goal_rows(rows: &[[&str; 9]]) -> String {
    let row = |[issue_no, issue, goal_no, long, short, long_period, short_period, support_no, content]: &[&str; 9]| {
        format!(
            "202407,131016,0000000001,20260320,20260320,{issue_no},\"{issue}\",{goal_no},\"{long}\",\"{short}\",\"{long_period}\",\"{short_period}\",{support_no},\"{content}\",Y,,,,,,,\r\n"
        )
    };
    rows.iter().map(row).collect()
}

struct Visit<'a> {
    person: &'a str,
    day: &'a str,
    time: (&'a str, &'a str),
    count: &'a str,
    units: &'a str,
}

const VISIT: Visit<'_> =
    Visit { person: "0000000001", day: "20260403", time: ("0900", "1000"), count: "1", units: "387" };

fn month(visits: &[Visit<'_>]) -> SampleFile {
    file(MONTH, &visit_rows(visits))
}

fn visit_rows(visits: &[Visit<'_>]) -> String {
    let row = |Visit { person, day, time, count, units }: &Visit<'_>| {
        format!(
            "202407,131016,{person},20260325,202604,0390000100,\"\",{units},,{day},,{},{},{count},111111,,,\"\",,0390001000,\"\",,0,,\r\n",
            time.0, time.1
        )
    };
    visits.iter().map(row).collect()
}

#[test]
fn a_set_does_not_differ_from_itself() {
    for kind in kinds() {
        let files = set(kind, 11, 8);
        let difference = diff(&sources(&files), &sources(&files));
        assert!(difference.is_empty(), "{}", kind.id());
        assert_eq!(difference, Difference { people_compared: 8, ..Difference::default() });
    }
}

#[test]
fn the_order_of_rows_and_the_way_of_writing_make_no_difference() {
    let before = month(&[VISIT, Visit { day: "20260410", ..VISIT }]);
    let after = file(
        MONTH,
        "202407,131016,0000000001,20260325,202604,0390000100,,0387,,\"20260410\",,0900,1000,01,111111,,,,,0390001000,,,0,,\n202407,131016,0000000001,20260325,202604,0390000100,,387,,20260403,,0900,1000,1,111111,,,,,0390001000,,,0,,",
    );
    assert!(between(&before, &after).is_empty());
}

#[test]
fn blanks_of_the_second_sheet_stand_for_the_line_above() {
    let blank = goals(&[
        ["1", "課題１", "1", "長期１", "短期１", "aaaa", "bbbb", "1", "サービス1"],
        ["1", "", "1", "", "", "", "", "2", "サービス２"],
        ["1", "", "1", "", "短期２", "", "eeee", "3", "サービス３"],
        ["1", "", "2", "長期２", "短期３", "gggg", "hhhh", "1", "サービス４"],
        ["2", "課題２", "1", "長期３", "短期４", "jjjj", "kkkk", "1", "サービス５"],
    ]);
    let repeated = goals(&[
        ["1", "課題１", "1", "長期１", "短期１", "aaaa", "bbbb", "1", "サービス1"],
        ["1", "課題１", "1", "長期１", "短期１", "aaaa", "bbbb", "2", "サービス２"],
        ["1", "課題１", "1", "長期１", "短期２", "aaaa", "eeee", "3", "サービス３"],
        ["1", "課題１", "2", "長期２", "短期３", "gggg", "hhhh", "1", "サービス４"],
        ["2", "課題２", "1", "長期３", "短期４", "jjjj", "kkkk", "1", "サービス５"],
    ]);
    assert!(between(&blank, &repeated).is_empty());
    let other = goals(&[
        ["1", "課題１", "1", "長期１", "短期１", "aaaa", "bbbb", "1", "サービス1"],
        ["1", "", "1", "", "短期２", "", "eeee", "2", "サービス２"],
        ["1", "", "1", "", "", "", "", "3", "サービス３"],
        ["1", "", "2", "長期２", "短期３", "gggg", "hhhh", "1", "サービス４"],
        ["2", "課題２", "1", "長期３", "短期４", "jjjj", "kkkk", "1", "サービス５"],
    ]);
    let difference = between(&blank, &other);
    let change = only(&difference);
    assert_eq!(change.subject.goal, Some([1, 1, 2]));
    assert_eq!(cells(change), [("short_term_goal", "短期１", "短期２"), ("short_term_period", "bbbb", "eeee")]);
}

#[test]
fn a_visit_that_came_went_or_moved_is_told_by_day_and_service() {
    let before = month(&[VISIT, Visit { day: "20260410", ..VISIT }]);
    let moved = month(&[Visit { time: ("1400", "1500"), ..VISIT }, Visit { day: "20260410", ..VISIT }]);
    let difference = between(&before, &moved);
    let change = only(&difference);
    assert_eq!((change.kind, change.what), (FileKind::Upplan, What::Changed));
    assert_eq!(cells(change), [("start_time", "0900", "1400"), ("end_time", "1000", "1500")]);
    let subject = Subject {
        day: fumibako_standard::value::Date::from_bytes(b"20260403"),
        office: Some("0390001000".into()),
        service_code: Some("111111".into()),
        ..Subject::default()
    };
    assert_eq!(change.subject, subject);
    let fewer = between(&before, &month(&[VISIT]));
    assert_eq!(only(&fewer).what, What::Removed);
    assert_eq!(only(&fewer).subject.day.map(|day| day.day()), Some(10));
    assert!(cells(only(&fewer)).contains(&("units", "387", "")));
}

#[test]
fn a_change_says_in_which_rows_it_stands() {
    let other_day = || Visit { day: "20260410", ..VISIT };
    let before = month(&[Visit { day: "20260401", ..VISIT }, VISIT]);
    let after = month(&[other_day(), Visit { count: "2", ..VISIT }]);
    let (difference, rows) = diff_with_rows(&sources(from_ref(&before)), &sources(from_ref(&after)));
    assert_eq!(difference, between(&before, &after));
    let told: Vec<_> =
        difference.people[0].changes.iter().map(|change| change.what).zip(rows[0].iter().copied()).collect();
    let expected = [
        (What::Removed, Rows { before: Some(1), after: None }),
        (What::Changed, Rows { before: Some(2), after: Some(2) }),
        (What::Added, Rows { before: None, after: Some(1) }),
    ];
    assert_eq!(told, expected);
}

#[test]
fn people_are_numbered_not_named() {
    let before = month(&[VISIT, Visit { person: "0000000002", ..VISIT }]);
    let after = month(&[VISIT, Visit { person: "0000000003", ..VISIT }]);
    let difference = between(&before, &after);
    let people: Vec<_> = difference.people.iter().map(|person| (person.number, person.presence)).collect();
    assert_eq!(people, [(2, Presence::Before), (3, Presence::After)]);
    assert_eq!(difference.people_compared, 3);
    let said = format!("{difference:?}");
    assert!(!said.contains("0000000003") && !said.contains("0900"), "{said}");
}

#[test]
fn a_new_picture_is_a_difference_and_a_new_serial_in_its_name_is_none() {
    let set = |serial: &str| crate::set_of(UnitKind::PreventionBasicInfo, 4, 12, serial, "202604");
    let (before, mut after) = (set("20260325090000"), set("20260326090000"));
    assert!(diff(&sources(&before), &sources(&after)).is_empty());
    let picture = after.iter_mut().find(|file| file.name.ends_with(".jpg")).expect("one has a picture");
    picture.bytes.push(0);
    let difference = diff(&sources(&before), &sources(&after));
    assert_eq!(difference.files.len(), 1);
    assert_eq!((difference.files[0].kind, difference.files[0].what), (FileKind::UpkihonImage, What::Changed));
}

#[test]
fn an_old_edition_is_compared_by_its_columns() {
    let old = "UPPLAN_202604_0390000100_0390001000_20260401090000.CSV";
    let row =
        "202208,131016,0000000001,20260325,202604,0390000100,,387,,20260403,,0900,1000,1,111111,,0390001000,,,0,,\r\n";
    assert!(between(&file(old, row), &month(&[VISIT])).is_empty());
}

fn any_visits() -> impl Strategy<Value = String> {
    let pick = |values: &'static [&'static str]| prop::sample::select(values);
    let visit = (
        pick(&["0000000001", "0000000002"]),
        pick(&["20260403", "20260410"]),
        pick(&["0900", "1400", "9999"]),
        pick(&["1", "2", "01"]),
        pick(&["387", "0387", "0", ""]),
    );
    prop::collection::vec(visit, 0..7).prop_map(|visits| {
        let visits: Vec<Visit<'_>> = visits
            .into_iter()
            .map(|(person, day, start, count, units)| Visit { person, day, time: (start, "1600"), count, units })
            .collect();
        visit_rows(&visits)
    })
}

fn any_goals() -> impl Strategy<Value = String> {
    let text = || prop::sample::select(&["", "", "あ", "い"][..]);
    let number = || prop::sample::select(&["1", "2", ""][..]);
    let row = (number(), text(), number(), text(), text(), text(), text(), number(), text());
    prop::collection::vec(row, 0..6).prop_map(|rows| {
        let rows: Vec<[&str; 9]> =
            rows.into_iter().map(|(a, b, c, d, e, f, g, h, i)| [a, b, c, d, e, f, g, h, i]).collect();
        goal_rows(&rows)
    })
}

#[test]
fn records_that_could_not_be_read_are_no_reason_to_call_two_sets_the_same() {
    let with = |broken: &str| file(MONTH, &(visit_rows(&[VISIT]) + broken));
    let (one, other) = (with("202407,131016,\"0000000002\r\n"), with("202407,131016,\"0000000003\r\n"));
    assert!(between(&one, &one).is_empty());
    let difference = between(&one, &other);
    assert_eq!((difference.unread.0.count, difference.unread.1.count), (1, 1));
    assert!(!difference.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn schedules_compare_the_same_from_either_side(before in any_visits(), after in any_visits()) {
        let (before, after) = (file(MONTH, &before), file(MONTH, &after));
        prop_assert_eq!(between(&before, &after).swapped(), between(&after, &before));
        prop_assert!(between(&before, &before).is_empty());
    }

    #[test]
    fn goals_compare_the_same_from_either_side(before in any_goals(), after in any_goals()) {
        let (before, after) = (file(GOALS, &before), file(GOALS, &after));
        prop_assert_eq!(between(&before, &after).swapped(), between(&after, &before));
        prop_assert!(between(&before, &before).is_empty());
    }

    #[test]
    fn any_bytes_can_be_compared(before in prop::collection::vec(any::<u8>(), 0..300), after in "[0-9,\"\r\n]{0,200}") {
        let name = "DLTPLAN_202604_0390000100_43_0390001000_11_20260401090000.CSV";
        let before = SampleFile { name: name.into(), bytes: [b"202407,a,b,c\r\n", &before[..]].concat() };
        let after = file(name, &format!("202407,a,b,c\r\n{after}"));
        prop_assert_eq!(between(&before, &after).swapped(), between(&after, &before));
    }
}

proptest! {
    // Whole sets are many rows.
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn samples_of_two_months_compare_the_same_from_either_side(kind in 0..15usize, seed in 0..50u64) {
        let kind = kinds().nth(kind).unwrap();
        let (before, after) = (set(kind, seed, 3), crate::set_of(kind, seed + 1, 3, "20260401090000", "202605"));
        let difference = diff(&sources(&before), &sources(&after));
        prop_assert_eq!(difference.clone().swapped(), diff(&sources(&after), &sources(&before)));
        prop_assert!(!difference.is_empty());
    }
}

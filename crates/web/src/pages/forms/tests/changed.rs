//! 変更の印: what changed is marked where it stands, and nothing else is.

use super::planted::{KEYS, sheets, unit, value};
use super::{compared, forms, set, squeezed, text_of};
use crate::pages::forms::unprinted;
use standard::sample::SampleFile;
use standard::{Edition, FileKind, UnitKind};

const FIRST: &str = "20260325090000";
const SECOND: &str = "20260326090000";

/// The units that stand for all sheets that can change.
const UNITS: [UnitKind; 4] =
    [UnitKind::CarePlan, UnitKind::Schedule, UnitKind::Actual, UnitKind::PreventionPlanWithBasicInfo];

fn is_marked(html: &str) -> bool {
    ["<del>", "<ins>", "class=\"tag"].iter().any(|mark| html.contains(mark))
}

#[test]
fn whatever_changes_is_marked_with_what_stood_there_before() {
    let mut faults = Vec::new();
    for kind in UNITS {
        let before = unit(kind, FIRST, None);
        for sheet in sheets(kind) {
            let layout = standard::layout(*sheet, Edition::V202407).expect("a layout");
            // Actuals of another service are other actuals, not changed ones.
            let subject =
                |ident: &str| *sheet == FileKind::Upjsk && ["service_office_no", "service_code"].contains(&ident);
            let printed = |ident: &str| !unprinted::contains(ident) && !KEYS.contains(&ident) && !subject(ident);
            for column in layout.columns.iter().filter(|column| printed(column.ident)) {
                let html = compared(&before, &unit(kind, SECOND, Some((*sheet, column.ident))));
                let text = text_of(&html);
                let place = format!("{} {}", sheet.id(), column.ident);
                if !is_marked(&html) {
                    faults.push(format!("{place}: not marked"));
                }
                for shown in [value(*sheet, column, 0), value(*sheet, column, 1)].map(|planted| planted.shown) {
                    if !text.contains(&squeezed(&shown)) {
                        faults.push(format!("{place}: {shown} is not there"));
                    }
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn what_has_not_changed_bears_no_mark() {
    for kind in UNITS {
        let before = unit(kind, FIRST, None);
        let again = unit(kind, SECOND, None);
        assert!(!is_marked(&compared(&before, &again)), "{}", kind.id());
        let sheet = sheets(kind)[0];
        let unseen = unit(kind, SECOND, Some((sheet, "updated_by_office")));
        assert!(!is_marked(&compared(&before, &unseen)), "{}: what is not printed is not marked", kind.id());
    }
    for kind in [UnitKind::CarePlan, UnitKind::Schedule] {
        let set = set(kind, 5, 3, SECOND);
        assert!(!is_marked(&forms(&set)), "{}", kind.id());
        assert!(!is_marked(&compared(&renamed(&set, FIRST), &set)), "{}", kind.id());
    }
}

/// The same files under another serial.
fn renamed(set: &[SampleFile], serial: &str) -> Vec<SampleFile> {
    let file = |file: &SampleFile| SampleFile { name: file.name.replace(SECOND, serial), bytes: file.bytes.clone() };
    set.iter().map(file).collect()
}

#[test]
fn who_had_no_version_before_is_marked_nowhere() {
    let before = unit(UnitKind::Schedule, FIRST, Some((FileKind::Upplan, "insured_no")));
    assert!(!is_marked(&compared(&before, &unit(UnitKind::Schedule, SECOND, None))), "another person");
    let later = unit(UnitKind::Schedule, "20260327090000", Some((FileKind::Upplan, "units")));
    assert!(!is_marked(&compared(&later, &unit(UnitKind::Schedule, SECOND, None))), "a later set was not replaced");
}

#[test]
fn each_plan_of_a_person_is_compared_with_its_own_version_before() {
    let plan = |serial, other| unit(UnitKind::CarePlan, serial, other);
    let first = plan(FIRST, None);
    let other_date: Vec<SampleFile> = sheets(UnitKind::CarePlan)
        .iter()
        .zip(plan("20260325100000", None))
        .map(|(sheet, file)| {
            let layout = standard::layout(*sheet, Edition::V202407).expect("a layout");
            let bytes = super::planted::file(layout, Some("care_plan_date"));
            SampleFile { name: file.name, bytes }
        })
        .collect();
    // The newest set has both plans as they were.
    let both: Vec<SampleFile> = plan(SECOND, None)
        .into_iter()
        .zip(&other_date)
        .map(|(file, other)| SampleFile { name: file.name, bytes: [file.bytes, other.bytes.clone()].concat() })
        .collect();
    let earlier = [super::sources(&first), super::sources(&other_date)];
    let after = super::sources(&both);
    let changes = super::Changes::between(&earlier, &after);
    assert_eq!((changes.compared.len(), changes.changed.len()), (1, 0));
    let changes = super::Changes::between(&earlier[..1], &after);
    assert_eq!(changes.changed.len(), 0, "the other plan is new, not changed");
}

#[test]
fn a_day_that_came_and_one_that_went_stand_in_their_columns_with_both_totals() {
    let moved = |serial, other| unit(UnitKind::Schedule, serial, other);
    let html = compared(&moved(FIRST, None), &moved(SECOND, Some((FileKind::Upplan, "service_date"))));
    let schedule = html.split("</article>").next().unwrap_or_default();
    let days: Vec<&str> =
        schedule.split("<th scope=\"row\">予定</th>").nth(1).unwrap_or_default().split("<td").collect();
    let count = value(FileKind::Upplan, column("service_count"), 0).shown;
    assert!(days[5].contains(&format!("<del>{count}</del>")), "the fifth: {}", days[5]);
    assert!(days[6].contains(&format!("<ins>{count}</ins>")), "the sixth: {}", days[6]);
    assert!(!days[7].contains(&count), "the seventh: {}", days[7]);
    assert!(schedule.contains("class=\"tag changed\">変更"), "the line as a whole");
}

fn column(ident: &str) -> &'static standard::Column {
    let layout = standard::layout(FileKind::Upplan, Edition::V202407).expect("a layout");
    layout.column(ident).expect("a column")
}

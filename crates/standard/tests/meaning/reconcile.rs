use crate::{file, set, sources};
use fumibako_standard::reconcile::{Insurers, Mismatch, Reconciliation, Service, Side, Sides, Total, Why, reconcile};
use fumibako_standard::sample::SampleFile;
use fumibako_standard::value::InsuredNumber;
use fumibako_standard::{FileKind, UnitKind};
use proptest::prelude::*;

#[derive(Debug, Clone, Copy)]
struct Line<'a> {
    insurer: &'a str,
    person: &'a str,
    units: &'a str,
    day: &'a str,
    mask: &'a str,
    time: (&'a str, &'a str),
    count: &'a str,
    code: &'a str,
    tais: &'a str,
    detail: &'a str,
    office: &'a str,
    satellite: &'a str,
}

const VISIT: Line<'_> = Line {
    insurer: "131016",
    person: "0000000001",
    units: "387",
    day: "20260403",
    mask: "",
    time: ("0900", "1000"),
    count: "1",
    code: "111111",
    tais: "",
    detail: "",
    office: "0390001000",
    satellite: "",
};

fn sheet(kind: FileKind, lines: &[Line<'_>]) -> SampleFile {
    let row = |line: &Line<'_>| {
        let Line { insurer, person, units, day, mask, time, count, code, tais, detail, office, satellite } = line;
        format!(
            "202407,{insurer},{person},20260325,202604,0390000100,\"\",{units},,{day},{mask},{},{},{count},{code},{tais},,\"\",{detail},{office},\"\",{satellite},0,,\r\n",
            time.0, time.1
        )
    };
    let id = kind.id();
    file(
        &format!("{id}_202604_0390000100_43_0390001000_11_20260401090000.CSV"),
        &lines.iter().map(row).collect::<String>(),
    )
}

fn sides(plan: &[Line<'_>], actual: &[Line<'_>]) -> (Side, Side) {
    let read = |kind, lines| Side::read(&sources(&[sheet(kind, lines)]), kind);
    (read(FileKind::Upplan, plan), read(FileKind::Upjsk, actual))
}

fn of(plan: &[Line<'_>], actual: &[Line<'_>]) -> Reconciliation {
    let (plan, actual) = sides(plan, actual);
    reconcile(&plan, &actual, &Insurers::Exact)
}

fn only(result: &Reconciliation) -> &Service {
    let services: Vec<&Service> = result.services().collect();
    assert_eq!(services.len(), 1);
    services[0]
}

fn whats(service: &Service) -> Vec<Mismatch> {
    service.findings.iter().map(|finding| finding.what).collect()
}

#[test]
fn a_sample_schedule_agrees_with_itself_and_its_own_actuals_are_found() {
    let plan = set(UnitKind::Schedule, 21, 10);
    let plan = Side::read(&sources(&plan), FileKind::Upplan);
    assert!(!plan.is_empty());
    assert!(reconcile(&plan, &plan, &Insurers::Exact).agrees());
    let actual = set(UnitKind::Actual, 21, 10);
    let actual = Side::read(&sources(&actual), FileKind::Upjsk);
    let reported = actual.offices();
    let result = reconcile(&plan.of_offices(&reported), &actual, &Insurers::Exact);
    assert_eq!(result.unread, (0, 0));
    assert!(result.people.iter().flat_map(|person| &person.offices).all(|office| office.sides == Sides::Both));
}

#[test]
fn what_was_not_reported_is_missing_and_what_was_not_planned_is_extra() {
    let other = Line { day: "20260410", ..VISIT };
    let result = of(&[VISIT, other], &[VISIT]);
    assert!(matches!(whats(only(&result))[..], [Mismatch::Missing(_)]));
    assert_eq!(only(&result).findings[0].day.map(|day| day.day()), Some(10));
    assert_eq!(only(&result).plan, Total { count: 2, units: 774, without_units: 0 });
    assert_eq!(only(&result).actual, Total { count: 1, units: 387, without_units: 0 });
    assert!(matches!(whats(only(&of(&[VISIT], &[other, VISIT])))[..], [Mismatch::Extra(_)]));
}

#[test]
fn time_count_and_units_are_told_apart() {
    for (actual, expected) in [
        (Line { time: ("1400", "1500"), ..VISIT }, (true, false, false)),
        (Line { count: "2", ..VISIT }, (false, true, false)),
        (Line { units: "579", ..VISIT }, (false, false, true)),
        (Line { units: "579", count: "3", time: ("0900", "1100"), ..VISIT }, (true, true, true)),
    ] {
        let result = of(&[VISIT], &[actual]);
        let [Mismatch::Differs { time, count, units, .. }] = whats(only(&result))[..] else { panic!("{result:?}") };
        assert_eq!((time, count, units), expected);
        assert!(!result.agrees());
    }
}

#[test]
fn another_thing_under_the_same_code_is_told() {
    let bed = Line { code: "171003", tais: "00170-000084", ..VISIT };
    let other = Line { tais: "00170-000085", ..bed };
    for (plan, actual) in [(bed, other), (Line { mask: FROM_10TH, ..bed }, Line { mask: FROM_10TH, ..other })] {
        let result = of(&[plan], &[actual]);
        let [Mismatch::Differs { time: false, count: false, units: false, equipment: true, .. }] =
            whats(only(&result))[..]
        else {
            panic!("{result:?}")
        };
        assert!(of(&[plan], &[plan]).agrees());
    }
    // Another hyphen is no other thing.
    assert!(of(&[bed], &[Line { tais: "00170‐000084", ..bed }]).agrees());
}

#[test]
fn of_two_visits_a_day_the_one_that_moved_is_found() {
    let late = Line { time: ("1800", "1900"), ..VISIT };
    let moved = Line { time: ("1700", "1800"), ..VISIT };
    let result = of(&[VISIT, late], &[moved, VISIT]);
    let [Mismatch::Differs { plan, actual, time: true, count: false, units: false, equipment: false }] =
        whats(only(&result))[..]
    else {
        panic!("{result:?}")
    };
    assert_eq!((plan.start.to_string(), actual.start.to_string()), ("18:00".into(), "17:00".into()));
}

#[test]
fn units_of_rate_based_codes_may_be_left_out() {
    for units in ["0", "", "000"] {
        let result = of(&[Line { units: "1250", ..VISIT }], &[Line { units, ..VISIT }]);
        assert!(result.agrees());
        assert_eq!(only(&result).notes[0].why, Why::UnitsUnstated);
        assert_eq!(only(&result).actual, Total { count: 1, units: 0, without_units: 1 });
    }
}

#[test]
fn a_service_without_a_time_is_not_held_against_one_with() {
    let without = Line { time: ("9999", "9999"), ..VISIT };
    assert!(of(&[without], &[without]).agrees());
    let result = of(&[VISIT], &[without]);
    assert!(result.agrees());
    assert_eq!(only(&result).notes[0].why, Why::TimeUnstated);
}

const FROM_10TH: &str = "0000000001111111111111111111110";
const FROM_11TH: &str = "0000000000111111111111111111110";

#[test]
fn day_masks_are_compared_by_their_days() {
    let masked = |day, mask| Line { code: "731212", units: "100", day, mask, ..VISIT };
    let plan = [masked("20260410", FROM_10TH), masked("20260417", FROM_10TH)];
    let result = of(&plan, &[masked("20260420", FROM_10TH)]);
    assert!(result.agrees(), "which days are visited does not matter: {result:?}");
    assert_eq!(only(&result).plan, Total { count: 21, units: 2100, without_units: 0 });
    let result = of(&plan, &[masked("20260411", FROM_11TH)]);
    let [Mismatch::Days { missing, extra }] = whats(only(&result))[..] else { panic!("{result:?}") };
    assert_eq!((missing.days().collect::<Vec<_>>(), extra.count()), (vec![10], 0));
    let one_sided = of(&[masked("20260410", FROM_10TH)], &[masked("20260410", "")]);
    assert_eq!(only(&one_sided).notes[0].why, Why::MaskOnOneSide);
}

#[test]
fn how_equal_things_are_numbered_does_not_matter() {
    let rent =
        Line { code: "171001", units: "200", day: "20260401", time: ("9999", "9999"), tais: "00170-000084", ..VISIT };
    let plan = [Line { detail: "1", ..rent }, Line { detail: "2", ..rent }];
    let actual = [Line { detail: "2", tais: "00170－000084", ..rent }, Line { detail: "3", ..rent }];
    assert!(of(&plan, &actual).agrees());
    let result = of(&plan, &actual[..1]);
    let [Mismatch::Differs { plan, actual, count: true, .. }] = whats(only(&result))[..] else { panic!("{result:?}") };
    assert_eq!((plan.count, actual.count), (2, 1));
}

#[test]
fn a_rent_stands_on_whatever_day() {
    let rent = Line { code: "171001", units: "200", day: "20260401", time: ("9999", "9999"), ..VISIT };
    let result = of(&[rent], &[Line { day: "20260430", ..rent }]);
    assert!(result.agrees());
    assert_eq!(only(&result).notes[0].why, Why::OtherDay);
    let visit = Line { day: "20260430", ..VISIT };
    assert!(!of(&[VISIT], &[visit]).agrees(), "a visit does not");
}

#[test]
fn a_rent_on_another_day_is_found_before_another_rent_of_the_same_day() {
    let rent = |tais, day, units| Line { code: "171003", tais, day, units, time: ("9999", "9999"), ..VISIT };
    let (bed, rail) = ("00170-000084", "00170-000085");
    let result = of(
        &[rent(bed, "20260401", "200"), rent(rail, "20260402", "200")],
        &[rent(rail, "20260401", "200"), rent(bed, "20260402", "200")],
    );
    assert!(result.agrees(), "{result:?}");
    let slope = "00170-000086";
    let result = of(
        &[rent(bed, "20260401", "200"), rent(rail, "20260415", "200")],
        &[rent(bed, "20260415", "210"), rent(slope, "20260401", "200")],
    );
    let [
        Mismatch::Extra(_),
        Mismatch::Differs { time: false, count: false, units: true, equipment: false, .. },
        Mismatch::Missing(_),
    ] = whats(only(&result))[..]
    else {
        panic!("{result:?}")
    };
}

#[test]
fn satellites_codes_and_offices_are_kept_apart() {
    for other in [
        Line { satellite: "1", ..VISIT },
        Line { code: "111211", ..VISIT },
        Line { office: "0390002000", ..VISIT },
        Line { person: "0000000002", ..VISIT },
    ] {
        let result = of(&[VISIT], &[other]);
        assert_eq!(result.services().count(), 2);
        assert!(!result.agrees());
    }
    assert!(of(&[Line { satellite: "1", ..VISIT }], &[Line { satellite: "01", ..VISIT }]).agrees());
}

#[test]
fn an_office_that_has_not_reported_is_told_from_one_that_reported_less() {
    let result = of(&[VISIT, Line { office: "0390002000", ..VISIT }], &[VISIT]);
    let sides: Vec<Sides> = result.people[0].offices.iter().map(|office| office.sides).collect();
    assert_eq!(sides, [Sides::Both, Sides::Plan]);
}

#[test]
fn the_insurer_of_a_person_under_the_address_exception_may_differ() {
    let moved = Line { insurer: "132012", ..VISIT };
    let (plan, actual) = sides(&[VISIT], &[moved]);
    assert!(!reconcile(&plan, &actual, &Insurers::Exact).agrees());
    assert!(reconcile(&plan, &actual, &Insurers::Any).agrees());
    let insured = |number: &[u8]| [InsuredNumber::from_bytes(number).unwrap()].into();
    assert!(reconcile(&plan, &actual, &Insurers::AnyFor(insured(b"0000000001"))).agrees());
    assert!(!reconcile(&plan, &actual, &Insurers::AnyFor(insured(b"0000000002"))).agrees());
    // Two insurers on one side are two people, and nobody's visits are taken for another's.
    let (plan, actual) = sides(&[VISIT, moved], &[moved]);
    let result = reconcile(&plan, &actual, &Insurers::Any);
    assert_eq!(result.people.len(), 2);
}

#[test]
fn rows_that_cannot_be_read_are_no_agreement() {
    let result = of(&[VISIT, Line { day: "20260431", ..VISIT }], &[VISIT]);
    assert_eq!(result.unread, (1, 0));
    assert!(!result.agrees() && result.services().all(|service| service.findings.is_empty()));
}

fn any_lines() -> impl Strategy<Value = Vec<Line<'static>>> {
    let pick = |values: &'static [&'static str]| prop::sample::select(values);
    let who = (pick(&["131016", "132012"]), pick(&["0000000001", "0000000002"]), pick(&["0390001000", "0390002000"]));
    let what = (
        pick(&["387", "0", "", "579"]),
        pick(&["20260403", "20260410", "2026"]),
        pick(&["", "", FROM_10TH, FROM_11TH]),
    );
    let how = (pick(&["0900", "1000", "9999"]), pick(&["1000", "1100", "9999"]), pick(&["1", "2", ""]));
    let which =
        (pick(&["111111", "171001", "731212"]), pick(&["", "00170-000084", "00170-000085"]), pick(&["", "1", "2"]));
    let line = (who, what, how, which).prop_map(|(who, what, how, which)| Line {
        insurer: who.0,
        person: who.1,
        office: who.2,
        units: what.0,
        day: what.1,
        mask: what.2,
        time: (how.0, how.1),
        count: how.2,
        code: which.0,
        tais: which.1,
        detail: which.2,
        satellite: "",
    });
    prop::collection::vec(line, 0..10)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn changing_sides_changes_missing_into_extra_and_nothing_else(plan in any_lines(), actual in any_lines()) {
        let (plan, actual) = sides(&plan, &actual);
        for insurers in [Insurers::Exact, Insurers::Any] {
            prop_assert_eq!(reconcile(&plan, &actual, &insurers).swapped(), reconcile(&actual, &plan, &insurers));
        }
    }

    #[test]
    fn what_was_planned_and_reported_alike_agrees(mut lines in any_lines()) {
        lines.retain(|line| line.day.len() == 8);
        let (plan, actual) = sides(&lines, &lines);
        let result = reconcile(&plan, &actual, &Insurers::Exact);
        prop_assert!(result.agrees());
        prop_assert!(result.services().all(|service| service.plan == service.actual && service.notes.is_empty()));
    }

    #[test]
    fn nothing_is_counted_twice_and_nothing_is_lost(plan in any_lines(), actual in any_lines()) {
        let (plan, actual) = sides(&plan, &actual);
        let result = reconcile(&plan, &actual, &Insurers::Exact);
        for service in result.services() {
            let masked = service.findings.iter().any(|finding| finding.day.is_none()) ;
            let mut difference = 0;
            for what in whats(service) {
                difference += match what {
                    Mismatch::Missing(visit) => visit.count,
                    Mismatch::Extra(visit) => -visit.count,
                    Mismatch::Differs { plan, actual, .. } if !masked => plan.count - actual.count,
                    Mismatch::Differs { .. } => 0,
                    Mismatch::Days { missing, extra } => i64::from(missing.count()) - i64::from(extra.count()),
                };
            }
            let one_sided = service.notes.iter().any(|note| note.why == Why::MaskOnOneSide);
            // A mask on one side counts days there and rows here.
            let alone = service.plan.count == 0 || service.actual.count == 0;
            if !one_sided && !alone {
                prop_assert_eq!(service.plan.count - service.actual.count, difference);
            }
        }
    }

    #[test]
    fn any_bytes_can_be_reconciled(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let good = sheet(FileKind::Upplan, &[VISIT]);
        let bytes = [&good.bytes[..], &bytes].concat();
        let side = Side::read(&sources(&[SampleFile { name: good.name, bytes }]), FileKind::Upplan);
        reconcile(&side, &side, &Insurers::Any);
    }
}

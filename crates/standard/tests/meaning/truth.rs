use crate::{file, kinds, set_of, sources};
use fumibako_standard::sample::SampleFile;
use fumibako_standard::truth::{Arrival, Key, Receiver, State, Step, Subject, Truth, arrivals, truth};
use fumibako_standard::unit::UnitKey;
use fumibako_standard::value::{InsuredNumber, InsurerNumber, PersonKey};
use fumibako_standard::{FileKind, FileName, UnitKind};
use proptest::prelude::*;

fn person(number: u32) -> PersonKey {
    PersonKey {
        insurer: InsurerNumber::from_bytes(b"131016").unwrap(),
        insured: InsuredNumber::from_bytes(format!("{number:010}").as_bytes()).unwrap(),
    }
}

/// A row of nothing but its key; `columns` is the width of the sheet.
fn row(columns: usize, cells: &[(usize, &str)]) -> String {
    let mut row = vec![String::new(); columns];
    row[0] = "202407".into();
    row[1] = "131016".into();
    cells.iter().for_each(|(number, text)| row[number - 1] = (*text).into());
    row.join(",") + "\r\n"
}

/// A set between the two offices; the serial is a second of one day.
fn unit(names: &[(&str, String)], types: (&str, &str), second: u32) -> Arrival {
    let (from, to) = types;
    let files: Vec<SampleFile> = names
        .iter()
        .map(|(name, text)| {
            file(&format!("{name}_0390000100_{from}_0390001000_{to}_202604010900{second:02}.CSV"), text)
        })
        .collect();
    let mut sets = arrivals(&sources(&files));
    assert_eq!(sets.len(), 1);
    sets.remove(0)
}

fn plan(second: u32, people: &[u32], date: &str) -> Arrival {
    let rows: String = people.iter().map(|number| row(28, &[(3, &format!("{number:010}")), (14, date)])).collect();
    unit(
        &[("UP1KYO", rows), ("UP2KYO", String::new()), ("UP3KYO", String::new()), ("UPHOSOKU_000000", String::new())],
        ("43", "11"),
        second,
    )
}

fn plan_delete(second: u32, people: &[u32], date: &str) -> Arrival {
    let rows: String = people.iter().map(|number| row(4, &[(3, &format!("{number:010}")), (4, date)])).collect();
    unit(&[("DLT1KYO", rows)], ("43", "11"), second)
}

fn actuals(second: u32, code: &str) -> Arrival {
    let cells = [(3, "0000000001"), (5, "202604"), (10, "20260401"), (15, code), (20, "0390000100")];
    unit(&[("UPJSK_202604", row(25, &cells))], ("11", "43"), second)
}

fn actuals_delete(second: u32, service_type: &str) -> Arrival {
    let cells = [(3, "0000000001"), (4, "202604"), (5, "0390000100"), (6, service_type)];
    unit(&[("DLTJSK_202604", row(6, &cells))], ("11", "43"), second)
}

fn date(text: &str) -> Subject {
    Subject::CarePlan(fumibako_standard::value::Date::from_bytes(text.as_bytes()).unwrap())
}

fn steps(truth: &Truth, number: u32, subject: Subject) -> Vec<State> {
    let key = Key { person: person(number), subject };
    let found = truth.histories.iter().find(|((_, known), _)| *known == key);
    found.map(|(_, steps)| steps.iter().map(|step| step.state).collect()).unwrap_or_default()
}

#[test]
fn a_later_plan_replaces_the_earlier_whichever_comes_first() {
    let (old, new) = (plan(1, &[1], "20260320"), plan(2, &[1], "20260320"));
    let expected = [State::ReplacedBy(new.unit), State::Current];
    for order in [[&old, &new], [&new, &old]] {
        let truth = truth(order);
        assert_eq!(steps(&truth, 1, date("20260320")), expected);
        let receiver = Receiver { office: old.unit.receiver, service_type: old.unit.receiver_type };
        let key = Key { person: person(1), subject: date("20260320") };
        assert_eq!(truth.current(receiver, key), Some(new.unit));
    }
}

#[test]
fn a_plan_of_another_day_or_person_is_another_plan() {
    let sets = [plan(1, &[1], "20260320"), plan(2, &[1], "20260410"), plan(3, &[2], "20260320")];
    let truth = truth(&sets);
    for (number, day) in [(1, "20260320"), (1, "20260410"), (2, "20260320")] {
        assert_eq!(steps(&truth, number, date(day)), [State::Current]);
    }
}

#[test]
fn the_standards_example_is_followed() {
    // 2.5: a plan, its withdrawal, and a new plan of the same day.
    let (first, gone, second) =
        (plan(1, &[1], "20260320"), plan_delete(2, &[1], "20260320"), plan(3, &[1], "20260320"));
    let states = [State::WithdrawnBy(gone.unit), State::Withdraws(first.unit), State::Current];
    assert_eq!(steps(&truth([&second, &gone, &first]), 1, date("20260320")), states);
    assert_eq!(
        date("20260320").files(),
        [FileKind::Up1kyo, FileKind::Up2kyo, FileKind::Up3kyo, FileKind::Uphosoku],
        "what hangs on the plan goes with it"
    );
}

/// README 15.5: taken on import, with whatever names (V12).
#[test]
fn a_plan_without_sheet_3_counts_once_it_has_arrived() {
    let rows = row(28, &[(3, "0000000001"), (14, "20260320")]);
    let plan = |second, rows: &str| {
        let files = [("UP1KYO", rows.into()), ("UP2KYO", String::new()), ("UPHOSOKU_000000", String::new())];
        unit(&files, ("43", "11"), second)
    };
    let (first, second, gone) = (plan(1, &rows), plan(2, &rows), plan_delete(3, &[1], "20260320"));
    assert_eq!(first.kind, UnitKind::CarePlan);
    let states = [State::ReplacedBy(second.unit), State::WithdrawnBy(gone.unit), State::Withdraws(second.unit)];
    assert_eq!(steps(&truth([&first, &second, &gone]), 1, date("20260320")), states);
}

/// A sender's software of edition 3.x names no types; after its update it does.
#[test]
fn sets_with_names_of_before_go_on_under_the_names_of_today() {
    let rows = row(28, &[(3, "0000000001"), (14, "20260320")]);
    let files: Vec<SampleFile> = [("UP1KYO", &*rows), ("UP2KYO", ""), ("UPHOSOKU_000000", "")]
        .iter()
        .map(|(name, text)| file(&format!("{name}_0390000100_0390001000_20260401090001.CSV"), text))
        .collect();
    let old = arrivals(&sources(&files)).remove(0);
    assert_eq!(old.unit.receiver_type, None);
    let (new, gone) = (plan(2, &[1], "20260320"), plan_delete(3, &[1], "20260320"));
    assert_eq!(steps(&truth([&new, &old]), 1, date("20260320")), [State::ReplacedBy(new.unit), State::Current]);
    assert_eq!(
        steps(&truth([&gone, &old]), 1, date("20260320")),
        [State::WithdrawnBy(gone.unit), State::Withdraws(old.unit)]
    );
    // For which of two it was, nobody can say.
    let mut other = plan(4, &[1], "20260320");
    other.unit.receiver_type = Some("15".parse().unwrap());
    let truth = truth([&old, &new, &other]);
    assert_eq!(truth.histories.len(), 3);
    assert!(truth.histories.values().all(|steps| steps[0].state == State::Current));
}

#[test]
fn a_delete_touches_only_those_it_names() {
    let plan = plan(1, &[1, 2], "20260320");
    let gone = plan_delete(2, &[1], "20260320");
    let truth = truth([&plan, &gone]);
    assert_eq!(steps(&truth, 1, date("20260320")), [State::WithdrawnBy(gone.unit), State::Withdraws(plan.unit)]);
    assert_eq!(steps(&truth, 2, date("20260320")), [State::Current]);
}

#[test]
fn a_delete_without_target_is_marked_and_does_nothing() {
    let plan = plan(2, &[1], "20260320");
    let early = plan_delete(1, &[1], "20260320");
    let stranger = plan_delete(3, &[9], "20260320");
    let again = plan_delete(5, &[1], "20260320");
    let gone = plan_delete(4, &[1], "20260320");
    let truth = truth([&plan, &early, &stranger, &again, &gone]);
    let states =
        [State::WithoutTarget, State::WithdrawnBy(gone.unit), State::Withdraws(plan.unit), State::WithoutTarget];
    assert_eq!(steps(&truth, 1, date("20260320")), states);
    assert_eq!(steps(&truth, 9, date("20260320")), [State::WithoutTarget]);
}

#[test]
fn a_delete_whose_key_cannot_be_read_deletes_nobody() {
    let plan = plan(1, &[1], "20260320");
    let rows =
        row(4, &[(4, "20260320")]) + &row(4, &[(3, "1"), (4, "20260320")]) + &row(4, &[(3, "0000000001"), (4, "2026")]);
    let blind = unit(&[("DLT1KYO", rows)], ("43", "11"), 2);
    assert_eq!((blind.keys.len(), blind.rows_without_key), (0, 3));
    assert_eq!(steps(&truth([&plan, &blind]), 1, date("20260320")), [State::Current]);
}

#[test]
fn actuals_are_kept_by_office_and_service_type() {
    let (home, bath, better) = (actuals(1, "111111"), actuals(2, "121111"), actuals(3, "111211"));
    let gone = actuals_delete(4, "12");
    let truth = truth([&home, &bath, &better, &gone]);
    let subject = |service_type: &str| Subject::Actuals {
        month: "202604".parse().unwrap(),
        office: "0390000100".parse().unwrap(),
        service_type: service_type.parse().unwrap(),
    };
    assert_eq!(steps(&truth, 1, subject("11")), [State::ReplacedBy(better.unit), State::Current]);
    assert_eq!(steps(&truth, 1, subject("12")), [State::WithdrawnBy(gone.unit), State::Withdraws(bath.unit)]);
}

#[test]
fn a_set_that_came_twice_is_applied_once() {
    let (old, new) = (plan(1, &[1], "20260320"), plan(2, &[1], "20260320"));
    let twice = truth([&old, &new, &old, &new, &new]);
    assert_eq!(twice.histories, truth([&old, &new]).histories);
    assert_eq!(twice.repeated, [old.unit, new.unit].into());
    assert!(twice.contradictory.is_empty());
    let other = plan(1, &[2], "20260320");
    assert_eq!(truth([&old, &other]).contradictory, [old.unit].into(), "one name, two contents");
    assert_eq!(truth([&old, &other]).histories, truth([&other, &old]).histories);
}

#[test]
fn what_one_office_is_told_says_nothing_about_another() {
    let here = plan(1, &[1], "20260320");
    let mut gone = plan_delete(2, &[1], "20260320");
    gone.unit.receiver = "0390002000".parse().unwrap();
    let truth = truth([&here, &gone]);
    let states: Vec<State> = truth.histories.values().flatten().map(|step| step.state).collect();
    assert_eq!(states, [State::Current, State::WithoutTarget]);
}

#[test]
fn a_step_across_senders_is_told() {
    let (old, mut new) = (plan(1, &[1], "20260320"), plan(2, &[1], "20260320"));
    new.unit.sender = "0390000200".parse().unwrap();
    let steps: Vec<Step> = truth([&old, &new]).histories.into_values().flatten().collect();
    assert!(steps[0].across_senders() && !steps[1].across_senders());
}

#[test]
fn samples_are_withdrawn_by_their_deletes() {
    use UnitKind::*;
    for (upload, delete) in [
        (CarePlan, CarePlanDelete),
        (Schedule, ScheduleDelete),
        (Actual, ActualDelete),
        (PreventionBasicInfo, PreventionBasicInfoDelete),
        (PreventionPlan, PreventionPlanDelete),
        (PreventionSchedule, PreventionScheduleDelete),
        (PreventionActual, PreventionActualDelete),
    ] {
        assert!(delete.is_delete() && !upload.is_delete());
        let came = arrivals(&sources(&set_of(upload, 3, 6, "20260325090000", "202604")));
        let went = arrivals(&sources(&set_of(delete, 3, 6, "20260326090000", "202604")));
        assert_eq!(came[0].keys, went[0].keys, "{}", upload.id());
        let truth = truth(came.iter().chain(&went));
        assert!(truth.histories.values().all(|steps| matches!(steps[0].state, State::WithdrawnBy(_))));
    }
}

#[test]
fn a_prevention_plan_and_the_basic_information_it_came_with_live_apart() {
    let came = arrivals(&sources(&set_of(UnitKind::PreventionPlanWithBasicInfo, 3, 2, "20260325090000", "202604")));
    let went = arrivals(&sources(&set_of(UnitKind::PreventionPlanDelete, 3, 2, "20260326090000", "202604")));
    let truth = truth(came.iter().chain(&went));
    for ((_, key), steps) in &truth.histories {
        let current = steps.iter().any(|step| step.state == State::Current);
        assert_eq!(current, matches!(key.subject, Subject::BasicInfo(_)));
    }
}

#[test]
fn an_exchange_can_keep_hashes_in_the_place_of_people() {
    let sets = [plan(1, &[1, 2], "20260320"), plan_delete(2, &[2], "20260320")];
    let hashed =
        sets.clone().map(|set| set.map_person(|person| format!("hash of {}", person.insured.as_str().len() * 7)));
    assert!(!format!("{sets:?}").contains("0000000001"), "Debug says nobody's number");
    let by_last = sets.map(|set| set.map_person(|person| person.insured.as_str().bytes().last()));
    let states: Vec<State> = truth(&by_last).histories.into_values().flatten().map(|step| step.state).collect();
    assert_eq!(states.len(), 3);
    assert_eq!(hashed[1].kind, UnitKind::CarePlanDelete);
}

/// Sets of few people, days and serials, so that they meet.
fn any_set() -> impl Strategy<Value = Arrival<u8>> {
    (0..6u32, prop::collection::btree_set((0..3u8, 0..2u8), 0..4), any::<bool>(), 0..2u8).prop_map(
        |(second, keys, delete, receiver)| {
            let name: FileName =
                format!("UP1KYO_0390000100_43_039000{receiver}000_11_2026040109000{second}.CSV").parse().unwrap();
            let subject = |day: u8| date(if day == 0 { "20260320" } else { "20260410" });
            Arrival {
                unit: UnitKey::of(&name),
                kind: if delete { UnitKind::CarePlanDelete } else { UnitKind::CarePlan },
                keys: keys.into_iter().map(|(person, day)| Key { person, subject: subject(day) }).collect(),
                rows_without_key: 0,
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_truth_is_the_same_for_every_order_of_arrival(
        (sets, shuffled) in prop::collection::vec(any_set(), 0..12).prop_flat_map(|sets| (Just(sets.clone()), Just(sets).prop_shuffle())),
        again in any::<prop::sample::Index>(),
    ) {
        let here = truth(&sets);
        prop_assert_eq!(&truth(&shuffled), &here);
        // Coming once more changes nothing but that it was noticed.
        if !sets.is_empty() {
            let more = [&sets[..], &sets[again.index(sets.len())..][..1]].concat();
            let more = truth(&more);
            prop_assert_eq!(&more.histories, &here.histories);
        }
        for steps in here.histories.values() {
            prop_assert!(steps.iter().filter(|step| step.state == State::Current).count() <= 1);
            prop_assert!(steps.windows(2).all(|pair| pair[0].set < pair[1].set), "in serial order, each set once");
            for step in steps {
                match step.state {
                    State::Withdraws(target) => {
                        let target = steps.iter().find(|other| other.set == target).unwrap();
                        prop_assert_eq!(target.state, State::WithdrawnBy(step.set));
                    }
                    State::ReplacedBy(next) | State::WithdrawnBy(next) => prop_assert!(step.set < next),
                    State::Current | State::WithoutTarget => {}
                }
            }
        }
    }

    #[test]
    fn a_delete_never_changes_what_is_true_of_others(sets in prop::collection::vec(any_set(), 0..8), delete in any_set()) {
        let delete = Arrival { kind: UnitKind::CarePlanDelete, unit: UnitKey { serial: "20270101000000".parse().unwrap(), ..delete.unit }, ..delete };
        let before = truth(&sets);
        let after = truth(sets.iter().chain([&delete]));
        let receiver = Receiver { office: delete.unit.receiver, service_type: delete.unit.receiver_type };
        for (key, steps) in &before.histories {
            if key.0 != receiver || !delete.keys.contains(&key.1) {
                prop_assert_eq!(after.histories.get(key), Some(steps));
            }
        }
    }
}

#[test]
fn every_sample_has_keys() {
    for kind in kinds() {
        let found = arrivals(&sources(&set_of(kind, 5, 4, "20260325090000", "202604")));
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].kind, found[0].rows_without_key), (kind, 0));
        assert!(found[0].keys.len() >= 4, "{}", kind.id());
    }
}

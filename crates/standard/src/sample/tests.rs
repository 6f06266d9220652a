use super::*;
use crate::unit::UNITS;
use crate::{Profile, SourceFile, check};

const SEEDS: [u64; 4] = [0, 1, 20_260_401, u64::MAX];

fn request(kind: UnitKind, seed: u64, people: usize) -> Request {
    let (sender_type, receiver_type) = types_for(kind);
    Request {
        seed,
        people,
        sender: "0300000100".parse().unwrap(),
        sender_type,
        receiver: "0300000005".parse().unwrap(),
        receiver_type,
        serial: "20260401090000".parse().unwrap(),
        month: "202602".parse().unwrap(), // the shortest month, where masks and days are easily wrong
        names: None,
    }
}

/// One unit of this kind, and nothing to say about it.
fn assert_clean(kind: UnitKind, files: &[SampleFile], case: &str) {
    let sources: Vec<SourceFile<'_>> =
        files.iter().map(|file| SourceFile { name: &file.name, bytes: &file.bytes }).collect();
    let report = check(&sources, Profile::Export);
    let said: Vec<String> = report
        .findings
        .iter()
        .map(|finding| {
            let place = finding.place;
            let file = place.file.map_or("", |file| &*files[file].name);
            format!("{} {file} {:?}.{:?} {:?}", finding.rule.code, place.row, place.column, finding.detail)
        })
        .collect();
    assert!(said.is_empty(), "{} {case}: {said:#?}", kind.id());
    let kinds: Vec<_> = report.units.iter().map(|unit| unit.kind).collect();
    assert_eq!(kinds, [Some(kind)], "{case}");
    assert!(report.is_accepted(), "{} {case}", kind.id());
}

#[test]
fn every_kind_has_nothing_to_find() {
    for entry in UNITS {
        for seed in SEEDS {
            for people in [1, 3, 40] {
                let files = make(entry.kind, &request(entry.kind, seed, people));
                assert_clean(entry.kind, &files, &format!("seed {seed}, {people} people"));
            }
        }
    }
}

/// A load test of few people would send thousands of sets about the same month of one of them.
#[test]
fn seeds_that_follow_each_other_are_about_different_people() {
    let mut people = std::collections::BTreeSet::new();
    for seed in 7_000..8_000 {
        let request = request(UnitKind::Actual, seed, 3);
        let maker = Maker::new(UnitKind::Actual, &request);
        people.extend(maker.cases().map(|case| (case.person.insurer, case.person.insured)));
    }
    assert_eq!(people.len(), 3_000);
}

#[test]
fn every_service_type_has_a_schedule_plan_and_actuals() {
    for service in services::SERVICES {
        let service_type: ServiceType = service.code.parse().unwrap();
        let kinds = if service_type.is_prevention() {
            [UnitKind::PreventionSchedule, UnitKind::PreventionPlan, UnitKind::PreventionActual]
        } else {
            [UnitKind::Schedule, UnitKind::CarePlan, UnitKind::Actual]
        };
        for kind in kinds {
            let mut request = request(kind, 11, 20);
            if request.sender_type.may_plan() {
                request.receiver_type = service_type;
            } else {
                request.sender_type = service_type;
            }
            assert_clean(kind, &make(kind, &request), service.label);
        }
    }
}

#[test]
fn an_entrusted_office_sends_schedule_and_actuals_to_the_centre() {
    for kind in [UnitKind::PreventionSchedule, UnitKind::PreventionActual] {
        let request = Request {
            sender_type: ServiceType::CARE_MANAGEMENT,
            receiver_type: ServiceType::PREVENTION_SUPPORT,
            ..request(kind, 5, 20)
        };
        assert_clean(kind, &make(kind, &request), "entrusted");
    }
}

#[test]
fn the_same_request_gives_the_same_bytes_and_another_seed_others() {
    for entry in UNITS {
        let once = make(entry.kind, &request(entry.kind, 3, 5));
        assert!(once == make(entry.kind, &request(entry.kind, 3, 5)), "{}", entry.id);
        assert!(once != make(entry.kind, &request(entry.kind, 4, 5)), "{}", entry.id);
    }
}

/// Insurer, insured person and third part of the key, of every row.
fn keys(file: &SampleFile, third: usize) -> std::collections::BTreeSet<Vec<Vec<u8>>> {
    let mut records = crate::read::Records::new(&file.bytes);
    let mut keys = std::collections::BTreeSet::new();
    while let Some(record) = records.next_record() {
        keys.insert([1, 2, third].map(|at| record.cell(at).unwrap().bytes().into_owned()).to_vec());
    }
    keys
}

#[test]
fn a_withdrawal_names_what_the_upload_brought() {
    let pairs = [
        (UnitKind::CarePlan, 13, UnitKind::CarePlanDelete),
        (UnitKind::Schedule, 4, UnitKind::ScheduleDelete),
        (UnitKind::Actual, 4, UnitKind::ActualDelete),
        (UnitKind::PreventionBasicInfo, 3, UnitKind::PreventionBasicInfoDelete),
        (UnitKind::PreventionPlan, 3, UnitKind::PreventionPlanDelete),
        (UnitKind::PreventionSchedule, 4, UnitKind::PreventionScheduleDelete),
        (UnitKind::PreventionActual, 4, UnitKind::PreventionActualDelete),
    ];
    for (upload, third, withdrawal) in pairs {
        let later = Request { serial: "20260402090000".parse().unwrap(), ..request(withdrawal, 8, 12) };
        let [upload, withdrawal] = [make(upload, &request(upload, 8, 12)), make(withdrawal, &later)];
        assert_eq!(keys(&upload[0], third), keys(&withdrawal[0], 3));
    }
}

#[test]
fn actuals_are_about_the_people_of_the_schedule() {
    let plan = Request {
        receiver: "0300000005".parse().unwrap(),
        sender: "0300000100".parse().unwrap(),
        ..request(UnitKind::Schedule, 21, 12)
    };
    let actual = Request {
        sender: plan.receiver,
        sender_type: plan.receiver_type,
        receiver: plan.sender,
        receiver_type: plan.sender_type,
        ..plan.clone()
    };
    let [plan, actual] = [make(UnitKind::Schedule, &plan), make(UnitKind::Actual, &actual)];
    assert_eq!(keys(&plan[0], 4), keys(&actual[0], 4));
    assert!(keys(&plan[0], 14).is_superset(&keys(&actual[0], 14)), "no service code that was not planned");
}

#[test]
fn planted_names_are_used_in_turn() {
    let names = ["壱", "弐"].map(|name| PersonName { kanji: name.to_owned(), kana: "メイ".to_owned() });
    let request = Request { names: Some(names.to_vec()), ..request(UnitKind::CarePlan, 1, 3) };
    let supplement = make(UnitKind::CarePlan, &request).pop().unwrap();
    let mut records = crate::read::Records::new(&supplement.bytes);
    let mut read = Vec::new();
    while let Some(record) = records.next_record() {
        read.push(record.cell(5).unwrap().text().unwrap().into_owned());
    }
    assert_eq!(read, ["壱", "弐", "壱"]);
}

#[test]
fn a_large_schedule_is_as_large_as_asked_and_clean() {
    let files = make_large_schedule(&request(UnitKind::Schedule, 2, 0), 300_000);
    let length = files.iter().find(|file| file.name.starts_with("UPPLAN")).unwrap().bytes.len();
    assert!((300_000..400_000).contains(&length), "{length}");
    assert_clean(UnitKind::Schedule, &files, "large");
}

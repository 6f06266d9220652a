//! Reading the log: who may, what they see, and that it is recorded before they see it (R10.1, R10.2, R10.7).

use crate::world::{OFFICE_A, OFFICE_B, World};
use fumibako_store::log::{ExportAnswer, LogFilter, LogPage};
use fumibako_store::people::{Person, Standing};
use fumibako_store::{Error, Store};
use identity::role::Role;
use jiff::{SignedDuration, Timestamp};
use ledger::{Action, Actor, ClockState, Device, Entry, EntryDraft, EntryId, Outcome};
use std::sync::Arc;
use std::time::Instant;

pub(crate) fn everything(world: &World) -> LogFilter {
    LogFilter {
        from: "2027-01-01T00:00:00Z".parse().expect("instant"),
        until: world.now() + SignedDuration::from_hours(1),
        actor: String::new(),
        office: None,
        action: None,
        object: String::new(),
        only_failed: false,
    }
}

async fn page(world: &World, by: &Person, filter: &LogFilter) -> LogPage {
    world.store.read_log(by, filter, None).await.expect("read").expect("allowed")
}

fn offices(page: &LogPage) -> Vec<String> {
    let fields = page.rows.iter().filter_map(|row| row.entry.as_ref()).map(Entry::fields);
    let mut offices: Vec<_> =
        fields.map(|entry| entry.office.as_ref().map_or_else(String::new, ToString::to_string)).collect();
    offices.sort();
    offices.dedup();
    offices
}

#[tokio::test]
async fn r10_7_an_office_reads_its_own_entries_the_auditor_all_and_others_none() {
    let world = World::new().await;
    let (_, auditor) = world.operator("kansa", Role::Auditor).await;
    let (_, operator) = world.operator("kanri", Role::OperatorAdministrator).await;
    let (_, keeper) = world.operator("hoshu", Role::Maintenance).await;
    let chief = world.staff("chief", Role::OfficeAdministrator, OFFICE_A).await;
    let chief = world.signs_in(&chief).await;
    let clerk = world.staff("clerk", Role::OfficeStaff, OFFICE_B).await;
    let clerk = world.signs_in(&clerk).await;

    let filter = everything(&world);
    assert_eq!(offices(&page(&world, &chief, &filter).await), [OFFICE_A]);
    let of_b = LogFilter { office: Some(OFFICE_B.parse().expect("number")), ..filter.clone() };
    assert_eq!(offices(&page(&world, &chief, &of_b).await), [OFFICE_A], "whatever it asks for");
    assert_eq!(offices(&page(&world, &auditor, &of_b).await), [OFFICE_B]);
    assert!(offices(&page(&world, &auditor, &filter).await).contains(&OFFICE_B.to_owned()));
    for other in [&operator, &keeper, &clerk] {
        assert!(world.store.read_log(other, &filter, None).await.expect("asked").is_none());
        let export = world.store.export_log(other, &filter, "目的").await.expect("asked");
        assert!(matches!(export, ExportAnswer::NotAllowed));
        assert!(world.store.reviews(other).await.expect("asked").is_empty());
    }
}

#[tokio::test]
async fn r10_7_each_reading_stands_in_the_log_and_without_that_nothing_is_read() {
    let world = World::new().await;
    let (_, auditor) = world.operator("kansa", Role::Auditor).await;
    let filter = everything(&world);
    let before = world.entries_with(&["\"action\":\"ledger.read\""]).await.len();
    page(&world, &auditor, &filter).await;
    let readings = world.entries_with(&["\"action\":\"ledger.read\"", &auditor.account_id.to_string()]).await;
    assert_eq!(readings.len(), before + 1);
    assert!(readings[before].contains("login_at") && readings[before].contains("\"entries\":"), "{}", readings[before]);

    // The log cannot be written to: refused, every way of reading (R10.2).
    let mut connection = world.connection().await;
    let broken = world.sql(
        "CREATE TRIGGER broken BEFORE INSERT ON ledger BEGIN SELECT RAISE(ABORT, 'no'); END",
        "CREATE TRIGGER broken BEFORE INSERT ON ledger FOR EACH ROW EXECUTE FUNCTION refuse('no')",
    );
    sqlx::query(broken).execute(&mut connection).await.expect("made");
    assert!(world.store.read_log(&auditor, &filter, None).await.is_err());
    assert!(world.store.export_log(&auditor, &filter, "調査").await.is_err());
    assert!(world.store.record_page(&auditor, "front", None).await.is_err());
    let mended = world.sql("DROP TRIGGER broken", "DROP TRIGGER broken ON ledger");
    sqlx::query(mended).execute(&mut connection).await.expect("dropped");
    page(&world, &auditor, &filter).await;
}

#[tokio::test]
async fn r10_2_while_another_holds_the_log_nothing_is_shown() {
    let world = World::new().await;
    let (_, auditor) = world.operator("kansa", Role::Auditor).await;
    let mut holder = world.connection().await;
    let held = world.sql("BEGIN EXCLUSIVE", "BEGIN; SELECT turn FROM sequencer FOR UPDATE");
    sqlx::raw_sql(held).execute(&mut holder).await.expect("held");
    let refused = world.store.record_page(&auditor, "front", None).await;
    assert!(matches!(refused, Err(Error::Busy)), "{refused:?}");
    sqlx::query("ROLLBACK").execute(&mut holder).await.expect("let go");
    world.store.record_page(&auditor, "front", None).await.expect("recorded");
    assert_eq!(world.entries_with(&["\"action\":\"page.view\"", "\"page\":\"front\""]).await.len(), 1);
}

#[tokio::test]
async fn r10_7_names_are_told_to_those_who_may_know_them() {
    let world = World::new().await;
    let (_, auditor) = world.operator("kansa", Role::Auditor).await;
    let chief = world.staff("chief", Role::OfficeAdministrator, OFFICE_A).await;
    let stranger = world.staff("stranger", Role::OfficeStaff, OFFICE_B).await;
    // A right password at another office's terminal: both offices' logs say so.
    let mut elsewhere = stranger.clone();
    elsewhere.desk = chief.desk.clone();
    let _ = world.store.begin(&elsewhere.login, &elsewhere.password, &elsewhere.desk).await.expect("asked");
    let chief = world.signs_in(&chief).await;

    let filter = everything(&world);
    let names = |page: &LogPage| -> Vec<String> {
        let rows = page.rows.iter().flat_map(|row| [&row.name, &row.object_name]);
        rows.flatten().map(|name| name.reveal().clone()).collect()
    };
    let told = names(&page(&world, &chief, &filter).await);
    assert!(
        told.iter().any(|name| name == "見本 chief") && !told.iter().any(|name| name == "見本 stranger"),
        "{told:?}"
    );
    let id = format!("person:{}", stranger.id);
    let of_stranger = LogFilter { actor: world.store.log_actor("stranger").await.expect("asked"), ..filter.clone() };
    assert_eq!(of_stranger.actor, id);
    assert!(names(&page(&world, &auditor, &of_stranger).await).iter().all(|name| name == "見本 stranger"));
    assert_eq!(world.store.log_actor("nobody-here").await.expect("asked"), "person:nobody");
    assert!(page(&world, &auditor, &LogFilter { actor: "person:nobody".to_owned(), ..filter }).await.rows.is_empty());
}

#[tokio::test]
async fn r10_7_an_export_says_what_for_and_holds_every_line_as_it_stands() {
    let world = World::new().await;
    let (_, auditor) = world.operator("kansa", Role::Auditor).await;
    let filter = everything(&world);
    for purpose in ["", "  ", &"長".repeat(501)] {
        let answer = world.store.export_log(&auditor, &filter, purpose).await.expect("asked");
        assert!(matches!(answer, ExportAnswer::NoPurpose));
    }
    let lines = world.entries().await;
    let purpose = "問い合わせ番号12の調査";
    let ExportAnswer::Ready(mut export) = world.store.export_log(&auditor, &filter, purpose).await.expect("asked")
    else {
        panic!("no export")
    };
    assert_eq!(export.entries(), lines.len() as u64);
    let mut exported = Vec::new();
    loop {
        let part = world.store.export_part(&mut export).await.expect("read");
        if part.is_empty() {
            break;
        }
        exported.extend(part.into_iter().map(|(index, line, _)| (index, line)));
    }
    // What came after the export was recorded belongs to the log, and so may the export itself.
    exported.sort();
    let expected: Vec<_> = (0..).zip(lines).collect();
    assert_eq!(exported[..expected.len()], expected);
    let recorded = world.entries_with(&["\"action\":\"ledger.export\""]).await;
    assert!(recorded.len() == 1 && recorded[0].contains(&export.id().to_string()), "{recorded:?}");
    assert!(!world.dump().await.contains(purpose), "the purpose is sealed");
}

#[tokio::test]
async fn r10_1_the_end_of_every_session_is_recorded_with_its_reason() {
    let world = World::new().await;
    let chief = world.staff("chief", Role::OfficeAdministrator, OFFICE_A).await;
    let clerk = world.staff("clerk", Role::OfficeStaff, OFFICE_A).await;
    let first = world.signs_in(&clerk).await;
    let second = world.signs_in(&clerk).await;
    let third = world.signs_in(&clerk).await;
    let chief = world.signs_in(&chief).await;
    world.store.sign_out(&first).await.expect("out");
    world.store.suspend_account(&chief, clerk.id).await.expect("suspended");
    for session in [first.session_id, second.session_id, third.session_id] {
        let entries = world.entries_with(&[&format!("\"object\":\"{session}\"")]).await;
        let starts = entries.iter().filter(|entry| entry.contains("\"action\":\"session.start\"")).count();
        let ends = entries.iter().filter(|entry| entry.contains("\"action\":\"session.end\"")).count();
        assert_eq!((starts, ends), (1, 1), "{entries:?}");
    }
    let lost = world.signs_in(&world.staff("lost", Role::OfficeStaff, OFFICE_A).await).await;
    world.later(SignedDuration::from_hours(13));
    world.store.keep_up().await.expect("kept up");
    let ends = world.entries_with(&["\"action\":\"session.end\"", &lost.session_id.to_string()]).await;
    assert_eq!(ends.len(), 1, "{ends:?}");
}

#[tokio::test]
async fn r2_3_whoever_maintains_the_exchange_is_signed_in_at_one_terminal_only() {
    let world = World::new().await;
    for (login, role, ended) in [("hoshu", Role::Maintenance, 1), ("kansa", Role::Auditor, 0)] {
        let desk = world.operator_desk().await;
        let staff = world.staff_at(login, role, None, desk).await;
        let mut elsewhere = staff.clone();
        elsewhere.desk = world.operator_desk().await;
        let first = world.token(&staff).await;
        let second = world.token(&elsewhere).await;
        let still = world.store.standing(first.reveal(), &staff.desk).await.expect("asked");
        assert_eq!(matches!(still, Standing::None), ended == 1, "{login}");
        let there = world.store.standing(second.reveal(), &elsewhere.desk).await.expect("asked");
        assert!(!matches!(there, Standing::None), "{login}");
        let entries = world.entries_with(&["\"why\":\"elsewhere\"", &staff.id.to_string()]).await;
        assert_eq!(entries.len(), ended, "{login}");
        let both = world.entries_with(&["devices_elsewhere", &staff.id.to_string()]).await;
        assert_eq!(both.len(), 1, "a review is told: {both:?}");
    }
}

#[tokio::test]
async fn r10_5_a_store_whose_log_is_not_guarded_does_not_open() {
    for guard in ["update", "delete", "insert"] {
        let world = World::new().await;
        let mut connection = world.connection().await;
        // Nothing in SQLite keeps the holder of the key from this, and nothing in PostgreSQL the owner.
        let table = world.sql("", " ON ledger");
        let drop = sqlx::AssertSqlSafe(format!("DROP TRIGGER ledger_is_append_only_{guard}{table}"));
        sqlx::query(drop).execute(&mut connection).await.expect("dropped");
        let clock = Arc::clone(&world.clock) as Arc<dyn fumibako_store::Clock>;
        let opened = Store::open(world.place(), crate::world::master(), clock).await;
        assert!(matches!(opened, Err(Error::Unguarded)), "{guard}");
    }
}

/// R10.4: nothing in this program removes entries, and what would is refused by the database, however old they are.
#[tokio::test]
async fn r10_4_no_entry_goes_away_however_old_it_is() {
    let world = World::new().await;
    let before = world.entries().await;
    world.later(SignedDuration::from_hours(24 * 366 * 3));
    world.store.keep_up().await.expect("kept up");
    let after = world.entries().await;
    assert_eq!(after[..before.len()], before);
    let mut connection = world.connection().await;
    for sql in [
        "DELETE FROM ledger WHERE entry_index = 0",
        "UPDATE ledger SET entry = '' WHERE entry_index = 0",
        "REPLACE INTO ledger (entry_index, entry, leaf_hash) VALUES (0, '', '')",
    ] {
        assert!(sqlx::query(sql).execute(&mut connection).await.is_err(), "{sql}");
    }
    assert_eq!(world.entries().await, after);
}

/// Many entries, as an exchange of some weeks has them.
async fn fill(world: &World, entries: u32) {
    let mut connection = world.connection().await;
    let first: i64 =
        sqlx::query_scalar("SELECT count(*) FROM ledger").fetch_one(&mut connection).await.expect("counted");
    sqlx::query("BEGIN").execute(&mut connection).await.expect("begun");
    let start = world.now().as_millisecond();
    for number in 0..entries {
        let at = ledger::Timestamp::from_millisecond(start + i64::from(number) * 1_000).expect("in range");
        let device: ledger::Token = format!("device-{}", number % 500).parse().expect("token");
        let clock = ClockState::Synchronised { offset_ms: Some(1) };
        let mut id = [0; 16];
        id[..4].copy_from_slice(&number.to_be_bytes());
        let actor = Actor::Device(device.clone());
        let mut draft = EntryDraft::new(EntryId(id), at, clock, actor, Action::SetCollect, Outcome::Ok);
        draft.device = Some(Device::new(device));
        draft.office = Some(format!("{:010}", 1_380_000_000 + number % 1_000).parse().expect("token"));
        draft.object = Some(format!("set-{number}").parse().expect("token"));
        let line = String::from_utf8(draft.finish().expect("whole").to_bytes()).expect("text");
        sqlx::query("INSERT INTO ledger (entry_index, entry, leaf_hash) VALUES ($1, $2, '')")
            .bind(first + i64::from(number))
            .bind(line)
            .execute(&mut connection)
            .await
            .expect("written");
    }
    sqlx::query("COMMIT").execute(&mut connection).await.expect("committed");
}

#[tokio::test]
async fn r10_7_a_hundred_thousand_entries_are_paged_without_waiting() {
    const ENTRIES: u32 = 100_000;
    let world = World::new().await;
    let (_, auditor) = world.operator("kansa", Role::Auditor).await;
    let start = world.now();
    fill(&world, ENTRIES).await;
    let unready = page(&world, &auditor, &everything(&world)).await;
    assert!(!unready.complete, "nobody waits for a hundred thousand");
    world.store.index_log().await.expect("indexed");
    let all = LogFilter { until: start + SignedDuration::from_hours(48), ..everything(&world) };
    let filters = [
        ("everything", all.clone(), 50),
        ("an hour long ago", hour(&all, start), 50),
        ("one office", LogFilter { office: Some("1380000007".parse().expect("number")), ..all.clone() }, 50),
        ("one device", LogFilter { actor: "device:device-7".to_owned(), ..all.clone() }, 50),
        ("one object", LogFilter { object: "set-99".to_owned(), ..all.clone() }, 1),
        ("a rare action", LogFilter { action: Some(Action::StoreInit), ..all.clone() }, 1),
        ("nothing", LogFilter { object: "set-none".to_owned(), ..all.clone() }, 0),
    ];
    for (what, filter, expected) in filters {
        let began = Instant::now();
        let page = page(&world, &auditor, &filter).await;
        assert_eq!((page.rows.len(), page.complete), (expected, true), "{what}");
        // A table scan of this many rows takes longer than this; so does opening as many names.
        assert!(began.elapsed().as_millis() < 1_500, "{what}: {:?}", began.elapsed());
    }
    // Page after page of one device: each entry once, the newest first.
    let filter = LogFilter { actor: "device:device-7".to_owned(), ..all };
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = world.store.read_log(&auditor, &filter, after.as_ref()).await.expect("read").expect("allowed");
        seen.extend(page.rows.iter().map(|row| row.index));
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    assert_eq!(seen.len(), (ENTRIES / 500) as usize);
    assert!(seen.is_sorted_by(|one, other| one > other));
}

fn hour(all: &LogFilter, start: Timestamp) -> LogFilter {
    LogFilter { from: start, until: start + SignedDuration::from_hours(1), ..all.clone() }
}

#[tokio::test]
async fn what_the_log_is_searched_by_can_be_made_anew_and_holds_no_name() {
    let world = World::new().await;
    let (_, auditor) = world.operator("kansa", Role::Auditor).await;
    page(&world, &auditor, &everything(&world)).await;
    let read = "SELECT entry_index || at || actor || office || counterpart || action || object || outcome
                  FROM log_entry ORDER BY entry_index";
    let rows = world.rows(read).await;
    assert!(rows.len() > 10 && !rows.concat().contains("見本"));
    let mut connection = world.connection().await;
    sqlx::query("DELETE FROM log_entry").execute(&mut connection).await.expect("thrown away");
    world.store.index_log().await.expect("made anew");
    assert_eq!(world.rows(read).await[..rows.len()], rows);
    assert_eq!(world.store.index_log().await.expect("asked"), 0, "nothing is taken over twice");
}

#[tokio::test]
async fn a_suspended_person_has_no_session_to_read_with() {
    let world = World::new().await;
    let chief = world.staff("chief", Role::OfficeAdministrator, OFFICE_A).await;
    let token = world.token(&chief).await;
    let by = fumibako_store::people::By::Terminal { by: "op-1", approved_by: "op-2" };
    world.store.suspend_account(by, chief.id).await.expect("suspended");
    let standing = world.store.standing(token.reveal(), &chief.desk).await.expect("asked");
    assert!(matches!(standing, Standing::None));
}

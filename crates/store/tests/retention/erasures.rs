use crate::world::{World, name};
use exchange::{Outcome, Refusal, State};
use fumibako_store::{
    Answer, Answered, Blocked, COOLING, Certified, ErasureApproved, ErasureRequested, Folder, Hand, HoldPlaced,
    HoldScope, ImportReport, Kind, Page, Ran,
};
use jiff::SignedDuration;
use standard::value::Private;

const OPEN: Page = Page { after: None, rows: 100, open_only: true };

#[tokio::test]
async fn r11_5_who_asked_never_agrees_and_nobody_may_hurry() {
    let world = World::new().await;
    world.rule(Kind::Sets, 0, 300).await;
    let id = world.sends().await;
    let ErasureRequested::Done { id: erasure, objects: 1 } = world.asks(Kind::Sets, &[id.to_string()]).await else {
        panic!("asked")
    };
    assert_eq!(world.runs(erasure).await, Ran::NotReady, "nobody has agreed");
    let agree = |who: &'static str| {
        let world = &world;
        async move { world.store.approve_erasure(erasure, &name(who)).await.expect("asked") }
    };
    assert_eq!(agree("SATO").await, ErasureApproved::OwnRequest);
    assert_eq!(agree("yamada").await, ErasureApproved::NotStaff);
    assert!(matches!(agree("suzuki").await, ErasureApproved::Done { .. }));
    assert_eq!(agree("tanaka").await, ErasureApproved::NotWaiting, "once");
    assert!(matches!(world.runs(erasure).await, Ran::Cooling { .. }));
    world.later(COOLING - SignedDuration::from_millis(1));
    assert!(matches!(world.runs(erasure).await, Ran::Cooling { .. }));
    let by_another = world.store.run_erasure(erasure, &name("yamada"), &world.places()).await.expect("asked");
    assert_eq!(by_another, Ran::NotStaff);
    assert_eq!(world.opens(id).await, 3, "all this erased nothing");
    world.later(SignedDuration::from_millis(1));
    assert_eq!(world.runs(erasure).await, Ran::Done { objects: 1, living: Vec::new() });
    assert_eq!(world.runs(erasure).await, Ran::NotReady, "once");
}

#[tokio::test]
async fn r11_5_an_erasure_that_is_withdrawn_is_not_run() {
    let world = World::new().await;
    world.rule(Kind::Sets, 0, 300).await;
    let id = world.sends().await;
    let erasure = world.agreed(Kind::Sets, &[id.to_string()]).await;
    let again = world.asks(Kind::Sets, &[id.to_string()]).await;
    assert!(matches!(again, ErasureRequested::Blocked(Blocked::Already(_))), "{again:?}");
    assert!(world.store.withdraw_erasure(erasure, &name("sato")).await.expect("asked"));
    assert!(!world.store.withdraw_erasure(erasure, &name("sato")).await.expect("asked"));
    assert_eq!(world.runs(erasure).await, Ran::NotReady);
    assert_eq!(world.opens(id).await, 3);
}

#[tokio::test]
async fn r11_5_a_scope_that_was_changed_after_the_preview_stops_the_erasure() {
    let world = World::new().await;
    world.rule(Kind::Sets, 0, 300).await;
    let (asked, smuggled) = (world.sends().await, world.sends().await);
    let erasure = world.agreed(Kind::Sets, &[asked.to_string()]).await;
    let sql = "INSERT INTO erasure_item (erasure_id, object) VALUES ($1, $2)";
    world.execute(sql, &[&erasure.to_string(), &smuggled.to_string()]).await.expect("somebody with the key");
    assert_eq!(world.runs(erasure).await, Ran::Changed);
    for sql in [
        "UPDATE erasure SET item_count = 2 WHERE erasure_id = $1",
        "UPDATE erasure SET items_digest = 'x' WHERE erasure_id = $1",
        "UPDATE erasure SET requested_by = 'x' WHERE erasure_id = $1",
        "DELETE FROM erasure WHERE erasure_id = $1",
    ] {
        assert!(world.execute(sql, &[&erasure.to_string()]).await.is_err(), "{sql}");
    }
    assert_eq!((world.opens(asked).await, world.opens(smuggled).await), (3, 3));
}

#[tokio::test]
async fn r11_6_a_hold_that_comes_after_the_agreement_still_stops_it() {
    let world = World::new().await;
    world.rule(Kind::Sets, 0, 300).await;
    let id = world.sends().await;
    let erasure = world.agreed(Kind::Sets, &[id.to_string()]).await;
    let placed = world.store.place_hold(HoldScope::All, "事故の調査", &name("ito")).await.expect("asked");
    assert!(matches!(placed, HoldPlaced::Done(_)));
    assert!(matches!(world.runs(erasure).await, Ran::Blocked(Blocked::Held { .. })));
    assert_eq!(world.opens(id).await, 3);
}

#[tokio::test]
async fn r11_2_what_was_erased_is_gone_for_both_offices_and_the_log_keeps_what_happened() {
    let world = World::new().await;
    world.rule(Kind::Sets, 0, 300).await;
    let (id, large, other) = (world.sends().await, world.sends_large().await, world.sends().await);
    let bodies = world.data().join("bodies");
    assert_ne!(
        bodies.exists() && !crate::world::files(&bodies).is_empty(),
        world.is_on_server(),
        "in files or in rows"
    );
    let before = world.ledger().await;
    let erasure = world.erases(Kind::Sets, &[id.to_string(), large.to_string()]).await;
    for asker in [&world.sender, &world.receiver] {
        for id in [id, large] {
            let opened = world.store.open_set(asker, id, None).await.expect("asked");
            assert!(matches!(opened, Answer::Refused(Refusal::Erased)), "{opened:?}");
            let Answer::Done(set) = world.store.describe(asker, id).await.expect("asked") else { panic!("gone") };
            assert_eq!(set.state(), State::Erased);
            assert!(set.files.is_empty() && set.digest.to_string().bytes().all(|byte| byte == b'0'));
        }
    }
    assert!(matches!(
        world.store.acknowledge(&world.receiver, id).await.expect("asked"),
        Answer::Refused(Refusal::Erased)
    ));
    assert!(matches!(world.store.withdraw(&world.sender, id).await.expect("asked"), Answer::Refused(Refusal::Erased)));
    for (asker, folder) in [(&world.receiver, Folder::Received), (&world.sender, Folder::Sent)] {
        let open = world.store.list(asker, folder, OPEN).await.expect("listed");
        assert_eq!(open.iter().map(|set| set.id).collect::<Vec<_>>(), [other], "what is erased waits for nobody");
    }
    assert_eq!(world.opens(other).await, 3, "the others are as they were");
    assert!(!bodies.exists() || crate::world::files(&bodies).is_empty());

    let log = world.ledger().await;
    assert_eq!(log[..before.len()], before, "nothing of the log is touched (R10.4)");
    for (action, object) in [
        ("erasure.request", erasure.to_string()),
        ("erasure.approve", erasure.to_string()),
        ("erasure.run", erasure.to_string()),
        ("set.expire", id.to_string()),
        ("set.expire", large.to_string()),
    ] {
        let entry = format!("\"action\":\"{action}\",\"object\":\"{object}\"");
        assert_eq!(log.iter().filter(|line| line.contains(&entry)).count(), 1, "{entry}");
    }
    world.is_certified_where_it_can_be(erasure).await;
}

#[tokio::test]
async fn r11_2_an_erasure_that_was_cut_short_goes_on_and_never_says_that_it_is_done() {
    let world = World::new().await;
    world.rule(Kind::Sets, 0, 300).await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(world.sends().await);
    }
    let objects: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let erasure = world.agreed(Kind::Sets, &objects).await;
    // Where it cannot write the list, it does not begin.
    let file = world.folder.path().join("keys");
    std::fs::write(&file, b"in the way").expect("written");
    assert!(world.store.run_erasure(erasure, &name("sato"), &world.places()).await.is_err());
    assert_eq!(world.opens(ids[0]).await, 3);
    assert_eq!(world.certifies(erasure).await, Certified::NotErased);
    std::fs::remove_file(&file).expect("removed");

    // Half of it done, as a crash leaves it: in the list, some keys gone, its row none the wiser.
    let ran = world.runs(erasure).await;
    assert!(matches!(ran, Ran::Done { objects: 5, .. }), "{ran:?}");
    let (last, id) = (objects.last().expect("five"), erasure.to_string());
    world
        .execute("UPDATE erasure SET state = 'erasing', erased_at = NULL WHERE erasure_id = $1", &[&id])
        .await
        .expect("back");
    let undone = world.sql(
        "UPDATE transmission SET erased_at = NULL, envelope = x'00' WHERE transmission_id = $1",
        "UPDATE transmission SET erased_at = NULL, envelope = '\\x00' WHERE transmission_id = $1",
    );
    world.execute(undone, &[last]).await.expect("back");
    let undone = "DELETE FROM transmission_step WHERE transmission_id = $1 AND step = 'erased'";
    world.execute(undone, &[last]).await.expect("back");
    assert_eq!(world.certifies(erasure).await, Certified::NotErased);
    assert!(matches!(world.runs(erasure).await, Ran::Done { objects: 5, .. }));
    world.is_certified_where_it_can_be(erasure).await;
    let list = std::fs::read_to_string(world.folder.path().join("keys/erasures")).expect("list");
    assert_eq!(list.lines().count(), 2, "its header, and one line for one erasure");
}

#[tokio::test]
async fn r11_9_the_keys_of_an_office_that_left_go_and_its_partners_keep_what_they_got() {
    let world = World::new().await;
    world.rule(Kind::OfficeKeys, 30, 90).await;
    let id = world.sends().await;
    let key: String = world.one("SELECT key_id FROM office WHERE office_number = $1", crate::world::OFFICE_A).await;
    let asked = world.asks(Kind::OfficeKeys, std::slice::from_ref(&key)).await;
    assert!(matches!(asked, ErasureRequested::Blocked(Blocked::NotEnded(_))), "in use: {asked:?}");
    assert!(world.store.close_office(crate::world::OFFICE_A.parse().expect("number")).await.expect("closed"));
    let asked = world.asks(Kind::OfficeKeys, std::slice::from_ref(&key)).await;
    assert!(matches!(asked, ErasureRequested::Blocked(Blocked::Minimum { .. })), "{asked:?}");
    world.days_later(30);
    let erasure = world.erases(Kind::OfficeKeys, std::slice::from_ref(&key)).await;
    assert_eq!(world.opens(id).await, 3, "the receiver's own copy of the key is another");
    assert!(world.store.open_set(&world.sender, id, None).await.is_err(), "the sender's is gone");
    world.is_certified_where_it_can_be(erasure).await;
    let asked = world.asks(Kind::OfficeKeys, &[key]).await;
    assert!(matches!(asked, ErasureRequested::Blocked(Blocked::Already(_))), "{asked:?}");
}

#[tokio::test]
async fn expiry_is_one_erasure_a_day_and_each_has_its_certificate() {
    let world = World::new().await;
    world.rule(Kind::Sets, 0, 30).await;
    for _ in 0..3 {
        let id = world.sends().await;
        world.finishes(id).await;
    }
    world.days_later(30);
    let expired = world.store.expire(&world.places(), false).await.expect("expired");
    let certified = world.certificates(1);
    assert_eq!((expired.objects, expired.certified, expired.waiting), (3, certified, 1 - certified));
    let late = world.sends().await;
    world.finishes(late).await;
    let rows = world.store.erasures().await.expect("listed");
    assert_eq!(rows.len(), 1);
    let state = if world.is_on_server() { "erased" } else { "certified" };
    assert_eq!((&*rows[0].state, &*rows[0].requested_by, rows[0].objects), (state, "system", 3));
    assert_eq!(world.store.expire(&world.places(), false).await.expect("looked").objects, 0);
    world.days_later(30);
    assert_eq!(world.store.expire(&world.places(), false).await.expect("expired").objects, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn r11_5_two_processes_that_look_for_what_is_due_at_once_erase_each_thing_once() {
    let world = World::new().await;
    world.rule(Kind::Sets, 0, 30).await;
    let other = world.other_node().await;
    for _ in 0..5 {
        for _ in 0..4 {
            let id = world.sends().await;
            world.finishes(id).await;
        }
        world.days_later(31);
        let places = world.places();
        let (one, two) = tokio::join!(world.store.expire(&places, true), other.expire(&places, true));
        let (one, two) = (one.expect("expired"), two.expect("expired"));
        assert!(one.objects + two.objects >= 4, "{one:?} {two:?}");
    }
    let twice = world
        .one("SELECT CAST(count(*) AS TEXT) FROM (SELECT object FROM erasure_item WHERE object <> $1 GROUP BY object HAVING count(*) > 1) t", "")
        .await;
    assert_eq!(twice, "0", "no object stands in two erasures");
    // And the list, to which both added, still opens.
    let again = world.other_node().await;
    assert_eq!(again.settle_erasures(&world.list()).await.expect("sound"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn r11_2_who_opens_a_set_while_it_is_erased_hears_that_and_not_of_damage() {
    let world = World::new().await;
    world.rule(Kind::Sets, 0, 300).await;
    let mut ids = Vec::new();
    for _ in 0..12 {
        ids.push(world.sends().await);
    }
    let opening: Vec<_> = ids
        .iter()
        .map(|id| {
            let (store, receiver, id) = (std::sync::Arc::clone(&world.store), world.receiver.clone(), *id);
            tokio::spawn(async move {
                loop {
                    match store.open_set(&receiver, id, None).await {
                        Ok(Answer::Done(files)) => assert_eq!(files.len(), 3),
                        Ok(Answer::Refused(Refusal::Erased)) => return,
                        other => panic!("{other:?}"),
                    }
                }
            })
        })
        .collect();
    let objects: Vec<String> = ids.iter().map(ToString::to_string).collect();
    world.erases(Kind::Sets, &objects).await;
    for one in opening {
        one.await.expect("no damage");
    }
    assert!(!world.ledger().await.iter().any(|entry| entry.contains("box.damaged")));
}

/// The only words of people that are kept about a set: sealed, so blanked where it is blanked, and searched for afterwards.
#[tokio::test]
async fn r11_2_what_the_receiver_wrote_about_an_import_goes_with_the_set() {
    let world = World::new().await;
    world.rule(Kind::Sets, 0, 300).await;
    let id = world.sends().await;
    world.finishes(id).await;
    let report = ImportReport {
        outcome: Outcome::Imported,
        places: Vec::new(),
        note: Some(Private::new("取り込みました。".to_owned())),
    };
    let answered = world.store.answer_import(&Hand::from(&world.receiver), id, report).await.expect("asked");
    let Answered::Done(_) = answered else { panic!("{answered:?}") };
    const SEALED: &str = "SELECT coalesce(hex(note_sealed), '') FROM import_answer WHERE transmission_id = $1";
    let text = id.to_string();
    let sealed = world.one(SEALED, &text).await;
    assert!(sealed.len() > 60, "{sealed}");

    let erasure = world.erases(Kind::Sets, std::slice::from_ref(&text)).await;
    assert_eq!(world.one(SEALED, &text).await, "");
    assert_eq!(world.one("SELECT note_index FROM import_answer WHERE transmission_id = $1", &text).await, "");
    let Answer::Done(set) = world.store.describe(&world.sender, id).await.expect("asked") else { panic!("gone") };
    let given = world.store.import_given(&set).await.expect("read").expect("the answer stays with the proof");
    assert!(given.note.is_none() && given.outcome == Outcome::Imported);

    // A copy of it alone, somewhere in the file, is enough to withhold the certificate.
    world
        .execute("UPDATE import_answer SET note_sealed = unhex($2) WHERE transmission_id = $1", &[&text, &sealed])
        .await
        .expect("somebody put it back");
    let certified = world.certifies(erasure).await;
    assert!(matches!(certified, Certified::NotGone(found) if found > 0), "{certified:?}");
    world
        .execute("UPDATE import_answer SET note_sealed = NULL WHERE transmission_id = $1", &[&text])
        .await
        .expect("taken away again");
    assert!(matches!(world.certifies(erasure).await, Certified::Done { .. }));
}

#[tokio::test]
async fn r11_2_what_went_with_a_set_goes_with_it() {
    let world = World::new().await;
    world.rule(Kind::Sets, 0, 30).await;
    let id = world.sends_enclosing().await;
    world.finishes(id).await;
    let left = "SELECT cast(count(*) AS TEXT) FROM transmission_enclosure WHERE transmission_id = $1";
    assert_eq!(world.one(left, &id.to_string()).await, "1");
    assert!(
        matches!(world.store.open_enclosures(&world.receiver, id).await, Ok(Answer::Done(found)) if found.len() == 1)
    );
    world.days_later(30);
    let expired = world.store.expire(&world.places(), false).await.expect("expired");
    assert_eq!((expired.objects, expired.certified), (1, 1), "searched for and not found");
    assert_eq!(world.one(left, &id.to_string()).await, "0");
    let after = world.store.open_enclosures(&world.receiver, id).await.expect("asked");
    assert!(matches!(after, Answer::Refused(Refusal::Erased)), "{after:?}");
}

/// What a letter opens is a copy of the set: it goes with it, and the letter ends.
#[tokio::test]
async fn r11_2_the_copy_that_a_letter_opens_is_erased_with_its_set() {
    const HANDOVER: &str = "0199aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee";
    let world = World::new().await;
    world.rule(Kind::Sets, 0, 30).await;
    let id = world.sends().await;
    world.finishes(id).await;
    let office = world.sender.office.id.to_string();
    // What is in the boxes is of no matter here.
    let offered = world.sql(
        "INSERT INTO handover (handover_id, office_id, offered_by, partner_number, partner_name, kinds, address_index,
                               key_sealed, envelope, tries, offered_at, expires_at)
         VALUES ($1, $2, '', '0300000009', '架空の外', 'care-plan', 'x', x'01', x'01', 0, '2026-01-01T00:00:00.000Z',
                 '2126-01-01T00:00:00.000Z')",
        r"INSERT INTO handover (handover_id, office_id, offered_by, partner_number, partner_name, kinds, address_index,
                                key_sealed, envelope, tries, offered_at, expires_at)
          VALUES ($1, $2, '', '0300000009', '架空の外', 'care-plan', 'x', '\x01'::bytea, '\x01'::bytea, 0,
                  '2026-01-01T00:00:00.000Z', '2126-01-01T00:00:00.000Z')",
    );
    assert_eq!(world.execute(offered, &[HANDOVER, &office]).await.expect("offered"), 1);
    let copy = world.sql(
        "INSERT INTO handover_file (handover_id, ordinal, name, size_bytes, body) VALUES ($1, 0, 'x', 1, x'01')",
        r"INSERT INTO handover_file (handover_id, ordinal, name, size_bytes, body) VALUES ($1, 0, 'x', 1, '\x01'::bytea)",
    );
    assert_eq!(world.execute(copy, &[HANDOVER]).await.expect("copied"), 1);
    let by = "UPDATE transmission SET handover_id = $1 WHERE transmission_id = $2";
    assert_eq!(world.execute(by, &[HANDOVER, &id.to_string()]).await.expect("linked"), 1);
    // What came back by a letter has no second copy; what went has, and goes to an office outside.
    let outside = "
        UPDATE office SET outside_of = $1
         WHERE office_id = (SELECT receiver_office_id FROM transmission WHERE transmission_id = $2)";
    assert_eq!(world.execute(outside, &[&office, &id.to_string()]).await.expect("outside"), 1);
    world.days_later(30);
    let expired = world.store.expire(&world.places(), false).await.expect("expired");
    assert_eq!(expired.objects, 1);
    let left = "
        SELECT cast(count(*) AS TEXT) FROM handover h LEFT JOIN handover_file f ON f.handover_id = h.handover_id
         WHERE h.handover_id = $1 AND (h.ended_at IS NULL OR h.key_sealed IS NOT NULL OR f.body IS NOT NULL)";
    assert_eq!(world.one(left, HANDOVER).await, "0");
}

use crate::world::{OFFICE_A, World, name};
use fumibako_store::people::{By, Invited, NewAccount};
use fumibako_store::{AccountId, Blocked, Certified, ErasureRequested, Kind};
use identity::role::Role;

async fn closed_account(world: &World, login: &str) -> AccountId {
    let new = NewAccount {
        login: login.to_owned(),
        name: "見本 花子".to_owned(),
        kana: "ミホン ハナコ".to_owned(),
        person_key: format!("ミホンハナコ{login}19800101"),
        role: Role::OfficeStaff,
        office: Some(OFFICE_A.parse().expect("number")),
    };
    let by = By::Terminal { by: "op-1", approved_by: "op-2" };
    let invited = world.store.invite(by, new).await.expect("invited");
    let Invited::Done(invitation) = invited else { panic!("{invited:?}") };
    let at = "2027-04-01T00:00:00.000Z";
    let sql = "UPDATE account SET state = 'closed', closed_at = $2 WHERE account_id = $1";
    world.execute(sql, &[&invitation.account_id.to_string(), at]).await.expect("closed");
    invitation.account_id
}

#[tokio::test]
async fn a_leavers_name_goes_after_its_time_and_the_login_is_never_given_again() {
    let world = World::new().await;
    world.rule(Kind::Leavers, 366, 731).await;
    let account = closed_account(&world, "hanako").await;
    let objects = [account.to_string()];
    // As it would be left if nobody had tidied up since the account was closed.
    let mail = world.sql(
        "INSERT INTO arrival_mail (account_id, office_id, address_sealed, hour, asked_on, asked, tries, failures)
         SELECT $1, office_id, randomblob(300), 8, '2027-03-01', 1, 0, 0 FROM office LIMIT 1",
        "INSERT INTO arrival_mail (account_id, office_id, address_sealed, hour, asked_on, asked, tries, failures)
         SELECT $1, office_id, decode(repeat('5a', 300), 'hex'), 8, '2027-03-01', 1, 0, 0 FROM office LIMIT 1",
    );
    assert_eq!(world.execute(mail, &[&objects[0]]).await.expect("asked for"), 1);
    let backup = world.backs_up().await;
    world.days_later(365);
    let asked = world.asks(Kind::Leavers, &objects).await;
    assert!(matches!(asked, ErasureRequested::Blocked(Blocked::Minimum { .. })), "{asked:?}");
    world.days_later(1);
    let index = world.one("SELECT login_index FROM account WHERE account_id = $1", &objects[0]).await;
    let erasure = world.erases(Kind::Leavers, &objects).await;
    match world.certifies(erasure).await {
        Certified::Done { certificate } => {
            assert!(certificate.contains("clear-overwrite-of-sealed-bytes"), "its key is others' too: {certificate}");
            assert!(certificate.contains(&backup.to_string()));
        }
        other => assert!(world.is_on_server() && other == Certified::OnServer, "{other:?}"),
    }
    let mailed = world.one("SELECT CAST(count(*) AS TEXT) FROM arrival_mail WHERE account_id = $1", &objects[0]).await;
    assert_eq!(mailed, "0", "nor is the address of a mail left");
    let kept = world.one("SELECT login_index FROM account WHERE account_id = $1", &objects[0]).await;
    assert_eq!(kept, index, "the login stays taken (R8.1)");
    let person = world.one("SELECT person_index FROM account WHERE account_id = $1", &objects[0]).await;
    assert_eq!(person, format!("erased:{account}"), "nobody can be compared with it");
    let asked = world.asks(Kind::Leavers, &objects).await;
    assert!(matches!(asked, ErasureRequested::Blocked(Blocked::Already(_))), "{asked:?}");
}

#[tokio::test]
async fn an_account_in_use_is_not_erased_whoever_asks() {
    let world = World::new().await;
    world.rule(Kind::Leavers, 366, 731).await;
    let account = closed_account(&world, "taro").await;
    let id = account.to_string();
    world
        .execute("UPDATE account SET state = 'active', closed_at = NULL WHERE account_id = $1", &[&id])
        .await
        .expect("open");
    world.days_later(10_000);
    let asked = world.asks(Kind::Leavers, &[id]).await;
    assert!(matches!(asked, ErasureRequested::Blocked(Blocked::NotEnded(_))), "{asked:?}");
    assert!(name("x").to_string().ends_with(":x"));
}

#[tokio::test]
async fn evidence_of_a_closed_case_goes_and_what_the_case_states_stays() {
    let world = World::new().await;
    world.rule(Kind::Evidence, 90, 365).await;
    let account = closed_account(&world, "jiro").await;
    let insert = world.sql(
        "INSERT INTO recovery (recovery_id, account_id, kind, requested_by, verified_by, method, evidence_sealed,
                               evidence_digest, awaits_approval, made_at, expires_at, ended_at, result)
         VALUES ($1, $2, 'factor', 'a', 'b', 'in-person', randomblob(300), 'd', 0, $3, $3, $3, 'done')",
        "INSERT INTO recovery (recovery_id, account_id, kind, requested_by, verified_by, method, evidence_sealed,
                               evidence_digest, awaits_approval, made_at, expires_at, ended_at, result)
         VALUES ($1, $2, 'factor', 'a', 'b', 'in-person', decode(repeat('5a', 300), 'hex'), 'd', 0, $3, $3, $3, 'done')",
    );
    let id = "0199aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee";
    world.execute(insert, &[id, &account.to_string(), "2027-04-01T00:00:00.000Z"]).await.expect("a case");
    let change = world.sql(
        "UPDATE recovery SET evidence_sealed = x'00' WHERE recovery_id = $1",
        "UPDATE recovery SET evidence_sealed = '\\x00' WHERE recovery_id = $1",
    );
    world.backs_up().await;
    world.days_later(365);
    let expired = world.store.expire(&world.places(), true).await.expect("expired");
    assert_eq!((expired.objects, expired.certified), (1, world.certificates(1)));
    assert!(world.execute(change, &[id]).await.is_err(), "and nothing changes it again");
    let digest = world.one("SELECT evidence_digest FROM recovery WHERE recovery_id = $1", id).await;
    assert_eq!(digest, "d");
}

//! Every sealed column in the real database file, altered in every way (R6.3): another row's value, another column's, another
//! office's, cut short, a bit flipped, emptied. Each is refused, nothing comes out, and the log says which.

use crate::passkeys::site;
use crate::world::{CHEAP, OFFICE_A, OFFICE_B, Staff, World, code};
use fumibako_store::people::{NewRecovery, PeopleSettings, Person, RecoveryOpened};
use fumibako_store::{Asker, Error, NewServerCertificate, OperatorName, Store, TransmissionId};
use identity::recovery::{Method, Purpose};
use identity::role::Role;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What is tried on a value.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// The value of the same column in another row.
    OtherRow,
    /// A value of another column or table.
    OtherColumn,
    Flipped(f64),
    CutShort,
    Emptied,
}

const WAYS: [Way; 8] = [
    Way::OtherRow,
    Way::OtherColumn,
    Way::Flipped(0.0),
    Way::Flipped(0.1),
    Way::Flipped(0.5),
    Way::Flipped(1.0),
    Way::CutShort,
    Way::Emptied,
];

struct Office {
    world: World,
    staff: Staff,
    chief: Person,
    desks: (Asker, Asker),
    sets: [TransmissionId; 2],
    recovery: fumibako_store::RecoveryId,
}

async fn office() -> Office {
    let world = World::new().await;
    let desks = world.correspondents().await;
    let sets = [world.sends(&desks.0, 1).await, world.sends(&desks.0, 2).await];
    let staff = world.staff("hanako", Role::OfficeStaff, OFFICE_A).await;
    let elsewhere = world.staff("jiro", Role::OfficeAdministrator, OFFICE_B).await;
    let chief = world.staff("chief", Role::OfficeAdministrator, OFFICE_A).await;
    let deputy = world.staff("deputy", Role::OfficeAdministrator, OFFICE_A).await;
    world.signs_in(&elsewhere).await;
    let chief = world.signs_in(&chief).await;
    for label in ["ケアソフト", "経理ソフト"] {
        let machine = world.desk(OFFICE_A).await;
        let scopes = "send".parse().expect("scopes");
        world.store.make_software(&chief, label, scopes, machine.device_id).await.expect("made");
    }
    let lost = world.staff("lost", Role::OfficeStaff, OFFICE_A).await;
    let mut recovery = None;
    {
        let case = NewRecovery {
            account_id: lost.id,
            purpose: Purpose::Password,
            verified_by: Some(deputy.id),
            method: Some(Method::InPerson),
            evidence: b"%PDF-1.7 a copy of a card with a face".to_vec(),
            pass_life: None,
        };
        if let RecoveryOpened::Done(issued) = world.store.open_recovery(&chief, case).await.expect("asked") {
            recovery = Some(issued.recovery_id);
        }
    }
    Office { world, staff, chief, desks, sets, recovery: recovery.expect("opened") }
}

impl Office {
    async fn value(&self, table: &str, column: &str, key: &str, id: &str) -> Vec<u8> {
        let sql = format!("SELECT {column} FROM {table} WHERE {key} = $1");
        let mut connection = self.world.connection().await;
        sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).bind(id).fetch_one(&mut connection).await.expect("there")
    }

    async fn put(&self, table: &str, column: &str, key: &str, id: &str, value: &[u8]) {
        let sql = format!("UPDATE {table} SET {column} = $2 WHERE {key} = $1");
        let mut connection = self.world.connection().await;
        let put =
            sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id).bind(value).execute(&mut connection).await.expect("put");
        assert_eq!(put.rows_affected(), 1, "{table}.{column}");
    }

    async fn one(&self, sql: &'static str) -> String {
        self.world.rows(sql).await.remove(0)
    }

    /// Alters one value in every way, asks for it each time, and puts it back.
    async fn each_way(
        &self,
        (table, column, key): (&str, &str, &str),
        (id, other): (&str, &str),
        elsewhere: &[u8],
        ask: impl AsyncFn(&Self) -> Result<(), Error>,
    ) {
        let sound = self.value(table, column, key, id).await;
        ask(self).await.unwrap_or_else(|error| panic!("{table}.{column} before: {error}"));
        for way in WAYS {
            let value = match way {
                Way::OtherRow => self.value(table, column, key, other).await,
                Way::OtherColumn => elsewhere.to_vec(),
                Way::Flipped(place) => {
                    let mut value = sound.clone();
                    let at = (place * (value.len() - 1) as f64) as usize;
                    value[at] ^= 1;
                    value
                }
                Way::CutShort => sound[..sound.len() - 1].to_vec(),
                Way::Emptied => Vec::new(),
            };
            assert_ne!(value, sound, "{table}.{column} {way:?}");
            let before = self.damage_entries(&format!("{table}.{column}")).await;
            self.put(table, column, key, id, &value).await;
            let answer = ask(self).await;
            assert!(matches!(answer, Err(Error::Damaged)), "{table}.{column} {way:?}: {answer:?}");
            self.world.store.record_damaged_fields().await.expect("recorded");
            let after = self.damage_entries(&format!("{table}.{column}")).await;
            assert!(after > before, "{table}.{column} {way:?} is not in the log");
            self.put(table, column, key, id, &sound).await;
            ask(self).await.unwrap_or_else(|error| panic!("{table}.{column} after {way:?}: {error}"));
        }
    }

    async fn damage_entries(&self, column: &str) -> usize {
        self.world.entries_with(&["box.damaged", column]).await.len()
    }
}

#[tokio::test]
async fn r6_3_no_sealed_field_of_an_account_opens_anywhere_but_in_its_place() {
    let office = office().await;
    let id = office.staff.id.to_string();
    let chief = office.one("SELECT account_id FROM role_grant WHERE role = 'office-administrator' LIMIT 1").await;
    let label = office.value("factor", "label_sealed", "account_id", &id).await;
    for column in ["login_sealed", "name_sealed", "kana_sealed"] {
        office
            .each_way(("account", column, "account_id"), (&id, &chief), &label, async |office| {
                office.world.store.list_staff(&office.chief).await.map(|_| ())
            })
            .await;
    }
}

#[tokio::test]
async fn r6_3_no_second_factor_opens_anywhere_but_in_its_place() {
    let office = office().await;
    let own = office.chief.account_id.to_string();
    let other = office.staff.id.to_string();
    let name = office.value("account", "name_sealed", "account_id", &own).await;
    office
        .each_way(("factor", "label_sealed", "account_id"), (&own, &other), &name, async |office| {
            office.world.store.factors(&office.chief).await.map(|_| ())
        })
        .await;
    // A seed: a sign-in with a right code, each time half-way only.
    let key = office.one("SELECT key_id FROM office_key ORDER BY key_id LIMIT 1").await;
    let wrapped = office.value("office_key", "wrapped_secret", "key_id", &key).await;
    office
        .each_way(("factor", "secret_sealed", "account_id"), (&other, &own), &wrapped, async |office| {
            let half = office.world.half(&office.staff).await;
            let answer = office.world.store.finish_totp(&half, &code(&office.staff.seed, office.world.now())).await;
            office.world.later(jiff::SignedDuration::from_secs(30));
            answer.map(|_| ())
        })
        .await;
}

#[tokio::test]
async fn r6_3_no_label_evidence_or_challenge_opens_anywhere_but_in_its_place() {
    let office = office().await;
    let name = office.value("account", "name_sealed", "account_id", &office.staff.id.to_string()).await;
    let tokens = office.world.rows("SELECT token_id FROM software_token ORDER BY token_id").await;
    office
        .each_way(("software_token", "label_sealed", "token_id"), (&tokens[0], &tokens[1]), &name, async |office| {
            office.world.store.list_software(&office.chief).await.map(|_| ())
        })
        .await;
    let (recovery, id) = (office.recovery, office.recovery.to_string());
    let whole = office.value("recovery", "evidence_sealed", "recovery_id", &id).await;
    for (what, altered) in [
        ("cut short", whole[..whole.len() - 1].to_vec()),
        ("a piece twice", [&whole[..], &whole[..]].concat()),
        ("a bit", whole.iter().enumerate().map(|(at, byte)| if at == 60 { byte ^ 1 } else { *byte }).collect()),
        ("another column's", [&(name.len() as u32).to_be_bytes()[..], &name].concat()),
    ] {
        office.put("recovery", "evidence_sealed", "recovery_id", &id, &altered).await;
        let answer = office.world.store.evidence(&office.chief, recovery).await;
        assert!(matches!(answer, Err(Error::Damaged)), "{what}");
    }
    office.world.store.record_damaged_fields().await.expect("recorded");
    assert!(office.damage_entries("recovery.evidence_sealed").await > 0);
    office.put("recovery", "evidence_sealed", "recovery_id", &id, &whole).await;
    assert!(office.world.store.evidence(&office.chief, recovery).await.expect("asked").is_some());
    // A question to a passkey, altered between question and answer.
    for way in [Way::Emptied, Way::CutShort, Way::Flipped(0.5), Way::OtherColumn] {
        let begun = office.world.store.begin_passkey_registration((&office.chief).into(), &site()).await;
        let challenge = begun.expect("asked").expect("allowed").id;
        let sound = office.value("passkey_challenge", "state_sealed", "challenge_id", &challenge).await;
        let altered = match way {
            Way::Emptied => Vec::new(),
            Way::CutShort => sound[..sound.len() - 1].to_vec(),
            Way::OtherColumn => name.clone(),
            _ => sound.iter().enumerate().map(|(at, byte)| if at == 70 { byte ^ 1 } else { *byte }).collect(),
        };
        office.put("passkey_challenge", "state_sealed", "challenge_id", &challenge, &altered).await;
        let answer = office.world.store.confirm_passkey((&office.chief).into(), "鍵", &challenge, "{}", &site()).await;
        assert!(matches!(answer, Err(Error::Damaged)), "{way:?}");
    }
}

#[tokio::test]
async fn r6_3_no_key_of_an_office_or_of_the_authority_opens_anywhere_but_in_its_place() {
    let office = office().await;
    let keys: Vec<String> = office
        .world
        .rows("SELECT k.key_id FROM office_key k JOIN office o ON o.office_id = k.office_id WHERE is_operator = 0 ORDER BY office_number")
        .await;
    let seed = office.value("factor", "secret_sealed", "account_id", &office.staff.id.to_string()).await;
    office
        .each_way(("office_key", "wrapped_secret", "key_id"), (&keys[1], &keys[0]), &seed, async |office| {
            office.world.store.open_set(&office.desks.1, office.sets[0], None).await.map(|_| ())
        })
        .await;
    let wrapped = office.value("office_key", "wrapped_secret", "key_id", &keys[0]).await;
    for (what, altered) in [("another's", wrapped), ("none", Vec::new())] {
        let sound = office.value("secret", "wrapped", "name", "authority").await;
        office.put("secret", "wrapped", "name", "authority", &altered).await;
        let issued = office.world.store.issue_server_certificate(&["localhost".to_owned()]).await;
        assert!(matches!(issued, Err(Error::Damaged)), "{what}");
        office.put("secret", "wrapped", "name", "authority", &sound).await;
    }
    office.world.store.record_damaged_fields().await.expect("recorded");
    assert!(office.damage_entries("secret.wrapped").await > 0);
}

#[tokio::test]
async fn r6_3_the_account_with_an_authority_and_the_servers_key_open_in_their_place_only() {
    const DIRECTORIES: [&str; 2] = ["https://a.example/dir", "https://b.example/dir"];
    let office = office().await;
    let store = &office.world.store;
    for directory in DIRECTORIES {
        store.keep_acme_account(directory, b"an account of ours").await.expect("kept");
    }
    let new = NewServerCertificate {
        directory: DIRECTORIES[0].to_owned(),
        names: vec!["exchange.example".to_owned()],
        chain_pem: store.authority_pem().await.expect("a certificate"),
        key: b"a key of the server".to_vec().into(),
    };
    assert_eq!(store.take_server_certificate(new).await.expect("asked"), Some(1));
    let id = office.world.rows("SELECT certificate_id FROM server_certificate").await.remove(0);
    let account = office.value("acme_account", "account_sealed", "directory", DIRECTORIES[0]).await;
    let another = office.value("acme_account", "account_sealed", "directory", DIRECTORIES[1]).await;
    let key = office.value("server_certificate", "key_sealed", "certificate_id", &id).await;
    let cut = |sealed: &[u8]| sealed[..sealed.len() - 1].to_vec();
    for altered in [another, key.clone(), cut(&account), Vec::new()] {
        office.put("acme_account", "account_sealed", "directory", DIRECTORIES[0], &altered).await;
        assert!(matches!(store.acme_account(DIRECTORIES[0]).await, Err(Error::Damaged)));
    }
    for altered in [account, cut(&key), Vec::new()] {
        office.put("server_certificate", "key_sealed", "certificate_id", &id, &altered).await;
        assert!(matches!(store.server_certificate().await, Err(Error::Damaged)));
    }
    office.put("server_certificate", "key_sealed", "certificate_id", &id, &key).await;
    assert_eq!(*store.server_certificate().await.expect("opens").expect("there").key, b"a key of the server");
}

#[tokio::test]
async fn r6_3_a_working_key_altered_or_taken_from_another_place_opens_no_exchange() {
    let office = office().await;
    let sound = office.value("working_key", "wrapped", "kind", "field").await;
    let flipped: Vec<u8> =
        sound.iter().enumerate().map(|(at, byte)| if at == sound.len() / 2 { byte ^ 1 } else { *byte }).collect();
    let elsewhere = office.value("working_key", "wrapped", "kind", "wrapping").await;
    for altered in [flipped, elsewhere, sound[..sound.len() - 1].to_vec(), Vec::new()] {
        office.put("working_key", "wrapped", "kind", "field", &altered).await;
        let clock = Arc::clone(&office.world.clock) as Arc<_>;
        let opened = Store::open(office.world.place(), office.world.masters.clone(), clock).await;
        assert!(matches!(opened, Err(Error::Damaged)), "{opened:?}");
    }
    office.put("working_key", "wrapped", "kind", "field", &sound).await;
    office.world.other_node(PeopleSettings { cost: CHEAP, ..PeopleSettings::default() }).await;
}

#[tokio::test]
async fn r6_3_an_earlier_version_of_a_key_or_an_envelope_does_not_come_back() {
    let office = office().await;
    let by = OperatorName::at_terminal("kagi").expect("a name");
    let id = office.sets[0].to_string();
    let envelope = office.value("transmission", "envelope", "transmission_id", &id).await;
    let old = office.world.rows("SELECT key_id FROM office WHERE office_number = '1370000022'").await.remove(0);
    let old_secret = office.value("office_key", "wrapped_secret", "key_id", &old).await;
    office.world.store.rotate_office_key(OFFICE_B.parse().expect("number"), &by).await.expect("asked");
    for _ in 0..3 {
        while matches!(
            office.world.store.rotation_step().await.expect("stepped"),
            fumibako_store::RotationStep::Worked(_)
        ) {}
        office.world.later(jiff::SignedDuration::from_mins(61));
    }
    office.world.opens(&office.desks.1, office.sets[0], 1).await;
    // The envelope of before: its key is gone for good.
    office.put("transmission", "envelope", "transmission_id", &id, &envelope).await;
    let answer = office.world.store.open_set(&office.desks.1, office.sets[0], None).await;
    assert!(matches!(answer, Err(Error::Damaged)), "{answer:?}");
    assert!(!office.world.entries_with(&["box.damaged", &id]).await.is_empty());
    // The old secret under the new key's row and version.
    let new = office.world.rows("SELECT key_id FROM office WHERE office_number = '1370000022'").await.remove(0);
    office.put("office_key", "wrapped_secret", "key_id", &new, &old_secret).await;
    let answer = office.world.store.open_set(&office.desks.1, office.sets[1], None).await;
    assert!(matches!(answer, Err(Error::Damaged)), "{answer:?}");
}

#[tokio::test]
async fn r6_3_every_sealed_column_is_altered_here_or_is_a_field_like_those() {
    let world = World::new().await;
    let columns = world.sql(
        "SELECT t.name || '.' || c.name FROM sqlite_master t JOIN pragma_table_info(t.name) c
          WHERE t.type = 'table' AND (c.name LIKE '%sealed' OR c.name LIKE 'wrapped%')",
        "SELECT table_name || '.' || column_name FROM information_schema.columns
          WHERE table_schema = 'public' AND (column_name LIKE '%sealed' OR column_name LIKE 'wrapped%')",
    );
    let there: BTreeSet<String> = world.rows(columns).await.into_iter().collect();
    let covered = [
        "account.kana_sealed",
        "account.login_sealed",
        "account.name_sealed",
        "acme_account.account_sealed",
        "factor.label_sealed",
        "factor.secret_sealed",
        "office_key.wrapped_secret",
        "passkey_challenge.state_sealed",
        "recovery.evidence_sealed",
        "secret.wrapped",
        "server_certificate.key_sealed",
        "software_token.label_sealed",
        "working_key.wrapped",
    ];
    // Sealed and opened by the same two functions as the fields above, on pages of their own.
    let likewise = [
        "acme_account.account_sealed",
        "handover.address_sealed",
        "handover.key_sealed",
        "arrival_mail.address_sealed",
        "import_answer.note_sealed",
        "log_export.purpose_sealed",
        "outgoing.body_sealed",
        "outgoing.reason_sealed",
        "responsible.contact_sealed",
        "responsible.deputy_contact_sealed",
        "responsible.deputy_sealed",
        "responsible.name_sealed",
        "partner_note.note_sealed",
        "review_finding.note_sealed",
        "server_certificate.key_sealed",
        "training.evidence_sealed",
        "training.subject_sealed",
    ];
    // Under a key made of an office's own; beside the index, in `board::tests`.
    let of_offices = ["month_comment.text_sealed", "month_comparison.result_sealed", "person.label_sealed"];
    let covered = covered.into_iter().chain(likewise).chain(of_offices);
    assert_eq!(there, covered.map(str::to_owned).collect());
}

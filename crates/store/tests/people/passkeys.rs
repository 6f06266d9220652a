//! Passkeys, with an authenticator in software (R8.4).

use crate::world::{OFFICE_A, World};
use fumibako_store::people::{FactorSet, HalfWay, Holder, PasskeySite, SecondAnswer, SecondKind, Token};
use identity::role::{Deed, Role};
use passkey::authenticator::{Authenticator, UiHint, UserCheck, UserValidationMethod};
use passkey::client::{Client, DefaultClientData};
use passkey::crypto::rust_crypto::RustCryptoBackend;
use passkey::types::Passkey;
use passkey::types::ctap2::{Aaguid, Ctap2Error};
use passkey::types::webauthn::{CredentialCreationOptions, CredentialRequestOptions};
use url::Url;

const DOMAIN: &str = "fumibako.example.jp";
const ORIGIN: &str = "https://fumibako.example.jp";

pub(crate) fn site() -> PasskeySite {
    PasskeySite::new(DOMAIN, ORIGIN).expect("a site")
}

struct Owner {
    verified: bool,
}

#[async_trait::async_trait]
impl UserValidationMethod for Owner {
    type PasskeyItem = Passkey;

    async fn check_user<'a>(&self, _: UiHint<'a, Passkey>, _: bool, _: bool) -> Result<UserCheck, Ctap2Error> {
        Ok(UserCheck { presence: true, verification: self.verified })
    }

    fn is_presence_enabled(&self) -> bool {
        true
    }

    fn is_verification_enabled(&self) -> Option<bool> {
        Some(true)
    }
}

/// A security key that counts its signatures.
#[derive(Clone)]
pub(crate) struct Key {
    kept: Option<Passkey>,
}

impl Key {
    pub(crate) fn new() -> Self {
        Self { kept: None }
    }

    fn authenticator(&self, verified: bool) -> Authenticator<Option<Passkey>, Owner, RustCryptoBackend> {
        let mut authenticator =
            Authenticator::new(Aaguid::new_empty(), self.kept.clone(), Owner { verified }, RustCryptoBackend);
        authenticator.set_make_credentials_with_signature_counter(true);
        authenticator
    }

    async fn creates(&mut self, options_json: &str, origin: &str, verified: bool) -> String {
        let options: CredentialCreationOptions = serde_json::from_str(options_json).expect("options");
        let mut client = Client::new(self.authenticator(verified));
        let origin = Url::parse(origin).expect("origin");
        let created = client.register(&origin, options, DefaultClientData).await.expect("created");
        self.kept = client.authenticator().store().clone();
        serde_json::to_string(&created).expect("JSON")
    }

    async fn answers(&mut self, options_json: &str, origin: &str, verified: bool) -> String {
        let options: CredentialRequestOptions = serde_json::from_str(options_json).expect("options");
        let mut client = Client::new(self.authenticator(verified));
        let origin = Url::parse(origin).expect("origin");
        let answer = client.authenticate(&origin, options, DefaultClientData).await.expect("answered");
        self.kept = client.authenticator().store().clone();
        serde_json::to_string(&answer).expect("JSON")
    }

    pub(crate) async fn registers(&mut self, world: &World, holder: Holder<'_>) -> Option<Token> {
        let site = site();
        let asked = world.store.begin_passkey_registration(holder, &site).await.expect("asked").expect("allowed");
        let answer = self.creates(&asked.options_json, ORIGIN, true).await;
        match world.store.confirm_passkey(holder, "鍵", &asked.id, &answer, &site).await.expect("asked") {
            FactorSet::Done(token) => token,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn finishes(&mut self, world: &World, half: &HalfWay) -> SecondAnswer {
        let site = site();
        let asked = world.store.begin_passkey(half, &site).await.expect("asked").expect("has one");
        let answer = self.answers(&asked.options_json, ORIGIN, true).await;
        world.store.finish_passkey(half, &asked.id, &answer, &site).await.expect("asked")
    }
}

#[tokio::test]
async fn r8_4_a_passkey_is_added_and_opens_the_second_half() {
    let world = World::new().await;
    let staff = world.staff("hanako", Role::OfficeStaff, OFFICE_A).await;
    let person = world.signs_in(&staff).await;
    let mut key = Key::new();
    let token = key.registers(&world, (&person).into()).await.expect("a fresh token");
    assert!(world.person(&token, &staff.desk).await.is_some());
    assert!(world.store.has_passkey(staff.id).await.expect("asked"));
    for _ in 0..2 {
        let half = world.half(&staff).await;
        assert!(half.ways.passkey && half.ways.totp);
        let token = match key.finishes(&world, &half).await {
            SecondAnswer::In { token, .. } => token,
            other => panic!("{other:?}"),
        };
        let person = world.person(&token, &staff.desk).await.expect("signed in");
        assert_eq!(person.second, SecondKind::Passkey);
    }
}

#[tokio::test]
async fn r8_4_an_answer_counts_once_for_its_own_question_and_session() {
    let world = World::new().await;
    let staff = world.staff("hanako", Role::OfficeStaff, OFFICE_A).await;
    let person = world.signs_in(&staff).await;
    let mut key = Key::new();
    key.registers(&world, (&person).into()).await;
    let site = site();
    let half = world.half(&staff).await;
    let asked = world.store.begin_passkey(&half, &site).await.expect("asked").expect("has one");
    let answer = key.answers(&asked.options_json, ORIGIN, true).await;
    let other = world.half(&staff).await;
    let replayed = world.store.finish_passkey(&other, &asked.id, &answer, &site).await.expect("asked");
    assert!(matches!(replayed, SecondAnswer::Refused), "another session's question");
    let entered = world.store.finish_passkey(&half, &asked.id, &answer, &site).await.expect("asked");
    assert!(matches!(entered, SecondAnswer::In { .. }));
    let again = world.store.begin_passkey(&other, &site).await.expect("asked").expect("has one");
    for id in [&asked.id, &again.id] {
        let replayed = world.store.finish_passkey(&other, id, &answer, &site).await.expect("asked");
        assert!(matches!(replayed, SecondAnswer::Refused), "a replayed answer");
    }
    // And after five minutes no answer at all.
    let half = world.half(&staff).await;
    let asked = world.store.begin_passkey(&half, &site).await.expect("asked").expect("has one");
    let answer = key.answers(&asked.options_json, ORIGIN, true).await;
    world.later(jiff::SignedDuration::from_mins(5));
    let late = world.store.finish_passkey(&half, &asked.id, &answer, &site).await.expect("asked");
    assert!(matches!(late, SecondAnswer::Refused));
}

#[tokio::test]
async fn r8_4_another_origin_and_an_unverified_owner_are_refused() {
    let world = World::new().await;
    let staff = world.staff("hanako", Role::OfficeStaff, OFFICE_A).await;
    let person = world.signs_in(&staff).await;
    let mut key = Key::new();
    key.registers(&world, (&person).into()).await;
    let site = site();
    let half = world.half(&staff).await;
    // A page beneath the same domain, to which a phisher might lead: the key answers, we do not take it.
    let asked = world.store.begin_passkey(&half, &site).await.expect("asked").expect("has one");
    let answer = key.answers(&asked.options_json, "https://phish.fumibako.example.jp", true).await;
    let refused = world.store.finish_passkey(&half, &asked.id, &answer, &site).await.expect("asked");
    assert!(matches!(refused, SecondAnswer::Refused));

    let asked = world.store.begin_passkey(&half, &site).await.expect("asked").expect("has one");
    let careless = asked.options_json.replace("\"required\"", "\"discouraged\"");
    assert_ne!(careless, asked.options_json);
    let answer = key.answers(&careless, ORIGIN, false).await;
    let refused = world.store.finish_passkey(&half, &asked.id, &answer, &site).await.expect("asked");
    assert!(matches!(refused, SecondAnswer::Refused));
}

#[tokio::test]
async fn r8_4_a_counter_that_goes_back_is_refused() {
    let world = World::new().await;
    let staff = world.staff("hanako", Role::OfficeStaff, OFFICE_A).await;
    let person = world.signs_in(&staff).await;
    let mut key = Key::new();
    key.registers(&world, (&person).into()).await;
    let mut copy = key.clone();
    for _ in 0..2 {
        let half = world.half(&staff).await;
        assert!(matches!(key.finishes(&world, &half).await, SecondAnswer::In { .. }));
    }
    let half = world.half(&staff).await;
    assert!(matches!(copy.finishes(&world, &half).await, SecondAnswer::Refused), "a copy of the key");
    assert!(matches!(key.finishes(&world, &half).await, SecondAnswer::In { .. }));
}

#[tokio::test]
async fn r8_4_an_administrator_with_an_app_only_obtains_no_such_role() {
    let world = World::new().await;
    let desk = world.operator_desk().await;
    let staff = world.staff_at("chief", Role::OperatorAdministrator, None, desk).await;
    let person = world.signs_in(&staff).await;
    assert!(person.roles.is_empty() && !person.may(Deed::RegisterOffices) && person.may(Deed::OwnAccount));
    let mut key = Key::new();
    key.registers(&world, (&person).into()).await;
    let half = world.half(&staff).await;
    let SecondAnswer::In { token, .. } = key.finishes(&world, &half).await else { panic!("refused") };
    let person = world.person(&token, &staff.desk).await.expect("signed in");
    assert!(person.may(Deed::RegisterOffices) && !person.may(Deed::ReadSets));
    // The same person with the app again: the key left at home is the role left at home.
    assert!(!world.signs_in(&staff).await.may(Deed::RegisterOffices));
}

//! An exchange with two offices and the operator, people who do not exist, and a clock that stands still.

use crate::passkeys::Key;
use crate::support::Kept;
use fumibako_store as store;
use fumibako_store::people::{
    Enrolling, HalfWay, HashCost, Holder, Invitation, Invited, NewAccount, PasswordAnswer, PasswordSet, PeopleSettings,
    Person, Redeemed, SecondAnswer, SetUpEnded, Standing, Token, TotpOffer,
};
use fumibako_store::{
    AccountId, Approval, Asker, Clock, EnrolledDevice, Enrolment, EnrolmentCode, MasterKey, MasterKeys, NewEnrolment,
    NewOffice, Office, OfficeAdded, OperatorName, Requested, Store,
};
use identity::Scopes;
use identity::role::Role;
use identity::totp::STEP_SECONDS;
use jiff::{SignedDuration, Timestamp};
use rcgen::{CertificateParams, DistinguishedName, KeyPair, PKCS_ECDSA_P256_SHA256};
use sha2::{Digest as _, Sha256};
use standard::OfficeNumber;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use totp_rs::{Algorithm, Builder, Secret};

pub(crate) const OFFICE_A: &str = "1370000011";
pub(crate) const OFFICE_B: &str = "1370000022";
/// Good enough for the rules; none is used twice.
pub(crate) const PASSWORD: &str = "q7Vd-tz2Lw-9kRmp-4x";
pub(crate) const OTHER_PASSWORD: &str = "h3Yb-wn8Ks-5jTcv-6f";
/// The least that Argon2 takes: tests are about what is compared, not about what it costs.
pub(crate) const CHEAP: HashCost = HashCost { memory_kib: 8, passes: 1, lanes: 1 };

#[derive(Debug)]
pub(crate) struct StoppedClock(Mutex<Timestamp>);

impl StoppedClock {
    fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new("2027-04-01T00:00:00.000Z".parse().expect("instant"))))
    }

    pub(crate) fn advance(&self, by: SignedDuration) {
        *self.0.lock().expect("clock") += by;
    }
}

impl Clock for StoppedClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().expect("clock")
    }
}

pub(crate) struct World {
    pub(crate) folder: TempDir,
    kept: Kept,
    pub(crate) store: Arc<Store>,
    pub(crate) clock: Arc<StoppedClock>,
    pub(crate) masters: MasterKeys,
    pub(crate) database_key: Mutex<String>,
    /// How many were enrolled: each has a name of its own.
    devices: AtomicU32,
}

/// Somebody who can sign in, and what they know and have.
#[derive(Clone)]
pub(crate) struct Staff {
    pub(crate) id: AccountId,
    pub(crate) login: String,
    pub(crate) password: String,
    pub(crate) seed: String,
    pub(crate) desk: Asker,
    pub(crate) codes: Vec<String>,
}

pub(crate) fn master() -> MasterKey {
    MasterKey::from_bytes(&[9; 32].into())
}

pub(crate) fn from() -> IpAddr {
    "192.0.2.7".parse().expect("address")
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(PeopleSettings { cost: CHEAP, ..PeopleSettings::default() }).await
    }

    pub(crate) async fn with(settings: PeopleSettings) -> Self {
        Self::over(master(), settings).await
    }

    /// With another key store underneath.
    pub(crate) async fn over(masters: impl Into<MasterKeys>, settings: PeopleSettings) -> Self {
        let masters = masters.into();
        let folder = tempfile::tempdir().expect("temporary folder");
        let clock = StoppedClock::new();
        let kept = Kept::new(&folder.path().join("data"));
        let store = Store::create(kept.place.clone(), masters.clone(), Arc::clone(&clock) as Arc<dyn Clock>).await;
        let store = Arc::new(store.expect("created").with_people(settings).expect("settings"));
        let world =
            Self { folder, kept, store, clock, masters, database_key: Mutex::default(), devices: AtomicU32::new(1) };
        world.office(OFFICE_A, "あおぞら居宅介護支援").await;
        world.office(OFFICE_B, "みどり訪問介護").await;
        world
    }

    /// Another process on the same data: what one node does, the other sees.
    pub(crate) async fn other_node(&self, settings: PeopleSettings) -> Store {
        let store =
            Store::open(self.kept.place.clone(), self.masters.clone(), Arc::clone(&self.clock) as Arc<dyn Clock>).await;
        store.expect("opened").with_people(settings).expect("settings")
    }

    pub(crate) fn place(&self) -> store::Place {
        self.kept.place.clone()
    }

    pub(crate) fn is_on_server(&self) -> bool {
        self.kept.is_on_server()
    }

    /// The text for the engine that this world is kept by, where a test spoils what only an engine knows.
    pub(crate) fn sql(&self, sqlite: &'static str, postgres: &'static str) -> &'static str {
        if self.kept.is_on_server() { postgres } else { sqlite }
    }

    /// A data folder that another version left, with its clock at this moment.
    pub(crate) async fn found(folder: TempDir, now: &str) -> Self {
        let clock = StoppedClock::new();
        *clock.0.lock().expect("clock") = now.parse().expect("instant");
        let masters = MasterKeys::from(master());
        let data = folder.path().join("data");
        let store = Store::open(&data, masters.clone(), Arc::clone(&clock) as Arc<dyn Clock>).await.expect("opened");
        let settings = PeopleSettings { cost: CHEAP, ..PeopleSettings::default() };
        let store = Arc::new(store.with_people(settings).expect("settings"));
        let kept = Kept::embedded(&data);
        Self { folder, kept, store, clock, masters, database_key: Mutex::default(), devices: AtomicU32::new(100) }
    }

    /// The process ends and another begins.
    pub(crate) async fn starts_again(mut self) -> Self {
        let settings = PeopleSettings { cost: CHEAP, ..PeopleSettings::default() };
        let next = Arc::new(self.other_node(settings).await);
        drop(std::mem::replace(&mut self.store, next));
        self
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn later(&self, by: SignedDuration) {
        self.clock.advance(by);
    }

    async fn office(&self, number: &str, name: &str) -> Office {
        let new = NewOffice {
            number: number.parse().expect("number"),
            name: name.to_owned(),
            service_types: ["43".parse().expect("service type")].into(),
        };
        match self.store.add_office(new).await.expect("added") {
            OfficeAdded::Done(office) => office,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn desk(&self, number: &str) -> Asker {
        let code = self.code(number.parse().expect("number"), None).await;
        self.enrol(code).await.1
    }

    /// A code for another device of this office, asked for by one operator and agreed to by another.
    pub(crate) async fn code(&self, office: OfficeNumber, scopes: Option<Scopes>) -> EnrolmentCode {
        let name = |name| OperatorName::at_terminal(name).expect("a name");
        let label = format!("端末{}", self.devices.fetch_add(1, Ordering::Relaxed));
        let new =
            NewEnrolment {
                office, label, evidence: "指定通知書を確認".to_owned(), evidence_digest: None, scopes
            };
        let requested = self.store.request_enrolment(new, &name("ichiro")).await.expect("asked");
        let Requested::Done(request) = requested else { panic!("{requested:?}") };
        match self.store.approve_enrolment(request, &name("jiro")).await.expect("agreed") {
            Approval::Code(code) => code,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn operator_desk(&self) -> Asker {
        let operator = self.store.operator().await.expect("there").register.number;
        let code = self.code(operator, None).await;
        self.enrol(code).await.1
    }

    /// Somebody of the operator, signed in with a passkey where the role needs one.
    pub(crate) async fn operator(&self, login: &str, role: Role) -> (Staff, Person) {
        let desk = self.operator_desk().await;
        let staff = self.staff_at(login, role, None, desk).await;
        let person = self.signs_in(&staff).await;
        let mut key = Key::new();
        let token = key.registers(self, (&person).into()).await;
        assert!(token.is_some());
        let half = self.half(&staff).await;
        let token = match key.finishes(self, &half).await {
            SecondAnswer::In { token, .. } => token,
            other => panic!("{other:?}"),
        };
        let person = self.person(&token, &staff.desk).await.expect("signed in");
        (staff, person)
    }

    /// Training of somebody of the operator, recorded at the terminal: without, a month limits what they may do (R12.6).
    pub(crate) async fn trains(&self, account: store::AccountId) {
        let new = store::people::NewTraining {
            account,
            subject: "個人情報の安全管理".to_owned(),
            held_on: self.now().to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::offset(9))).date(),
            valid_until: None,
            evidence: "受講証".to_owned(),
            office: None,
        };
        let by = store::people::By::Terminal { by: "op-1", approved_by: "op-2" };
        let recorded = self.store.record_training(by, new).await.expect("asked");
        assert!(matches!(recorded, store::people::TrainingRecorded::Done(_)), "{recorded:?}");
    }

    /// Somebody of the operator signs in again, as if with their passkey.
    pub(crate) async fn comes_back(&self, staff: &Staff) -> Person {
        let token = self.token(staff).await;
        let mut connection = self.connection().await;
        let sql = "UPDATE session SET second = 'passkey' WHERE account_id = $1 AND level = 'full'";
        sqlx::query(sql).bind(staff.id.to_string()).execute(&mut connection).await.expect("written");
        self.person(&token, &staff.desk).await.expect("signed in")
    }

    pub(crate) async fn enrol(&self, code: EnrolmentCode) -> (EnrolledDevice, Asker) {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).expect("key");
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        let request = params.serialize_request(&key).expect("request").pem().expect("PEM");
        let device = match self.store.enrol(&code.code, &request, from()).await.expect("enrolled") {
            Enrolment::Done(device) => device,
            other => panic!("{other:?}"),
        };
        let asker = self.asker(&device.certificate_pem).await;
        (device, asker)
    }

    async fn asker(&self, certificate_pem: &str) -> Asker {
        let digest = digest(certificate_pem);
        self.store.asker(&digest, from()).await.expect("asked").expect("known")
    }

    /// An office's administrator or anybody else, made at the terminal: two people at once.
    pub(crate) async fn invited(&self, login: &str, role: Role, office: Option<&str>) -> Invitation {
        let by = store::people::By::Terminal { by: "op-1", approved_by: "op-2" };
        match self.store.invite(by, new_account(login, role, office)).await.expect("invited") {
            Invited::Done(invitation) => invitation,
            other => panic!("{other:?}"),
        }
    }

    /// Somebody at an office, ready to sign in.
    pub(crate) async fn staff(&self, login: &str, role: Role, office: &str) -> Staff {
        let desk = self.desk(office).await;
        self.staff_at(login, role, Some(office), desk).await
    }

    pub(crate) async fn staff_at(&self, login: &str, role: Role, office: Option<&str>, desk: Asker) -> Staff {
        let invitation = self.invited(login, role, office).await;
        self.set_up(login, &invitation, desk).await
    }

    /// Sets up password, authenticator app and recovery codes, and waits for the next code of the app.
    pub(crate) async fn set_up(&self, login: &str, invitation: &Invitation, desk: Asker) -> Staff {
        let password = format!("{PASSWORD}-{}", login.len());
        let token = self.redeem(login, &invitation.code, &desk).await;
        let enrolling = self.enrolling(&token, &desk).await;
        self.sets_password(&enrolling, &password).await;
        let seed = self.adds_totp((&enrolling).into()).await;
        let codes = self.store.make_recovery_codes((&enrolling).into()).await.expect("made").expect("allowed");
        match self.store.complete(&enrolling).await.expect("completed") {
            SetUpEnded::Done => {}
            other => panic!("{other:?}"),
        }
        self.later(SignedDuration::from_secs(60));
        let codes = codes.iter().map(|code| code.to_string()).collect();
        Staff { id: invitation.account_id, login: login.to_owned(), password, seed, desk, codes }
    }

    pub(crate) async fn redeem(&self, login: &str, code: &str, desk: &Asker) -> Token {
        match self.store.redeem(login, code, desk).await.expect("asked") {
            Redeemed::SetUp(token) => token,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn enrolling(&self, token: &Token, desk: &Asker) -> Enrolling {
        match self.store.standing(token.reveal(), desk).await.expect("asked") {
            Standing::Enrolling(enrolling) => enrolling,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn sets_password(&self, enrolling: &Enrolling, password: &str) {
        match self.store.set_password(enrolling, password).await.expect("asked") {
            PasswordSet::Done(_) => {}
            other => panic!("{other:?}"),
        }
    }

    /// The seed, in Base32.
    pub(crate) async fn adds_totp(&self, holder: Holder<'_>) -> String {
        let offer = self.offer(holder).await;
        let seed = offer.secret_base32.replace(' ', "");
        let code = code(&seed, self.now());
        match self.store.confirm_totp(holder, "わたしの電話", &code).await.expect("asked") {
            store::people::FactorSet::Done(_) => seed,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn offer(&self, holder: Holder<'_>) -> TotpOffer {
        self.store.begin_totp(holder).await.expect("asked").expect("allowed")
    }

    pub(crate) async fn half(&self, staff: &Staff) -> HalfWay {
        let token = match self.store.begin(&staff.login, &staff.password, &staff.desk).await.expect("asked") {
            PasswordAnswer::Half(token) => token,
            other => panic!("{other:?}"),
        };
        match self.store.standing(token.reveal(), &staff.desk).await.expect("asked") {
            Standing::Half(half) => half,
            other => panic!("{other:?}"),
        }
    }

    /// Signs in with the app; the next code is another.
    pub(crate) async fn token(&self, staff: &Staff) -> Token {
        let half = self.half(staff).await;
        let code = code(&staff.seed, self.now());
        let token = match self.store.finish_totp(&half, &code).await.expect("asked") {
            SecondAnswer::In { token, .. } => token,
            other => panic!("{other:?}"),
        };
        self.later(SignedDuration::from_secs(30));
        token
    }

    pub(crate) async fn signs_in(&self, staff: &Staff) -> Person {
        let token = self.token(staff).await;
        self.person(&token, &staff.desk).await.expect("signed in")
    }

    pub(crate) async fn person(&self, token: &Token, desk: &Asker) -> Option<Person> {
        match self.store.standing(token.reveal(), desk).await.expect("asked") {
            Standing::Full(person) => Some(*person),
            _ => None,
        }
    }

    /// Entries of the log, as they lie.
    pub(crate) async fn entries(&self) -> Vec<String> {
        self.rows("SELECT entry FROM ledger ORDER BY entry_index").await
    }

    pub(crate) async fn entries_with(&self, parts: &[&str]) -> Vec<String> {
        let entries = self.entries().await;
        entries.into_iter().filter(|entry| parts.iter().all(|part| entry.contains(part))).collect()
    }

    /// What a person with the database key and nothing else sees.
    pub(crate) async fn rows(&self, query: &'static str) -> Vec<String> {
        let mut connection = self.connection().await;
        sqlx::query_scalar(query).fetch_all(&mut connection).await.expect("read")
    }

    /// Every field of every table, bytes as hexadecimal and as text.
    pub(crate) async fn dump(&self) -> String {
        use sqlx::{AssertSqlSafe, Row as _, TypeInfo as _, ValueRef as _};
        let mut connection = self.connection().await;
        let tables: Vec<String> = sqlx::query_scalar(match self.kept.is_on_server() {
            false => "SELECT name FROM sqlite_master WHERE type = 'table' AND name <> '_sqlx_migrations'",
            true => {
                "SELECT tablename::TEXT FROM pg_tables WHERE schemaname = 'public' AND tablename <> '_sqlx_migrations'"
            }
        })
        .fetch_all(&mut connection)
        .await
        .expect("listed");
        let mut dump = String::new();
        for table in tables {
            let rows = sqlx::query(AssertSqlSafe(format!("SELECT * FROM \"{table}\"")));
            for row in rows.fetch_all(&mut connection).await.expect("read") {
                for column in 0..row.len() {
                    let value = row.try_get_raw(column).expect("raw");
                    let kind = value.type_info().name().to_owned();
                    if value.is_null() {
                        continue;
                    } else if kind == "BLOB" {
                        let bytes: Vec<u8> = row.get(column);
                        dump.push_str(&String::from_utf8_lossy(&bytes));
                        dump.extend(bytes.iter().map(|byte| format!("{byte:02x}")));
                    } else if kind == "TEXT" {
                        dump.push_str(row.get(column));
                    }
                    dump.push('\n');
                }
            }
        }
        assert!(dump.contains("argon2id"), "the dump is a dump");
        dump
    }

    /// Kept for when the key store has been pulled out.
    fn database_key(&self) -> String {
        let mut kept = self.database_key.lock().expect("key");
        if let Ok(key) = store::database_key(&self.data(), &self.masters) {
            *kept = key.to_string();
        }
        kept.clone()
    }

    pub(crate) async fn connection(&self) -> sqlx::AnyConnection {
        self.kept.connection(&self.database_key()).await
    }
}

pub(crate) fn new_account(login: &str, role: Role, office: Option<&str>) -> NewAccount {
    NewAccount {
        login: login.to_owned(),
        name: format!("見本 {login}"),
        kana: "みほん".to_owned(),
        person_key: format!("みほん {login} 1980-01-01"),
        role,
        office: office.map(|number| number.parse().expect("number")),
    }
}

/// What a handshake proves: the SHA-256 of the certificate.
pub(crate) fn digest(certificate_pem: &str) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let body = certificate_pem.lines().filter(|line| !line.starts_with("-----")).flat_map(str::bytes);
    let (mut der, mut bits, mut held) = (Vec::new(), 0_u32, 0);
    for value in body.filter_map(|byte| ALPHABET.iter().position(|letter| *letter == byte)) {
        bits = bits << 6 | u32::try_from(value).expect("six bits");
        held += 6;
        if held >= 8 {
            held -= 8;
            der.push(u8::try_from(bits >> held & 0xff).expect("a byte"));
        }
    }
    Sha256::digest(&der).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What the app shows.
pub(crate) fn code(seed: &str, now: Timestamp) -> String {
    let secret = Secret::try_from_base32(seed).expect("Base32");
    let totp = Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(6)
        .with_step_duration(STEP_SECONDS)
        .with_skew(0)
        .with_secret(secret)
        .build_noncompliant();
    let seconds = u64::try_from(now.as_second()).expect("after 1970");
    totp.generate(seconds).to_string()
}

//! Figures of signing in with what a real exchange uses (R8.9, R8.10): does the time of an answer tell whether a login exists,
//! and how many passwords are compared in a second?
//!
//! `cargo bench --package fumibako-store --bench sign_in -- 10000` takes that many tries of each kind; without a number, 400. With the
//! word `cheap` a hash costs next to nothing: what else differs then stands out, instead of being lost beside it.

use fumibako_store as store;
use fumibako_store::people::{
    By, FactorSet, HashCost, Holder, Invited, NewAccount, PasswordAnswer, PasswordSet, PeopleSettings, Redeemed,
    SetUpEnded, Standing,
};
use fumibako_store::{
    Approval, Asker, Clock, Enrolment, MasterKey, NewEnrolment, NewOffice, OfficeAdded, OperatorName, Requested, Store,
};
use identity::role::Role;
use jiff::{SignedDuration, Timestamp};
use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256};
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use totp_rs::{Algorithm, Builder, Secret};

const TRIES: usize = 400;
const OFFICE: &str = "1370000011";
const PASSWORD: &str = "q7Vd-tz2Lw-9kRmp-4x";
const WRONG: &str = "h3Yb-wn8Ks-5jTcv-6f";

/// Each try is a day after the one before, so that none has to wait.
#[derive(Debug)]
struct Leaping(Mutex<Timestamp>);

impl Clock for Leaping {
    fn now(&self) -> Timestamp {
        *self.0.lock().expect("clock")
    }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let tries = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(TRIES);
    let folder = tempfile::tempdir().expect("temporary folder");
    let clock = Arc::new(Leaping(Mutex::new("2027-04-01T00:00:00Z".parse().expect("instant"))));
    let master = MasterKey::from_bytes(&[9; 32].into());
    let store = Store::create(&folder.path().join("data"), master, Arc::clone(&clock) as Arc<dyn Clock>).await;
    let mut store = store.expect("created");
    if std::env::args().any(|argument| argument == "cheap") {
        let cost = HashCost { memory_kib: 64, passes: 1, lanes: 1 };
        store = store.with_people(PeopleSettings { cost, ..PeopleSettings::default() }).expect("settings");
    }
    let store = Arc::new(store);
    let desk = desk(&store).await;
    somebody(&store, &desk, &clock).await;

    let (mut known, mut unknown) = (Vec::with_capacity(tries), Vec::with_capacity(tries));
    for at in 0..tries {
        // Alternating, and each first as often as second: a machine that slows down slows both.
        let mut pair = [("hanako", true), ("nobody", false)];
        if at % 2 == 1 {
            pair.reverse();
        }
        for (login, exists) in pair {
            *clock.0.lock().expect("clock") += SignedDuration::from_hours(1);
            if at % 4 == 0 {
                *clock.0.lock().expect("clock") += SignedDuration::from_hours(25);
            }
            let begun = Instant::now();
            let answer = store.begin(login, WRONG, &desk).await.expect("asked");
            let took = begun.elapsed();
            assert!(matches!(answer, PasswordAnswer::Refused), "{answer:?}");
            if exists { known.push(took) } else { unknown.push(took) }
        }
    }
    report("known login, wrong password", &mut known);
    report("unknown login", &mut unknown);
    let (t, difference) = welch(&known, &unknown);
    say(&format!("difference of means {difference:+.3} ms, Welch's t = {t:+.2} over {tries} tries each"));

    let many = tries.min(200);
    let begun = Instant::now();
    let mut waiting = Vec::with_capacity(many);
    let mut compared = 0;
    for _ in 0..many {
        *clock.0.lock().expect("clock") += SignedDuration::from_hours(25);
        let (store, desk) = (Arc::clone(&store), desk.clone());
        waiting.push(tokio::spawn(async move { store.begin("nobody", WRONG, &desk).await.expect("asked") }));
        if waiting.len() == 8 {
            for one in waiting.drain(..) {
                compared += usize::from(matches!(one.await.expect("ran"), PasswordAnswer::Refused));
            }
        }
    }
    for one in waiting {
        compared += usize::from(matches!(one.await.expect("ran"), PasswordAnswer::Refused));
    }
    let seconds = begun.elapsed().as_secs_f64();
    say(&format!("{:.1} passwords compared per second, eight waiting at a time", compared as f64 / seconds));
}

fn report(what: &str, times: &mut [Duration]) {
    times.sort_unstable();
    let at = |part: f64| times[((times.len() - 1) as f64 * part) as usize].as_secs_f64() * 1e3;
    let (mean, deviation) = moments(times);
    say(&format!(
        "{what}: median {:.3} ms, mean {mean:.3} ms, deviation {deviation:.3} ms, 5 % {:.3} ms, 95 % {:.3} ms",
        at(0.5),
        at(0.05),
        at(0.95)
    ));
}

/// Mean and deviation, in milliseconds.
fn moments(times: &[Duration]) -> (f64, f64) {
    let count = times.len() as f64;
    let mean = times.iter().map(Duration::as_secs_f64).sum::<f64>() / count;
    let variance = times.iter().map(|time| (time.as_secs_f64() - mean).powi(2)).sum::<f64>() / (count - 1.0);
    (mean * 1e3, variance.sqrt() * 1e3)
}

/// Welch's t, and the difference of the means in milliseconds. Below 4.5 the usual verdict is "no leak found".
fn welch(one: &[Duration], two: &[Duration]) -> (f64, f64) {
    let ((mean_one, deviation_one), (mean_two, deviation_two)) = (moments(one), moments(two));
    let spread = (deviation_one.powi(2) / one.len() as f64 + deviation_two.powi(2) / two.len() as f64).sqrt();
    ((mean_one - mean_two) / spread, mean_one - mean_two)
}

fn say(text: &str) {
    use std::io::Write as _;
    writeln!(std::io::stdout(), "{text}").expect("printed");
}

async fn desk(store: &Store) -> Asker {
    let number = OFFICE.parse().expect("number");
    let new = NewOffice {
        number,
        name: "あおぞら居宅介護支援".to_owned(),
        service_types: ["43".parse().expect("service type")].into(),
    };
    assert!(matches!(store.add_office(new).await.expect("added"), OfficeAdded::Done(_)));
    let name = |name| OperatorName::at_terminal(name).expect("a name");
    let new = NewEnrolment {
        office: number,
        label: "窓口".to_owned(),
        evidence: "計測用".to_owned(),
        evidence_digest: None,
        scopes: None,
    };
    let Requested::Done(request) = store.request_enrolment(new, &name("ichiro")).await.expect("asked") else {
        panic!("refused");
    };
    let Approval::Code(code) = store.approve_enrolment(request, &name("jiro")).await.expect("agreed") else {
        panic!("refused");
    };
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).expect("key");
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    let request = params.serialize_request(&key).expect("request").pem().expect("PEM");
    let from: IpAddr = "192.0.2.7".parse().expect("address");
    let Enrolment::Done(device) = store.enrol(&code.code, &request, from).await.expect("enrolled") else {
        panic!("refused");
    };
    let der = exchange::Digest::of_file(&der(&device.certificate_pem)).to_string();
    store.asker(&der, from).await.expect("asked").expect("known")
}

fn der(pem: &str) -> Vec<u8> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let body = pem.lines().filter(|line| !line.starts_with("-----")).flat_map(str::bytes);
    let (mut der, mut bits, mut held) = (Vec::new(), 0_u32, 0);
    for value in body.filter_map(|byte| ALPHABET.iter().position(|letter| *letter == byte)) {
        bits = bits << 6 | u32::try_from(value).expect("six bits");
        held += 6;
        if held >= 8 {
            held -= 8;
            der.push(u8::try_from(bits >> held & 0xff).expect("a byte"));
        }
    }
    der
}

async fn somebody(store: &Store, desk: &Asker, clock: &Leaping) {
    let new = NewAccount {
        login: "hanako".to_owned(),
        name: "見本 花子".to_owned(),
        kana: "みほん はなこ".to_owned(),
        person_key: "みほんはなこ 1980-01-01".to_owned(),
        role: Role::OfficeStaff,
        office: Some(OFFICE.parse().expect("number")),
    };
    let by = By::Terminal { by: "op-1", approved_by: "op-2" };
    let Invited::Done(invitation) = store.invite(by, new).await.expect("asked") else { panic!("not invited") };
    let Redeemed::SetUp(token) = store.redeem("hanako", &invitation.code, desk).await.expect("asked") else {
        panic!("code refused");
    };
    let Standing::Enrolling(enrolling) = store.standing(token.reveal(), desk).await.expect("asked") else {
        panic!("no set-up");
    };
    assert!(matches!(store.set_password(&enrolling, PASSWORD).await.expect("asked"), PasswordSet::Done(_)));
    let holder = Holder::Enrolling(&enrolling);
    let offer = store.begin_totp(holder).await.expect("asked").expect("allowed");
    let secret = Secret::try_from_base32(offer.secret_base32.replace(' ', "")).expect("Base32");
    let totp = Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(6)
        .with_step_duration(30)
        .with_skew(0)
        .with_secret(secret)
        .build_noncompliant();
    let code = totp.generate(u64::try_from(clock.now().as_second()).expect("after 1970")).to_string();
    assert!(matches!(store.confirm_totp(holder, "電話", &code).await.expect("asked"), FactorSet::Done(_)));
    assert!(matches!(store.complete(&enrolling).await.expect("asked"), SetUpEnded::Done));
    assert!(matches!(
        store.begin("hanako", PASSWORD, desk).await.expect("asked"),
        store::people::PasswordAnswer::Half(_)
    ));
}

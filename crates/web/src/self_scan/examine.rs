//! What is tried at a door, and what has to come of it (R5.1–R5.8).

use super::DoorAt;
use super::answer::{Agreed, Answer};
use super::flight::{self, Flight};
use super::hello::Hello;
use super::wire::{ask, ask_again, speaks_plainly};
use crate::tls::Policy;
use crate::trust;
use jiff::Timestamp;
use ledger::self_scan::{Check, ScannedDoor};
use rustls::{CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme};
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// What is found where it should not be: a door that takes more than these is told by these.
const FOUND_MAX: usize = 8;
const CERTIFICATE_REQUIRED: u8 = 116;
const OLD: [(u16, &str); 4] = [(0x0300, "ssl3"), (0x0301, "tls1.0"), (0x0302, "tls1.1"), (0x0303, "tls1.2")];
const TLS12: u16 = 0x0303;
const TLS13: u16 = 0x0304;
/// RSA and ECDSA over SHA-1, RSA over MD5.
const BROKEN_SIGNATURES: [u16; 3] = [0x0201, 0x0203, 0x0101];

/// Everything that has been, or might be, a suite.
fn every_suite() -> Vec<u16> {
    let ranges = [0x0001..=0x00c7, 0x1301..=0x1307, 0xc001..=0xc0b5, 0xcca8..=0xccae, 0xd001..=0xd005];
    // Two of them are signals and not suites.
    ranges.into_iter().flatten().filter(|suite| ![0x00ff, 0x5600].contains(suite)).collect()
}

/// The same of groups: curves, finite fields, and lattices alone and with a curve.
fn every_group() -> Vec<u16> {
    let ranges = [0x0001..=0x0029, 0x0100..=0x0104, 0x0200..=0x0202, 0x11eb..=0x11ed, 0x6399..=0x639a];
    ranges.into_iter().flatten().collect()
}

pub(super) async fn examine(door: &DoorAt, now: Timestamp) -> ScannedDoor {
    let mut examiner = Examiner { door, policy: door.kind.policy(), checks: Vec::new() };
    if examiner.reachable().await {
        examiner.versions().await;
        examiner.suites().await;
        examiner.groups().await;
        examiner.extras().await;
        match examiner.is_tls12() {
            true => examiner.tls12(now).await,
            false => examiner.tls13(now).await,
        }
    }
    ScannedDoor { door: door.kind.id().to_owned(), address: door.address.to_string(), checks: examiner.checks }
}

struct Examiner<'a> {
    door: &'a DoorAt,
    policy: Policy,
    checks: Vec<Check>,
}

impl Examiner<'_> {
    fn is_tls12(&self) -> bool {
        self.policy.version.version == ProtocolVersion::TLSv1_2
    }

    fn note(&mut self, id: &str, clause: &str, expected: impl Into<String>, found: impl Into<String>, sound: bool) {
        self.checks.push(Check {
            id: id.to_owned(),
            clause: clause.to_owned(),
            expected: expected.into(),
            found: found.into(),
            sound,
        });
    }

    fn note_refused(&mut self, id: &str, clause: &str, answer: &Answer) {
        let sound = matches!(answer, Answer::Alert(_) | Answer::Closed);
        self.note(id, clause, "refused", said(answer), sound);
    }

    fn note_same(&mut self, id: &str, clause: &str, expected: &[String], found: &[String]) {
        self.note(id, clause, listed(expected), listed(found), expected == found);
    }

    /// A hello of this door's version.
    fn hello(&self, suites: Vec<u16>, groups: Vec<u16>) -> Hello {
        if self.is_tls12() { Hello::old(TLS12, suites, groups) } else { Hello::tls13(suites, groups) }
    }

    fn own_suites(&self) -> Vec<u16> {
        self.policy.suites.iter().map(|suite| u16::from(suite.suite())).collect()
    }

    fn own_groups(&self) -> Vec<u16> {
        self.policy.groups.iter().map(|group| u16::from(*group)).collect()
    }

    fn plain_hello(&self) -> Hello {
        self.hello(self.own_suites(), self.own_groups())
    }

    async fn ask(&self, hello: &Hello) -> Answer {
        ask(self.door.address, hello).await
    }

    async fn reachable(&mut self) -> bool {
        let answer = self.ask(&self.plain_hello()).await;
        let sound = matches!(answer, Answer::Agreed(_));
        self.note("reachable", "R5.1", "answers its own version", said(&answer), sound);
        // Whoever refuses everything would pass every test of what must be refused.
        sound || matches!(answer, Answer::Alert(_))
    }

    async fn versions(&mut self) {
        let mut suites = every_suite();
        suites.retain(|suite| !(0x1300..0x1400).contains(suite));
        let own = self.is_tls12().then_some(TLS12);
        for (version, id) in OLD.into_iter().filter(|(version, _)| own != Some(*version)) {
            let answer = self.ask(&Hello::old(version, suites.clone(), every_group())).await;
            self.note_refused(&format!("version-{id}"), "R5.1", &answer);
        }
        if self.is_tls12() {
            let answer = self.ask(&Hello::tls13(vec![0x1301, 0x1302, 0x1303], self.own_groups())).await;
            self.note_refused("version-tls1.3", "R5.3", &answer);
        }
        let plainly = speaks_plainly(self.door.address).await;
        self.note("plain-http", "R5.1", "refused", if plainly { "answered" } else { "refused" }, !plainly);
    }

    async fn suites(&mut self) {
        let (own, groups) = (self.own_suites(), self.own_groups());
        let clause = if self.is_tls12() { "R5.5" } else { "R5.4" };
        let mut others = every_suite();
        others.retain(|suite| !own.contains(suite));
        let found = self.taken(others, |suites| self.hello(suites, groups.clone()), |agreed| Some(agreed.suite)).await;
        self.note_same("suites-others", clause, &[], &names(&found, suite_name));
        let mut taken = Vec::new();
        for suite in &own {
            if let Answer::Agreed(agreed) = self.ask(&self.hello(vec![*suite], groups.clone())).await {
                taken.push(agreed.suite);
            }
        }
        // Before TLS 1.3 a suite says which kind of key the server has, and it has one.
        let kinds: Vec<Vec<u16>> = match self.is_tls12() {
            false => vec![own.clone()],
            true => ["_ECDSA_", "_RSA_"].map(|kind| of_kind(&own, kind)).to_vec(),
        };
        let expected = kinds.iter().find(|kind| **kind == taken).unwrap_or(&kinds[0]);
        self.note_same("suites-own", clause, &names(expected, suite_name), &names(&taken, suite_name));
        let backwards: Vec<u16> = own.iter().rev().copied().collect();
        let first: Vec<u16> = own.into_iter().filter(|suite| taken.contains(suite)).take(1).collect();
        let chosen = match self.ask(&self.hello(backwards, groups)).await {
            Answer::Agreed(agreed) => vec![agreed.suite],
            _ => Vec::new(),
        };
        self.note_same("suites-order", clause, &names(&first, suite_name), &names(&chosen, suite_name));
    }

    async fn groups(&mut self) {
        let (own, suites) = (self.own_groups(), self.own_suites());
        let mut others = every_group();
        others.retain(|group| !own.contains(group));
        let found = self.taken(others, |groups| self.hello(suites.clone(), groups), |agreed| agreed.group).await;
        self.note_same("groups-others", "R5.6", &[], &names(&found, group_name));
        let mut taken = Vec::new();
        for group in &own {
            if let Answer::Agreed(Agreed { group: Some(chosen), .. }) =
                self.ask(&self.hello(suites.clone(), vec![*group])).await
            {
                taken.push(chosen);
            }
        }
        self.note_same("groups-own", "R5.6", &names(&own, group_name), &names(&taken, group_name));
    }

    /// What a door takes of what it should not: each that it takes is left out of the next offer.
    async fn taken(
        &self,
        mut offer: Vec<u16>,
        hello: impl Fn(Vec<u16>) -> Hello,
        chosen: impl Fn(&Agreed) -> Option<u16>,
    ) -> Vec<u16> {
        let mut taken = Vec::new();
        while taken.len() < FOUND_MAX {
            let Answer::Agreed(agreed) = self.ask(&hello(offer.clone())).await else { break };
            let choice = chosen(&agreed).unwrap_or_default();
            taken.push(choice);
            let before = offer.len();
            offer.retain(|one| *one != choice);
            if offer.len() == before {
                break;
            }
        }
        taken
    }

    async fn extras(&mut self) {
        for (id, compressions) in [("compression", vec![1, 0]), ("compression-only", vec![1])] {
            let answer = self.ask(&Hello { compressions, ..self.plain_hello() }).await;
            let (found, sound) = match &answer {
                Answer::Agreed(agreed) if agreed.compression == 0 => ("none".to_owned(), id == "compression"),
                Answer::Agreed(agreed) => (format!("compression {}", agreed.compression), false),
                refused => (said(refused), matches!(refused, Answer::Alert(_) | Answer::Closed)),
            };
            self.note(id, "R5.7", "refused or none", found, sound);
        }
    }

    async fn tls12(&mut self, now: Timestamp) {
        let hello = self.plain_hello();
        let answer = self.ask(&Hello { signatures: BROKEN_SIGNATURES.to_vec(), ..hello.clone() }).await;
        self.note_refused("signatures-broken", "R5.8", &answer);
        let answer = self.ask(&Hello { extended_master: false, ..hello.clone() }).await;
        self.note_refused("extended-master-secret", "R5.5", &answer);
        let again = ask_again(self.door.address, &hello).await.unwrap_or(Answer::Silent);
        self.note_refused("hello-again", "R5.5", &again);
        let Answer::Agreed(agreed) = self.ask(&hello).await else { return };
        self.resumption(agreed.resumes, 0);
        self.certificate_asked(agreed.asks_certificate);
        self.signature(agreed.signature);
        self.certificate(agreed.certificate.as_deref(), now);
    }

    async fn tls13(&mut self, now: Timestamp) {
        let broken = flight::look(self.door.address, BROKEN_SIGNATURES.to_vec()).await.unwrap_or_default();
        let found = match (broken.alert, broken.signature) {
            (Some(alert), _) => format!("refused: {}", alert_name(alert)),
            (None, Some(scheme)) => signature_name(scheme),
            (None, None) => "no answer".to_owned(),
        };
        self.note("signatures-broken", "R5.8", "refused", found, broken.alert.is_some() && !broken.finished);
        let share = Some(x25519_public_key());
        let early = self.ask(&Hello { early: true, share, ..self.plain_hello() }).await;
        let (found, sound) = match &early {
            Answer::Agreed(agreed) if agreed.resumes => ("resumed", false),
            Answer::Agreed(_) => ("not resumed", true),
            Answer::Alert(_) | Answer::Closed => ("refused", true),
            Answer::Silent | Answer::Foreign => ("no answer", false),
        };
        self.note("early-data", "R5.7", "refused or not resumed", found, sound);
        let sound = self.policy.signatures().into_iter().map(u16::from).collect();
        let seen = flight::look(self.door.address, sound).await.unwrap_or_default();
        self.resumption(false, seen.tickets);
        self.certificate_asked(seen.asks_certificate);
        self.entry(&seen);
        self.signature(seen.signature);
        self.certificate(seen.certificate.as_deref(), now);
    }

    fn resumption(&mut self, resumes: bool, tickets: u32) {
        let found = if resumes { "resumed".to_owned() } else { format!("{tickets} tickets") };
        self.note("resumption", "R5.7", "0 tickets", found, !resumes && tickets == 0);
    }

    fn certificate_asked(&mut self, asked: bool) {
        let words = |asked| if asked { "asked" } else { "not asked" };
        let expected = self.door.kind.asks_certificate();
        self.note("client-certificate", "R5.2", words(expected), words(asked), asked == expected);
    }

    /// Nobody is in without a certificate, where one is asked for; everybody is where none is.
    fn entry(&mut self, seen: &Flight) {
        let found = match (seen.let_in, seen.alert) {
            (true, _) => "let in".to_owned(),
            (false, Some(alert)) => format!("refused: {}", alert_name(alert)),
            (false, None) => "closed".to_owned(),
        };
        let (expected, sound) = match self.door.kind.asks_certificate() {
            true => ("refused: certificate_required", !seen.let_in && seen.alert == Some(CERTIFICATE_REQUIRED)),
            false => ("let in", seen.let_in),
        };
        self.note("entry-without-certificate", "R5.2", expected, found, sound);
    }

    fn signature(&mut self, scheme: Option<u16>) {
        let approved = self.policy.signatures().into_iter().any(|sound| Some(u16::from(sound)) == scheme);
        let found = scheme.map_or_else(|| "none".to_owned(), signature_name);
        self.note("signature", "R5.8", "SHA-256 or better", found, approved);
    }

    fn certificate(&mut self, leaf: Option<&[u8]>, now: Timestamp) {
        let (found, sound) = leaf.map_or_else(|| ("none".to_owned(), false), |leaf| shown(leaf, now));
        self.note("server-certificate", "R5.8", "strong and within its time", found, sound);
    }
}

/// What a server certificate is, and whether it may be shown now.
fn shown(leaf: &[u8], now: Timestamp) -> (String, bool) {
    let Ok((_, certificate)) = X509Certificate::from_der(leaf) else { return ("malformed".to_owned(), false) };
    if let Err(weakness) = trust::strength(leaf) {
        return (weakness.to_string(), false);
    }
    let validity = certificate.validity();
    let until = Timestamp::from_second(validity.not_after.timestamp()).unwrap_or_default();
    let within = validity.not_before.timestamp() <= now.as_second() && now < until;
    (format!("until {until:.0}"), within)
}

/// Any will do: nobody goes on from here.
fn x25519_public_key() -> Vec<u8> {
    let mut base_point = vec![0; 32];
    base_point[0] = 9;
    base_point
}

fn of_kind(suites: &[u16], kind: &str) -> Vec<u16> {
    suites.iter().copied().filter(|suite| suite_name(*suite).contains(kind)).collect()
}

fn names(numbers: &[u16], name: fn(u16) -> String) -> Vec<String> {
    numbers.iter().map(|number| name(*number)).collect()
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(" ") }
}

fn suite_name(number: u16) -> String {
    CipherSuite::from(number).as_str().map_or_else(|| format!("{number:#06x}"), str::to_owned)
}

fn group_name(number: u16) -> String {
    NamedGroup::from(number).as_str().map_or_else(|| format!("{number:#06x}"), str::to_owned)
}

fn signature_name(number: u16) -> String {
    SignatureScheme::from(number).as_str().map_or_else(|| format!("{number:#06x}"), str::to_owned)
}

fn alert_name(number: u8) -> String {
    match number {
        0 => "close_notify".to_owned(),
        10 => "unexpected_message".to_owned(),
        40 => "handshake_failure".to_owned(),
        47 => "illegal_parameter".to_owned(),
        50 => "decode_error".to_owned(),
        70 => "protocol_version".to_owned(),
        71 => "insufficient_security".to_owned(),
        80 => "internal_error".to_owned(),
        109 => "missing_extension".to_owned(),
        CERTIFICATE_REQUIRED => "certificate_required".to_owned(),
        other => format!("alert {other}"),
    }
}

fn said(answer: &Answer) -> String {
    match answer {
        Answer::Alert(why) => format!("refused: {}", alert_name(*why)),
        Answer::Closed => "closed".to_owned(),
        Answer::Silent => "no answer".to_owned(),
        Answer::Foreign => "no TLS".to_owned(),
        Answer::Agreed(agreed) => {
            let version = match agreed.version {
                TLS13 => "TLSv1_3".to_owned(),
                TLS12 => "TLSv1_2".to_owned(),
                other => format!("{other:#06x}"),
            };
            format!("{version} {}", suite_name(agreed.suite))
        }
    }
}

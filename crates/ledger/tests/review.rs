//! Suspicious things among a great many ordinary ones (R10.8). Nobody here exists.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use fumibako_ledger::review::{EXAMPLES_MAX, Examiner, FINDINGS_MAX, Finding, Findings, Known, Pattern};
use fumibako_ledger::{Action, Actor, ClockState, Device, EntryDraft, EntryId, Outcome, Source, Timestamp, Token};

/// 2027-04-01 09:00 in Japan.
const MORNING: i64 = 1_806_537_600_000;
const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const OFFICES: u64 = 200;

fn token(text: &str) -> Token {
    text.parse().unwrap()
}

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap()
}

fn office(number: u64) -> Token {
    token(&format!("{:010}", 1_370_000_000 + number))
}

fn draft(actor: Actor, action: Action, ms: i64) -> EntryDraft {
    let clock = ClockState::Synchronised { offset_ms: Some(3) };
    let mut draft = EntryDraft::new(EntryId([7; 16]), at(ms), clock, actor, action, Outcome::Ok);
    draft.object = Some(token("set-1"));
    draft.office = Some(office(1));
    match &draft.actor {
        Actor::Device(id) => draft.device = Some(Device::new(id.clone())),
        Actor::Person(_) => draft.device = Some(Device::new(token("desk-1"))),
        _ => {}
    }
    draft
}

fn person(name: &str) -> Actor {
    Actor::Person(token(name))
}

fn refused(mut draft: EntryDraft, code: &str) -> EntryDraft {
    draft.outcome = Outcome::Refused(token(code));
    draft
}

fn with(mut draft: EntryDraft, object: &str) -> EntryDraft {
    draft.object = Some(token(object));
    draft
}

/// A day's work: programs send and collect, people look at a set now and then.
fn ordinary(index: u64, ms: i64) -> EntryDraft {
    let (sender, receiver) = (index % OFFICES, (index + 1) % OFFICES);
    let (action, by, other) = match index % 4 {
        0 | 1 => (Action::SetAccept, sender, receiver),
        _ => (Action::SetCollect, receiver, sender),
    };
    let mut draft = draft(Actor::Device(token(&format!("device-{by}"))), action, ms);
    draft.office = Some(office(by));
    draft.counterpart = Some(office(other));
    draft
}

fn known() -> Known {
    let pair = |number| Known::pair(office(number), office((number + 1) % OFFICES));
    Known { partners: (0..OFFICES).map(pair).collect(), serving: true, ..Known::default() }
}

/// What should be found, each with the entries that show it.
fn suspicious() -> Vec<(Pattern, Vec<EntryDraft>)> {
    let night = MORNING + 14 * HOUR + 30 * MINUTE;
    let partner = |mut draft: EntryDraft, own: u64, other: u64| {
        draft.office = Some(office(own));
        draft.counterpart = Some(office(other));
        draft
    };
    let read = |name: &str, ms| partner(draft(person(name), Action::SetOpen, ms), 1, 2);
    let system = |action| {
        let mut draft = draft(Actor::System, action, MORNING);
        draft.office = None;
        draft
    };
    let mut stranger = draft(Actor::Unknown, Action::AccessRefuse, MORNING);
    stranger.source = Some(Source::Address("192.0.2.66".parse().unwrap()));
    let mut off = ordinary(0, MORNING);
    off.clock = ClockState::Unsynchronised { offset_ms: Some(2_000) };
    let mut damaged = draft(Actor::Device(token("device-9")), Action::BoxDamaged, MORNING);
    damaged.outcome = Outcome::Failed(token("damaged"));
    let detail = |draft: EntryDraft, name: &str, value: &str| draft.detail(name, token(value)).unwrap();
    vec![
        (Pattern::Night, vec![read("owl", night)]),
        (Pattern::MassReading, (0..120).map(|n| read("reader", MORNING + n * 20_000)).collect()),
        (
            Pattern::FailedSignIns,
            (0..6)
                .map(|n| with(refused(draft(Actor::Unknown, Action::SessionStart, MORNING + n), "password"), "guessed"))
                .collect(),
        ),
        (
            Pattern::AfterLeaving,
            vec![
                with(draft(person("chief"), Action::AccountClose, MORNING), "leaver"),
                with(refused(draft(Actor::Unknown, Action::SessionStart, MORNING + HOUR), "not-active"), "leaver"),
            ],
        ),
        (Pattern::UnknownTerminal, vec![refused(stranger, "device")]),
        (
            Pattern::Refusals,
            (0..25).map(|n| refused(draft(person("denied"), Action::AccessRefuse, MORNING + n), "denied")).collect(),
        ),
        (
            Pattern::Emergency,
            vec![detail(with(draft(person("broken"), Action::SessionStart, MORNING), "session"), "factor", "pass")],
        ),
        (Pattern::NoRelation, vec![partner(draft(person("curious"), Action::SetView, MORNING), 3, 77)]),
        (
            Pattern::FirstPartner,
            vec![partner(draft(Actor::Device(token("device-5")), Action::SetAccept, MORNING), 5, 99)],
        ),
        (
            Pattern::TwoPlaces,
            vec![
                with(draft(person("shared"), Action::SessionStart, MORNING), "session")
                    .detail("devices_elsewhere", 1)
                    .unwrap(),
            ],
        ),
        (Pattern::CommandLine, vec![draft(Actor::OperatorCli(Some(token("sato"))), Action::OfficeAdd, MORNING)]),
        (Pattern::Keys, vec![draft(person("keeper"), Action::KeyRotate, MORNING)]),
        (Pattern::LogRead, vec![draft(person("auditor"), Action::LedgerRead, MORNING)]),
        (Pattern::Damaged, vec![damaged]),
        (
            Pattern::OperatorRole,
            vec![detail(
                detail(draft(person("chief"), Action::GrantConfirm, MORNING), "role", "auditor"),
                "account",
                "new",
            )],
        ),
        (Pattern::UncleanStop, vec![system(Action::ServerStart)]),
        (Pattern::Clock, vec![off]),
    ]
}

fn examined(known: Known, drafts: impl IntoIterator<Item = EntryDraft>) -> Findings {
    let mut examiner = Examiner::new(known);
    for (index, draft) in (0..).zip(drafts) {
        examiner.look(index, &draft.finish().unwrap());
    }
    examiner.finish()
}

#[test]
fn r10_8_every_seeded_pattern_is_found_among_a_million_ordinary_entries() {
    const ORDINARY: u64 = 1_000_000;
    let seeded: Vec<EntryDraft> = suspicious().into_iter().flat_map(|(_, entries)| entries).collect();
    let every = ORDINARY / (seeded.len() as u64 + 1);
    let mut examiner = Examiner::new(known());
    let (mut index, mut seeded) = (0, seeded.into_iter());
    for number in 0..ORDINARY {
        // Nine hours of every working day, and programs in the night as well.
        let entry = ordinary(number, MORNING + i64::try_from(number % 30).unwrap() * 24 * HOUR).finish().unwrap();
        examiner.look(index, &entry);
        index += 1;
        if number % every == 0
            && let Some(draft) = seeded.next()
        {
            examiner.look(index, &draft.finish().unwrap());
            index += 1;
        }
    }
    assert!(seeded.next().is_none(), "all were seeded");
    let findings = examiner.finish();
    assert_eq!(findings.entries, index);
    assert_eq!(findings.unlisted, 0);
    let patterns: Vec<Pattern> = findings.list.iter().map(|finding| finding.pattern).collect();
    for pattern in Pattern::ALL {
        assert!(patterns.contains(pattern), "{} was not found", pattern.id());
    }
    assert_eq!(patterns.len(), Pattern::ALL.len(), "and nothing else: {patterns:?}");
}

#[test]
fn r10_8_each_pattern_is_found_by_itself_and_an_ordinary_month_has_none() {
    assert_eq!(examined(known(), (0..2_000).map(|number| ordinary(number, MORNING))).list, []);
    for (pattern, drafts) in suspicious() {
        let found: Vec<_> = examined(known(), drafts).list.iter().map(|finding| finding.pattern).collect();
        assert_eq!(found, [pattern]);
    }
}

fn only(findings: &Findings, pattern: Pattern) -> &Finding {
    findings.list.iter().find(|finding| finding.pattern == pattern).unwrap()
}

#[test]
fn r10_8_one_less_than_the_limit_is_an_ordinary_day() {
    for (pattern, mut drafts) in suspicious() {
        let limit = match pattern {
            Pattern::MassReading => 100,
            Pattern::FailedSignIns => 5,
            Pattern::Refusals => 20,
            _ => continue,
        };
        drafts.truncate(limit);
        assert_eq!(only(&examined(known(), drafts.clone()), pattern).entries, limit as u64);
        drafts.truncate(limit - 1);
        assert_eq!(examined(known(), drafts).list, []);
    }
}

#[test]
fn r10_8_night_is_night_in_japan() {
    let read = |ms| {
        let mut draft = draft(person("owl"), Action::SetOpen, ms);
        draft.counterpart = Some(office(2));
        examined(known(), [draft]).list.len()
    };
    let midnight = MORNING - 9 * HOUR;
    for action in [Action::PageView, Action::LedgerRead, Action::RecoveryView] {
        let findings = examined(known(), [draft(person("owl"), action, midnight)]);
        assert_eq!(only(&findings, Pattern::Night).entries, 1, "{}", action.id());
    }
    for (hour, found) in [(0, 1), (5, 1), (6, 0), (12, 0), (21, 0), (22, 1), (23, 1)] {
        assert_eq!(read(midnight + hour * HOUR), found, "{hour}時");
    }
    assert_eq!(read(midnight + 6 * HOUR - 1), 1);
    assert_eq!(read(midnight + 22 * HOUR - 1), 0);
}

#[test]
fn r10_8_who_came_back_is_no_leaver() {
    let suspended = with(draft(person("chief"), Action::AccountSuspend, MORNING), "sato");
    let resumed = with(draft(person("chief"), Action::AccountResume, MORNING + 1), "sato");
    let works = with(draft(person("sato"), Action::PageView, MORNING + 2), "page");
    assert_eq!(examined(known(), [suspended.clone(), resumed, works.clone()]).list, []);
    let findings = examined(known(), [suspended, works]);
    assert_eq!(only(&findings, Pattern::AfterLeaving).account, Some(token("sato")));
}

#[test]
fn r10_8_a_closed_office_is_a_leaver_and_who_closes_it_is_not() {
    let mut close = draft(person("chief"), Action::OfficeClose, MORNING);
    close.object = None;
    let mut system = draft(Actor::System, Action::ReviewOpen, MORNING + 1);
    system.office = Some(office(1));
    let revoke = with(draft(person("chief"), Action::DeviceRevoke, MORNING + 2), "device-7");
    assert_eq!(examined(known(), [close.clone(), system, revoke]).list, []);
    let mut sends = ordinary(1, MORNING + 3);
    assert_eq!(sends.office, Some(office(1)));
    sends.object = Some(token("set-9"));
    assert_eq!(only(&examined(known(), [close, sends]), Pattern::AfterLeaving).office, Some(office(1)));
    // Leaving one office of several is no end.
    let left = with(draft(person("chief"), Action::AccountClose, MORNING), "sato").detail("closed", 0).unwrap();
    let works = with(draft(person("sato"), Action::PageView, MORNING + 2), "page");
    assert_eq!(examined(known(), [left, works]).list, []);
}

#[test]
fn r10_8_a_finding_names_a_few_entries_and_counts_all() {
    let (_, drafts) = suspicious().swap_remove(1);
    let findings = examined(known(), drafts);
    let finding = only(&findings, Pattern::MassReading);
    assert_eq!((finding.entries, finding.first_index, finding.last_index), (120, 0, 119));
    assert_eq!(finding.examples, (0..EXAMPLES_MAX as u64).collect::<Vec<_>>());
    assert_eq!((finding.account.clone(), finding.subject.as_str()), (Some(token("reader")), "person:reader"));
}

#[test]
fn r10_8_what_does_not_fit_is_counted_and_not_dropped_in_silence() {
    let many = 10;
    let drafts = (0..FINDINGS_MAX + many).map(|number| {
        let mut stranger = draft(Actor::Unknown, Action::AccessRefuse, MORNING);
        let address = std::net::Ipv4Addr::from(u32::try_from(number).unwrap());
        stranger.source = Some(Source::Address(address.into()));
        refused(stranger, "device")
    });
    let findings = examined(known(), drafts);
    assert_eq!((findings.list.len(), findings.unlisted), (FINDINGS_MAX, many as u64));
}

#[test]
fn every_pattern_has_an_id_of_its_own() {
    for pattern in Pattern::ALL {
        assert_eq!(Pattern::from_id(pattern.id()), Some(*pattern));
        assert!(pattern.id().parse::<Token>().is_ok());
    }
}

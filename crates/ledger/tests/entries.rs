//! Entries: what they must hold (R10.1), what they cannot hold (R10.9), and their one spelling (R10.5).

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::BTreeMap;

use fumibako_ledger::{
    Action, Actor, ClockState, Detail, DetailName, Device, ENTRY_BYTES_MAX, Entry, EntryDraft, EntryError, EntryId,
    Login, Outcome, Source, Timestamp, Token, leaf_hash,
};
use proptest::prelude::*;

const AT: i64 = 1_795_305_600_123; // 2026-11-22T00:00:00.123Z

fn token(text: &str) -> Token {
    text.parse().unwrap()
}

fn bare() -> EntryDraft {
    let (id, at) = (EntryId([0x0f; 16]), Timestamp::from_millisecond(AT).unwrap());
    EntryDraft::new(id, at, ClockState::Unknown, Actor::System, Action::ServerStart, Outcome::Ok)
}

fn full() -> EntryDraft {
    EntryDraft {
        clock: ClockState::Synchronised { offset_ms: Some(-12) },
        actor: Actor::Person(token("p-7f3a")),
        device: Some(Device::with_certificate(token("d-01"), &[0x0a, 0xbc]).unwrap()),
        office: Some(token("o-0300000100")),
        login: Some(Login { session: token("s-1"), at: Timestamp::from_millisecond(AT - 60_000).unwrap() }),
        source: Some(Source::Address("2001:db8::1".parse().unwrap())),
        action: Action::SetOpen,
        object: Some(token("01993f00-0000-7000-8000-000000000001")),
        counterpart: Some(token("o-0300000200")),
        outcome: Outcome::Failed(token("box-damaged")),
        ..bare()
    }
    .detail("files", 3)
    .and_then(|draft| draft.detail("commitment", Token::hex(&[0xab; 32]).unwrap()))
    .and_then(|draft| draft.detail("duration_ms", 41))
    .unwrap()
}

const FULL: &str = concat!(
    r#"{"v":1,"id":"0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f","at":"2026-11-22T00:00:00.123Z","clock":"synchronised","#,
    r#""clock_offset_ms":-12,"actor":"person:p-7f3a","device":"d-01","certificate":"0abc","office":"o-0300000100","#,
    r#""session":"s-1","login_at":"2026-11-21T23:59:00.123Z","source":"ip:2001:db8::1","action":"set.open","#,
    r#""object":"01993f00-0000-7000-8000-000000000001","counterpart":"o-0300000200","outcome":"failed","#,
    r#""code":"box-damaged","details":{"commitment":"abababababababababababababababababababababababababababababababab","#,
    r#""duration_ms":41,"files":3}}"#,
);

const BARE: &str = concat!(
    r#"{"v":1,"id":"0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f","at":"2026-11-22T00:00:00.123Z","clock":"unknown","#,
    r#""actor":"system","action":"server.start","outcome":"ok"}"#,
);

#[test]
fn an_entry_has_these_bytes_for_ever_r10_5() {
    for (draft, golden) in [(full(), FULL), (bare(), BARE)] {
        let entry = draft.finish().unwrap();
        assert_eq!(String::from_utf8(entry.to_bytes()).unwrap(), golden);
        assert_eq!(Entry::parse(golden.as_bytes()).unwrap(), entry);
    }
}

#[test]
fn the_leaf_hash_is_that_of_rfc_9162() {
    // The empty leaf: SHA-256 of one zero byte.
    let empty = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d";
    assert_eq!(Token::hex(&leaf_hash(b"")).unwrap().as_str(), empty);
    let entry = bare().finish().unwrap();
    assert_eq!(entry.leaf_hash(), leaf_hash(BARE.as_bytes()));
    let golden = "bb6bf5d0272c4c28f51d7bcfa3407a7cae0a771dfbdca45dbecd78fedc2abb7c";
    assert_eq!(Token::hex(&entry.leaf_hash()).unwrap().as_str(), golden);
}

#[test]
fn every_action_has_its_own_id_and_is_read_back_r10_1() {
    let mut ids: Vec<&str> = Action::ALL.iter().map(|action| action.id()).collect();
    assert!(Action::ALL.iter().all(|action| Action::from_id(action.id()) == Some(*action)));
    assert!(ids.iter().all(|id| id.parse::<Token>().is_ok()));
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count);
    assert_eq!(Action::from_id("set.burn"), None);
}

#[test]
fn another_spelling_of_the_same_entry_is_refused_r10_5() {
    let spellings = [
        BARE.replace(r#"{"v":1,"#, r#"{ "v":1,"#),
        BARE.replace(r#""v":1"#, r#""v":1.0"#),
        BARE.replace("system", r"syste\u006d"),
        BARE.replace("00.123Z", "00.123+00:00"),
        BARE.replace("00.123Z", "00.1230Z"),
        BARE.replace("T00:", "t00:"),
        BARE.replace("2026-11-22T00:00", "2026-11-21T24:00"),
        BARE.replace("0f0f0f", "0F0F0F"),
        BARE.replace(r#","outcome":"ok"}"#, r#","outcome":"ok","details":{}}"#),
        BARE.replace(r#","outcome":"ok"}"#, r#","outcome":"ok","office":"o-1"}"#),
        BARE.replace(r#","outcome":"ok"}"#, r#","outcome":"ok","outcome":"ok"}"#),
        BARE.replace(r#","action""#, r#","office":null,"action""#),
        BARE.replace(r#","outcome":"ok"}"#, r#","outcome":"ok","note":"x"}"#),
        FULL.replace(r#""duration_ms":41,"files":3"#, r#""files":3,"duration_ms":41"#),
        FULL.replace(r#""files":3"#, r#""files":3,"files":3"#),
        FULL.replace(r#""files":3"#, r#""files":03"#),
        FULL.replace(r#""files":3"#, r#""files":-3"#),
        FULL.replace("2001:db8::1", "2001:0db8::1"),
        FULL.replace(r#""clock_offset_ms":-12"#, r#""clock_offset_ms":-12e0"#),
        format!("{BARE}\n"),
        format!(" {BARE}"),
        format!("{BARE}{BARE}"),
        format!("\u{feff}{BARE}"),
    ];
    for spelling in spellings {
        assert_ne!(spelling, BARE);
        assert_ne!(spelling, FULL);
        assert!(Entry::parse(spelling.as_bytes()).is_err(), "{spelling}");
    }
}

#[test]
fn every_flipped_byte_gives_another_leaf_or_is_refused_r10_5() {
    for at in 0..FULL.len() {
        let mut altered = FULL.as_bytes().to_vec();
        altered[at] ^= 1;
        if let Ok(entry) = Entry::parse(&altered) {
            assert_ne!(entry.leaf_hash(), leaf_hash(FULL.as_bytes()));
        }
    }
}

#[test]
fn newer_versions_and_actions_are_told_from_damage() {
    assert_eq!(Entry::parse(BARE.replace(r#""v":1"#, r#""v":2"#).as_bytes()), Err(EntryError::UnknownVersion(2)));
    assert_eq!(Entry::parse(BARE.replace("server.start", "tea.brew").as_bytes()), Err(EntryError::UnknownAction));
}

#[test]
fn hostile_text_enters_nowhere_r10_9() {
    let hostile = [
        "",
        " ",
        "架空 花子",
        "hanako yamada",
        "line\nforged",
        "line\r\n{\"v\":1}",
        "\u{1b}[2J",
        "\u{202e}txt.exe",
        "\u{2066}x",
        "a\"b",
        "a\\b",
        "a\0b",
        "a{b}",
        "a,b",
        "<script>",
        "../../etc/passwd",
        "-rf",
        "ａｂｃ",
        &"a".repeat(65),
    ];
    for text in hostile {
        assert!(text.parse::<Token>().is_err());
        assert!(text.parse::<DetailName>().is_err());
        assert!(bare().detail(text, 1).is_err());
        assert!(format!("person:{text}").parse::<Actor>().is_err());
        assert!(format!("pseudonym:{text}").parse::<Source>().is_err());
        assert!(format!("ip:{text}").parse::<Source>().is_err());
        // Nor by way of stored bytes, escaped as JSON has it.
        let escaped: String = text.chars().map(|c| format!("\\u{:04x}", u32::from(c))).collect();
        for forged in [
            FULL.replace("p-7f3a", &escaped),
            FULL.replace("d-01", &escaped),
            FULL.replace("o-0300000200", &escaped),
            FULL.replace("box-damaged", &escaped),
            FULL.replace("\"files\"", &format!("\"{escaped}\"")),
            FULL.replace("2001:db8::1", &escaped),
        ] {
            assert!(Entry::parse(forged.as_bytes()).is_err());
        }
    }
    assert!("fe80::1%eth0".parse::<std::net::IpAddr>().is_err(), "a scope id would be free text");
}

#[test]
fn an_entry_is_one_line_of_plain_characters_r10_9() {
    let bytes = full().finish().unwrap().to_bytes();
    assert!(bytes.iter().all(|byte| (0x21..0x7f).contains(byte) && *byte != b'\\'));
}

#[test]
fn what_is_mandatory_cannot_be_left_out_r10_1() {
    let lacks = |draft: EntryDraft| match draft.finish() {
        Err(EntryError::Lacks(what)) => what,
        other => panic!("{other:?}"),
    };
    assert_eq!(lacks(EntryDraft { device: None, ..full() }), "device");
    assert_eq!(lacks(EntryDraft { object: None, ..full() }), "object");
    assert_eq!(lacks(EntryDraft { office: None, ..full() }), "office");
    assert_eq!(lacks(EntryDraft { actor: Actor::Unknown, ..full() }), "actor");
    let other_device = EntryDraft { actor: Actor::Device(token("d-02")), ..full() };
    assert_eq!(other_device.finish(), Err(EntryError::Malformed("device")));
    // A refused attempt is recorded however little is known of it.
    let attempt = EntryDraft {
        actor: Actor::Unknown,
        action: Action::SetOpen,
        outcome: Outcome::Refused(token("no-certificate")),
        ..bare()
    };
    attempt.finish().unwrap();
    // And the schedule may expire a set without an office at the keyboard.
    EntryDraft { action: Action::SetExpire, object: Some(token("t-1")), ..bare() }.finish().unwrap();
}

#[test]
fn parsing_enforces_what_is_mandatory_too_r10_1() {
    for lacking in [
        FULL.replace(r#""device":"d-01","certificate":"0abc","#, ""),
        FULL.replace(r#""device":"d-01","#, ""),
        FULL.replace(r#""office":"o-0300000100","#, ""),
        FULL.replace(r#""session":"s-1","#, ""),
        FULL.replace(r#","code":"box-damaged""#, ""),
        FULL.replace("\"failed\"", "\"ok\""),
        BARE.replace(r#""clock":"unknown","#, ""),
        BARE.replace("unknown", r#"unknown","clock_offset_ms":1,"x":""#),
    ] {
        assert!(Entry::parse(lacking.as_bytes()).is_err(), "{lacking}");
    }
}

#[test]
fn details_are_bounded() {
    let many = (0..17).try_fold(bare(), |draft, n| draft.detail(&format!("d{n}"), n)).unwrap();
    assert_eq!(many.finish(), Err(EntryError::Details));
    let large = bare().detail("size_bytes", 1 << 53).unwrap();
    assert_eq!(large.finish(), Err(EntryError::Details));
    bare().detail("size_bytes", (1 << 53) - 1).unwrap().finish().unwrap();
}

#[test]
fn the_longest_entry_is_within_its_bound() {
    let long = || token(&"x".repeat(Token::LEN_MAX));
    let mut draft = EntryDraft {
        at: Timestamp::MAX,
        clock: ClockState::Unsynchronised { offset_ms: Some(i32::MIN) },
        actor: Actor::Person(long()),
        device: Some(Device::with_certificate(long(), &[0xff; 20]).unwrap()),
        office: Some(long()),
        login: Some(Login { session: long(), at: Timestamp::MAX }),
        source: Some(Source::Pseudonym(long())),
        object: Some(long()),
        counterpart: Some(long()),
        outcome: Outcome::Refused(long()),
        ..full()
    };
    draft.details.clear();
    for n in 0..16 {
        let name = format!("{}{n:02}", "n".repeat(DetailName::LEN_MAX - 2));
        draft = draft.detail(&name, long()).unwrap();
    }
    let bytes = draft.finish().unwrap().to_bytes();
    assert!(bytes.len() <= ENTRY_BYTES_MAX, "{}", bytes.len());
    Entry::parse(&bytes).unwrap();
    assert!(Entry::parse(&vec![b' '; ENTRY_BYTES_MAX + 1]).is_err());
    assert!(Entry::parse(&vec![b'['; ENTRY_BYTES_MAX]).is_err());
}

#[test]
fn instants_read_as_rfc_3339() {
    for (ms, text) in [
        (0, "1970-01-01T00:00:00.000Z"),
        (951_782_400_000, "2000-02-29T00:00:00.000Z"),
        (1_709_251_199_999, "2024-02-29T23:59:59.999Z"),
        (AT, "2026-11-22T00:00:00.123Z"),
        (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
    ] {
        let at = Timestamp::from_millisecond(ms).unwrap();
        assert_eq!(at.to_string(), text);
        assert_eq!(text.parse::<Timestamp>().unwrap(), at);
    }
    for broken in [-1, i64::MIN, i64::MAX, 253_402_300_800_000] {
        assert_eq!(Timestamp::from_millisecond(broken), Err(EntryError::TimeOutOfRange));
    }
    for text in ["2025-02-29T00:00:00.000Z", "2026-13-01T00:00:00.000Z", "2026-11-22T00:00:60.000Z", "", "あ"] {
        assert!(text.parse::<Timestamp>().is_err());
    }
}

fn any_token() -> impl Strategy<Value = Token> {
    "[A-Za-z0-9][A-Za-z0-9._-]{0,63}".prop_map(|text| token(&text))
}

fn any_actor() -> impl Strategy<Value = Actor> {
    prop_oneof![
        any_token().prop_map(Actor::Person),
        prop::option::of(any_token()).prop_map(Actor::OperatorCli),
        Just(Actor::System),
        Just(Actor::Unknown),
    ]
}

fn any_clock() -> impl Strategy<Value = ClockState> {
    let offset = || prop::option::of(any::<i32>());
    prop_oneof![
        offset().prop_map(|offset_ms| ClockState::Synchronised { offset_ms }),
        offset().prop_map(|offset_ms| ClockState::Unsynchronised { offset_ms }),
        Just(ClockState::Unknown),
    ]
}

fn any_source() -> impl Strategy<Value = Source> {
    prop_oneof![any::<std::net::IpAddr>().prop_map(Source::Address), any_token().prop_map(Source::Pseudonym)]
}

fn any_timestamp() -> impl Strategy<Value = Timestamp> {
    (0..=Timestamp::MAX.as_millisecond()).prop_map(|ms| Timestamp::from_millisecond(ms).unwrap())
}

fn any_device() -> impl Strategy<Value = Device> {
    (any_token(), prop::collection::vec(any::<u8>(), 0..=20)).prop_map(|(id, serial)| {
        if serial.is_empty() { Device::new(id) } else { Device::with_certificate(id, &serial).unwrap() }
    })
}

fn any_details() -> impl Strategy<Value = BTreeMap<DetailName, Detail>> {
    let value = prop_oneof![(0..1_u64 << 53).prop_map(Detail::Number), any_token().prop_map(Detail::Token)];
    prop::collection::btree_map("[a-z][a-z0-9_]{0,31}".prop_map(|name| name.parse().unwrap()), value, 0..=16)
}

fn any_draft() -> impl Strategy<Value = EntryDraft> {
    let option = || prop::option::of(any_token());
    let outcome =
        prop_oneof![Just(Outcome::Ok), any_token().prop_map(Outcome::Refused), any_token().prop_map(Outcome::Failed)];
    let login = (any_token(), any_timestamp()).prop_map(|(session, at)| Login { session, at });
    (
        (any::<[u8; 16]>(), any_timestamp(), any_clock(), any_actor(), prop::option::of(any_device())),
        (option(), prop::option::of(login), prop::option::of(any_source())),
        (prop::sample::select(Action::ALL), option(), option(), outcome, any_details()),
    )
        .prop_map(|((id, at, clock, actor, device), (office, login, source), rest)| {
            let (action, object, counterpart, outcome, details) = rest;
            let id = EntryId(id);
            EntryDraft {
                id,
                at,
                clock,
                actor,
                device,
                office,
                login,
                source,
                action,
                object,
                counterpart,
                outcome,
                details,
            }
        })
}

proptest! {
    #[test]
    fn every_entry_is_read_back_as_it_was(draft in any_draft()) {
        if let Ok(entry) = draft.finish() {
            let bytes = entry.to_bytes();
            prop_assert!(bytes.len() <= ENTRY_BYTES_MAX);
            prop_assert_eq!(&Entry::parse(&bytes), &Ok(entry));
            // Any JSON reader agrees that it is one object on one line.
            prop_assert!(serde_json::from_slice::<serde_json::Map<_, _>>(&bytes).is_ok());
            prop_assert!(!bytes.contains(&b'\n'));
        }
    }

    #[test]
    fn any_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..5000)) {
        prop_assert!(Entry::parse(&bytes).is_err());
    }

    #[test]
    fn whatever_is_accepted_is_written_again_as_it_was(
        at in 0..FULL.len(), cut in 0..8_usize, patch in "[ -~]{0,8}"
    ) {
        let end = (at + cut).min(FULL.len());
        let altered = [&FULL[..at], &patch, &FULL[end..]].concat();
        if let Ok(entry) = Entry::parse(altered.as_bytes()) {
            prop_assert_eq!(entry.to_bytes(), altered.into_bytes());
        }
    }
}

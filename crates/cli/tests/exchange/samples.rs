//! Sets about invented people, from `standard::sample`.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};
use standard::UnitKind;
use standard::sample::{self, PersonName, Request, SampleFile};

pub(crate) type Set = Vec<SampleFile>;

/// A serial: so many seconds after 9 o'clock of 1 April 2026.
pub(crate) fn serial(second: u32) -> String {
    let (hours, minutes, seconds) = (9 + second / 3600, second / 60 % 60, second % 60);
    assert!(hours < 24);
    format!("20260401{hours:02}{minutes:02}{seconds:02}")
}

pub(crate) fn request(kind: UnitKind, sender: impl AsRef<str>, receiver: impl AsRef<str>, second: u32) -> Request {
    let (sender_type, receiver_type) = sample::types_for(kind);
    Request {
        seed: 20_261_122,
        people: 1,
        sender: sender.as_ref().parse().unwrap(),
        sender_type,
        receiver: receiver.as_ref().parse().unwrap(),
        receiver_type,
        serial: serial(second).parse().unwrap(),
        month: "202604".parse().unwrap(),
        names: None,
    }
}

/// 第6表・第7表: three files.
pub(crate) fn schedule(sender: impl AsRef<str>, receiver: impl AsRef<str>, second: u32) -> Set {
    sample::make(UnitKind::Schedule, &request(UnitKind::Schedule, sender, receiver, second))
}

/// 第1〜3表.
pub(crate) fn care_plan(sender: impl AsRef<str>, receiver: impl AsRef<str>, second: u32) -> Set {
    sample::make(UnitKind::CarePlan, &request(UnitKind::CarePlan, sender, receiver, second))
}

/// 実績, from the service office to the care manager.
pub(crate) fn actuals(sender: impl AsRef<str>, receiver: impl AsRef<str>, second: u32) -> Set {
    sample::make(UnitKind::Actual, &request(UnitKind::Actual, sender, receiver, second))
}

/// A plan about as many people as there are names.
pub(crate) fn care_plan_of(
    sender: impl AsRef<str>,
    receiver: impl AsRef<str>,
    second: u32,
    names: &[PersonName],
) -> Set {
    let request = Request {
        people: names.len(),
        names: Some(names.to_vec()),
        ..request(UnitKind::CarePlan, sender, receiver, second)
    };
    sample::make(UnitKind::CarePlan, &request)
}

/// 利用者基本情報 with a picture large enough that its sealed body lies in a file of its own, not in a row.
pub(crate) fn large(sender: impl AsRef<str>, receiver: impl AsRef<str>, second: u32) -> Set {
    let with_picture = |seed| {
        let kind = UnitKind::PreventionBasicInfo;
        let mut set = sample::make(kind, &Request { seed, ..request(kind, &sender, &receiver, second) });
        let picture = set.iter_mut().find(|file| !file.name.ends_with(".CSV"))?;
        let mut noise = vec![0; 100 << 10];
        ChaCha20Rng::seed_from_u64(u64::from(second)).fill_bytes(&mut noise);
        picture.bytes.extend(noise);
        Some(set)
    };
    (1..100).find_map(with_picture).expect("some invented person has a picture")
}

/// The same with text alone: two megabytes of 第6表.
pub(crate) fn large_schedule(sender: impl AsRef<str>, receiver: impl AsRef<str>, second: u32) -> Set {
    sample::make_large_schedule(&request(UnitKind::Schedule, sender, receiver, second), 2 << 20)
}

/// The same set under another serial.
pub(crate) fn renumbered(set: &[SampleFile], second: u32) -> Set {
    set.iter()
        .map(|file| {
            let (stem, extension) = file.name.rsplit_once('.').unwrap();
            let (stem, _) = stem.rsplit_once('_').unwrap();
            SampleFile { name: format!("{stem}_{}.{extension}", serial(second)), bytes: file.bytes.clone() }
        })
        .collect()
}

/// The file of this kind, to be spoilt.
pub(crate) fn file<'a>(set: &'a mut Set, prefix: &str) -> &'a mut SampleFile {
    set.iter_mut().find(|file| file.name.starts_with(&format!("{prefix}_"))).unwrap()
}

/// The same bytes with one text in place of another.
pub(crate) fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(byte) = rest.first() {
        if rest.starts_with(from) {
            out.extend_from_slice(to);
            rest = &rest[from.len()..];
        } else {
            out.push(*byte);
            rest = &rest[1..];
        }
    }
    out
}

/// Another content in one cell, still a sound file: the postal code of the first person.
pub(crate) fn reworded(set: &[SampleFile]) -> Set {
    let mut set = set.to_vec();
    let supplement = file(&mut set, "UPHOSOKU");
    let at = supplement.bytes.windows(8).position(is_postal_code).unwrap();
    let digit = &mut supplement.bytes[at + 7];
    *digit = if *digit == b'9' { b'8' } else { *digit + 1 };
    set
}

fn is_postal_code(cell: &[u8]) -> bool {
    cell.iter().enumerate().all(|(at, byte)| if at == 3 { *byte == b'-' } else { byte.is_ascii_digit() })
}

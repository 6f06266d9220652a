//! R6.1: plant two hundred names, do everything, stop, and look at every byte on the disk.

use crate::samples::{care_plan_of, renumbered};
use crate::vault;
use crate::world::{Exchange, World};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use standard::sample::PersonName;
use std::collections::HashMap;
use std::fs;
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};
use test_postgres::Cluster;

const NAMES: usize = 200;
/// Of what a compressed stream found by its magic gives.
const UNPACKED_BYTES_MAX: u64 = 64 << 20;

/// Invented, and no two alike; 姓 of two characters that no list of names has.
pub(crate) fn names() -> Vec<PersonName> {
    let kanji: Vec<char> = "贋鏡櫛簪硯筐紐緋綴綺縹翡膠舷茜菫葵葛蓬蔦".chars().collect();
    let kana: Vec<char> = "アイウエオカキクケコサシスセソタチツテト".chars().collect();
    (0..NAMES)
        .map(|index| {
            let (first, second, third) = (index % 20, index / 20, (index * 7 + 3) % 20);
            PersonName {
                kanji: format!("{}{}　{}{}子", kanji[first], kanji[second], kanji[third], kanji[(first + second) % 20]),
                kana: format!("{}ヌ{}　{}ヱ{}", kana[first], kana[second], kana[third], kana[(first + second) % 20]),
            }
        })
        .collect()
}

pub(crate) fn ms932(text: &str) -> Vec<u8> {
    let (bytes, _, failed) = encoding_rs::SHIFT_JIS.encode(text);
    assert!(!failed);
    bytes.into_owned()
}

/// One text in every form in which a leak would show.
fn forms(text: &str) -> Vec<Vec<u8>> {
    let utf8 = text.as_bytes().to_vec();
    let ms932 = ms932(text);
    let mut forms = vec![
        text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
    ];
    for bytes in [&utf8, &ms932] {
        for before in 0..3 {
            // The characters that depend on this text alone.
            let encoded = STANDARD_NO_PAD.encode([&vec![0; before], bytes.as_slice()].concat());
            let (skip, end) = ((before * 8).div_ceil(6), (before + bytes.len()) * 8 / 6);
            forms.push(encoded.as_bytes()[skip..end].to_vec());
        }
    }
    forms.extend([utf8, ms932]);
    forms
}

/// Searches for all needles at once.
pub(crate) struct Search {
    /// By the first four bytes; every needle is longer.
    needles: HashMap<[u8; 4], Vec<(usize, Vec<u8>)>>,
    /// Whether any needle begins with these two bytes.
    begins: Vec<bool>,
}

impl Search {
    pub(crate) fn new(names: &[PersonName]) -> Self {
        let mut search = Self { needles: HashMap::new(), begins: vec![false; 1 << 16] };
        for (index, name) in names.iter().enumerate() {
            for needle in forms(&name.kanji).into_iter().chain(forms(&name.kana)) {
                let [a, b, c, d] = *needle.first_chunk().unwrap();
                search.begins[usize::from(u16::from_be_bytes([a, b]))] = true;
                search.needles.entry([a, b, c, d]).or_default().push((index, needle));
            }
        }
        search
    }

    /// Which names stand in these bytes, openly or in something compressed.
    pub(crate) fn hits(&self, bytes: &[u8], depth: u8) -> Vec<usize> {
        let mut hits = Vec::new();
        for at in 0..bytes.len().saturating_sub(3) {
            let here = &bytes[at..];
            if self.begins[usize::from(u16::from_be_bytes([here[0], here[1]]))]
                && let Some(needles) = self.needles.get(&here[..4])
            {
                hits.extend(needles.iter().filter(|(_, needle)| here.starts_with(needle)).map(|(name, _)| *name));
            }
            if depth > 0
                && let Some(unpacked) = unpack(here)
            {
                hits.extend(self.hits(&unpacked, depth - 1));
            }
        }
        hits
    }

    pub(crate) fn hits_in(&self, folder: &Path) -> (Vec<(PathBuf, usize)>, u64) {
        let (mut hits, mut searched) = (Vec::new(), 0);
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                let (more, bytes) = self.hits_in(&path);
                hits.extend(more);
                searched += bytes;
            } else {
                if !path.is_file() {
                    // A socket.
                    continue;
                }
                let bytes = fs::read(&path).unwrap();
                searched += bytes.len() as u64;
                hits.extend(self.hits(&bytes, 2).into_iter().map(|name| (path.clone(), name)));
                // A file's name is on the disk too.
                let name = path.file_name().unwrap().to_str().unwrap().as_bytes();
                hits.extend(self.hits(name, 0).into_iter().map(|name| (path.clone(), name)));
            }
        }
        (hits, searched)
    }
}

/// What lies in a zstd, gzip, zlib or zip stream that begins here; as far as it can be read.
fn unpack(bytes: &[u8]) -> Option<Vec<u8>> {
    let reader: Box<dyn Read + '_> = match bytes {
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Box::new(zstd::stream::read::Decoder::new(bytes).ok()?),
        [0x1f, 0x8b, 0x08, ..] => Box::new(flate2::read::GzDecoder::new(bytes)),
        [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..] => Box::new(flate2::read::ZlibDecoder::new(bytes)),
        [b'P', b'K', 3, 4, ..] => {
            let names = usize::from(u16::from_le_bytes(*bytes.get(26..28)?.first_chunk()?));
            let extra = usize::from(u16::from_le_bytes(*bytes.get(28..30)?.first_chunk()?));
            Box::new(flate2::read::DeflateDecoder::new(Cursor::new(bytes.get(30 + names + extra..)?)))
        }
        _ => return None,
    };
    let mut unpacked = Vec::new();
    // What came before an error is still a leak.
    let _ = reader.take(UNPACKED_BYTES_MAX).read_to_end(&mut unpacked);
    (!unpacked.is_empty()).then_some(unpacked)
}

#[test]
fn the_search_finds_a_name_in_every_form() {
    use std::io::Write as _;
    let names = names();
    let search = Search::new(&names);
    let folder = tempfile::tempdir().unwrap();
    let (kanji, kana) = (&names[17].kanji, &names[17].kana);
    let mut planted: Vec<(String, Vec<u8>)> = vec![
        ("utf8".into(), kanji.as_bytes().to_vec()),
        ("ms932".into(), ms932(kana)),
        ("utf16le".into(), kanji.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ("utf16be".into(), kana.encode_utf16().flat_map(u16::to_be_bytes).collect()),
    ];
    for before in ["", "1", "12", "123"] {
        for text in [kanji.as_bytes().to_vec(), ms932(kana)] {
            let line = [before.as_bytes(), &text, b",2"].concat();
            let encoded = base64::engine::general_purpose::STANDARD.encode(line);
            planted.push((format!("base64-{}-{}", before.len(), text.len()), encoded.into_bytes()));
        }
    }
    let text = [b"1,2,".to_vec(), ms932(kanji), b"\r\n".to_vec()].concat().repeat(50);
    planted.push(("zstd".into(), zstd::encode_all(text.as_slice(), 3).unwrap()));
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(&text).unwrap();
    planted.push(("gzip".into(), gzip.finish().unwrap()));
    let mut deflate = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    deflate.write_all(&text).unwrap();
    let mut zip = b"PK\x03\x04".to_vec();
    zip.extend([0; 22]);
    zip.extend([1, 0, 0, 0, b'A']);
    zip.extend(deflate.finish().unwrap());
    planted.push(("zip".into(), zip));
    for (form, bytes) in planted {
        let nothing = vec![0xa5; 10_001];
        let path = folder.path().join(&form);
        fs::write(&path, [nothing.as_slice(), &bytes, &nothing].concat()).unwrap();
        let (hits, _) = search.hits_in(folder.path());
        assert!(hits.iter().any(|(_, name)| *name == 17), "{form}");
        fs::remove_file(path).unwrap();
    }
    assert!(search.hits_in(folder.path()).0.is_empty());
}

#[tokio::test]
async fn two_hundred_names_go_through_and_none_is_on_the_disk() {
    let names = names();
    let world = World::new().await;
    do_everything(&names, &world).await;
    let bodies = walk(&world.exchange.data().join("bodies"));
    assert!(!bodies.is_empty(), "a sealed body above 64 KiB is what this is about");
    // Still running: the write-ahead log is full of what was just written.
    let search = Search::new(&names);
    assert_clean(&search, world.exchange.folder());
    let World { server, exchange } = world;
    assert!(server.stop().await.0.success());
    assert_clean(&search, exchange.folder());

    // The same search finds what is there.
    fs::write(exchange.data().join("control.csv"), ms932(&names[NAMES - 1].kanji)).unwrap();
    let (hits, _) = search.hits_in(exchange.folder());
    assert_eq!(hits, [(exchange.data().join("control.csv"), NAMES - 1)]);
}

/// Its tables, its write-ahead log and its own log lie beside each other.
#[tokio::test]
async fn two_hundred_names_go_through_postgresql_and_none_is_on_its_disk() {
    let names = names();
    let mut cluster = Cluster::start().unwrap();
    let database = cluster.database().unwrap();
    let exchange = Exchange::create_on(&database).await;
    let world = World { server: exchange.start(), exchange };
    do_everything(&names, &world).await;
    let search = Search::new(&names);
    let mut superuser = vault::database(&world.exchange.data()).await;
    sqlx::query("CHECKPOINT").execute(&mut superuser).await.unwrap();
    assert!(walk(&world.exchange.data()).is_empty(), "on a server nothing lies in the folder");
    let World { server, exchange } = world;
    assert!(server.stop().await.0.success());
    cluster.crash();
    assert!(search.hits_in(exchange.folder()).0.is_empty());
    assert_clean(&search, cluster.folder());

    // The same search finds what is there: in a table and in the log of writes.
    cluster.restart().unwrap();
    let mut superuser = vault::database(&exchange.data()).await;
    sqlx::query("UPDATE office SET name = $1").bind(&names[NAMES - 1].kanji).execute(&mut superuser).await.unwrap();
    sqlx::query("CHECKPOINT").execute(&mut superuser).await.unwrap();
    cluster.crash();
    let hits = search.hits_in(cluster.folder()).0;
    assert!(hits.iter().all(|(_, name)| *name == NAMES - 1), "{hits:?}");
    for folder in ["base", "pg_wal"] {
        assert!(hits.iter().any(|(path, _)| path.components().any(|part| part.as_os_str() == folder)), "{hits:?}");
    }
}

/// Every way of a set, with each name in one.
pub(crate) async fn do_everything(names: &[PersonName], world: &World) {
    let offices = world.offices().await;
    let mut ids = Vec::new();
    for (second, some) in (0..).zip(names.chunks(20)) {
        let set = care_plan_of(&offices.sender, &offices.receiver, second, some);
        ids.push(offices.sender.sends(&set).await.accepted());
    }
    // All of them once more in one large set, whose bodies lie in files where the database is one.
    let many: Vec<PersonName> = names.iter().cycle().take(4 * NAMES).cloned().collect();
    let large = care_plan_of(&offices.sender, &offices.receiver, 100, &many);
    ids.push(offices.sender.sends(&large).await.accepted());

    for id in &ids[..8] {
        offices.receiver.fetches(id).await.done();
        offices.receiver.acknowledges(id).await.done();
    }
    offices.receiver.fetches(ids.last().unwrap()).await.done();
    offices.sender.withdraws(&ids[8]).await.done();
    let mut spoilt = renumbered(&large, 200);
    for file in &mut spoilt {
        file.bytes.push(0x81);
    }
    offices.sender.sends(&spoilt).await.refused("X04");
    offices
        .sender
        .sends(&[standard::sample::SampleFile {
            name: format!("{}.CSV", names[0].kanji),
            bytes: ms932(&names[0].kana),
        }])
        .await
        .stray("X11");
}

pub(crate) fn assert_clean(search: &Search, folder: &Path) {
    let (hits, searched) = search.hits_in(folder);
    assert!(hits.is_empty(), "{hits:?}");
    assert!(searched > 500_000, "{searched} bytes are too few to be everything");
}

fn walk(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

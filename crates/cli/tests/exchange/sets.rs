//! Sets that may not travel, each with its answer, and nothing of them kept (R1.1–R1.8, R9.6).

use crate::answer::refused;
use crate::device::{assert_same, unzip};
use crate::samples::{actuals, care_plan, file, renumbered, request, reworded, schedule, serial};
use crate::world::{Offices, World, shared_world};
use serde_json::Value;
use standard::UnitKind;
use standard::sample::{self, Request, SampleFile};

async fn world() -> &'static World {
    shared_world!()
}

/// The set is refused as a whole, with this code and a finding of this check, and no list shows a trace of it.
async fn assert_refused(offices: &Offices, set: &[SampleFile], code: &str, check: &str) {
    let before = offices.lists().await;
    let findings = offices.sender.sends(set).await.refused(code);
    assert!(check.is_empty() || findings.iter().any(|found| found == check), "{check} is not in {findings:?}");
    assert_eq!(offices.lists().await, before);
}

/// The file is turned away as belonging to no set.
async fn assert_no_set(offices: &Offices, name: &str, bytes: &[u8]) {
    let before = offices.lists().await;
    let findings =
        offices.sender.sends(&[SampleFile { name: name.to_owned(), bytes: bytes.to_vec() }]).await.stray("X11");
    assert!(!findings.is_empty(), "{name}");
    assert_eq!(offices.lists().await, before);
}

async fn offices() -> Offices {
    world().await.offices().await
}

#[tokio::test]
async fn an_unknown_receiver() {
    let offices = offices().await;
    assert_refused(&offices, &schedule(&offices.sender, "0399999999", 1), "X05", "").await;
}

#[tokio::test]
async fn a_closed_receiver() {
    let offices = offices().await;
    let set = schedule(&offices.sender, &offices.receiver, 1);
    world().await.exchange.close_office(&offices.receiver).await;
    assert_refused(&offices, &set, "X06", "").await;
}

#[tokio::test]
async fn a_service_type_the_receiver_is_not_registered_with() {
    let offices = offices().await;
    let to_day_care = Request {
        receiver_type: "15".parse().unwrap(),
        ..request(UnitKind::Schedule, &offices.sender, &offices.receiver, 1)
    };
    assert_refused(&offices, &sample::make(UnitKind::Schedule, &to_day_care), "X07", "").await;
}

#[tokio::test]
async fn a_service_type_the_sender_is_not_registered_with() {
    let offices = offices().await;
    let set = schedule(&offices.stranger, &offices.receiver, 1);
    let before = offices.lists().await;
    offices.stranger.sends(&set).await.refused("X03");
    assert_eq!(offices.lists().await, before);
}

#[tokio::test]
async fn two_sets_of_which_one_member_has_another_serial() {
    let offices = offices().await;
    let mut set = schedule(&offices.sender, &offices.receiver, 1);
    file(&mut set, "UPSIKYU").name = file(&mut set, "UPSIKYU").name.replace(&serial(1), &serial(2));
    let before = offices.lists().await;
    let sets = offices.sender.sends(&set).await.sets();
    let all: Vec<String> = sets.iter().flat_map(|set| refused(set, "X04")).collect();
    // Files are grouped by their names, so two incomplete sets is what it looks like.
    assert_eq!(all, ["V09", "V09"]);
    assert_eq!(offices.lists().await, before);
}

#[tokio::test]
async fn a_set_without_one_of_its_members() {
    let offices = offices().await;
    let schedule = schedule(&offices.sender, &offices.receiver, 1);
    for missing in 0..schedule.len() {
        let mut set = schedule.clone();
        set.remove(missing);
        assert_refused(&offices, &set, "X04", "V09").await;
    }
    // 第3表 may be missing in the old edition only; see 3.x in `standard`.
    for missing in ["UP1KYO", "UP2KYO", "UPHOSOKU"] {
        let mut set = care_plan(&offices.sender, &offices.receiver, 1);
        set.retain(|file| !file.name.starts_with(missing));
        assert_refused(&offices, &set, "X04", "V09").await;
    }
}

#[tokio::test]
async fn one_member_twice() {
    let offices = offices().await;
    let mut set = schedule(&offices.sender, &offices.receiver, 1);
    set.push(set[0].clone());
    assert_refused(&offices, &set, "X09", "").await;
    // With other content it is no better.
    let last = set.last_mut().unwrap();
    last.bytes.truncate(10);
    assert_refused(&offices, &set, "X09", "").await;
}

#[tokio::test]
async fn the_same_serial_with_other_content_leaves_the_first_as_it_is() {
    let offices = offices().await;
    let set = schedule(&offices.sender, &offices.receiver, 1);
    let id = offices.sender.sends(&set).await.accepted();
    assert_refused(&offices, &reworded(&set), "X10", "").await;
    assert_refused(&offices, &care_plan(&offices.sender, &offices.receiver, 1), "X10", "").await;
    assert_same(&unzip(&offices.receiver.fetches(&id).await.done().body), &set);
}

#[tokio::test]
async fn the_same_set_again_is_the_same_transmission() {
    let offices = offices().await;
    let mut set = schedule(&offices.sender, &offices.receiver, 1);
    let id = offices.sender.sends(&set).await.accepted();
    let before = offices.lists().await;
    set.reverse();
    assert_eq!(offices.sender.sends(&set).await.already(), id, "in whatever order the files come");
    assert_eq!(offices.lists().await, before);
    offices.receiver.fetches(&id).await.done();
    assert_eq!(offices.sender.sends(&set).await.already(), id, "collected or not");
}

#[tokio::test]
async fn twenty_clients_that_send_the_same_set_at_once_send_it_once() {
    let offices = offices().await;
    let set = schedule(&offices.sender, &offices.receiver, 1);
    let calls: Vec<_> = (0..20)
        .map(|_| {
            let (client, set) = (offices.sender.second_client(), set.clone());
            tokio::spawn(async move { client.sends(&set).await.sets().remove(0) })
        })
        .collect();
    let mut answers: Vec<Value> = Vec::new();
    for call in calls {
        answers.push(call.await.unwrap());
    }
    let new = answers.iter().filter(|answer| answer["outcome"] == "accepted").count();
    let again = answers.iter().filter(|answer| answer["outcome"] == "already").count();
    assert_eq!((new, again), (1, 19));
    assert!(answers.iter().all(|answer| answer["transmission"]["id"] == answers[0]["transmission"]["id"]));
    assert_eq!(offices.receiver.items("received", 100).await.len(), 1);
}

#[tokio::test]
async fn twenty_clients_that_send_one_serial_with_two_contents_send_one_of_them() {
    let offices = offices().await;
    let one = schedule(&offices.sender, &offices.receiver, 1);
    let two = reworded(&one);
    let calls: Vec<_> = (0..20)
        .map(|index| {
            let set = if index % 2 == 0 { one.clone() } else { two.clone() };
            let client = offices.sender.second_client();
            tokio::spawn(async move { client.sends(&set).await.sets().remove(0) })
        })
        .collect();
    let mut refusals = 0;
    for call in calls {
        let answer = call.await.unwrap();
        if answer["outcome"] == "refused" {
            refused(&answer, "X10");
            refusals += 1;
        }
    }
    assert_eq!(refusals, 10);
    let items = offices.receiver.items("received", 100).await;
    assert_eq!(items.len(), 1);
    let files = unzip(&offices.receiver.fetches(items[0]["id"].as_str().unwrap()).await.done().body);
    let whole = |set: &[SampleFile]| set.iter().all(|file| files.iter().any(|it| it.bytes == file.bytes));
    assert!(whole(&one) != whole(&two), "one of them, and whole");
}

#[tokio::test]
async fn a_path_in_a_file_name() {
    let offices = offices().await;
    let set = schedule(&offices.sender, &offices.receiver, 1);
    let SampleFile { name, bytes } = &set[0];
    for name in [
        format!("../{name}"),
        format!("../../../../etc/{name}"),
        format!("/tmp/{name}"),
        format!("C:\\Users\\{name}"),
        format!("..\\{name}"),
        format!("%2e%2e%2f{name}"),
        format!("./{name}"),
    ] {
        assert_no_set(&offices, &name, bytes).await;
    }
}

#[tokio::test]
async fn a_name_that_only_looks_right() {
    let offices = offices().await;
    let set = schedule(&offices.sender, &offices.receiver, 1);
    let SampleFile { name, bytes } = &set[0];
    let number = &offices.sender.number;
    for name in [
        name.replacen('_', "＿", 1),
        name.replacen("UP", "ＵＰ", 1),
        name.replace("202604_", ""),
        name.replace(&serial(1), "20240230120000"),
        name.replace(number, &number[..9]),
        name.replace(".CSV", ".ZIP"),
        name.replace(".CSV", ".CSV.zip"),
        name.replace(".CSV", ""),
        format!("{name} "),
        format!("{name}\u{202e}"),
        format!("コピー {name}"),
    ] {
        assert_no_set(&offices, &name, bytes).await;
    }
}

#[tokio::test]
async fn a_name_in_a_month_that_does_not_exist() {
    let offices = offices().await;
    let mut set = schedule(&offices.sender, &offices.receiver, 1);
    for file in &mut set {
        file.name = file.name.replace("202604_", "201913_");
    }
    assert_refused(&offices, &set, "X04", "V05").await;
}

/// The set with one file spoilt.
async fn assert_spoilt(spoil: impl Fn(&mut Vec<u8>), check: &str) {
    let offices = offices().await;
    for prefix in ["UPPLAN", "UPHOSOKU"] {
        let mut set = schedule(&offices.sender, &offices.receiver, 1);
        spoil(&mut file(&mut set, prefix).bytes);
        assert_refused(&offices, &set, "X04", check).await;
    }
}

#[tokio::test]
async fn half_character_at_end() {
    assert_spoilt(|bytes| bytes.push(0x81), "V19").await;
}

#[tokio::test]
async fn half_character_before_the_line_ends() {
    let spoil = |bytes: &mut Vec<u8>| {
        let at = bytes.iter().position(|byte| *byte == b'\r').unwrap();
        bytes.insert(at, 0x81);
    };
    assert_spoilt(spoil, "V19").await;
}

#[tokio::test]
async fn utf8_with_a_byte_order_mark() {
    let spoil = |bytes: &mut Vec<u8>| {
        let (text, _, _) = encoding_rs::SHIFT_JIS.decode(bytes);
        *bytes = format!("\u{feff}{text}").into_bytes();
    };
    assert_spoilt(spoil, "V19").await;
}

#[tokio::test]
async fn utf16() {
    let spoil = |bytes: &mut Vec<u8>| {
        let (text, _, _) = encoding_rs::SHIFT_JIS.decode(bytes);
        *bytes = format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    };
    assert_spoilt(spoil, "V19").await;
}

#[tokio::test]
async fn a_character_outside_the_standard() {
    // 外字: the user-defined range.
    let spoil = |bytes: &mut Vec<u8>| {
        let at = bytes.windows(2).position(|pair| pair[0] >= 0x88 && pair[0] < 0x98 && pair[1] >= 0x40).unwrap();
        bytes.splice(at..at + 2, [0xf0, 0x40]);
    };
    let offices = offices().await;
    let mut set = schedule(&offices.sender, &offices.receiver, 1);
    spoil(&mut file(&mut set, "UPHOSOKU").bytes);
    assert_refused(&offices, &set, "X04", "V20").await;
}

#[tokio::test]
async fn nul_bytes() {
    assert_spoilt(|bytes| bytes.insert(5, 0), "").await;
    assert_spoilt(|bytes| bytes.fill(0), "").await;
}

#[tokio::test]
async fn an_empty_file_gives_a_warning_and_arrives_empty() {
    let offices = offices().await;
    let mut set = actuals(&offices.receiver, &offices.sender, 1);
    file(&mut set, "UPJSK").bytes.clear();
    let answer = offices.receiver.sends(&set).await;
    let warnings = answer.sets()[0]["warnings"].as_array().unwrap().clone();
    assert!(warnings.iter().any(|warning| warning["code"] == "V39"), "{warnings:?}");
    assert_same(&unzip(&offices.sender.fetches(&answer.accepted()).await.done().body), &set);
}

#[tokio::test]
async fn an_unclosed_quote() {
    assert_spoilt(|bytes| bytes.splice(0..0, *b"\"").for_each(drop), "").await;
}

#[tokio::test]
async fn a_known_virus_and_other_programs_under_a_right_name() {
    const EICAR: &[u8] = br"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*";
    for program in [EICAR, b"MZ\x90\x00\x03", b"%PDF-1.7\r\n", b"\x7fELF", b"<html><script>", b"{\"json\": true}"] {
        assert_spoilt(|bytes| *bytes = program.to_vec(), "").await;
    }
}

#[tokio::test]
async fn a_header_row_gives_a_warning_only() {
    let offices = offices().await;
    let mut set = schedule(&offices.sender, &offices.receiver, 1);
    let plan = file(&mut set, "UPPLAN");
    let columns = standard::layout(standard::FileKind::Upplan, standard::Edition::V202407).unwrap().columns;
    let header = columns.iter().map(|column| column.name).collect::<Vec<_>>().join(",");
    let (header, _, _) = encoding_rs::SHIFT_JIS.encode(&header);
    let headed = [&header, b"\r\n".as_slice(), &plan.bytes].concat();
    plan.bytes = headed;
    let answer = offices.sender.sends(&set).await;
    let id = answer.accepted();
    let warnings = answer.sets()[0]["warnings"].as_array().unwrap().clone();
    assert!(warnings.iter().any(|warning| warning["code"] == "V24"), "{warnings:?}");
    assert_same(&unzip(&offices.receiver.fetches(&id).await.done().body), &set);
}

#[tokio::test]
async fn one_bad_set_among_good_ones() {
    let offices = offices().await;
    let one = schedule(&offices.sender, &offices.receiver, 0);
    let mut call: Vec<SampleFile> = (1..=5).flat_map(|second| renumbered(&one, second)).collect();
    call[3].bytes.push(0x81); // the first file of the second set
    call.push(SampleFile { name: "メモ.txt".to_owned(), bytes: b"x".to_vec() });
    let answer = offices.sender.sends(&call).await;
    let sets = answer.sets();
    let outcome = |second| {
        sets.iter().find(|set| set["serial"] == serial(second)).unwrap_or_else(|| panic!("{second} is not answered"))
    };
    for good in [1, 3, 4, 5] {
        assert_eq!(outcome(good)["outcome"], "accepted");
        let id = outcome(good)["transmission"]["id"].as_str().unwrap();
        assert_same(&unzip(&offices.receiver.fetches(id).await.done().body), &renumbered(&one, good));
    }
    assert!(refused(outcome(2), "X04").contains(&"V19".to_owned()));
    assert_eq!(answer.json()["strays"][0]["file"], "メモ.txt");
    assert_eq!(offices.receiver.items("received", 100).await.len(), 4);
}

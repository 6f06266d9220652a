//! Bodies that are too large, broken off or no upload at all: refused with bounded memory, nothing kept (R9.6).

use crate::answer::Answer;
use crate::device::{Device, assert_same, unzip};
use crate::samples::{file, schedule};
use crate::wire::{config_of, connect};
use crate::world::{Offices, World, shared_world};
use http::HeaderMap;
use reqwest::multipart::{Form, Part};
use standard::sample::SampleFile;
use std::io::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// What one call may cost: its 64 MB, copied once, and room for the allocator.
const CALL_MEMORY_BYTES_MAX: u64 = 200 << 20;
const BOUNDARY: &str = "----fumibako";

async fn world() -> &'static World {
    shared_world!()
}

/// A request over HTTP/1.1 whose body is ours to send, slowly, partly or too much of.
struct Upload {
    stream: tokio_rustls::client::TlsStream<tokio::net::TcpStream>,
}

impl Upload {
    async fn begin(device: &Device, port: u16, length: &str) -> Self {
        let mut config = config_of(device);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let mut stream = connect(&Arc::new(config), port).await.unwrap();
        let head = format!(
            "POST /api/v1/transmissions HTTP/1.1\r\nhost: localhost\r\n{length}\r\nauthorization: Bearer {}\r\n\
             content-type: multipart/form-data; boundary={BOUNDARY}\r\n\r\n",
            device.token.as_deref().unwrap()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        Self { stream }
    }

    /// False once the server no longer wants it.
    async fn push(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).await.is_ok() && self.stream.flush().await.is_ok()
    }

    /// Head and body of the answer.
    async fn answer(mut self) -> Answer {
        let (mut bytes, mut chunk) = (Vec::new(), [0; 16 << 10]);
        loop {
            if let Some((head, body, length)) = split(&bytes)
                && body.len() >= length
            {
                return parse(head, &body[..length]);
            }
            match tokio::time::timeout(Duration::from_secs(20), self.stream.read(&mut chunk)).await.unwrap() {
                Ok(read) if read > 0 => bytes.extend_from_slice(&chunk[..read]),
                ended => panic!("no whole answer ({ended:?}): {}", String::from_utf8_lossy(&bytes)),
            }
        }
    }
}

fn split(bytes: &[u8]) -> Option<(&str, &[u8], usize)> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..end]).unwrap();
    let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    Some((head, &bytes[end + 4..], length.unwrap_or(0)))
}

fn parse(head: &str, body: &[u8]) -> Answer {
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers: HeaderMap = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.parse::<http::HeaderName>().unwrap(), value.parse().unwrap()))
        .collect();
    Answer { status, headers, body: body.to_vec() }
}

fn part_head(name: &str) -> String {
    format!("--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n")
}

fn multipart(files: &[SampleFile]) -> Vec<u8> {
    let mut body = Vec::new();
    for file in files {
        body.extend_from_slice(part_head(&file.name).as_bytes());
        body.extend_from_slice(&file.bytes);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    body
}

/// The exchange goes on as if nothing had been.
async fn assert_unharmed(offices: &Offices, before: &str) {
    assert_eq!(offices.lists().await, before);
    let set = schedule(&offices.sender, &offices.receiver, 50_000);
    let id = offices.sender.sends(&set).await.accepted();
    assert_same(&unzip(&offices.receiver.fetches(&id).await.done().body), &set);
}

#[tokio::test]
async fn a_gigabyte_of_zeros_in_a_small_archive_named_csv() {
    // A server of its own: what is measured is the most memory it ever had.
    let world = World::new().await;
    let offices = world.offices().await;
    let before = offices.lists().await;
    let calm = world.server.memory_peak_bytes();
    let mut deflated = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
    let zeros = vec![0; 1 << 20];
    for _ in 0..1024 {
        deflated.write_all(&zeros).unwrap();
    }
    let deflated = deflated.finish().unwrap();
    // Local header of a zip archive with one deflated member.
    let mut bomb = b"PK\x03\x04\x14\0\0\0\x08\0\0\0\0\0".to_vec();
    bomb.extend([0; 4]);
    bomb.extend((deflated.len() as u32).to_le_bytes());
    bomb.extend((1_u32 << 30).to_le_bytes());
    bomb.extend([5, 0, 0, 0]);
    bomb.extend(b"A.CSV");
    bomb.extend(deflated);
    let mut set = schedule(&offices.sender, &offices.receiver, 1);
    file(&mut set, "UPPLAN").bytes = bomb.clone();
    offices.sender.sends(&set).await.refused("X04");
    let name = set[0].name.replace(".CSV", ".zip");
    offices.sender.sends(&[SampleFile { name, bytes: bomb }]).await.stray("X11");
    let grown = world.server.memory_peak_bytes() - calm;
    assert!(grown < CALL_MEMORY_BYTES_MAX, "{} MB", grown >> 20);
    assert_unharmed(&offices, &before).await;
}

#[tokio::test]
async fn a_body_announced_as_too_large_is_refused_without_being_read() {
    let offices = world().await.offices().await;
    let before = offices.lists().await;
    let start = Instant::now();
    let mut upload = Upload::begin(&offices.sender, world().await.server.port(), "content-length: 314572800").await;
    upload.push(part_head("A.CSV").as_bytes()).await;
    // 300 MB were announced, some eighty bytes came, and the answer is there.
    let answer = upload.answer().await;
    answer.problem(413, "H03");
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    assert_unharmed(&offices, &before).await;
}

#[tokio::test]
async fn an_endless_body_is_cut_off_with_bounded_memory() {
    let world = World::new().await;
    let offices = world.offices().await;
    let before = offices.lists().await;
    let calm = world.server.memory_peak_bytes();
    let mut upload = Upload::begin(&offices.sender, world.server.port(), "transfer-encoding: chunked").await;
    let head = part_head("A.CSV");
    upload.push(format!("{:x}\r\n{head}\r\n", head.len()).as_bytes()).await;
    let chunk = [format!("{:x}\r\n", 1 << 20).into_bytes(), vec![b'1'; 1 << 20], b"\r\n".to_vec()].concat();
    let mut pushed = 0;
    while pushed < 300 && upload.push(&chunk).await {
        pushed += 1;
        if pushed == 70 {
            break;
        }
    }
    assert!(pushed >= 64, "cut off already after {pushed} MB");
    upload.answer().await.problem(413, "H03");
    let grown = world.server.memory_peak_bytes() - calm;
    assert!(grown < CALL_MEMORY_BYTES_MAX, "{} MB", grown >> 20);
    assert_unharmed(&offices, &before).await;
}

#[tokio::test]
async fn many_large_calls_at_once_wait_for_memory() {
    let world = World::new().await;
    let offices = world.offices().await;
    let port = world.server.port();
    // Each may bring 64 MB and holds its place without bringing anything; together they are over the limit.
    let mut waiting = Vec::new();
    for _ in 0..12 {
        let mut upload = Upload::begin(&offices.sender, port, "content-length: 67000000").await;
        upload.push(part_head("A.CSV").as_bytes()).await;
        waiting.push(upload);
    }
    assert!(world.server.memory_peak_bytes() < 400 << 20);
    drop(waiting);
    assert_unharmed(&offices, &offices.lists().await).await;
}

#[tokio::test]
async fn more_files_than_one_call_may_have() {
    let offices = world().await.offices().await;
    let before = offices.lists().await;
    let files: Vec<SampleFile> =
        (0..2_001).map(|index| SampleFile { name: format!("{index}.CSV"), bytes: vec![b'1'] }).collect();
    // Over HTTP/2 so many small frames are taken for an attack and end the connection.
    offices.sender.second_client().sends(&files).await.problem(413, "H04");
    assert_unharmed(&offices, &before).await;
}

#[tokio::test]
async fn an_upload_without_files() {
    let sender = world().await.offices().await.sender;
    let send = async |form: Form| {
        let request = sender.request(http::Method::POST, "/api/v1/transmissions").multipart(form);
        Answer::read(request.send().await.unwrap()).await
    };
    send(Form::new()).await.problem(400, "H05");
    send(Form::new().text("memo", "x")).await.problem(400, "H06");
    send(Form::new().part("file", Part::bytes(b"1\r\n".to_vec()).file_name(""))).await.stray("X11");
}

#[tokio::test]
async fn a_body_that_is_no_upload() {
    let sender = world().await.offices().await.sender;
    let send = async |content_type: &str, body: Vec<u8>| {
        let request = sender.request(http::Method::POST, "/api/v1/transmissions");
        let response = request.header("content-type", content_type).body(body).send().await.unwrap();
        Answer::read(response).await
    };
    send("application/json", b"{}".to_vec()).await.problem(400, "H06");
    send("text/csv", b"1,2\r\n".to_vec()).await.problem(400, "H06");
    send("multipart/form-data", b"x".to_vec()).await.problem(400, "H06");
    send("multipart/form-data; boundary=x", b"no boundary in here".to_vec()).await.problem(400, "H05");
    send("multipart/form-data; boundary=x", Vec::new()).await.problem(400, "H05");
    sender.post("/api/v1/transmissions").await.problem(400, "H06");
    let broken = [part_head("A.CSV").replace("\r\n\r\n", "\r\n").into_bytes(), vec![0xff; 64]].concat();
    send(&format!("multipart/form-data; boundary={BOUNDARY}"), broken).await.problem(400, "H05");
}

#[tokio::test]
async fn a_file_whose_name_is_in_no_encoding_is_not_passed_over_in_silence() {
    let offices = world().await.offices().await;
    let before = offices.lists().await;
    // A browser of another time sends file names in the page's encoding: メモ in MS932.
    let set = schedule(&offices.sender, &offices.receiver, 1);
    let mut body = part_head("NAME").into_bytes();
    let at = body.windows(4).position(|four| four == b"NAME").unwrap();
    body.splice(at..at + 4, [0x83, 0x81, 0x83, 0x82, b'.', b'C', b'S', b'V']);
    body.extend_from_slice(b"1,2\r\n\r\n");
    body.extend(multipart(&set));
    let request = offices.sender.request(http::Method::POST, "/api/v1/transmissions");
    let request = request.header("content-type", format!("multipart/form-data; boundary={BOUNDARY}")).body(body);
    let answer = Answer::read(request.send().await.unwrap()).await;
    if answer.status == 400 {
        answer.problem(400, "H05");
        assert_eq!(offices.lists().await, before);
    } else {
        assert_eq!(answer.json()["strays"].as_array().unwrap().len(), 1, "{}", answer.json());
    }
}

#[tokio::test]
async fn an_upload_that_breaks_off_in_the_middle_of_a_part_leaves_nothing() {
    let offices = world().await.offices().await;
    let before = offices.lists().await;
    let set = schedule(&offices.sender, &offices.receiver, 1);
    let body = multipart(&set);
    for cut in [10, body.len() / 3, body.len() - set.last().unwrap().bytes.len() / 2, body.len() - 5] {
        let length = format!("content-length: {}", body.len());
        let mut upload = Upload::begin(&offices.sender, world().await.server.port(), &length).await;
        assert!(upload.push(&body[..cut]).await);
        drop(upload);
    }
    assert_eq!(offices.lists().await, before);
    // The server has seen each of them end before the set comes whole.
    let mut whole =
        Upload::begin(&offices.sender, world().await.server.port(), &format!("content-length: {}", body.len())).await;
    assert!(whole.push(&body).await);
    let id = whole.answer().await.accepted();
    assert_eq!(offices.receiver.items("received", 10).await.len(), 1);
    assert_same(&unzip(&offices.receiver.fetches(&id).await.done().body), &set);
}

#[tokio::test]
async fn an_upload_without_its_last_boundary_is_refused() {
    let offices = world().await.offices().await;
    let before = offices.lists().await;
    let mut body = multipart(&schedule(&offices.sender, &offices.receiver, 1));
    body.truncate(body.len() - BOUNDARY.len() - 6);
    let length = format!("content-length: {}", body.len());
    let mut upload = Upload::begin(&offices.sender, world().await.server.port(), &length).await;
    assert!(upload.push(&body).await);
    upload.answer().await.problem(400, "H05");
    assert_eq!(offices.lists().await, before);
}

#[tokio::test]
async fn two_lengths_that_disagree_are_refused() {
    let offices = world().await.offices().await;
    let before = offices.lists().await;
    let body = multipart(&schedule(&offices.sender, &offices.receiver, 1));
    let lengths = format!("content-length: {}\r\ncontent-length: 5", body.len());
    let mut upload = Upload::begin(&offices.sender, world().await.server.port(), &lengths).await;
    upload.push(&body).await;
    assert_eq!(upload.answer().await.status, 400);
    assert_eq!(offices.lists().await, before);
}

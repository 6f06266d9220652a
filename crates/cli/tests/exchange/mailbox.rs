//! A mail server on this machine that keeps what it is given, or refuses every address.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

#[derive(Default)]
struct Kept {
    mails: Mutex<Vec<String>>,
    refuses: AtomicBool,
}

pub(crate) struct Mailbox {
    pub(crate) port: u16,
    kept: Arc<Kept>,
}

impl Mailbox {
    pub(crate) fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (port, kept) = (listener.local_addr().unwrap().port(), Arc::<Kept>::default());
        let into = Arc::clone(&kept);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, into) = (stream.unwrap(), Arc::clone(&into));
                std::thread::spawn(move || serve(stream, &into));
            }
        });
        Self { port, kept }
    }

    /// Everything that was given, as it was given, the oldest first.
    pub(crate) fn mails(&self) -> Vec<String> {
        self.kept.mails.lock().unwrap().clone()
    }

    pub(crate) fn to(&self, address: &str) -> Vec<String> {
        let to = format!("To: {address}\r\n");
        self.mails().into_iter().filter(|mail| mail.contains(&to)).collect()
    }

    pub(crate) fn refuse(&self, refuses: bool) {
        self.kept.refuses.store(refuses, Ordering::SeqCst);
    }
}

fn serve(mut stream: TcpStream, kept: &Kept) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    stream.write_all(b"220 mail.example\r\n").unwrap();
    let (mut line, mut data, mut mail) = (String::new(), false, String::new());
    while reader.read_line(&mut line).unwrap_or(0) > 0 {
        let answer = match line.trim_end() {
            "." if data => {
                data = false;
                kept.mails.lock().unwrap().push(std::mem::take(&mut mail));
                Some("250 kept")
            }
            _ if data => {
                mail.push_str(&line);
                None
            }
            "DATA" => {
                data = true;
                Some("354 go on")
            }
            "QUIT" => Some("221 bye"),
            rcpt if rcpt.starts_with("RCPT") && kept.refuses.load(Ordering::SeqCst) => Some("550 no such mailbox"),
            _ => Some("250 yes"),
        };
        if let Some(answer) = answer {
            stream.write_all(format!("{answer}\r\n").as_bytes()).unwrap();
        }
        line.clear();
    }
}

/// The words of a mail, whatever way they were written down.
pub(crate) fn words(mail: &str) -> String {
    let (head, body) = mail.split_once("\r\n\r\n").unwrap();
    let bytes = if head.contains("Content-Transfer-Encoding: base64") {
        BASE64_STANDARD.decode(body.split_whitespace().collect::<String>()).unwrap()
    } else if head.contains("Content-Transfer-Encoding: quoted-printable") {
        let mut bytes = Vec::new();
        let joined = body.replace("=\r\n", "");
        let mut rest = joined.as_bytes();
        while let Some((&first, after)) = rest.split_first() {
            match after.split_at_checked(2) {
                Some((hex, later)) if first == b'=' => {
                    bytes.push(u8::from_str_radix(std::str::from_utf8(hex).unwrap(), 16).unwrap());
                    rest = later;
                }
                _ => {
                    bytes.push(first);
                    rest = after;
                }
            }
        }
        bytes
    } else {
        body.as_bytes().to_vec()
    };
    String::from_utf8(bytes).unwrap()
}

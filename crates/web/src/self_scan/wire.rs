//! One connection to a door, for one question.

use super::answer::{self, ANSWER_BYTES_MAX, Answer};
use super::hello::Hello;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

/// For one question and its answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// What TLS allows of one record, encrypted.
const RECORD_BYTES_MAX: usize = (16 << 10) + 256;

/// Why nothing more comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Closed,
    Silent,
}

pub(super) struct Wire {
    stream: TcpStream,
    deadline: Instant,
    bytes: Vec<u8>,
}

impl Wire {
    /// # Errors
    /// When nobody answers there.
    pub(super) async fn open(address: SocketAddr) -> Result<Self, End> {
        let deadline = Instant::now() + PATIENCE;
        match timeout_at(deadline, TcpStream::connect(reachable(address))).await {
            Ok(Ok(stream)) => Ok(Self { stream, deadline, bytes: Vec::new() }),
            Ok(Err(_)) => Err(End::Closed),
            Err(_) => Err(End::Silent),
        }
    }

    pub(super) async fn say(&mut self, bytes: &[u8]) -> Result<(), End> {
        match timeout_at(self.deadline, self.stream.write_all(bytes)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(End::Closed),
            Err(_) => Err(End::Silent),
        }
    }

    /// Waits no longer than this from now on.
    pub(super) fn wait_at_most(&mut self, patience: Duration) {
        self.deadline = self.deadline.min(Instant::now() + patience);
    }

    async fn more(&mut self) -> Result<(), End> {
        if self.bytes.len() > ANSWER_BYTES_MAX {
            return Err(End::Closed);
        }
        let mut piece = [0; 4096];
        match timeout_at(self.deadline, self.stream.read(&mut piece)).await {
            Ok(Ok(0) | Err(_)) => Err(End::Closed),
            Ok(Ok(count)) => {
                self.bytes.extend_from_slice(&piece[..count]);
                Ok(())
            }
            Err(_) => Err(End::Silent),
        }
    }

    /// What is readable of the first answer.
    pub(super) async fn answer(&mut self) -> Answer {
        loop {
            if let Some(answer) = answer::read(&self.bytes) {
                return answer;
            }
            match self.more().await {
                Ok(()) => {}
                Err(End::Closed) => return Answer::Closed,
                Err(End::Silent) => return Answer::Silent,
            }
        }
    }

    /// The next record, with its head.
    pub(super) async fn record(&mut self) -> Result<Vec<u8>, End> {
        loop {
            if let [_, _, _, high, low, ..] = self.bytes[..] {
                let length = usize::from(u16::from_be_bytes([high, low])) + 5;
                if length > RECORD_BYTES_MAX {
                    return Err(End::Closed);
                }
                if self.bytes.len() >= length {
                    let rest = self.bytes.split_off(length);
                    return Ok(std::mem::replace(&mut self.bytes, rest));
                }
            }
            self.more().await?;
        }
    }

    /// Everything until nothing more comes.
    async fn rest(&mut self) -> Vec<u8> {
        while self.more().await.is_ok() {}
        std::mem::take(&mut self.bytes)
    }
}

/// Asks one question.
pub(super) async fn ask(address: SocketAddr, hello: &Hello) -> Answer {
    let mut wire = match Wire::open(address).await {
        Ok(wire) => wire,
        Err(End::Closed) => return Answer::Closed,
        Err(End::Silent) => return Answer::Silent,
    };
    // A door may refuse and close before it has read everything.
    let _ = wire.say(&hello.to_record()).await;
    wire.answer().await
}

/// Asks again in the middle of the handshake that the first question began. `None` when it did not begin.
pub(super) async fn ask_again(address: SocketAddr, hello: &Hello) -> Option<Answer> {
    let mut wire = Wire::open(address).await.ok()?;
    wire.say(&hello.to_record()).await.ok()?;
    let Answer::Agreed(_) = wire.answer().await else { return None };
    wire.bytes.clear();
    let _ = wire.say(&hello.to_record()).await;
    Some(wire.answer().await)
}

/// Whether something is answered to a request without any TLS.
pub(super) async fn speaks_plainly(address: SocketAddr) -> bool {
    let Ok(mut wire) = Wire::open(address).await else { return false };
    let _ = wire.say(b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await;
    wire.wait_at_most(Duration::from_secs(1));
    wire.rest().await.starts_with(b"HTTP/")
}

/// A door that listens everywhere is knocked at from here.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

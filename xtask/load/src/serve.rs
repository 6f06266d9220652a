//! A server as a process of its own: started, waited for, stopped, and in no case left behind.

use anyhow::{Context as _, bail, ensure};
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

/// The name under which a server of ours may listen; it resolves to loopback here and nowhere else.
pub(crate) const HOST: &str = "localhost";

/// What a server says it wrote in its life.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Written {
    pub(crate) writes: u64,
    pub(crate) commits: u64,
}

/// A running server.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    output: BufReader<ChildStdout>,
    ports: Vec<u16>,
    started_in: Duration,
}

impl Server {
    /// Starts it and waits until it says that its doors are open.
    pub(crate) fn start(mut command: Command) -> anyhow::Result<Self> {
        let begun = Instant::now();
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().context("cannot start a server")?;
        let output = child.stdout.take().context("stdout")?;
        let mut server =
            Self { child, output: BufReader::new(output), ports: Vec::new(), started_in: Duration::default() };
        let mut line = String::new();
        server.output.read_line(&mut line)?;
        server.started_in = begun.elapsed();
        server.ports = ports(&line)?;
        Ok(server)
    }

    /// Where sets are sent.
    pub(crate) fn exchange(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.ports[0]).into()
    }

    /// Where devices are enrolled.
    pub(crate) fn enrolment_url(&self) -> Option<String> {
        self.ports.get(1).map(|port| format!("https://{HOST}:{port}"))
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// From starting the process to open doors.
    pub(crate) fn started_in(&self) -> Duration {
        self.started_in
    }

    /// Asks it to stop, waits, and returns what it says it wrote; nothing where it does not say.
    pub(crate) fn stop(mut self) -> anyhow::Result<Option<Written>> {
        let asked = Command::new("kill").args(["-TERM", &self.pid().to_string()]).status()?;
        ensure!(asked.success(), "cannot stop the server");
        let mut rest = String::new();
        self.output.read_to_string(&mut rest)?;
        let status = self.child.wait()?;
        ensure!(status.success(), "the server ended with {status}");
        Ok(match numbers(&rest)[..] {
            [.., writes, commits] => Some(Written { writes, commits }),
            _ => None,
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The ports in what a server says on opening. Any address but our own loopback name is refused: this tool must not be
/// turned on an exchange that somebody uses.
fn ports(line: &str) -> anyhow::Result<Vec<u16>> {
    let mut ports = Vec::new();
    for address in line.split("https://").skip(1) {
        let Some(port) = address.strip_prefix(HOST).and_then(|rest| rest.strip_prefix(':')) else {
            bail!("not a server on loopback: {}", address.trim());
        };
        let digits: String = port.chars().take_while(char::is_ascii_digit).collect();
        ports.push(digits.parse().with_context(|| format!("no port in {}", line.trim()))?);
    }
    ensure!(!ports.is_empty(), "the server did not open: {}", line.trim());
    Ok(ports)
}

fn numbers(text: &str) -> Vec<u64> {
    text.split(|character: char| !character.is_ascii_digit()).filter_map(|digits| digits.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_doors_are_found_in_what_the_server_says() {
        let line = "交換所を開きました: https://localhost:34567（端末の登録: https://localhost:34568）\n";
        assert_eq!(ports(line).unwrap(), [34567, 34568]);
    }

    #[test]
    fn an_address_that_is_not_loopback_is_refused() {
        for line in ["https://exchange.example:443", "https://localhost.example:443", "https://10.0.0.1:8443", "x", ""]
        {
            assert!(ports(line).is_err(), "{line}");
        }
    }

    #[test]
    fn writes_and_commits_are_read_from_the_last_words() {
        assert_eq!(numbers("交換所を閉じました。（書き込み 1203件、コミット 17回）\n"), [1203, 17]);
        assert!(numbers("交換所を閉じました。\n").is_empty());
    }
}

//! The offices of the exchange that is measured, and the exchange itself, made with the real program.

use crate::client::{self, Target, Trust};
use crate::serve::{HOST, Server};
use anyhow::{Context as _, ensure};
use standard::{OfficeNumber, ServiceType};
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Care offices; each plans for every service office.
const CARE_OFFICES: usize = 2;
const CONFIGURATION: &str = r#"
data = "data"
[key_store]
file = "keys/master.key"
passphrase_file = "passphrase"
[listen]
exchange = "127.0.0.1:0"
enrolment = "127.0.0.1:0"
names = ["localhost"]
"#;
/// Guards nothing but invented people in a folder that is deleted.
const PASSPHRASE: &str = "invented people on a loopback disk";

/// 事業所.
#[derive(Debug)]
pub(crate) struct Office {
    pub(crate) number: OfficeNumber,
    pub(crate) service_type: ServiceType,
    /// Whether it sends plans; the others send results.
    pub(crate) plans: bool,
}

/// Two care offices first, then the service offices.
#[derive(Debug)]
pub(crate) struct Offices(Vec<Office>);

impl Offices {
    pub(crate) fn new(service_offices: usize) -> Self {
        let office = |at: usize| {
            let plans = at < CARE_OFFICES;
            Office {
                number: format!("0390{:06}", if plans { 100 + at } else { 1_000 + at })
                    .parse()
                    .expect("ten digits are an office number"),
                service_type: if plans { "43" } else { "11" }.parse().expect("a service type"),
                plans,
            }
        };
        Self((0..CARE_OFFICES + service_offices).map(office).collect())
    }

    pub(crate) fn all(&self) -> &[Office] {
        &self.0
    }

    /// Those with whom an office exchanges: the other side.
    pub(crate) fn partners(&self, office: usize) -> Vec<usize> {
        (0..self.0.len()).filter(|&other| self.0[other].plans != self.0[office].plans).collect()
    }

    /// Who sends on the nth connection: two of three are care offices'.
    pub(crate) fn sender(&self, connection: usize) -> usize {
        let round = connection / 3;
        match connection % 3 {
            2 => CARE_OFFICES + round % (self.0.len() - CARE_OFFICES),
            first => (round * 2 + first) % CARE_OFFICES,
        }
    }
}

/// An exchange's folder: configuration, keys, data; in the one that was made, the devices too.
#[derive(Debug)]
pub(crate) struct Exchange {
    folder: PathBuf,
}

impl Exchange {
    /// Makes an exchange with these offices and one device each, through the commands an operator and an office use.
    pub(crate) fn make(program: &Path, folder: &Path, offices: &Offices) -> anyhow::Result<Self> {
        fs::create_dir_all(folder)?;
        fs::write(folder.join("passphrase"), PASSPHRASE)?;
        let exchange = Self { folder: folder.to_path_buf() };
        fs::write(exchange.configuration(), CONFIGURATION)?;
        exchange.command(program, &["init"], &[])?;
        let mut codes = Vec::new();
        for office in offices.all() {
            let (number, kind) = (office.number.to_string(), office.service_type.to_string());
            exchange.command(program, &["office", "add"], &[&number, "--name", "計測用事業所", "--type", &kind])?;
            let proof = [
                "--software",
                "send,collect,read",
                "--label",
                "計測",
                "--evidence",
                "計測用",
                "--by",
                "load-1",
                "--approved-by",
                "load-2",
            ];
            let said = exchange.command(program, &["device", "code"], &[&[number.as_str()][..], &proof].concat())?;
            let code = said.split_whitespace().nth(1).context("no code")?.to_owned();
            codes.push(code);
        }
        let server = exchange.serve(program)?;
        let enrolment = server.enrolment_url().context("no enrolment door")?;
        for (office, code) in codes.iter().enumerate() {
            let mut enrol = Command::new(program);
            enrol
                .args(["device", "enrol", "--enrolment", &enrolment, "--code", code, "--authority"])
                .arg(exchange.authority())
                .arg("--device")
                .arg(exchange.device(office));
            run(enrol)?;
        }
        server.stop()?;
        Ok(exchange)
    }

    /// A copy to be used up; the devices stay behind, their certificates are good for it too.
    pub(crate) fn copy(&self, folder: &Path) -> anyhow::Result<Self> {
        copy(&self.folder, folder)?;
        Ok(Self { folder: folder.to_path_buf() })
    }

    /// Removes it from the disk.
    pub(crate) fn remove(self) -> anyhow::Result<()> {
        Ok(fs::remove_dir_all(self.folder)?)
    }

    pub(crate) fn serve(&self, program: &Path) -> anyhow::Result<Server> {
        let mut command = Command::new(program);
        command.args(["serve", "--demo", "--log", "warn"]).arg("--config").arg(self.configuration());
        Server::start(command)
    }

    /// How each office reaches a server of this exchange.
    pub(crate) fn target(&self, address: SocketAddr, offices: &Offices) -> anyhow::Result<Target> {
        let authority = fs::read(self.authority())?;
        let devices = (0..offices.all().len())
            .map(|office| {
                let folder = self.device(office);
                client::device(&Trust {
                    authority: &authority,
                    certificate: &fs::read(folder.join("certificate.pem"))?,
                    key: &fs::read(folder.join("key.pem"))?,
                    token: Some(fs::read_to_string(folder.join("software.token"))?.trim()),
                })
            })
            .collect::<anyhow::Result<_>>()?;
        Target::new(address, HOST, devices)
    }

    fn configuration(&self) -> PathBuf {
        self.folder.join("fumibako.toml")
    }

    fn authority(&self) -> PathBuf {
        self.folder.join("authority.pem")
    }

    fn device(&self, office: usize) -> PathBuf {
        self.folder.join(format!("device-{office}"))
    }

    fn command(&self, program: &Path, verb: &[&str], rest: &[&str]) -> anyhow::Result<String> {
        let mut command = Command::new(program);
        command.args(verb).arg("--config").arg(self.configuration()).args(rest);
        run(command)
    }
}

fn run(mut command: Command) -> anyhow::Result<String> {
    let output = command.output().with_context(|| format!("{}", command.get_program().display()))?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

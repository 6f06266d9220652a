//! `fumibako serve` as a child that never outlives the test.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_fumibako");

/// A running exchange. Killed when dropped; killed too when the test program itself is gone, since a shared world is
/// never dropped.
pub(crate) struct Server {
    child: Child,
    said: BufReader<ChildStdout>,
    watchdog: Child,
    _watched: Option<ChildStdin>,
    pub(crate) exchange_url: String,
    pub(crate) enrolment_url: String,
    pub(crate) log: PathBuf,
}

impl Server {
    /// Returns once both doors are open. The log goes to `server.log` beside the configuration and is added to.
    pub(crate) fn start(config: &Path, credentials: Option<&Path>) -> Self {
        let mut command = Command::new(BINARY);
        command.args(["serve", "--demo"]);
        if let Some(credentials) = credentials {
            command.env("CREDENTIALS_DIRECTORY", credentials);
        }
        Self::run(command, config)
    }

    /// In earnest, on a machine that trusts these authorities.
    pub(crate) fn start_trusting(config: &Path, authorities: &Path) -> Self {
        let mut command = Command::new(BINARY);
        command.arg("serve").env("SSL_CERT_FILE", authorities);
        Self::run(command, config)
    }

    /// With the settings of a token in software.
    pub(crate) fn start_with_token(config: &Path, settings: &Path) -> Self {
        let mut command = Command::new(BINARY);
        command.args(["serve", "--demo"]).env("SOFTHSM2_CONF", settings);
        Self::run(command, config)
    }

    /// Under somebody who allows core dumps of any size, in the folder of the configuration, where temporary files go too.
    pub(crate) fn start_allowing_cores(config: &Path) -> Self {
        let folder = config.parent().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", r#"ulimit -c unlimited; exec "$0" "$@""#, BINARY, "serve", "--demo"]);
        command.current_dir(folder).env("TMPDIR", folder).env("SQLITE_TMPDIR", folder);
        Self::run(command, config)
    }

    /// In a control group, so that what it is given of the memory can be limited.
    pub(crate) fn start_in_group(config: &Path, group: &Path) -> Self {
        let mut command = Command::new("sh");
        command.args(["-c", r#"echo $$ > "$0/cgroup.procs" && exec "$@""#]);
        command.arg(group).args([BINARY, "serve", "--demo"]);
        Self::run(command, config)
    }

    /// Dies of this signal.
    pub(crate) fn dies_of(mut self, signal: &str) -> ExitStatus {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([&format!("-{signal}"), &id]).status().unwrap().success());
        self.child.wait().unwrap()
    }

    fn run(mut command: Command, config: &Path) -> Self {
        let folder = config.parent().unwrap();
        let log = folder.join("server.log");
        let stderr = File::options().create(true).append(true).open(&log).unwrap();
        let mut child = command
            .args(["--log", "debug", "--config"])
            .arg(config)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(stderr)
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        let urls: Vec<&str> =
            line.split("https://").skip(1).map(|rest| rest.split(|c: char| !c.is_ascii()).next().unwrap()).collect();
        let &[exchange, enrolment] = urls.as_slice() else {
            panic!("the server did not open: {line}\n{}", std::fs::read_to_string(&log).unwrap());
        };
        let (exchange_url, enrolment_url) =
            (format!("https://{}", exchange.trim()), format!("https://{}", enrolment.trim()));
        // Its standard input closes with this program, however that ends.
        let mut watchdog = Command::new("sh")
            .args(["-c", r#"read _; kill -9 "$0"; rm -rf -- "$1""#, &child.id().to_string()])
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let watched = watchdog.stdin.take();
        Self { child, said, watchdog, _watched: watched, exchange_url, enrolment_url, log }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn port(&self) -> u16 {
        port(&self.exchange_url)
    }

    pub(crate) fn enrolment_port(&self) -> u16 {
        port(&self.enrolment_url)
    }

    pub(crate) fn is_alive(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// The most memory it ever had resident, in bytes.
    pub(crate) fn memory_peak_bytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() << 10
    }

    /// Asks it to stop in order and returns what it said. Meanwhile clients of this thread hear that it closes.
    pub(crate) async fn stop(self) -> (ExitStatus, String) {
        tokio::task::spawn_blocking(|| self.stop_alone()).await.unwrap()
    }

    /// The same where no client of ours is connected.
    pub(crate) fn stop_alone(mut self) -> (ExitStatus, String) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        let mut said = String::new();
        self.said.read_to_string(&mut said).unwrap();
        (self.child.wait().unwrap(), said)
    }

    /// SIGKILL, at whatever it is doing.
    pub(crate) fn crash(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The watchdog first: the number of a process that is gone may be another's.
        let _ = self.watchdog.kill();
        let _ = self.watchdog.wait();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn port(url: &str) -> u16 {
    url.rsplit(':').next().unwrap().parse().unwrap()
}

//! A PostgreSQL of our own for tests: in a folder of its own, reached by a socket in it, killed at will, never left behind.
//!
//! Depends on nothing but the standard library, since chores use it too. Debian's programs do the work: `initdb`,
//! `postgres`, `psql`.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

/// The role that owns tables.
const OWNER: &str = "fumibako_owner";
/// The role of the program.
const APPLICATION: &str = "fumibako";
/// Where a cluster that runs already is told of: the address of its superuser's database.
pub const URL_VARIABLE: &str = "TEST_POSTGRES_URL";
/// Starting again after a crash means reading the log of writes.
const START_TIME_MAX: Duration = Duration::from_secs(60);

/// As an operator would set a server up, except for sizes. Values of rows never go to the server's log.
const SETTINGS: &str = "
listen_addresses = ''
unix_socket_directories = '.'
max_connections = 300
shared_buffers = 64MB
max_wal_size = 256MB
log_error_verbosity = terse
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
log_min_messages = warning
";

/// A failure of a test's own means.
pub type Done<T> = Result<T, String>;

/// A running cluster.
#[derive(Debug)]
pub struct Cluster {
    folder: PathBuf,
    postmaster: Option<(Child, Child, ChildStdin)>,
}

/// A database of one test, with the addresses of those who may use it.
#[derive(Clone, Debug)]
pub struct Database {
    /// The program.
    pub application: String,
    /// Who changes the schema.
    pub owner: String,
    /// Who could do anything: to look from outside, and to spoil things.
    pub superuser: String,
}

impl Cluster {
    /// Makes a cluster in a new folder below the system's temporary one, and starts it.
    ///
    /// # Errors
    /// When PostgreSQL is not installed or does not start.
    pub fn start() -> Done<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        // Short: the path of a socket has little room.
        let name = format!("fumibako-pg-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let folder = Path::new("/tmp").join(name);
        fs::create_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let mut cluster = Self { folder, postmaster: None };
        give(&cluster.folder)?;
        let data = cluster.data();
        let mut initdb = program("initdb")?;
        initdb.args(["--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--username=postgres", "--no-sync", "-D"]);
        run(initdb.arg(&data))?;
        let settings = data.join("postgresql.auto.conf");
        fs::write(&settings, SETTINGS).map_err(|error| format!("{}: {error}", settings.display()))?;
        cluster.restart()?;
        let roles = format!("CREATE ROLE {OWNER} LOGIN; CREATE ROLE {APPLICATION} LOGIN");
        cluster.sql("postgres", &roles)?;
        Ok(cluster)
    }

    /// Starts it again after [`Cluster::crash`], and waits until it answers.
    ///
    /// # Errors
    /// When it does not.
    pub fn restart(&mut self) -> Done<()> {
        let data = self.data();
        let log = self.folder.join("server.log");
        let output = fs::File::options().create(true).append(true).open(&log).map_err(|error| error.to_string())?;
        let errors = output.try_clone().map_err(|error| error.to_string())?;
        let mut postgres = program("postgres")?;
        postgres.arg("-D").arg(&data).stdin(Stdio::null()).stdout(output).stderr(errors);
        let child = postgres.spawn().map_err(|error| format!("postgres: {error}"))?;
        // Its standard input closes with this program, however that ends.
        let mut watchdog = Command::new("sh");
        watchdog
            .args(["-c", r#"read _; kill -9 "$0"; sleep 1; rm -rf -- "$1""#, &child.id().to_string()])
            .arg(&self.folder)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut watchdog = watchdog.spawn().map_err(|error| format!("sh: {error}"))?;
        let watched = watchdog.stdin.take().ok_or("sh: no input")?;
        self.postmaster = Some((child, watchdog, watched));
        let start = Instant::now();
        while self.sql("postgres", "SELECT 1").is_err() {
            let ended = self.postmaster.as_mut().is_some_and(|(child, ..)| matches!(child.try_wait(), Ok(Some(_))));
            if ended || start.elapsed() > START_TIME_MAX {
                let said = fs::read_to_string(&log).unwrap_or_default();
                return Err(format!("PostgreSQL did not start:\n{said}"));
            }
            sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// SIGKILL to the server and to everything it started, at whatever they are doing.
    pub fn crash(&mut self) {
        let Some((mut child, mut watchdog, _)) = self.postmaster.take() else { return };
        let _ = watchdog.kill();
        let _ = watchdog.wait();
        let id = child.id().to_string();
        let workers = Command::new("pgrep").args(["-P", &id]).output().map(|output| output.stdout).unwrap_or_default();
        let _ = child.kill();
        let workers = String::from_utf8_lossy(&workers).into_owned();
        let _ = Command::new("kill").arg("-9").args(workers.split_whitespace()).stderr(Stdio::null()).status();
        let _ = child.wait();
    }

    /// Whether it was started and not killed since.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.postmaster.is_some()
    }

    /// What the server wrote to its log so far.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.join("server.log")).unwrap_or_default()
    }

    /// Everything the server has on disk.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The superuser's own database, as [`URL_VARIABLE`] takes it.
    #[must_use]
    pub fn url(&self) -> String {
        address("postgres", "postgres", &self.data().display().to_string())
    }

    /// A new, empty database.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn database(&self) -> Done<Database> {
        make_database(&self.url())
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn sql(&self, database: &str, sql: &str) -> Done<()> {
        psql(&address("postgres", database, &self.data().display().to_string()), sql)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.crash();
        // A database for each test makes a hundred thousand files, which take minutes to remove: nobody waits for it.
        let remove = "rm -rf -- \"$0\" >/dev/null 2>&1 &";
        let _ = Command::new("sh").args(["-c", remove]).arg(&self.folder).stdin(Stdio::null()).status();
    }
}

/// A database in the cluster that [`URL_VARIABLE`] names, or else in one that lives as long as this program.
///
/// # Errors
/// When there is no PostgreSQL.
pub fn database() -> Done<Database> {
    static CLUSTER: OnceLock<Done<Cluster>> = OnceLock::new();
    match std::env::var(URL_VARIABLE) {
        Ok(url) => {
            // Roles belong to a cluster; another test may have made them already.
            for role in [OWNER, APPLICATION] {
                let _ = psql(&url, &format!("CREATE ROLE {role} LOGIN"));
            }
            make_database(&url)
        }
        Err(_) => CLUSTER.get_or_init(Cluster::start).as_ref().map_err(Clone::clone)?.database(),
    }
}

impl Database {
    /// The same as another database, as a backup of a moment would have it. Nobody may be using it; whoever has just gone is
    /// waited for.
    ///
    /// # Errors
    /// When it cannot be copied.
    pub fn copy(&self) -> Done<Self> {
        const GONE_WITHIN: Duration = Duration::from_secs(10);
        let (name, copy) = (database_of(&self.superuser), fresh_name());
        let maintenance = readdressed(&self.superuser, "postgres", "postgres")?;
        let start = Instant::now();
        while let Err(why) = psql(&maintenance, &format!("CREATE DATABASE {copy} OWNER {OWNER} TEMPLATE {name}")) {
            if start.elapsed() > GONE_WITHIN {
                return Err(why);
            }
            sleep(Duration::from_millis(100));
        }
        addresses(&maintenance, &copy)
    }
}

fn database_of(url: &str) -> &str {
    let path = url.split('?').next().unwrap_or_default();
    path.rsplit('/').next().unwrap_or_default()
}

fn fresh_name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    // Numbers of processes come again within one run of all tests.
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_nanos();
    format!("t_{}_{}_{now:x}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

fn addresses(superuser: &str, name: &str) -> Done<Database> {
    let at = |role| readdressed(superuser, role, name);
    Ok(Database { application: at(APPLICATION)?, owner: at(OWNER)?, superuser: at("postgres")? })
}

fn make_database(superuser: &str) -> Done<Database> {
    let name = fresh_name();
    psql(superuser, &format!("CREATE DATABASE {name} OWNER {OWNER} TEMPLATE template0 ENCODING 'UTF8'"))?;
    addresses(superuser, &name)
}

fn address(role: &str, database: &str, socket: &str) -> String {
    format!("postgres://{role}@{}/{database}", socket.replace('/', "%2F"))
}

/// The same server for another role, and another database of it.
fn readdressed(url: &str, role: &str, database: &str) -> Done<String> {
    let rest = url.split_once("://").map(|(_, rest)| rest).ok_or("no address")?;
    let (place, query) = rest.split_once('?').map_or((rest, None), |(place, query)| (place, Some(query)));
    let host = place.rsplit_once('@').map_or(place, |(_, host)| host);
    let host = host.split('/').next().unwrap_or_default();
    let url = format!("postgres://{role}@{host}/{database}");
    Ok(query.map_or(url.clone(), |query| format!("{url}?{query}")))
}

fn psql(url: &str, sql: &str) -> Done<()> {
    let mut psql = Command::new("psql");
    run(psql.args(["--no-psqlrc", "--quiet", "-v", "ON_ERROR_STOP=1", "--command", sql, "--dbname", url]))
}

fn run(command: &mut Command) -> Done<()> {
    let shown = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output().map_err(|error| format!("{shown}: {error}"))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(format!("{shown}: {}", String::from_utf8_lossy(&output.stderr))),
    }
}

/// A program of the newest PostgreSQL that is installed, run by somebody whom it accepts: not by root.
fn program(name: &str) -> Done<Command> {
    let mut folders: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .map(|entries| entries.filter_map(Result::ok).map(|entry| entry.path().join("bin")).collect())
        .unwrap_or_default();
    folders.sort();
    let path = folders.pop().map_or_else(|| PathBuf::from(name), |folder| folder.join(name));
    let mut command = Command::new(path);
    if let Some((user, group)) = somebody()? {
        command.uid(user).gid(group).current_dir("/");
    }
    Ok(command)
}

/// The system's own user for it, where we are root.
fn somebody() -> Done<Option<(u32, u32)>> {
    let number = |arguments: &[&str]| -> Done<u32> {
        let output = Command::new("id").args(arguments).output().map_err(|error| format!("id: {error}"))?;
        String::from_utf8_lossy(&output.stdout).trim().parse().map_err(|_| "no user postgres".to_owned())
    };
    if number(&["-u"])? != 0 {
        return Ok(None);
    }
    Ok(Some((number(&["-u", "postgres"])?, number(&["-g", "postgres"])?)))
}

fn give(folder: &Path) -> Done<()> {
    match somebody()? {
        Some((user, group)) => {
            std::os::unix::fs::chown(folder, Some(user), Some(group)).map_err(|error| error.to_string())
        }
        None => Ok(()),
    }
}

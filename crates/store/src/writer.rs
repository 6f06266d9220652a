//! One connection writes; those who wait for it share a commit.
//!
//! A job is acknowledged only when the commit it was part of is on disk (`synchronous=FULL`), never before. A commit costs the same
//! whether it carries ten sets or a hundred, so a group takes in what came while it was being written, up to a bound.

use crate::database::{self, Connection, Source};
use crate::{Clock, Error};
use ledger::ClockState;
use sqlx::Connection as _;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// Jobs that may wait for the writer; more than this and the caller waits in turn.
const WAITING_JOBS_MAX: usize = 1024;
/// Jobs in one commit. Bounds what one failing commit takes with it.
const GROUP_JOBS_MAX: usize = 256;

pub(crate) type Work<'c, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'c>>;
/// Told once the fate of the group is known: committed, or not at all.
type Deliver = Box<dyn FnOnce(bool) + Send>;
/// Given the connection, or told why there is no use in trying.
type Job = Box<
    dyn for<'c> FnOnce(Result<&'c mut Connection, Error>) -> Pin<Box<dyn Future<Output = Step> + Send + 'c>> + Send,
>;

enum Step {
    /// Written, as far as this job goes; deliver once committed.
    Done(Deliver),
    /// The database failed: nothing of this group may be trusted any more.
    Failed(Deliver),
}

impl Step {
    fn deliver(self) -> Deliver {
        let (Self::Done(deliver) | Self::Failed(deliver)) = self;
        deliver
    }
}

tokio::task_local! {
    /// What is known of the clock while a group is written; every entry of it says so (R10.3).
    static CLOCK_STATE: ClockState;
}

/// The state of the clock by which the present group is dated.
pub(crate) fn clock_state() -> ClockState {
    CLOCK_STATE.try_with(|state| *state).unwrap_or(ClockState::Unknown)
}

/// What the writer has done since it started.
#[derive(Debug, Default)]
pub struct WriterCounts {
    commits: AtomicU64,
    jobs: AtomicU64,
}

impl WriterCounts {
    /// Commits that reached the disk.
    #[must_use]
    pub fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }
    /// Jobs those commits carried.
    #[must_use]
    pub fn jobs(&self) -> u64 {
        self.jobs.load(Ordering::Relaxed)
    }
}

#[derive(Debug)]
pub(crate) struct Writer {
    jobs: mpsc::Sender<Job>,
    counts: Arc<WriterCounts>,
    task: JoinHandle<()>,
}

impl Writer {
    /// Takes the connection that writes, where to get another if a server is lost, and the clock whose
    /// state the entries bear.
    pub(crate) fn start(source: Source, connection: Connection, clock: Arc<dyn Clock>) -> Self {
        let (jobs, waiting) = mpsc::channel(WAITING_JOBS_MAX);
        let counts = Arc::new(WriterCounts::default());
        let task = tokio::spawn(write(source, connection, waiting, Arc::clone(&counts), clock));
        Self { jobs, counts, task }
    }

    /// Writes what waits and closes the connection.
    pub(crate) async fn close(self) {
        drop(self.jobs);
        if self.task.await.is_err() {
            tracing::error!("the writer was lost");
        }
    }

    pub(crate) fn counts(&self) -> &WriterCounts {
        &self.counts
    }

    /// Runs `work` inside a transaction shared with others and answers after the commit.
    ///
    /// `work` returns decisions as `Ok` values; an `Err` is a failure of the database and undoes the whole group,
    /// because SQLite may already have rolled back under us (full disk, I/O error) and PostgreSQL always has.
    pub(crate) async fn run<T, W>(&self, work: W) -> Result<T, Error>
    where
        T: Send + 'static,
        W: for<'c> FnOnce(&'c mut Connection) -> Work<'c, T> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            Box::pin(async move {
                let outcome = match connection {
                    Ok(connection) => work(connection).await,
                    Err(error) => Err(error),
                };
                match outcome {
                    Ok(value) => Step::Done(Box::new(move |committed| {
                        let _ = answer.send(if committed { Ok(value) } else { Err(Error::NotCommitted) });
                    })),
                    Err(error) => Step::Failed(Box::new(move |_| {
                        let _ = answer.send(Err(error));
                    })),
                }
            })
        });
        self.jobs.send(job).await.map_err(|_| Error::Closed)?;
        answered.await.map_err(|_| Error::Closed)?
    }
}

async fn write(
    source: Source,
    connection: Connection,
    mut waiting: mpsc::Receiver<Job>,
    counts: Arc<WriterCounts>,
    clock: Arc<dyn Clock>,
) {
    let mut connection = Some(connection);
    let mut group = Vec::with_capacity(GROUP_JOBS_MAX);
    while waiting.recv_many(&mut group, GROUP_JOBS_MAX).await > 0 {
        let mut deliveries = Vec::with_capacity(group.len());
        let committed = match begun(&source, &mut connection).await {
            Ok(open) => {
                let writing = write_in_time(&source, open, (group.drain(..), &mut waiting), &mut deliveries);
                let (committed, sound) = CLOCK_STATE.scope(clock.state(), writing).await;
                if !sound {
                    connection = None;
                }
                committed
            }
            Err(fate) => {
                for job in group.drain(..) {
                    deliveries.push(job(Err(fate.error())).await.deliver());
                }
                false
            }
        };
        // What was broken off half-way has nobody left to answer for it.
        group.clear();
        if committed {
            counts.commits.fetch_add(1, Ordering::Relaxed);
            counts.jobs.fetch_add(deliveries.len() as u64, Ordering::Relaxed);
        }
        for deliver in deliveries {
            deliver(committed);
        }
    }
    if let Some(connection) = connection
        && let Err(error) = connection.close().await
    {
        tracing::warn!(%error, "the writing connection did not close cleanly");
    }
}

/// A connection in a transaction of its own. One that was lost while nothing was written is replaced, once.
async fn begun<'c>(source: &Source, connection: &'c mut Option<Connection>) -> Result<&'c mut Connection, Fate> {
    for _ in 0..2 {
        if connection.is_none() {
            *connection = Some(source.writer().await.map_err(Fate::from)?);
        }
        let Some(present) = connection else { break };
        match source.begin(present).await {
            Ok(()) => return connection.as_mut().ok_or(Fate::Lost),
            Err(error) => {
                let fate = Fate::from(error);
                if !database::rollback(present).await && source.can_be_lost() {
                    *connection = None;
                    continue;
                }
                return Err(fate);
            }
        }
    }
    Err(Fate::Lost)
}

/// Whether everything is on disk, and whether the connection is still good.
async fn write_in_time(
    source: &Source,
    connection: &mut Connection,
    jobs: (impl Iterator<Item = Job>, &mut mpsc::Receiver<Job>),
    deliveries: &mut Vec<Deliver>,
) -> (bool, bool) {
    let Some(limit) = source.group_time_max() else {
        return write_group(source, connection, jobs, deliveries).await;
    };
    tokio::time::timeout(limit, write_group(source, connection, jobs, deliveries)).await.unwrap_or_else(|_| {
        tracing::error!("the database did not answer in time");
        (false, false)
    })
}

async fn write_group(
    source: &Source,
    connection: &mut Connection,
    (mut jobs, waiting): (impl Iterator<Item = Job>, &mut mpsc::Receiver<Job>),
    deliveries: &mut Vec<Deliver>,
) -> (bool, bool) {
    let mut sound = true;
    loop {
        let next = jobs.next().or_else(|| {
            // Nobody who came too late to share this commit is told that it failed.
            let more = sound && deliveries.len() < GROUP_JOBS_MAX;
            if more { waiting.try_recv().ok() } else { None }
        });
        let Some(job) = next else { break };
        let step = match sound {
            true => job(Ok(&mut *connection)).await,
            false => job(Err(Error::NotCommitted)).await,
        };
        sound &= matches!(step, Step::Done(_));
        deliveries.push(step.deliver());
    }
    if sound {
        match source.commit(connection).await {
            Ok(()) => return (true, true),
            Err(error) => tracing::error!(%error, "could not commit"),
        }
    }
    // The transaction may still be open; after a full disk SQLite has already ended it.
    let ended = database::rollback(connection).await;
    (false, ended || !source.can_be_lost())
}

/// Why a group was not begun.
enum Fate {
    /// Somebody else holds the database.
    Busy,
    /// It does not answer, or not as it should.
    Lost,
}

impl Fate {
    fn error(&self) -> Error {
        match self {
            Self::Busy => Error::Busy,
            Self::Lost => Error::NotCommitted,
        }
    }
}

impl From<Error> for Fate {
    fn from(error: Error) -> Self {
        tracing::error!(%error, "could not begin to write");
        if matches!(error, Error::Busy) { Self::Busy } else { Self::Lost }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DatabaseServer, HostClock, MasterKey, Place, Store};

    const NUMBERS: &str = "SELECT count(*) FROM attempt";

    async fn count(store: &Store) -> i64 {
        sqlx::query_scalar(NUMBERS).fetch_one(&store.reads).await.expect("read")
    }

    async fn write(store: &Store, bucket: &'static str) -> Result<(), Error> {
        const INSERT: &str = "INSERT INTO attempt (bucket, failures, since) VALUES ($1, 1, '2026-11-26T00:00:00.000Z')";
        store
            .writer
            .run(move |c| {
                Box::pin(async move {
                    sqlx::query(INSERT).bind(bucket).execute(&mut *c).await?;
                    Ok(())
                })
            })
            .await
    }

    #[tokio::test]
    async fn a_commit_carries_what_came_while_its_group_was_written() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let master = MasterKey::from_bytes(&[3; 32].into());
        let store = Store::create(folder.path(), master, Arc::new(HostClock)).await.expect("created");
        let (begun, go_on) = (Arc::new(tokio::sync::Notify::new()), Arc::new(tokio::sync::Notify::new()));
        let (tells, waits) = (Arc::clone(&begun), Arc::clone(&go_on));
        let first = store.writer.run(move |_| {
            Box::pin(async move {
                tells.notify_one();
                waits.notified().await;
                Ok(())
            })
        });
        let before = store.writer.counts().commits();
        let come_late = async {
            begun.notified().await;
            let late = [write(&store, "one"), write(&store, "two"), write(&store, "three")].map(Box::pin);
            let late = futures_util::future::join_all(late);
            // Polled first: by then all three stand in line.
            let go_on = async { go_on.notify_one() };
            tokio::join!(biased; late, go_on).0
        };
        let (first, late) = tokio::join!(first, come_late);
        first.expect("written");
        assert!(late.iter().all(Result::is_ok), "{late:?}");
        assert_eq!(count(&store).await, 3);
        assert_eq!(store.writer.counts().commits() - before, 1);
        store.close().await;
    }

    /// A COMMIT would report success here and have written nothing.
    #[tokio::test]
    async fn r10_2_a_statement_that_failed_unnoticed_is_not_acknowledged_on_postgresql() {
        let database = test_postgres::database().expect("PostgreSQL");
        let folder = tempfile::tempdir().expect("temporary folder");
        let server = DatabaseServer::new(&database.application).expect("an address");
        let place = Place::on_server(folder.path(), server.with_owner(&database.owner).expect("another role"));
        let master = MasterKey::from_bytes(&[3; 32].into());
        let store = Store::create(place, master, Arc::new(HostClock)).await.expect("created");
        write(&store, "one").await.expect("written");
        let swallowed = store
            .writer
            .run(|c| {
                Box::pin(async move {
                    sqlx::query("INSERT INTO attempt (bucket, failures, since) VALUES ('two', 1, '')")
                        .execute(&mut *c)
                        .await?;
                    let again = "INSERT INTO attempt (bucket, failures, since) VALUES ('two', 1, '')";
                    assert!(sqlx::query(again).execute(&mut *c).await.is_err());
                    Ok(())
                })
            })
            .await;
        assert!(matches!(swallowed, Err(Error::NotCommitted)), "{swallowed:?}");
        assert_eq!(count(&store).await, 1);
        write(&store, "two").await.expect("the writer goes on");
        assert_eq!(count(&store).await, 2);
        store.close().await;
    }
}

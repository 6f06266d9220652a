//! 新着: tells those who wait on this node that something came. The database is asked at a fixed small cost, once for all of
//! them, so it is the same with one that waits and with fifty thousand; and since it is the database that is asked, it does not
//! matter by which node a set came in. What is told is a number.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use store::{OfficeId, SessionId, Store};
use tokio::sync::{Notify, watch};

/// How often the database is asked.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// A database that does not answer is asked less often.
const LOOK_AFTER_FAULT: Duration = Duration::from_secs(10);
/// Everybody who waits on one node.
const WAITING_MAX: usize = 50_000;
/// Pages of one session that wait at the same time; more are not told until one is closed.
const PER_SESSION_MAX: usize = 6;

/// Who waits for what.
#[derive(Debug, Default)]
pub(crate) struct News {
    waiting: Mutex<Waiting>,
    /// Somebody began to wait: there is a reason to look.
    begun: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    /// Counts up when the office's list changed.
    offices: HashMap<OfficeId, watch::Sender<u64>>,
    /// True once the session ended.
    sessions: HashMap<SessionId, watch::Sender<bool>>,
    all: usize,
    /// The server goes down: nobody waits any more.
    closed: bool,
}

/// One that waits. Gives its place back when dropped.
pub(crate) struct Waiter {
    news: Arc<News>,
    office: OfficeId,
    session: Option<SessionId>,
    changed: watch::Receiver<u64>,
    ended: Option<watch::Receiver<bool>>,
}

/// What a waiter learns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// The office's list is another.
    Changed,
    /// Nothing more will be told.
    Over,
}

impl News {
    /// Begins to wait; `None` when so many wait that nobody else can.
    pub(crate) fn wait(self: &Arc<Self>, office: OfficeId, session: Option<SessionId>) -> Option<Waiter> {
        let mut waiting = self.waiting.lock().ok()?;
        if waiting.closed || waiting.all >= WAITING_MAX {
            return None;
        }
        let ended = match session {
            Some(session) => {
                let ended = waiting.sessions.entry(session).or_insert_with(|| watch::channel(false).0);
                if ended.receiver_count() >= PER_SESSION_MAX {
                    return None;
                }
                Some(ended.subscribe())
            }
            None => None,
        };
        let changed = waiting.offices.entry(office).or_insert_with(|| watch::channel(0).0).subscribe();
        waiting.all += 1;
        self.begun.notify_one();
        Some(Waiter { news: Arc::clone(self), office, session, changed, ended })
    }

    fn is_idle(&self) -> bool {
        self.waiting.lock().is_ok_and(|waiting| waiting.all == 0)
    }

    fn tell(&self, changed: &store::Changed) {
        let Ok(waiting) = self.waiting.lock() else { return };
        for office in &changed.offices {
            if let Some(sender) = waiting.offices.get(office) {
                sender.send_modify(|count| *count += 1);
            }
        }
        for session in &changed.ended {
            if let Some(sender) = waiting.sessions.get(session) {
                sender.send_replace(true);
            }
        }
    }

    /// Looks for as long as the server runs. Never ends by itself.
    pub(crate) async fn look(&self, store: &Store) {
        loop {
            while self.is_idle() {
                self.begun.notified().await;
            }
            let Ok(mut looked) = store.begin_looking().await else {
                tokio::time::sleep(LOOK_AFTER_FAULT).await;
                continue;
            };
            // What came between the first page and the first look is told to everybody who waits by now.
            self.tell_all();
            while !self.is_idle() {
                tokio::time::sleep(LOOK_EVERY).await;
                match store.look_for_changes(&mut looked).await {
                    Ok(changed) => self.tell(&changed),
                    Err(error) => {
                        tracing::warn!(%error, "could not look for what arrived");
                        tokio::time::sleep(LOOK_AFTER_FAULT).await;
                    }
                }
            }
        }
    }

    fn tell_all(&self) {
        let Ok(waiting) = self.waiting.lock() else { return };
        for sender in waiting.offices.values() {
            sender.send_modify(|count| *count += 1);
        }
    }

    /// Lets everybody go, so that the server can go down.
    pub(crate) fn close(&self) {
        let Ok(mut waiting) = self.waiting.lock() else { return };
        waiting.closed = true;
        // Whoever waits sees its sender gone.
        waiting.offices.clear();
        waiting.sessions.clear();
    }

    fn leave(&self, waiter: &Waiter) {
        let Ok(mut waiting) = self.waiting.lock() else { return };
        waiting.all = waiting.all.saturating_sub(1);
        // The receiver that is being dropped still counts.
        if let Entry::Occupied(entry) = waiting.offices.entry(waiter.office)
            && entry.get().receiver_count() <= 1
        {
            entry.remove();
        }
        if let Some(session) = waiter.session
            && let Entry::Occupied(entry) = waiting.sessions.entry(session)
            && entry.get().receiver_count() <= 1
        {
            entry.remove();
        }
    }
}

impl Waiter {
    /// Waits until the list changed since the last time, or nothing more will be told.
    pub(crate) async fn told(&mut self) -> Told {
        let ended = async {
            match &mut self.ended {
                // A sender that is gone means the same: the server goes down.
                Some(ended) => {
                    let _ = ended.wait_for(|ended| *ended).await;
                }
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = ended => Told::Over,
            changed = self.changed.changed() => if changed.is_ok() { Told::Changed } else { Told::Over },
        }
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        self.news.leave(self);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn changed(office: OfficeId) -> store::Changed {
        store::Changed { offices: BTreeSet::from([office]), ended: BTreeSet::new() }
    }

    #[tokio::test]
    async fn only_the_office_whose_list_changed_is_told() {
        let news = Arc::new(News::default());
        let (one, other) = (OfficeId::fresh(), OfficeId::fresh());
        let mut waiter = news.wait(one, Some(SessionId::fresh())).expect("a place");
        let mut stranger = news.wait(other, Some(SessionId::fresh())).expect("a place");
        news.tell(&changed(one));
        assert_eq!(waiter.told().await, Told::Changed);
        let quiet = tokio::time::timeout(Duration::from_millis(20), stranger.told()).await;
        assert!(quiet.is_err(), "told of another office's set");
    }

    #[tokio::test]
    async fn r8_14_whoever_waits_is_let_go_when_the_session_ends() {
        let news = Arc::new(News::default());
        let session = SessionId::fresh();
        let mut waiter = news.wait(OfficeId::fresh(), Some(session)).expect("a place");
        news.tell(&store::Changed { offices: BTreeSet::new(), ended: BTreeSet::from([session]) });
        assert_eq!(waiter.told().await, Told::Over);
    }

    #[tokio::test]
    async fn a_session_has_so_many_places_and_gets_each_back() {
        let news = Arc::new(News::default());
        let (office, session) = (OfficeId::fresh(), SessionId::fresh());
        let places: Vec<_> = (0..PER_SESSION_MAX).map(|_| news.wait(office, Some(session)).expect("a place")).collect();
        assert!(news.wait(office, Some(session)).is_none());
        assert!(news.wait(office, Some(SessionId::fresh())).is_some(), "another session has its own");
        drop(places);
        assert!(news.wait(office, Some(session)).is_some());
        assert!(news.is_idle(), "nobody is counted twice");
    }

    #[tokio::test]
    async fn nobody_keeps_the_server_from_going_down() {
        let news = Arc::new(News::default());
        let mut person = news.wait(OfficeId::fresh(), Some(SessionId::fresh())).expect("a place");
        let mut program = news.wait(OfficeId::fresh(), None).expect("a place");
        news.close();
        assert_eq!((person.told().await, program.told().await), (Told::Over, Told::Over));
        assert!(news.wait(OfficeId::fresh(), None).is_none());
    }
}

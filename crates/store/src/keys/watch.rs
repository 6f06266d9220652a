//! Whether the key store can be reached: asked once a second beside the requests, so that no request waits for it.

use crate::record::Act;
use crate::{Error, Store};
use ledger::Action;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// A token that takes longer to answer counts as away.
const ANSWER_MAX: Duration = Duration::from_secs(3);
/// Without a good answer for so long, nobody knows: refused (R6.8).
const TRUSTED_FOR: Duration = Duration::from_secs(15);

/// Whether the key store can be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyStoreState {
    /// It answers.
    Present,
    /// It does not: what needs a key is refused.
    Away,
}

#[derive(Debug, Default)]
pub(crate) struct Watch(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    away: bool,
    /// The last good answer; nothing while nobody watches, as in an operator's command, which opened the key store itself.
    present_at: Option<Instant>,
    asking: bool,
}

impl Watch {
    pub(crate) fn require(&self) -> Result<(), Error> {
        let state = self.0.lock().map_err(|_| Error::Impossible("watch"))?;
        if state.away {
            return Err(Error::KeyStoreAway("the key store does not answer".to_owned()));
        }
        if state.present_at.is_some_and(|at| at.elapsed() > TRUSTED_FOR) {
            return Err(Error::KeyStoreAway("the key store has not been asked for a while".to_owned()));
        }
        Ok(())
    }

    /// True unless an earlier question is still waiting for its answer: a token that hangs gets one thread, not many.
    fn begin(&self) -> Result<bool, Error> {
        let mut state = self.0.lock().map_err(|_| Error::Impossible("watch"))?;
        Ok(!std::mem::replace(&mut state.asking, true))
    }

    fn answered(&self) {
        if let Ok(mut state) = self.0.lock() {
            state.asking = false;
        }
    }

    /// Takes note, and says whether that is a change.
    fn note(&self, present: bool) -> Result<bool, Error> {
        let mut state = self.0.lock().map_err(|_| Error::Impossible("watch"))?;
        let changed = state.away == present;
        state.away = !present;
        if present {
            state.present_at = Some(Instant::now());
        }
        Ok(changed)
    }
}

impl Store {
    /// Asks the key store whether it is there; meant to be called once a second while serving. When it has gone, the working
    /// keys are forgotten; when it is back, they are read again. Both are recorded.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn watch_key_store(&self) -> Result<KeyStoreState, Error> {
        let present = self.key_store_answers().await?;
        if !present {
            self.keys.keep(None)?;
        }
        let changed = self.keys.watch.note(present)?;
        if present && (changed || self.keys.ring.read().map_or(true, |ring| ring.is_none())) {
            self.keys.load(&self.reads).await?;
        }
        if changed {
            let act = Act::system(Action::KeyStoreChange, self.clock.now());
            let entry = if present { act.code("state", "present").done()? } else { act.failed("away")? };
            tracing::warn!(present, "the key store changed its state");
            self.record(entry).await?;
        }
        Ok(if present { KeyStoreState::Present } else { KeyStoreState::Away })
    }

    async fn key_store_answers(&self) -> Result<bool, Error> {
        if !self.keys.watch.begin()? {
            return Ok(false);
        }
        let keys = std::sync::Arc::clone(&self.keys);
        let question = tokio::task::spawn_blocking(move || {
            let answer = keys.masters.check();
            keys.watch.answered();
            answer
        });
        Ok(match tokio::time::timeout(ANSWER_MAX, question).await {
            Ok(Ok(Ok(()))) => true,
            Ok(Ok(Err(error))) => {
                tracing::debug!(%error, "the key store does not answer");
                false
            }
            _ => false,
        })
    }

    /// Learns of working keys that another process made or destroyed; meant to be called every few seconds.
    ///
    /// # Errors
    /// When the database or the key store fails.
    pub async fn refresh_keys(&self) -> Result<bool, Error> {
        const LIVE: &str = "
            SELECT kind, key_id FROM working_key WHERE destroyed_at IS NULL ORDER BY kind, key_version DESC";
        self.agreements.forget_old()?;
        let Ok(ring) = self.keys.ring() else { return Ok(false) };
        let live: Vec<(String, String)> = sqlx::query_as(LIVE).fetch_all(&self.reads).await?;
        let same = live
            .iter()
            .map(|(kind, id)| (kind.as_str(), id.as_str()))
            .eq(ring.ids().iter().map(|(kind, id)| (*kind, id.as_str())));
        if !same {
            self.keys.load(&self.reads).await?;
        }
        Ok(!same)
    }
}

//! Signing while serving, and taking what was signed out of the house. None of it is in the way of a send.

use super::anchor;
use super::mail::Mail;
use super::witness::{self, Witness};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use store::{Error, Store};
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior};

/// How often a log that has grown is signed and anchored.
const SIGN_EVERY: Duration = Duration::from_secs(1);
const WITNESS_EVERY: Duration = Duration::from_secs(60);
const MAIL_EVERY: Duration = Duration::from_secs(24 * 60 * 60);
/// A mail that did not go is tried again.
const MAIL_AGAIN: Duration = Duration::from_secs(10 * 60);

/// How soon an alarm is mailed after it was raised or could not be.
const ALARM_EVERY: Duration = Duration::from_secs(10);

/// Where checkpoints go.
#[derive(Clone, Debug)]
pub(crate) struct Outside {
    pub(crate) anchor_file: PathBuf,
    pub(crate) mail: Option<Mail>,
    pub(crate) witnesses: Vec<Witness>,
}

/// Until the service stops. `stop` is pulled, and false is answered, when the log contradicts itself: nobody is served on such
/// a log (R10.2, R10.5).
pub(crate) async fn keep(
    store: Arc<Store>,
    outside: Outside,
    stop: watch::Sender<bool>,
    mut stopped: watch::Receiver<bool>,
) -> bool {
    let mut sign = tokio::time::interval(SIGN_EVERY);
    sign.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut anchored, mut sound) = (0, true);
    let alarming = outside.mail.clone();
    let alarming = alarming.map(|mail| tokio::spawn(keep_alarming(Arc::clone(&store), mail, stopped.clone())));
    let mailing = outside.mail.map(|mail| tokio::spawn(keep_mailing(Arc::clone(&store), mail, stopped.clone())));
    let witnesses = outside.witnesses.into_iter();
    let witnessing: Vec<_> =
        witnesses.map(|witness| tokio::spawn(keep_witnessing(Arc::clone(&store), witness, stopped.clone()))).collect();
    loop {
        let stopping = tokio::select! {
            _ = stopped.changed() => true,
            _ = sign.tick() => false,
        };
        match store.sign_checkpoint().await {
            Ok(signed) if signed.checkpoint().size() == anchored => {}
            Ok(signed) => match anchor::write(&outside.anchor_file, &signed) {
                Ok(()) => anchored = signed.checkpoint().size(),
                Err(error) => tracing::error!(%error, "the newest checkpoint was not anchored"),
            },
            Err(Error::LogContradicts) => {
                tracing::error!("the log contradicts its own checkpoint; the service stops");
                sound = false;
                let _ = stop.send(true);
            }
            Err(error) => tracing::warn!(%error, "the log was not signed"),
        }
        if stopping || !sound {
            break;
        }
    }
    // What was done until now is anchored. The last entry of a service that stops in order is recorded after this; the next
    // start anchors it.
    for task in mailing.into_iter().chain(alarming).chain(witnessing) {
        task.abort();
        // It holds the store, which is to be closed in order.
        let _ = task.await;
    }
    sound
}

async fn keep_mailing(store: Arc<Store>, mail: Mail, mut stopped: watch::Receiver<bool>) {
    let mut next = Instant::now();
    loop {
        tokio::select! {
            _ = stopped.changed() => return,
            () = tokio::time::sleep_until(next) => {
                let sent = async {
                    let newest = store.sign_checkpoint().await?;
                    mail.send(&newest).await?;
                    store.checkpoint_left(newest.checkpoint().size(), None).await?;
                    anyhow::Ok(())
                };
                next = Instant::now() + match sent.await {
                    Ok(()) => MAIL_EVERY,
                    Err(error) => {
                        tracing::warn!(error = format!("{error:#}"), "the newest checkpoint was not mailed");
                        MAIL_AGAIN
                    }
                };
            }
        }
    }
}

/// 重要な知らせ go out as soon as a mail server takes them, however long that takes (R6.6).
async fn keep_alarming(store: Arc<Store>, mail: Mail, mut stopped: watch::Receiver<bool>) {
    let mut due = tokio::time::interval(ALARM_EVERY);
    due.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = stopped.changed() => return,
            _ = due.tick() => {
                if let Err(error) = mail_alarms(&store, &mail).await {
                    tracing::warn!(error = format!("{error:#}"), "an alarm was not mailed");
                }
            }
        }
    }
}

/// Mails what has not been mailed. One that is taken twice is better than one that is lost.
pub(crate) async fn mail_alarms(store: &Store, mail: &Mail) -> anyhow::Result<()> {
    for (id, kind, at) in store.alarms_to_mail().await? {
        mail.send_alarm(kind, &at).await?;
        store.alarm_mailed(id).await?;
    }
    Ok(())
}

async fn keep_witnessing(store: Arc<Store>, witness: Witness, mut stopped: watch::Receiver<bool>) {
    let client = match witness::client() {
        Ok(client) => client,
        Err(error) => return tracing::error!(%error, "no witness can be asked"),
    };
    let mut due = tokio::time::interval(WITNESS_EVERY);
    due.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut seen = 0;
    loop {
        tokio::select! {
            _ = stopped.changed() => return,
            _ = due.tick() => match witness.ask(&client, &store, seen).await {
                Ok(size) => seen = size,
                Err(error) => {
                    let witness = witness.key.name();
                    tracing::warn!(%witness, error = format!("{error:#}"), "no cosignature");
                }
            },
        }
    }
}

//! 順番: who is answered now and who waits. Nobody proves who they are at this door, so what one address can hold is bounded, in
//! places and in time: the others' letters must open meanwhile.

use crate::listener::Peer;
use crate::problem::Problem;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use store::people::subscriber;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// Requests that are answered at the same time; others wait.
const AT_ONCE_MAX: usize = 16;
/// Of them, those of one address.
const OF_ONE_MAX: usize = 4;
/// How long somebody waits for a turn.
const WAITING_TIME_MAX: Duration = Duration::from_secs(30);
/// How long a request may take on its way and to be answered: eight megabytes over a slow line.
const TURN_TIME_MAX: Duration = Duration::from_secs(120);
/// How long somebody waits for a no: it makes trying slow, and waiting costs the exchange nothing.
const HELD_BACK: Duration = Duration::from_secs(1);

/// Goes with an answer that is to be waited for. Its turn is over meanwhile.
#[derive(Clone)]
pub(super) struct HeldBack;

/// Whose turn it is.
pub(super) struct Turns {
    all: Arc<Semaphore>,
    /// Those of each address that has one or waits for one.
    of: Mutex<BTreeMap<IpAddr, Weak<Semaphore>>>,
}

/// The turn of one request, over when dropped.
struct Turn {
    _of_one: OwnedSemaphorePermit,
    _of_all: OwnedSemaphorePermit,
}

impl Default for Turns {
    fn default() -> Self {
        Self { all: Arc::new(Semaphore::new(AT_ONCE_MAX)), of: Mutex::default() }
    }
}

impl Turns {
    /// Waits for one's own first: what waits for itself keeps nobody else waiting. Nothing when it takes too long.
    async fn wait(&self, address: IpAddr) -> Option<Turn> {
        let of_one = self.of_one(address);
        let turn = async {
            let of_one = of_one.acquire_owned().await.ok()?;
            let of_all = Arc::clone(&self.all).acquire_owned().await.ok()?;
            Some(Turn { _of_one: of_one, _of_all: of_all })
        };
        timeout(WAITING_TIME_MAX, turn).await.ok().flatten()
    }

    fn of_one(&self, address: IpAddr) -> Arc<Semaphore> {
        let mut of = self.of.lock().unwrap_or_else(PoisonError::into_inner);
        let address = subscriber(address);
        if let Some(known) = of.get(&address).and_then(Weak::upgrade) {
            return known;
        }
        of.retain(|_, turns| turns.strong_count() > 0);
        let turns = Arc::new(Semaphore::new(OF_ONE_MAX));
        of.insert(address, Arc::downgrade(&turns));
        turns
    }
}

pub(super) async fn in_turn(State(turns): State<Arc<Turns>>, request: Request, next: Next) -> Response {
    let Some(address) = request.extensions().get::<Peer>().map(|peer| peer.address) else {
        return Problem::incident().into_response();
    };
    let answered = match turns.wait(address).await {
        Some(_turn) => timeout(TURN_TIME_MAX, next.run(request)).await.ok(),
        None => None,
    };
    let Some(response) = answered else { return Problem::crowded_door().into_response() };
    if response.extensions().get::<HeldBack>().is_some() {
        tokio::time::sleep(HELD_BACK).await;
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv6Addr;
    use std::task::{Context, Poll, Waker};

    fn at_once<T>(future: impl Future<Output = T>) -> Option<T> {
        match std::pin::pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(done) => Some(done),
            Poll::Pending => None,
        }
    }

    #[tokio::test]
    async fn one_address_takes_its_share_and_no_more() {
        let turns = Turns::default();
        let wait = |address: &str| at_once(turns.wait(address.parse().expect("an address"))).flatten();
        let mut held: Vec<Turn> = (0..OF_ONE_MAX).map(|_| wait("192.0.2.1").expect("a turn")).collect();
        assert!(wait("192.0.2.1").is_none() && wait("::ffff:192.0.2.1").is_none());
        let (here, next_door) = ("2001:db8::1", "2001:db8::ffff:0:0:1");
        held.extend((0..OF_ONE_MAX).map(|_| wait(here).expect("a turn")));
        assert!(wait(next_door).is_none());
        held.remove(0);
        assert!(wait("192.0.2.1").is_some() && wait("198.51.100.7").is_some());
        drop(held);
        assert!(wait(next_door).is_some());
        assert_eq!(turns.of.lock().expect("whole").len(), 1, "who is gone is forgotten");
    }

    #[tokio::test]
    async fn all_together_have_no_more_than_there_is() {
        let turns = Turns::default();
        let held: Vec<Option<Turn>> = (0..=AT_ONCE_MAX)
            .map(|number| at_once(turns.wait(Ipv6Addr::from_bits((number as u128) << 64).into())).flatten())
            .collect();
        assert_eq!(held.iter().filter(|turn| turn.is_some()).count(), AT_ONCE_MAX);
    }
}

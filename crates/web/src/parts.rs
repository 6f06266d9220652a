//! The parts of a form with files.

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest as _, Multipart, Request};
use futures_util::stream::{self, StreamExt as _};

/// Bytes with which the first boundary is there: it has seventy characters at most (RFC 2046, 5.1.1).
const BEGINNING_BYTES: usize = 128;

/// Why there are none.
#[derive(Debug)]
pub(crate) enum NoParts {
    /// It broke off.
    Broken,
    /// It is no form of parts.
    NotAForm,
}

/// Begins to read them.
///
/// The reader of parts (multer 3.1; its pull request 70) asks for bytes twice before it looks for the first boundary again. A
/// body that came whole between the two was taken for one that had broken off: one upload in some hundred on a busy machine.
/// So it is given the beginning at once.
pub(crate) async fn parts(request: Request) -> Result<Multipart, NoParts> {
    let (head, body) = request.into_parts();
    let mut rest = body.into_data_stream();
    let mut beginning = Vec::new();
    while beginning.len() < BEGINNING_BYTES {
        let Some(chunk) = rest.next().await else { break };
        beginning.extend_from_slice(&chunk.map_err(|_| NoParts::Broken)?);
    }
    let beginning = stream::iter([Ok(Bytes::from(beginning))]);
    let whole = Request::from_parts(head, Body::from_stream(beginning.chain(rest)));
    Multipart::from_request(whole, &()).await.map_err(|_| NoParts::NotAForm)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;
    use std::task::Poll;

    /// A body of which nothing has come when it is asked for the first time, and everything the next.
    fn late(body: &'static [u8], piece: usize) -> Request {
        let mut asked = false;
        let mut pieces = body.chunks(piece);
        let stream = stream::poll_fn(move |context| {
            if !std::mem::replace(&mut asked, true) {
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            Poll::Ready(pieces.next().map(|piece| Ok::<_, Infallible>(Bytes::from_static(piece))))
        });
        Request::post("/")
            .header("content-type", "multipart/form-data; boundary=b")
            .body(Body::from_stream(stream))
            .expect("a request")
    }

    #[tokio::test]
    async fn a_body_that_comes_late_and_whole_is_no_broken_one() {
        let body = b"--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--b--\r\n";
        for piece in [1, 2, 7, body.len()] {
            let mut parts = parts(late(body, piece)).await.expect("a form");
            let part = parts.next_field().await.expect("whole").expect("a part");
            assert_eq!((part.name(), piece), (Some("a"), piece));
            assert_eq!(part.text().await.expect("read"), "1");
            assert!(parts.next_field().await.expect("whole").is_none());
        }
    }

    #[tokio::test]
    async fn what_breaks_off_is_still_told_from_what_is_whole() {
        for body in [&b"--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--"[..], b"--", b""] {
            let mut parts = parts(late(body, 64)).await.expect("a form");
            let part = parts.next_field().await;
            assert!(match part {
                Ok(Some(part)) => part.text().await.is_err() || parts.next_field().await.is_err(),
                Ok(None) => false,
                Err(_) => true,
            });
        }
    }
}

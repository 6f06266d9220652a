//! What a door answers to a client's first message, as far as it is readable by anybody.

use super::hello::FILLER;

/// `HelloRetryRequest` is a `ServerHello` with this for its random bytes (RFC 8446, 4.1.3).
const RETRY: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11,
    0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const TLS13: u16 = 0x0304;
/// A server's first flight is some kilobytes; more is none.
pub(super) const ANSWER_BYTES_MAX: usize = 64 << 10;

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Nothing was agreed on; the number says why.
    Alert(u8),
    /// The connection was closed, or reset, without a word.
    Closed,
    /// Nothing within the time.
    Silent,
    /// Something that is no TLS.
    Foreign,
    /// This is what the door would speak.
    Agreed(Agreed),
}

/// What a door chose.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Agreed {
    pub(super) version: u16,
    pub(super) suite: u16,
    pub(super) compression: u8,
    /// Of TLS 1.3 the group it chose or asks for, before that the curve of its key.
    pub(super) group: Option<u16>,
    /// Of TLS 1.2: the scheme that signed its key.
    pub(super) signature: Option<u16>,
    /// Goes on with a session of before, or would give a ticket for a next one.
    pub(super) resumes: bool,
    pub(super) extended_master: bool,
    /// Of TLS 1.2: asks for a certificate.
    pub(super) asks_certificate: bool,
    /// Of TLS 1.2: leaf first.
    pub(super) certificate: Option<Vec<u8>>,
    /// Whether the first flight is complete.
    done: bool,
}

/// Reads what has come so far. `None`: there must be more.
pub(super) fn read(bytes: &[u8]) -> Option<Answer> {
    let mut messages = Vec::new();
    let mut rest = bytes;
    while let [kind, major, _, high, low, after @ ..] = rest {
        if *major != 3 {
            return Some(Answer::Foreign);
        }
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        if after.len() < length {
            break;
        }
        let (content, next) = after.split_at(length);
        match *kind {
            ALERT => {
                // What was said before it counts for nothing: the door does not go on.
                return Some(content.get(1).map_or(Answer::Foreign, |why| Answer::Alert(*why)));
            }
            HANDSHAKE => messages.extend_from_slice(content),
            // What is encrypted from here on.
            20 | 23 => {}
            _ => return Some(Answer::Foreign),
        }
        rest = next;
    }
    if bytes.first().is_some_and(|kind| !(20..=23).contains(kind)) {
        return Some(Answer::Foreign);
    }
    let agreed = handshake(&messages)?;
    agreed.done.then_some(Answer::Agreed(agreed))
}

fn handshake(mut bytes: &[u8]) -> Option<Agreed> {
    let mut agreed: Option<Agreed> = None;
    while let [kind, a, b, c, after @ ..] = bytes {
        let length = u32::from_be_bytes([0, *a, *b, *c]) as usize;
        let (body, next) = after.split_at_checked(length)?;
        match (*kind, &mut agreed) {
            (2, _) => agreed = Some(server_hello(body)?),
            (11, Some(agreed)) => agreed.certificate = first_certificate(body),
            (12, Some(agreed)) => key_exchange(body, agreed),
            (13, Some(agreed)) => agreed.asks_certificate = true,
            (14, Some(agreed)) => agreed.done = true,
            _ => {}
        }
        bytes = next;
    }
    agreed
}

fn server_hello(body: &[u8]) -> Option<Agreed> {
    let mut bytes = Bytes(body);
    let legacy = bytes.number()?;
    let retry = bytes.take(32)? == RETRY;
    let session = bytes.vector8()?;
    let mut agreed = Agreed {
        version: legacy,
        suite: bytes.number()?,
        compression: bytes.take(1)?[0],
        // A door that goes on with what we made up gives our own number back; of TLS 1.3 every door does.
        resumes: session == [FILLER; 32],
        ..Agreed::default()
    };
    let extensions = bytes.vector16().unwrap_or_default();
    let mut extensions = Bytes(extensions);
    let (mut resumes, mut tls13) = (false, false);
    while let (Some(kind), Some(content)) = (extensions.number(), extensions.vector16()) {
        let mut content = Bytes(content);
        match kind {
            43 => {
                agreed.version = content.number()?;
                tls13 = agreed.version == TLS13;
            }
            51 => agreed.group = content.number(),
            23 => agreed.extended_master = true,
            35 | 41 => resumes = true,
            _ => {}
        }
    }
    agreed.resumes = resumes || agreed.resumes && !tls13;
    // The rest of TLS 1.3 is for those who know the keys.
    agreed.done = tls13 || retry;
    Some(agreed)
}

fn first_certificate(body: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Bytes(body);
    bytes.take(3)?;
    let length = bytes.take(3)?;
    let length = u32::from_be_bytes([0, length[0], length[1], length[2]]) as usize;
    bytes.take(length).map(<[u8]>::to_vec)
}

/// Of elliptic curves: the curve, the key, who signed how.
fn key_exchange(body: &[u8], agreed: &mut Agreed) {
    const NAMED_CURVE: u8 = 3;
    let mut bytes = Bytes(body);
    if bytes.take(1) == Some(&[NAMED_CURVE]) {
        agreed.group = bytes.number();
        agreed.signature = bytes.vector8().and_then(|_| bytes.number());
    }
}

struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<u16> {
        self.take(2).map(|bytes| u16::from_be_bytes([bytes[0], bytes[1]]))
    }

    fn vector8(&mut self) -> Option<&'a [u8]> {
        let length = self.take(1)?[0];
        self.take(usize::from(length))
    }

    fn vector16(&mut self) -> Option<&'a [u8]> {
        let length = self.number()?;
        self.take(usize::from(length))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_cut_anywhere_is_waited_for_and_never_misread() {
        // A hello of TLS 1.2 that chose a suite in cipher block chaining mode, and nothing after it but its end.
        let mut hello = vec![3, 3];
        hello.extend([1; 32]);
        hello.extend([0, 0xc0, 0x13, 0]);
        let mut messages = vec![2, 0, 0, hello.len() as u8];
        messages.extend(hello);
        messages.extend([14, 0, 0, 0]);
        let record = [&[22, 3, 3, 0, messages.len() as u8][..], &messages].concat();
        for end in 0..record.len() {
            assert_eq!(read(&record[..end]), None, "{end}");
        }
        let Some(Answer::Agreed(agreed)) = read(&record) else { panic!("not read") };
        assert_eq!((agreed.version, agreed.suite, agreed.compression), (0x0303, 0xc013, 0));
        assert!(!agreed.extended_master && !agreed.asks_certificate && !agreed.resumes);
        // An alert after it takes it back.
        let taken_back = [&record[..], &[21, 3, 3, 0, 2, 2, 40]].concat();
        assert_eq!(read(&taken_back), Some(Answer::Alert(40)));
        assert_eq!(read(b"HTTP/1.1 400"), Some(Answer::Foreign));
    }
}

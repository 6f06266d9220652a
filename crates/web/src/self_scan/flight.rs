//! A handshake of TLS 1.3 gone through without a certificate and without trust, to see what a door shows and asks for: that
//! part is encrypted. Nothing is believed here and nothing secret is said, so nothing is verified either (R7.1 is about our
//! clients, which have no such way).

use super::answer::Agreed;
use super::hello::Hello;
use super::wire::{End, Wire};
use rustls::crypto::ActiveKeyExchange;
use rustls::crypto::aws_lc_rs::{cipher_suite, kx_group};
use rustls::crypto::cipher::{
    AeadKey, InboundOpaqueMessage, Iv, MessageDecrypter, MessageEncrypter, OutboundChunks, OutboundPlainMessage,
};
use rustls::crypto::tls13::{Hkdf, OkmBlock};
use rustls::{ContentType, ProtocolVersion, SupportedCipherSuite, Tls13CipherSuite};
use std::net::SocketAddr;
use std::time::Duration;

const ALERT: u8 = 21;
const X25519: u16 = 0x001d;
const SUITE: u16 = 0x1302;
const NEW_SESSION_TICKET: u8 = 4;
const CERTIFICATE: u8 = 11;
const CERTIFICATE_REQUEST: u8 = 13;
const CERTIFICATE_VERIFY: u8 = 15;
const FINISHED: u8 = 20;
/// How long a door that has let somebody in is given to say otherwise.
const SECOND_THOUGHTS: Duration = Duration::from_millis(700);

/// What a door showed after the readable part.
#[derive(Clone, Debug, Default)]
pub(super) struct Flight {
    /// Asks for a certificate.
    pub(super) asks_certificate: bool,
    /// The leaf it showed.
    pub(super) certificate: Option<Vec<u8>>,
    /// The scheme that it signed with.
    pub(super) signature: Option<u16>,
    /// Whether its own part came to an end.
    pub(super) finished: bool,
    /// Why it went no further.
    pub(super) alert: Option<u8>,
    /// Whether whoever has no certificate is in.
    pub(super) let_in: bool,
    /// Tickets that it gave for resuming.
    pub(super) tickets: u32,
}

/// What a client with these signature schemes and without a certificate sees. `None` where not even the beginning of TLS 1.3
/// was agreed on.
pub(super) async fn look(address: SocketAddr, signatures: Vec<u16>) -> Option<Flight> {
    let key = kx_group::X25519.start().ok()?;
    let mut hello = Hello::tls13(vec![SUITE], vec![X25519]);
    hello.share = Some(key.pub_key().to_vec());
    hello.signatures = signatures;
    let mut wire = Wire::open(address).await.ok()?;
    let record = hello.to_record();
    wire.say(&record).await.ok()?;
    let answer = wire.record().await.ok()?;
    if answer.first() == Some(&ALERT) {
        return Some(Flight { alert: answer.get(6).copied(), ..Flight::default() });
    }
    let mut handshake = Handshake::begin(&record[5..], &answer, key)?;
    let mut flight = Flight::default();
    let _ = handshake.server(&mut wire, &mut flight).await;
    if flight.finished {
        let _ = handshake.client(&mut wire, &mut flight).await;
    }
    Some(flight)
}

struct Handshake {
    suite: &'static Tls13CipherSuite,
    transcript: Vec<u8>,
    handshake_secret: OkmBlock,
    server: Reader,
    client_secret: OkmBlock,
}

impl Handshake {
    fn begin(hello: &[u8], answer: &[u8], key: Box<dyn ActiveKeyExchange>) -> Option<Self> {
        let SupportedCipherSuite::Tls13(suite) = cipher_suite::TLS13_AES_256_GCM_SHA384 else { return None };
        let share = share_of(answer)?;
        let shared = key.complete(&share).ok()?;
        let transcript = [hello, answer.get(5..)?].concat();
        let (hkdf, hash) = (suite.hkdf_provider, suite.common.hash_provider);
        let early = hkdf.extract_from_zero_ikm(None);
        let derived = label(early.as_ref(), "derived", hash.hash(&[]).as_ref());
        let handshake = hkdf.extract_from_secret(Some(derived.as_ref()), shared.secret_bytes());
        let seen = hash.hash(&transcript);
        let secret = |name| label(handshake.as_ref(), name, seen.as_ref());
        let (server, client_secret) = (secret("s hs traffic"), secret("c hs traffic"));
        Some(Self {
            suite,
            transcript,
            handshake_secret: label(handshake.as_ref(), "derived", hash.hash(&[]).as_ref()),
            server: Reader::new(suite, &server),
            client_secret,
        })
    }

    /// The server's part, to its end or to where it breaks off.
    async fn server(&mut self, wire: &mut Wire, flight: &mut Flight) -> Result<(), End> {
        let mut messages = Vec::new();
        while !flight.finished && flight.alert.is_none() {
            let record = wire.record().await?;
            match self.server.open(record) {
                Some((ContentType::Handshake, content)) => messages.extend(content),
                Some((ContentType::Alert, content)) => flight.alert = content.get(1).copied(),
                _ => {}
            }
            while let Some((kind, message)) = next_message(&mut messages) {
                let body = &message[4..];
                match kind {
                    CERTIFICATE_REQUEST => flight.asks_certificate = true,
                    CERTIFICATE => flight.certificate = first_certificate(body),
                    CERTIFICATE_VERIFY => {
                        flight.signature = body.get(..2).map(|two| u16::from_be_bytes([two[0], two[1]]))
                    }
                    FINISHED => flight.finished = true,
                    _ => {}
                }
                self.transcript.extend(message);
            }
        }
        Ok(())
    }

    /// Our part: no certificate, and what the door makes of it.
    async fn client(&mut self, wire: &mut Wire, flight: &mut Flight) -> Result<(), End> {
        let (hkdf, hash) = (self.suite.hkdf_provider, self.suite.common.hash_provider);
        let master = hkdf.extract_from_zero_ikm(Some(self.handshake_secret.as_ref()));
        let server = label(master.as_ref(), "s ap traffic", hash.hash(&self.transcript).as_ref());
        let mut ours = Vec::new();
        if flight.asks_certificate {
            ours.extend([CERTIFICATE, 0, 0, 4, 0, 0, 0, 0]);
            self.transcript.extend(&ours);
        }
        let finished_key = label(hkdf.expander_for_okm(&self.client_secret).as_ref(), "finished", &[]);
        let proof = hkdf.hmac_sign(&finished_key, hash.hash(&self.transcript).as_ref());
        ours.extend([FINISHED, 0, 0, proof.as_ref().len() as u8]);
        ours.extend(proof.as_ref());
        let mut writer = writer(self.suite, &self.client_secret);
        let message = OutboundPlainMessage {
            typ: ContentType::Handshake,
            version: ProtocolVersion::TLSv1_2,
            payload: OutboundChunks::Single(&ours),
        };
        let record = writer.encrypt(message, 0).map_err(|_| End::Closed)?.encode();
        wire.say(&record).await?;
        wire.wait_at_most(SECOND_THOUGHTS);
        let mut reader = Reader::new(self.suite, &server);
        let mut messages = Vec::new();
        loop {
            match wire.record().await {
                Ok(record) => match reader.open(record) {
                    Some((ContentType::Alert, content)) => {
                        flight.alert = content.get(1).copied();
                        return Ok(());
                    }
                    Some((ContentType::Handshake, content)) => {
                        messages.extend(content);
                        while let Some((kind, _)) = next_message(&mut messages) {
                            flight.tickets += u32::from(kind == NEW_SESSION_TICKET);
                        }
                    }
                    _ => {}
                },
                // It waits for what we would like.
                Err(End::Silent) => {
                    flight.let_in = true;
                    return Ok(());
                }
                Err(End::Closed) => return Ok(()),
            }
        }
    }
}

/// Takes the first whole message off.
fn next_message(bytes: &mut Vec<u8>) -> Option<(u8, Vec<u8>)> {
    let [kind, a, b, c, ..] = bytes[..] else { return None };
    let length = u32::from_be_bytes([0, a, b, c]) as usize + 4;
    if bytes.len() < length {
        return None;
    }
    let rest = bytes.split_off(length);
    Some((kind, std::mem::replace(bytes, rest)))
}

fn first_certificate(body: &[u8]) -> Option<Vec<u8>> {
    let context = usize::from(*body.first()?);
    let entry = body.get(1 + context + 3..)?;
    let length = u32::from_be_bytes([0, *entry.first()?, *entry.get(1)?, *entry.get(2)?]) as usize;
    entry.get(3..3 + length).map(<[u8]>::to_vec)
}

/// The public key in a `ServerHello` of TLS 1.3 that took our group.
fn share_of(record: &[u8]) -> Option<Vec<u8>> {
    const KEY_BYTES: usize = 32;
    let super::answer::Answer::Agreed(Agreed { version: 0x0304, suite: SUITE, group: Some(X25519), .. }) =
        super::answer::read(record)?
    else {
        return None;
    };
    let head = [&[0, 51, 0, 36, 0, 29, 0, KEY_BYTES as u8][..]].concat();
    let at = record.windows(head.len()).position(|window| window == head)? + head.len();
    record.get(at..at + KEY_BYTES).map(<[u8]>::to_vec)
}

struct Reader {
    keys: Box<dyn MessageDecrypter>,
    next: u64,
}

impl Reader {
    fn new(suite: &'static Tls13CipherSuite, secret: &OkmBlock) -> Self {
        let (key, iv) = traffic(suite.hkdf_provider, secret);
        Self { keys: suite.aead_alg.decrypter(key, iv), next: 0 }
    }

    /// What a record holds, and of which kind it is. Nothing where it holds nothing for us.
    fn open(&mut self, mut record: Vec<u8>) -> Option<(ContentType, Vec<u8>)> {
        const ENCRYPTED: u8 = 23;
        let kind = *record.first()?;
        if kind != ENCRYPTED {
            return (kind == ALERT).then(|| (ContentType::Alert, record.split_off(5)));
        }
        let message =
            InboundOpaqueMessage::new(ContentType::ApplicationData, ProtocolVersion::TLSv1_2, &mut record[5..]);
        let opened = self.keys.decrypt(message, self.next).ok()?;
        self.next += 1;
        Some((opened.typ, opened.payload.to_vec()))
    }
}

fn writer(suite: &'static Tls13CipherSuite, secret: &OkmBlock) -> Box<dyn MessageEncrypter> {
    let (key, iv) = traffic(suite.hkdf_provider, secret);
    suite.aead_alg.encrypter(key, iv)
}

/// Key and nonce of one direction (RFC 8446, 7.3), for the one suite that is offered here.
fn traffic(hkdf: &'static dyn Hkdf, secret: &OkmBlock) -> (AeadKey, Iv) {
    let expander = hkdf.expander_for_okm(secret);
    let (mut key, mut iv) = ([0; 32], [0; 12]);
    let told = [expand(expander.as_ref(), "key", &[], &mut key), expand(expander.as_ref(), "iv", &[], &mut iv)];
    debug_assert!(told.iter().all(|done| *done), "both are shorter than a hash");
    (AeadKey::from(key), Iv::from(iv))
}

/// `HKDF-Expand-Label` (RFC 8446, 7.1).
fn expand(expander: &dyn rustls::crypto::tls13::HkdfExpander, name: &str, context: &[u8], output: &mut [u8]) -> bool {
    let length = (output.len() as u16).to_be_bytes();
    let name = format!("tls13 {name}");
    let info: [&[u8]; 5] = [&length, &[name.len() as u8], name.as_bytes(), &[context.len() as u8], context];
    expander.expand_slice(&info, output).is_ok()
}

fn label(expander: &dyn rustls::crypto::tls13::HkdfExpander, name: &str, context: &[u8]) -> OkmBlock {
    let mut block = vec![0; expander.hash_len()];
    let told = expand(expander, name, context, &mut block);
    debug_assert!(told, "as long as a hash");
    OkmBlock::new(&block)
}

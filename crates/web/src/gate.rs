//! 門番: what the handshake decides on, kept near at hand and renewed from the register; and the connections that are open,
//! so that a revocation ends them (R7.3, R5.3).

use crate::tls::{TlsError, Witness};
use crate::trust::{self, Anchor};
use axum::body::Bytes;
use jiff::{SignedDuration, Timestamp};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;
use store::{Authority, GateList, Store};
use tokio::sync::oneshot;

/// Older than this, what we know of revocations is not good enough to let anybody in.
const STALE_AFTER: SignedDuration = SignedDuration::from_mins(5);
/// A revocation list is made anew when something was revoked, and this often anyway.
const LIST_AGE_MAX: SignedDuration = SignedDuration::from_hours(1);

#[derive(Debug)]
pub(crate) struct Gate {
    store: Arc<Store>,
    state: RwLock<Arc<State>>,
    list: RwLock<(Timestamp, Bytes)>,
    connections: Connections,
}

#[derive(Debug)]
struct State {
    register: GateList,
    anchors: Arc<Anchors>,
}

#[derive(Debug)]
struct Anchors {
    authorities: Vec<Authority>,
    anchors: Vec<Anchor>,
    hints: Vec<DistinguishedName>,
}

impl Anchors {
    fn new(authorities: Vec<Authority>) -> Result<Self, TlsError> {
        let anchors = authorities.iter().map(Anchor::new).collect::<Result<Vec<_>, _>>()?;
        let hints = anchors.iter().flat_map(|anchor| anchor.hints().iter().cloned()).collect();
        Ok(Self { authorities, anchors, hints })
    }
}

impl Gate {
    pub(crate) async fn open(store: Arc<Store>) -> Result<Self, TlsError> {
        let mut register = store.gate_list().await?;
        let anchors = Arc::new(Anchors::new(std::mem::take(&mut register.authorities))?);
        let list = (register.loaded_at, store.revocation_list().await?.into());
        Ok(Self {
            store,
            state: RwLock::new(Arc::new(State { register, anchors })),
            list: RwLock::new(list),
            connections: Connections::default(),
        })
    }

    /// Looks into the register again and again. Never ends.
    pub(crate) async fn watch(&self, every: Duration) {
        loop {
            if let Err(error) = self.look().await {
                // Goes on with what is known until that is stale; then handshakes are refused.
                tracing::error!(%error, "could not look into the register");
            }
            tokio::time::sleep(every).await;
        }
    }

    async fn look(&self) -> Result<(), TlsError> {
        // Ends what is over first, so that this very look sees it.
        self.store.keep_certificates().await?;
        let mut register = self.store.gate_list().await?;
        let before = self.state();
        let authorities = std::mem::take(&mut register.authorities);
        let anchors = if authorities == before.anchors.authorities {
            Arc::clone(&before.anchors)
        } else {
            Arc::new(Anchors::new(authorities)?)
        };
        let changed = register.revoked != before.register.revoked || !Arc::ptr_eq(&anchors, &before.anchors);
        let (seen, unconfirmed) = (register.loaded_at, register.unconfirmed);
        *self.state.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(State { register, anchors });
        let state = self.state();
        let ended = self.connections.end_where(|connection| {
            let digest = connection.certificate_digest.as_ref();
            let revoked = state.register.revoked.contains(digest);
            revoked || connection.tls12 && !state.register.tls12.contains_key(digest)
        });
        if ended > 0 {
            tracing::info!(ended, "connections of revoked devices were ended");
        }
        if unconfirmed {
            self.store.confirm_revocations(seen).await?;
        }
        if changed || seen.duration_since(self.list_made_at()) > LIST_AGE_MAX {
            let list = self.store.revocation_list().await?.into();
            *self.list.write().unwrap_or_else(PoisonError::into_inner) = (seen, list);
        }
        Ok(())
    }

    /// The newest revocation list, DER.
    pub(crate) fn revocation_list(&self) -> Bytes {
        self.list.read().unwrap_or_else(PoisonError::into_inner).1.clone()
    }

    fn list_made_at(&self) -> Timestamp {
        self.list.read().unwrap_or_else(PoisonError::into_inner).0
    }

    fn state(&self) -> Arc<State> {
        Arc::clone(&self.state.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Decides about one connection, with what is known at its beginning.
    pub(crate) fn verifier(&self, tls12: bool, witness: &Arc<Witness>) -> Arc<dyn ClientCertVerifier> {
        Arc::new(Keeper { state: self.state(), now: self.store.now(), tls12, witness: Arc::clone(witness) })
    }

    /// Notes a connection; resolves when it must end.
    pub(crate) fn admit(&self, certificate_digest: Arc<str>, tls12: bool) -> Admitted<'_> {
        self.connections.admit(Connection { certificate_digest, tls12 })
    }
}

/// The verifier of one connection.
#[derive(Debug)]
struct Keeper {
    state: Arc<State>,
    now: Timestamp,
    tls12: bool,
    witness: Arc<Witness>,
}

impl Keeper {
    fn any_verifier(&self) -> Result<&dyn ClientCertVerifier, Error> {
        let first = self.state.anchors.anchors.first();
        first.map(Anchor::verifier).ok_or_else(|| CertificateError::UnknownIssuer.into())
    }
}

impl ClientCertVerifier for Keeper {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.state.anchors.hints
    }

    fn verify_client_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let register = &self.state.register;
        if self.now.duration_since(register.loaded_at).abs() > STALE_AFTER {
            tracing::error!("what is known of revocations is stale: nobody is let in");
            return Err(CertificateError::UnknownRevocationStatus.into());
        }
        let mut weak_key = false;
        for certificate in std::iter::once(leaf).chain(intermediates) {
            weak_key |= trust::strength(certificate).map_err(trust::refused)?;
        }
        let mut refusal: Error = CertificateError::UnknownIssuer.into();
        let mut known = false;
        for anchor in &self.state.anchors.anchors {
            match anchor.verify(leaf, intermediates, now) {
                Ok(()) => {
                    known = true;
                    break;
                }
                // The most telling answer: another authority's "unknown issuer" says nothing.
                Err(error) if error != CertificateError::UnknownIssuer.into() => refusal = error,
                Err(_) => {}
            }
        }
        if !known {
            return Err(refusal);
        }
        let digest = exchange::Digest::of_file(leaf).to_string();
        if register.revoked.contains(&digest) {
            return Err(CertificateError::Revoked.into());
        }
        if self.tls12 && register.tls12.get(&digest).is_none_or(|end| *end <= self.now) {
            // Told as what it is to this office: a version that is not spoken.
            return Err(rustls::PeerIncompatible::Tls12NotOffered.into());
        }
        if weak_key {
            tracing::warn!("a client's key is shorter than advised");
        }
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.witness.saw(|signatures| signatures.client = Some(signed.scheme));
        self.any_verifier()?.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.witness.saw(|signatures| signatures.client = Some(signed.scheme));
        self.any_verifier()?.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.any_verifier().map(ClientCertVerifier::supported_verify_schemes).unwrap_or_default()
    }
}

#[derive(Debug)]
struct Connection {
    certificate_digest: Arc<str>,
    tls12: bool,
}

/// Connections that are open, each with the way to end it. As many as the listeners let in.
#[derive(Debug, Default)]
struct Connections(Mutex<Open>);

#[derive(Debug, Default)]
struct Open {
    next: u64,
    connections: HashMap<u64, (Connection, oneshot::Sender<()>)>,
}

/// A connection's place among the open ones; gives it up when dropped.
#[derive(Debug)]
pub(crate) struct Admitted<'a> {
    connections: &'a Connections,
    number: u64,
    pub(crate) ended: oneshot::Receiver<()>,
}

impl Connections {
    fn admit(&self, connection: Connection) -> Admitted<'_> {
        let (end, ended) = oneshot::channel();
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let number = open.next;
        open.next += 1;
        open.connections.insert(number, (connection, end));
        Admitted { connections: self, number, ended }
    }

    fn end_where(&self, over: impl Fn(&Connection) -> bool) -> usize {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let ended: Vec<_> = open.connections.extract_if(|_, (connection, _)| over(connection)).collect();
        let count = ended.len();
        for (_, (_, end)) in ended {
            // A connection that ended by itself meanwhile does not listen any more.
            let _ = end.send(());
        }
        count
    }
}

impl Drop for Admitted<'_> {
    fn drop(&mut self) {
        let mut open = self.connections.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.connections.remove(&self.number);
    }
}

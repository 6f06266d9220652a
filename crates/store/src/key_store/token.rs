//! 鍵装置 — master keys in a PKCS#11 token: made there, never taken out, used there (R6.4).
//!
//! The token does one thing for us: AES-256-GCM over working keys of 32 bytes. It is asked when the exchange opens, when a
//! key is replaced, and once a second whether it is still there; never while a set is sent.

use super::{KeyStore, KeyStoreKind, SplitError};
use crate::Error;
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error as TokenError, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::aead::GcmParams;
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use rand::Rng as _;
use seal::{KeyId, Purpose, Share, TOKEN_NONCE_BYTES, TokenWrapped, WorkingKey, Zeroizing, token_aad};
use std::path::PathBuf;
use std::sync::Mutex;

/// Before the version in a key's label, which has five digits so that the newest is the last.
const LABEL: &str = "fumibako master key ";
/// Master keys looked at; there are two at most unless somebody put more there.
const KEYS_MAX: usize = 64;
const KEY_BYTES: u64 = 32;
const TAG_BITS: u64 = 128;

/// Which token, and how to get in.
pub struct TokenPlace {
    /// The PKCS#11 library of its maker.
    pub module: PathBuf,
    /// The token's label.
    pub label: String,
    /// The user's PIN.
    pub pin: Zeroizing<String>,
}

impl std::fmt::Debug for TokenPlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenPlace").field("module", &self.module).field("label", &self.label).finish_non_exhaustive()
    }
}

/// A token with at least one master key.
pub struct Token {
    module: PathBuf,
    label: String,
    pin: AuthPin,
    /// One caller at a time, which is all that is needed.
    library: Mutex<Library>,
}

/// The maker's library, once it is loaded, and a session, once somebody signed in: that is the slowest part.
#[derive(Default)]
struct Library {
    // Dropped before the library it belongs to.
    session: Option<Session>,
    context: Option<Pkcs11>,
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Token").field("label", &self.label).finish_non_exhaustive()
    }
}

struct Found {
    handle: ObjectHandle,
    label: Vec<u8>,
    id: KeyId,
}

fn away(error: TokenError) -> Error {
    // The library's words name functions and conditions, nothing that was wrapped.
    Error::KeyStoreAway(error.to_string())
}

impl Token {
    /// Makes a fresh master key in the token. One that is there already is never replaced this way.
    ///
    /// # Errors
    /// When there is one already, or the token cannot be used.
    pub fn create(place: TokenPlace) -> Result<Self, Error> {
        let token = Self::reach(place)?;
        if !token.with_session(keys)?.is_empty() {
            return Err(Error::KeyStoreTaken);
        }
        token.with_session(|session| generate(session, 1))?;
        Ok(token)
    }

    /// Opens a token that has a master key.
    ///
    /// # Errors
    /// [`Error::KeyStoreAway`] when it is not there, the PIN is wrong, or it holds no master key.
    pub fn open(place: TokenPlace) -> Result<Self, Error> {
        let token = Self::reach(place)?;
        if token.with_session(keys)?.is_empty() {
            return Err(Error::KeyStoreAway("the token holds no master key".to_owned()));
        }
        Ok(token)
    }

    fn reach(place: TokenPlace) -> Result<Self, Error> {
        let pin = AuthPin::new(place.pin.as_str().into());
        Ok(Self { module: place.module, label: place.label, pin, library: Mutex::default() })
    }

    fn load(&self) -> Result<Pkcs11, TokenError> {
        let context = Pkcs11::new(&self.module)?;
        match context.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
            // The library is one for the whole process.
            Ok(()) | Err(TokenError::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => Ok(context),
            Err(error) => Err(error),
        }
    }

    /// The slot of the token with this label.
    fn slot(&self, context: &Pkcs11) -> Result<Slot, TokenError> {
        for slot in context.get_slots_with_initialized_token()? {
            if context.get_token_info(slot)?.label().trim_end() == self.label {
                return Ok(slot);
            }
        }
        Err(TokenError::InvalidValue)
    }

    fn sign_in(&self, context: &Pkcs11) -> Result<Session, TokenError> {
        let session = context.open_rw_session(self.slot(context)?)?;
        match session.login(UserType::User, Some(&self.pin)) {
            Ok(()) | Err(TokenError::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(session),
            Err(error) => Err(error),
        }
    }

    /// In the session at hand, or in a new one where that has gone stale: the token may have been away meanwhile.
    fn with_session<T>(&self, work: impl Fn(&Session) -> Result<T, TokenError>) -> Result<T, Error> {
        let mut library = self.library.lock().map_err(|_| Error::Impossible("token"))?;
        if let Some(session) = library.session.take()
            && let Ok(done) = work(&session)
        {
            library.session = Some(session);
            return Ok(done);
        }
        // Some libraries believe for ever that a token is gone which was gone once: this one begins anew.
        if let Some(context) = library.context.take() {
            let _ = context.finalize();
        }
        let context = self.load().map_err(away)?;
        let worked = self.sign_in(&context).and_then(|session| work(&session).map(|done| (session, done)));
        library.context = Some(context);
        let (session, done) = worked.map_err(away)?;
        library.session = Some(session);
        Ok(done)
    }

    fn newest(&self, session: &Session) -> Result<Found, TokenError> {
        keys(session)?.into_iter().next().ok_or(TokenError::InvalidValue)
    }
}

/// The master keys in the token, the newest first.
fn keys(session: &Session) -> Result<Vec<Found>, TokenError> {
    let wanted = [Attribute::Class(ObjectClass::SECRET_KEY), Attribute::Token(true), Attribute::KeyType(KeyType::AES)];
    let mut found = Vec::new();
    for handle in session.find_objects(&wanted)?.into_iter().take(KEYS_MAX) {
        let (mut label, mut id) = (Vec::new(), None);
        for attribute in session.get_attributes(handle, &[AttributeType::Label, AttributeType::Id])? {
            match attribute {
                Attribute::Label(value) => label = value,
                Attribute::Id(value) => id = <[u8; 16]>::try_from(value.as_slice()).ok(),
                _ => {}
            }
        }
        // Others may keep keys of theirs in the same token.
        if let (true, Some(id)) = (label.starts_with(LABEL.as_bytes()), id) {
            found.push(Found { handle, label, id: KeyId::from_bytes(id) });
        }
    }
    found.sort_by(|one, other| other.label.cmp(&one.label));
    Ok(found)
}

fn generate(session: &Session, version: u32) -> Result<KeyId, TokenError> {
    let mut id = [0; 16];
    rand::rng().fill_bytes(&mut id);
    let template = [
        Attribute::Token(true),
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
        Attribute::Encrypt(true),
        Attribute::Decrypt(true),
        Attribute::Wrap(false),
        Attribute::Unwrap(false),
        Attribute::ValueLen(KEY_BYTES.into()),
        Attribute::Label(format!("{LABEL}{version:05}").into_bytes()),
        Attribute::Id(id.to_vec()),
    ];
    session.generate_key(&Mechanism::AesKeyGen, &template)?;
    Ok(KeyId::from_bytes(id))
}

fn encrypt(session: &Session, key: &Found, aad: &[u8], secret: &[u8]) -> Result<Vec<u8>, TokenError> {
    let mut nonce = [0; TOKEN_NONCE_BYTES];
    rand::rng().fill_bytes(&mut nonce);
    let ciphertext =
        session.encrypt(&Mechanism::AesGcm(GcmParams::new(&mut nonce, aad, TAG_BITS.into())?), key.handle, secret)?;
    // A token that chose a nonce of its own has written it there.
    Ok(TokenWrapped { key: key.id, nonce, ciphertext: &ciphertext }.to_bytes())
}

fn version_of(label: &[u8]) -> u32 {
    label.get(LABEL.len()..).and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok()).unwrap_or(0)
}

impl KeyStore for Token {
    fn kind(&self) -> KeyStoreKind {
        KeyStoreKind::Token
    }

    fn master_ids(&self) -> Result<Vec<KeyId>, Error> {
        let ids: Vec<KeyId> = self.with_session(keys)?.into_iter().map(|key| key.id).collect();
        if ids.is_empty() { Err(Error::KeyStoreAway("the token holds no master key".to_owned())) } else { Ok(ids) }
    }

    fn wrap(&self, purpose: &Purpose<'_>, secret: &[u8]) -> Result<Vec<u8>, Error> {
        self.with_session(|session| {
            let key = self.newest(session)?;
            encrypt(session, &key, &token_aad(purpose, key.id), secret)
        })
    }

    fn unwrap(&self, purpose: &Purpose<'_>, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        let wrapped = TokenWrapped::parse(wrapped).map_err(|_| Error::Damaged)?;
        let aad = token_aad(purpose, wrapped.key);
        let opened = self.with_session(|session| {
            let Some(key) = keys(session)?.into_iter().find(|key| key.id == wrapped.key) else { return Ok(None) };
            let mut nonce = wrapped.nonce;
            let gcm = Mechanism::AesGcm(GcmParams::new(&mut nonce, &aad, TAG_BITS.into())?);
            match session.decrypt(&gcm, key.handle, wrapped.ciphertext) {
                Ok(secret) => Ok(Some(Zeroizing::new(secret))),
                // That is the box, not the token: asked again it would say the same.
                Err(TokenError::Pkcs11(RvError::EncryptedDataInvalid | RvError::EncryptedDataLenRange, _)) => Ok(None),
                // SoftHSM says of a wrong tag only that it failed. Whether the token works is found by wrapping something.
                Err(error @ TokenError::Pkcs11(RvError::GeneralError | RvError::FunctionFailed, _)) => {
                    encrypt(session, &key, b"probe", &[0; 32]).map_err(|_| error).map(|_| None)
                }
                Err(error) => Err(error),
            }
        })?;
        opened.ok_or(Error::Damaged)
    }

    fn check(&self) -> Result<(), Error> {
        // Finds the key anew: a handle may outlive what it is a handle of.
        self.with_session(|session| {
            let key = self.newest(session)?;
            encrypt(session, &key, b"probe", &[0; 32]).map(|_| ())
        })
    }

    fn prepare(&self) -> Result<KeyId, Error> {
        self.with_session(|session| {
            let found = keys(session)?;
            match found.as_slice() {
                [newest, _, ..] => Ok(newest.id),
                [only] => generate(session, version_of(&only.label) + 1),
                [] => Err(TokenError::InvalidValue),
            }
        })
    }

    fn finish(&self) -> Result<Vec<KeyId>, Error> {
        self.with_session(|session| {
            let mut destroyed = Vec::new();
            for old in keys(session)?.into_iter().skip(1) {
                session.destroy_object(old.handle)?;
                destroyed.push(old.id);
            }
            Ok(destroyed)
        })
    }

    fn derive(&self, _: &Purpose<'_>) -> Result<Option<WorkingKey>, Error> {
        Ok(None)
    }

    fn split(&self, _: u8, _: u8) -> Result<Option<Vec<Share>>, SplitError> {
        Ok(None)
    }
}

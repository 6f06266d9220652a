//! Boxes to a key of their own: what is sealed here is read with that key, and with nothing once it is destroyed.

use crate::{Error, OpenedFile};
use rand::CryptoRng;
use seal::{
    Envelope, OBJECT_BYTES_MAX, ObjectBinding, ObjectPurpose, OfficeSecretKey, Party, SetBinding, SetKey, Suite,
    Zeroizing,
};
use sqlx::FromRow;
use standard::SourceFile;

const WHERE: Error = Error::Impossible("handover");

/// Sealed, with the key that opens it.
pub(super) struct Sealed {
    pub(super) key: Zeroizing<Vec<u8>>,
    pub(super) envelope: Vec<u8>,
    pub(super) files: Vec<SealedFile>,
}

pub(super) struct SealedFile {
    pub(super) name: String,
    pub(super) size_bytes: i64,
    pub(super) body: Vec<u8>,
}

#[derive(FromRow)]
pub(super) struct FileRow {
    ordinal: i64,
    name: String,
    body: Vec<u8>,
}

/// `id` is the handover's or the return's, `office` who offers it or gets it back: bound to both, a box fits nowhere else.
pub(super) fn seal(
    id: &str,
    office: &str,
    files: &[SourceFile<'_>],
    rng: &mut impl CryptoRng,
) -> Result<Sealed, Error> {
    let secret = OfficeSecretKey::generate(Suite::XWing, rng).map_err(|_| WHERE)?;
    let binding = SetBinding { transmission: id, sender: office, receiver: "handover" };
    let key = SetKey::generate(rng);
    let wrapped = key.wrap_to(secret.public(), Party::Receiver, &binding, rng).map_err(|_| WHERE)?;
    let envelope = Envelope::new(vec![wrapped]).map_err(|_| WHERE)?.to_bytes();
    let mut sealed = Vec::with_capacity(files.len());
    for (ordinal, file) in (0..).zip(files) {
        let place = ObjectBinding::new(binding, ObjectPurpose::File, ordinal, file.name);
        sealed.push(SealedFile {
            name: file.name.to_owned(),
            size_bytes: i64::try_from(file.bytes.len()).map_err(|_| WHERE)?,
            body: key.seal_object(&place, file.bytes, rng).map_err(|_| WHERE)?,
        });
    }
    Ok(Sealed { key: secret.to_bytes(), envelope, files: sealed })
}

pub(super) fn open(
    id: &str,
    office: &str,
    key: &[u8],
    envelope: &[u8],
    files: Vec<FileRow>,
) -> Result<Vec<OpenedFile>, Error> {
    let secret = OfficeSecretKey::from_bytes(key).map_err(|_| Error::Damaged)?;
    let binding = SetBinding { transmission: id, sender: office, receiver: "handover" };
    let envelope = Envelope::parse(envelope).map_err(|_| Error::Damaged)?;
    let key = envelope.open(&secret, &binding).map_err(|_| Error::Damaged)?;
    let mut opened = Vec::with_capacity(files.len());
    for file in files {
        let ordinal = u32::try_from(file.ordinal).map_err(|_| Error::Damaged)?;
        let place = ObjectBinding::new(binding, ObjectPurpose::File, ordinal, &file.name);
        let mut object = key.open_object(&place, &file.body, OBJECT_BYTES_MAX).map_err(|_| Error::Damaged)?;
        opened.push(OpenedFile { name: file.name, bytes: std::mem::take(&mut *object.content) });
    }
    Ok(opened)
}

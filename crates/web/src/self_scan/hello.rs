//! A client's first message, made by hand: it offers what no client of ours would, and a door must refuse it (R5.11).

/// In the place of random bytes, a session and a ticket: nothing secret is ever said from here.
pub(super) const FILLER: u8 = 7;
const SOUND_SIGNATURES: [u16; 9] = [0x0403, 0x0503, 0x0804, 0x0805, 0x0806, 0x0807, 0x0401, 0x0501, 0x0601];

/// What is offered. The rest is as plain as a client's can be.
#[derive(Clone, Debug)]
pub(super) struct Hello {
    /// The version in the old place.
    pub(super) legacy: u16,
    /// Versions in the new place; none: as clients before TLS 1.3.
    pub(super) versions: Vec<u16>,
    pub(super) suites: Vec<u16>,
    pub(super) compressions: Vec<u8>,
    pub(super) groups: Vec<u16>,
    pub(super) signatures: Vec<u16>,
    /// A public key for X25519. Without one a door of TLS 1.3 says which group it would like, which is all we want to know.
    pub(super) share: Option<Vec<u8>>,
    /// Claims to have been here before, and sends data at once.
    pub(super) early: bool,
    /// Extended master secret (RFC 7627).
    pub(super) extended_master: bool,
}

impl Hello {
    /// Of TLS 1.3.
    pub(super) fn tls13(suites: Vec<u16>, groups: Vec<u16>) -> Self {
        Self {
            legacy: 0x0303,
            versions: vec![0x0304],
            suites,
            compressions: vec![0],
            groups,
            signatures: SOUND_SIGNATURES.to_vec(),
            share: None,
            early: false,
            extended_master: true,
        }
    }

    /// Of an older version, as its clients spoke.
    pub(super) fn old(legacy: u16, suites: Vec<u16>, groups: Vec<u16>) -> Self {
        Self { legacy, versions: Vec::new(), ..Self::tls13(suites, groups) }
    }

    /// As it goes out: one message in one record.
    pub(super) fn to_record(&self) -> Vec<u8> {
        let mut body = self.legacy.to_be_bytes().to_vec();
        body.extend([FILLER; 32]);
        // What middleboxes expect of TLS 1.3, and of a client that would resume.
        body.extend(vector8(&[FILLER; 32]));
        body.extend(vector16(&numbers(&self.suites)));
        body.extend(vector8(&self.compressions));
        // The oldest version has no extensions.
        if self.legacy > 0x0300 {
            body.extend(vector16(&self.extensions()));
        }
        let mut message = vec![1];
        message.extend(&(body.len() as u32).to_be_bytes()[1..]);
        message.extend(body);
        let mut record = vec![22, 3, if self.legacy > 0x0300 { 1 } else { 0 }];
        record.extend(vector16(&message));
        record
    }

    fn extensions(&self) -> Vec<u8> {
        let mut all = Vec::new();
        let mut extension = |kind: u16, content: Vec<u8>| {
            all.extend(kind.to_be_bytes());
            all.extend(vector16(&content));
        };
        extension(10, vector16(&numbers(&self.groups)));
        extension(11, vector8(&[0]));
        extension(13, vector16(&numbers(&self.signatures)));
        if self.extended_master {
            extension(23, Vec::new());
        }
        // An offer to take a ticket, and secure renegotiation, both from the time of TLS 1.2.
        extension(35, Vec::new());
        extension(0xff01, vec![0]);
        if !self.versions.is_empty() {
            extension(43, vector8(&numbers(&self.versions)));
            extension(45, vector8(&[1]));
            let share = self.share.as_ref().map(|key| [&[0, 0x1d][..], &vector16(key)].concat()).unwrap_or_default();
            extension(51, vector16(&share));
        }
        if self.early {
            extension(42, Vec::new());
            let identity = [vector16(&[FILLER; 64]), vec![0, 0, 0, 1]].concat();
            extension(41, [vector16(&identity), vector16(&vector8(&[FILLER; 32]))].concat());
        }
        all
    }
}

fn numbers(list: &[u16]) -> Vec<u8> {
    list.iter().flat_map(|number| number.to_be_bytes()).collect()
}

fn vector8(content: &[u8]) -> Vec<u8> {
    [&[content.len() as u8][..], content].concat()
}

fn vector16(content: &[u8]) -> Vec<u8> {
    [&(content.len() as u16).to_be_bytes()[..], content].concat()
}

//! 分割鍵 — recovery shares of the master key: any `needed` of them restore it, fewer tell nothing (Shamir; R6.6).
//!
//! ```text
//! version 1 · set 4 · master key id 16 · needed 1 · number 1 · value 32 · checksum 4
//! ```
//!
//! written in the letters of Crockford's base 32 (no I, L, O, U; case and hyphens do not matter), so that a share can be
//! typed from paper. The checksum finds a slip of the pen; the master key's id tells whether the shares made the right key.

use rand_core::CryptoRng;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::bytes::Reader;
use crate::{KeyId, MasterKey};

/// Shares of one key. More people than this are no circle of custodians.
pub const SHARES_MAX: u8 = 16;
/// One person alone must never be enough.
pub const SHARES_NEEDED_MIN: u8 = 2;

const VERSION: u8 = 1;
const VALUE_BYTES: usize = 32;
const CHECKSUM_BYTES: usize = 4;
const SHARE_BYTES: usize = 1 + 4 + 16 + 1 + 1 + VALUE_BYTES + CHECKSUM_BYTES;
/// Letters between two hyphens.
const GROUP: usize = 4;
/// Characters that are read at all; a share has 119 with its hyphens.
const TEXT_CHARACTERS_MAX: usize = 400;
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Syllables of the check words, all told apart easily on the telephone.
const SYLLABLES: [&str; 32] = [
    "あ", "い", "う", "え", "お", "か", "き", "く", "こ", "さ", "し", "す", "せ", "そ", "た", "ち", "つ", "て", "と",
    "な", "に", "ね", "の", "は", "ひ", "ふ", "ま", "み", "む", "も", "や", "ゆ",
];

/// Why shares were not made, not read or not put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ShareError {
    /// So many shares, or so few to restore the key, are not allowed.
    #[error("shares must be 2 to {SHARES_MAX}, and at least 2 of them needed")]
    BadNumbers,
    /// The text is no share: too short, too long, or with letters that no share has.
    #[error("not a share")]
    NotAShare,
    /// It was one, with a slip of the pen.
    #[error("the share does not agree with its checksum")]
    Mistyped,
    /// A newer program made it.
    #[error("unknown version of a share")]
    UnknownVersion,
    /// Shares of different keys, or made at different times.
    #[error("the shares do not belong together")]
    NotTogether,
    /// Fewer different shares than are needed. What is missing cannot be guessed.
    #[error("too few shares")]
    TooFew,
    /// They gave a key, and not the one they are shares of.
    #[error("the shares do not restore the key they name")]
    OtherKey,
}

/// One share. Wiped when dropped; `Debug` shows its number and not its value.
#[derive(Clone)]
pub struct Share {
    set: [u8; 4],
    master: KeyId,
    needed: u8,
    number: u8,
    value: Zeroizing<[u8; VALUE_BYTES]>,
}

impl std::fmt::Debug for Share {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Share({} of {}, ..)", self.number, self.master)
    }
}

impl Share {
    /// Which of the shares, from 1.
    #[must_use]
    pub fn number(&self) -> u8 {
        self.number
    }

    /// How many restore the key.
    #[must_use]
    pub fn needed(&self) -> u8 {
        self.needed
    }

    /// The id of the key they restore.
    #[must_use]
    pub fn master_key_id(&self) -> KeyId {
        self.master
    }

    /// Which making of shares it belongs to, in hexadecimal: shares of two makings do not mix.
    #[must_use]
    pub fn set(&self) -> String {
        self.set.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The text for paper.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        let bytes = self.to_bytes();
        let mut text = Zeroizing::new(String::with_capacity(SHARE_BYTES * 2));
        let (mut held, mut bits, mut letters) = (0_u32, 0, 0);
        let mut push = |index: u32| {
            if letters > 0 && letters % GROUP == 0 {
                text.push('-');
            }
            text.push(char::from(LETTERS[(index & 31) as usize]));
            letters += 1;
        };
        for byte in bytes.iter() {
            held = held << 8 | u32::from(*byte);
            bits += 8;
            while bits >= 5 {
                bits -= 5;
                push(held >> bits);
            }
        }
        if bits > 0 {
            push(held << (5 - bits));
        }
        text
    }

    /// Words to compare by voice, so that a share in the wrong envelope is noticed without being read out.
    #[must_use]
    pub fn check_words(&self) -> String {
        let bytes = self.to_bytes();
        let digest =
            Sha256::new().chain_update(b"fumibako share check words v1").chain_update(bytes.as_slice()).finalize();
        let syllables: Vec<&str> = digest.iter().take(9).map(|byte| SYLLABLES[usize::from(byte & 31)]).collect();
        syllables.chunks(3).map(<[&str]>::concat).collect::<Vec<_>>().join(" ")
    }

    /// Reads what somebody typed from paper.
    pub fn parse(text: &str) -> Result<Self, ShareError> {
        if text.chars().count() > TEXT_CHARACTERS_MAX {
            return Err(ShareError::NotAShare);
        }
        let mut bytes = Zeroizing::new(Vec::with_capacity(SHARE_BYTES + 1));
        let (mut held, mut bits) = (0_u32, 0);
        for letter in text.chars().filter(|letter| !letter.is_whitespace() && *letter != '-') {
            // What looks like a digit on paper is one.
            let letter = match letter.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                other => other,
            };
            let value = LETTERS.iter().position(|known| char::from(*known) == letter).ok_or(ShareError::NotAShare)?;
            held = (held << 5 | value as u32) & 0xfff;
            bits += 5;
            if bits >= 8 {
                bits -= 8;
                bytes.push((held >> bits & 0xff) as u8);
            }
        }
        if bytes.len() != SHARE_BYTES || held & ((1 << bits) - 1) != 0 {
            return Err(ShareError::NotAShare);
        }
        let (content, checksum) = bytes.split_last_chunk::<CHECKSUM_BYTES>().ok_or(ShareError::NotAShare)?;
        if !bool::from(share_checksum(content).ct_eq(checksum)) {
            return Err(ShareError::Mistyped);
        }
        Self::parse_content(content)
    }

    fn parse_content(content: &[u8]) -> Result<Self, ShareError> {
        let not = |_| ShareError::NotAShare;
        let mut reader = Reader::new(content);
        if reader.u8("version").map_err(not)? != VERSION {
            return Err(ShareError::UnknownVersion);
        }
        let share = Self {
            set: reader.array("set").map_err(not)?,
            master: KeyId::from_bytes(reader.array("master key id").map_err(not)?),
            needed: reader.u8("needed").map_err(not)?,
            number: reader.u8("number").map_err(not)?,
            value: Zeroizing::new(reader.array("value").map_err(not)?),
        };
        reader.end().map_err(not)?;
        let sound =
            (SHARES_NEEDED_MIN..=SHARES_MAX).contains(&share.needed) && (1..=SHARES_MAX).contains(&share.number);
        if sound { Ok(share) } else { Err(ShareError::NotAShare) }
    }

    fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(SHARE_BYTES));
        bytes.push(VERSION);
        bytes.extend_from_slice(&self.set);
        bytes.extend_from_slice(self.master.as_bytes());
        bytes.extend_from_slice(&[self.needed, self.number]);
        bytes.extend_from_slice(self.value.as_slice());
        let checksum = share_checksum(&bytes);
        bytes.extend_from_slice(&checksum);
        bytes
    }
}

fn share_checksum(content: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let digest: [u8; 32] = Sha256::new().chain_update(b"fumibako share v1").chain_update(content).finalize().into();
    let mut checksum = [0; CHECKSUM_BYTES];
    checksum.copy_from_slice(&digest[..CHECKSUM_BYTES]);
    checksum
}

/// Splits the master key into `shares`, any `needed` of which restore it.
#[cfg(feature = "shares")]
pub fn split_master_key(
    master: &MasterKey,
    shares: u8,
    needed: u8,
    rng: &mut impl CryptoRng,
) -> Result<Vec<Share>, ShareError> {
    if !(SHARES_NEEDED_MIN..=SHARES_MAX).contains(&needed) || !(needed..=SHARES_MAX).contains(&shares) {
        return Err(ShareError::BadNumbers);
    }
    let mut set = [0; 4];
    rng.fill_bytes(&mut set);
    blahaj::Sharks(needed)
        .dealer_rng(master.as_bytes(), rng)
        .take(usize::from(shares))
        .map(|share| {
            let bytes = Zeroizing::new(Vec::from(&share));
            let (number, value) = bytes.split_first().ok_or(ShareError::NotAShare)?;
            let value = Zeroizing::new(value.try_into().map_err(|_| ShareError::NotAShare)?);
            Ok(Share { set, master: master.id(), needed, number: *number, value })
        })
        .collect()
}

/// Puts shares together. The same share twice counts once.
#[cfg(feature = "shares")]
pub fn combine_shares(shares: &[Share]) -> Result<MasterKey, ShareError> {
    let first = shares.first().ok_or(ShareError::TooFew)?;
    if !shares.iter().all(|share| (share.set, share.master, share.needed) == (first.set, first.master, first.needed)) {
        return Err(ShareError::NotTogether);
    }
    let mut points: Vec<&Share> = Vec::with_capacity(usize::from(first.needed));
    for share in shares {
        if points.len() < usize::from(first.needed) && points.iter().all(|point| point.number != share.number) {
            points.push(share);
        }
    }
    let points: Vec<blahaj::Share> = points
        .into_iter()
        .map(|share| {
            let mut bytes = Zeroizing::new(vec![share.number]);
            bytes.extend_from_slice(share.value.as_slice());
            blahaj::Share::try_from(bytes.as_slice()).map_err(|_| ShareError::NotAShare)
        })
        .collect::<Result<_, _>>()?;
    let restored = blahaj::Sharks(first.needed).recover(&points).map(Zeroizing::new).map_err(|_| ShareError::TooFew)?;
    let bytes = Zeroizing::new(<[u8; VALUE_BYTES]>::try_from(restored.as_slice()).map_err(|_| ShareError::OtherKey)?);
    let master = MasterKey::from_bytes(&bytes);
    if master.id() == first.master { Ok(master) } else { Err(ShareError::OtherKey) }
}

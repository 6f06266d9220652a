//! What the tests share: seeded randomness, invented offices, and a world in which one set has been sealed.
#![allow(dead_code, reason = "each test file uses a part")]

use fumibako_seal::{Envelope, ObjectBinding, ObjectPurpose, OfficeSecretKey, SetBinding, SetKey, Suite};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

pub(crate) const FILE_NAME: &str = "file-1.csv";

pub(crate) fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

pub(crate) fn binding(transmission: &'static str) -> SetBinding<'static> {
    SetBinding { transmission, sender: "office-a", receiver: "office-b" }
}

pub(crate) fn file(set: SetBinding<'_>, ordinal: u32) -> ObjectBinding<'_> {
    ObjectBinding::new(set, ObjectPurpose::File, ordinal, FILE_NAME)
}

/// Rows that compress as real ones do.
pub(crate) fn content(bytes: usize) -> Vec<u8> {
    let mut text = String::new();
    let mut row = 0_u64;
    while text.len() < bytes {
        let noise = row.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
        text.push_str(&format!("\"202611\",\"0300000100\",\"{noise:08}\",\"{row}\",\"110000\",\"\",\"1\"\r\n"));
        row += 1;
    }
    text.truncate(bytes);
    text.into_bytes()
}

pub(crate) struct World {
    pub(crate) sender: OfficeSecretKey,
    pub(crate) receiver: OfficeSecretKey,
    pub(crate) stranger: OfficeSecretKey,
    pub(crate) key: SetKey,
    pub(crate) envelope: Envelope,
    pub(crate) rng: ChaCha20Rng,
}

impl World {
    pub(crate) fn new(suite: Suite) -> Self {
        let mut rng = rng(1);
        let mut office = || OfficeSecretKey::generate(suite, &mut rng).expect("a fresh key");
        let (sender, receiver, stranger) = (office(), office(), office());
        let key = SetKey::generate(&mut rng);
        let envelope =
            Envelope::seal(&key, sender.public(), receiver.public(), &binding("t-1"), &mut rng).expect("sealed");
        Self { sender, receiver, stranger, key, envelope, rng }
    }

    pub(crate) fn seal(&mut self, object: &ObjectBinding<'_>, content: &[u8]) -> Vec<u8> {
        self.key.seal_object(object, content, &mut self.rng).expect("sealed")
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).expect("ascii"), 16).expect("hex"))
        .collect()
}

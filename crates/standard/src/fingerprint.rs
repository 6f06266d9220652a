//! 指紋 — 64 bits in place of a key, so that a rule can remember many rows in little room. Two keys with one fingerprint
//! are next to impossible by chance; whoever makes them on purpose spoils the findings on his own file and nothing else.

const A: u64 = 0x9E37_79B9_7F4A_7C15;
const B: u64 = 0xD6E8_FEB8_6659_FD93;
const C: u64 = 0xA076_1D64_78BD_642F;

/// A fingerprint in the making.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Print(u64);

impl Print {
    /// Kinds of keys are kept apart by a number.
    #[inline(always)]
    pub(crate) const fn new(kind: u64) -> Print {
        Print(kind.wrapping_add(1).wrapping_mul(A))
    }

    /// Adds a part of the key.
    #[inline(always)]
    pub(crate) fn with(self, part: &[u8]) -> Print {
        let mut state = self.0;
        let mut rest = part;
        while let Some((chunk, more)) = rest.split_first_chunk::<16>() {
            let [low, high] = [0, 8].map(|at| word(chunk.get(at..).unwrap_or_default()));
            state = fold(state ^ low, high ^ B);
            rest = more;
        }
        let (low, high) = ends(rest);
        Print(fold(state ^ low ^ A, high ^ C ^ (part.len() as u64) << 48))
    }

    /// Adds a number.
    #[inline(always)]
    pub(crate) fn and(self, number: u64) -> Print {
        Print(fold(self.0 ^ number, C))
    }

    /// Adds ten characters, as office numbers have; of what has fewer, all of them.
    #[inline(always)]
    pub(crate) fn with_ten(self, part: &[u8]) -> Print {
        match (part.first_chunk(), part.last_chunk()) {
            (Some(first), Some(last)) => {
                Print(fold(self.0 ^ u64::from_le_bytes(*first), u64::from_le_bytes(*last) ^ C))
            }
            _ => self.with(part),
        }
    }

    /// Adds two numbers.
    #[inline(always)]
    pub(crate) fn and_both(self, one: u64, other: u64) -> Print {
        Print(fold(self.0 ^ one, other ^ C))
    }

    /// Never 0.
    #[inline(always)]
    pub(crate) fn end(self) -> u64 {
        fold(self.0 ^ B, A).max(1)
    }
}

#[inline(always)]
fn fold(one: u64, other: u64) -> u64 {
    let product = u128::from(one) * u128::from(other);
    product as u64 ^ (product >> 64) as u64
}

#[inline(always)]
fn word(bytes: &[u8]) -> u64 {
    bytes.first_chunk().map_or(0, |chunk| u64::from_le_bytes(*chunk))
}

/// Up to eight characters as a number, their count in it where they are fewer.
#[inline(always)]
pub(crate) fn packed(part: &[u8]) -> u64 {
    if let Some(chunk) = part.first_chunk() {
        return u64::from_le_bytes(*chunk);
    }
    if let (Some(first), Some(last)) = (part.first_chunk(), part.last_chunk()) {
        let (first, last) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
        return u64::from(first) << 32 | u64::from(last ^ (part.len() as u32) << 29);
    }
    part.iter().fold(part.len() as u64, |packed, byte| packed << 8 | u64::from(*byte))
}

/// Fewer than sixteen bytes as two numbers.
#[inline(always)]
fn ends(bytes: &[u8]) -> (u64, u64) {
    if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        return (u64::from_le_bytes(*first), u64::from_le_bytes(*last));
    }
    if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        return (u64::from(u32::from_le_bytes(*first)), u64::from(u32::from_le_bytes(*last)));
    }
    match bytes {
        [] => (0, 0),
        [only] => (u64::from(*only), 1),
        [first, .., last] => {
            (u64::from(*first) << 8 | u64::from(*last), u64::from(bytes.get(1).copied().unwrap_or(0)) << 8 | 2)
        }
    }
}

/// Slots at the start: room for the month of one person without growing.
const SLOTS: usize = 512;
/// Beyond so many fingerprints nothing more is remembered.
const SEEN_MAX: usize = 1 << 16;

/// 既出 — the fingerprints of one person's rows. Emptied when the next person comes, at the cost of what was used.
#[derive(Debug)]
pub(crate) struct Seen {
    /// 0 is an empty slot. Only the first `size` are in use.
    slots: Vec<u64>,
    spare: Vec<u64>,
    size: usize,
    count: usize,
}

impl Seen {
    pub(crate) fn new() -> Seen {
        Seen { slots: vec![0; SLOTS], spare: Vec::new(), size: SLOTS, count: 0 }
    }

    /// Whether it is new. What could not be remembered any more is new.
    #[inline]
    pub(crate) fn insert(&mut self, print: u64) -> bool {
        if self.count * 2 >= self.size && !self.grow() {
            return !self.contains(print);
        }
        let mask = self.size - 1;
        let mut at = print as usize & mask;
        loop {
            match self.slots.get_mut(at) {
                Some(slot) if *slot == print => return false,
                Some(slot) if *slot == 0 => {
                    *slot = print;
                    self.count += 1;
                    return true;
                }
                Some(_) => at = (at + 1) & mask,
                None => return true,
            }
        }
    }

    pub(crate) fn contains(&self, print: u64) -> bool {
        let mask = self.size - 1;
        let mut at = print as usize & mask;
        loop {
            match self.slots.get(at) {
                Some(slot) if *slot == print => return true,
                Some(0) | None => return false,
                Some(_) => at = (at + 1) & mask,
            }
        }
    }

    /// Whether there is room for more.
    #[cold]
    fn grow(&mut self) -> bool {
        if self.count >= SEEN_MAX {
            return self.count * 2 < self.size;
        }
        let size = self.size * 2;
        self.spare.clear();
        self.spare.resize(size, 0);
        std::mem::swap(&mut self.slots, &mut self.spare);
        let old = std::mem::replace(&mut self.size, size);
        self.count = 0;
        for at in 0..old {
            if let Some(print) = self.spare.get(at).copied().filter(|print| *print != 0) {
                self.insert(print);
            }
        }
        true
    }

    pub(crate) fn clear(&mut self) {
        if self.count > 0 {
            self.slots.iter_mut().take(self.size).for_each(|slot| *slot = 0);
        }
        self.size = SLOTS;
        self.count = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_tell_parts_apart() {
        let print = |parts: &[&[u8]]| parts.iter().fold(Print::new(1), |print, part| print.with(part)).end();
        let all = [
            print(&[b"ab", b"c"]),
            print(&[b"a", b"bc"]),
            print(&[b"abc"]),
            print(&[b"", b"abc"]),
            print(&[b"abc", b""]),
            print(&[b"1370000002", b"111111"]),
            print(&[b"1370000002", b"111112"]),
            print(&[&[b'x'; 40]]),
            print(&[&[b'x'; 41]]),
            print(&[b"1"]),
            print(&[b"2"]),
            print(&[b"12"]),
            print(&[b"1", b"2"]),
        ];
        let distinct: std::collections::BTreeSet<u64> = all.into_iter().collect();
        assert_eq!(distinct.len(), all.len());
    }

    #[test]
    fn seen_grows_is_emptied_and_stops_at_its_bound() {
        let mut seen = Seen::new();
        for round in 0..3 {
            for number in 1..5_000_u64 {
                assert!(seen.insert(Print::new(round).and(number).end()));
                assert!(!seen.insert(Print::new(round).and(number).end()));
            }
            seen.clear();
        }
        for number in 0..2 * SEEN_MAX as u64 {
            seen.insert(Print::new(9).and(number).end());
        }
        assert!(seen.count <= SEEN_MAX + SLOTS && seen.contains(Print::new(9).and(5).end()));
        assert!(!seen.contains(Print::new(8).and(5).end()));
    }
}

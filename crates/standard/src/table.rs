//! 名簿 — what the files of a unit say about each person or plan, by fingerprint. Its size follows from the bytes of the
//! unit and is allocated once.

/// Slots at most: 16 MB. Half of them are used, for 262 144 people or plans; of more than that nothing is called missing
/// (a unit is between two offices: no two have as many people in common).
const SLOTS_MAX: usize = 1 << 19;
/// Slots looked at for one key. Fingerprints made to collide fill the table no further.
const PROBES_MAX: usize = 64;

/// 名簿
#[derive(Debug)]
pub(crate) struct Table {
    slots: Vec<[u64; 4]>,
    used: usize,
    /// Whether a key could not be remembered.
    pub(crate) full: bool,
}

impl Table {
    /// For files of so many bytes: a row has 64 at least.
    pub(crate) fn for_bytes(bytes: u64) -> Table {
        let rows = usize::try_from(bytes / 32).unwrap_or(SLOTS_MAX).min(SLOTS_MAX);
        let slots = (rows + 64).next_power_of_two().min(SLOTS_MAX);
        Table { slots: vec![[0; 4]; slots], used: 0, full: false }
    }

    /// Fingerprint, digests and flags of a key, if it is known.
    pub(crate) fn get(&self, print: u64) -> Option<[u64; 4]> {
        let mask = self.slots.len() - 1;
        for probe in 0..PROBES_MAX {
            match self.slots.get((print as usize).wrapping_add(probe) & mask) {
                Some(entry) if entry[0] == print => return Some(*entry),
                Some([0, ..]) | None => return None,
                Some(_) => {}
            }
        }
        None
    }

    /// The same, to be changed; a new key is taken in while there is room.
    pub(crate) fn entry(&mut self, print: u64) -> Option<&mut [u64; 4]> {
        let mask = self.slots.len() - 1;
        let room = self.used * 2 < self.slots.len();
        for probe in 0..PROBES_MAX {
            let at = (print as usize).wrapping_add(probe) & mask;
            match self.slots.get(at) {
                Some(entry) if entry[0] == print => return self.slots.get_mut(at),
                Some([0, ..]) if room => {
                    self.used += 1;
                    let entry = self.slots.get_mut(at)?;
                    entry[0] = print;
                    return Some(entry);
                }
                Some([0, ..]) | None => break,
                Some(_) => {}
            }
        }
        self.full = true;
        None
    }

    /// All that is known.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &[u64; 4]> {
        self.slots.iter().filter(|entry| entry[0] != 0)
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut [u64; 4]> {
        self.slots.iter_mut().filter(|entry| entry[0] != 0)
    }
}

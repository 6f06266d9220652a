//! An exported log in memory, and what can be done to it.

use std::collections::BTreeMap;
use std::convert::Infallible;

use fumibako_ledger::{
    CHECKPOINT_PATH, Export, ExportWriter, LogKey, Policy, Report, SignedCheckpoint, WitnessKey, WitnessRequest,
    WitnessState, older_checkpoint_path, verify_export,
};

use super::{checkpoint, entry, log_key, witness_key, witnesses};

/// The files of an export, by path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Files(pub BTreeMap<String, Vec<u8>>);

impl Export for Files {
    type Error = Infallible;

    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, Infallible> {
        Ok(self.0.get(path).cloned())
    }

    fn list(&self, folder: &str, each: &mut dyn FnMut(&str)) -> Result<(), Infallible> {
        let below = |path: &&String| path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
        self.0.keys().filter(below).for_each(|path| each(path));
        Ok(())
    }
}

/// An export of these entries, signed by this key, with checkpoints at these sizes, the newest cosigned by these witnesses.
pub fn export(entries: &[Vec<u8>], older: &[u64], key: &LogKey, by: &[WitnessKey]) -> Files {
    let mut files = Files::default();
    let mut writer = ExportWriter::new();
    let mut write = |path: &str, bytes: &[u8]| {
        files.0.insert(path.to_owned(), bytes.to_vec());
        Ok::<_, Infallible>(())
    };
    let sign = |writer: &ExportWriter| key.sign(checkpoint(writer.tree().size(), writer.tree().root())).unwrap();
    for entry in entries {
        let size = writer.tree().size();
        if older.contains(&size) {
            write(&older_checkpoint_path(size), sign(&writer).to_string().as_bytes()).unwrap();
        }
        writer.push(entry, &mut write).unwrap();
    }
    writer.edge(&mut write).unwrap();
    let mut newest = sign(&writer);
    for witness in by {
        cosign(&mut newest, witness, key);
    }
    write(CHECKPOINT_PATH, newest.to_string().as_bytes()).unwrap();
    files
}

/// Has a witness cosign that sees the log for the first time.
pub fn cosign(signed: &mut SignedCheckpoint, witness: &WitnessKey, key: &LogKey) {
    let (_, tiles) = super::stored(0);
    let size = signed.checkpoint().size();
    let proof = fumibako_ledger::ConsistencyProof::between(&tiles, 0, size).unwrap();
    let request = WitnessRequest::new(proof, signed.clone()).unwrap();
    let policy = Policy::new(key.verifying_key()).unwrap();
    let line = WitnessState::new().cosign(&request, &policy, witness, 1_795_305_700).unwrap();
    signed.add_cosignature(line, &witness.verifying_key()).unwrap();
}

pub fn entries(count: u64) -> Vec<Vec<u8>> {
    (0..count).map(entry).collect()
}

/// A log of so many entries as it should be: cosigned by two witnesses, with older checkpoints.
pub fn sound(count: u64) -> Files {
    let older: Vec<u64> = [count / 3, count / 2].into_iter().filter(|size| *size > 0).collect();
    export(&entries(count), &older, &log_key(), &[witness_key(0), witness_key(1)])
}

/// Whom an outsider trusts: the log's key and both witnesses.
pub fn policy() -> Policy {
    Policy::new(log_key().verifying_key()).unwrap().with_witnesses(witnesses(2), 2).unwrap()
}

/// Only the log's key.
pub fn policy_of_the_key_alone() -> Policy {
    Policy::new(log_key().verifying_key()).unwrap()
}

pub fn verify(files: &Files) -> Report {
    verify_export(files, &policy(), &[]).unwrap()
}

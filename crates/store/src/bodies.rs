//! Sealed bodies too large for a row: one object each, on disk before the row that names it (DESIGN §6).
//!
//! A body is written under `incoming/` and moved to its place after the commit. What a crash leaves in `incoming/`
//! either has a row (then it is moved) or has none (then it is removed): the work at start-up is bounded by what was
//! in flight, however much is stored.

use crate::Error;
use futures_util::TryStreamExt as _;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectStore as _, ObjectStoreExt as _};
use std::fs;

const INCOMING: &str = "incoming";
const SETTLED: &str = "settled";

#[derive(Debug)]
pub(crate) struct Bodies {
    objects: LocalFileSystem,
}

impl Bodies {
    pub(crate) fn open(folder: &std::path::Path) -> Result<Self, Error> {
        fs::create_dir_all(folder).map_err(Error::file(folder))?;
        let objects = LocalFileSystem::new_with_prefix(folder)?.with_fsync(true);
        Ok(Self { objects })
    }

    /// On disk when this returns.
    pub(crate) async fn put(&self, key: &str, sealed: Vec<u8>) -> Result<(), Error> {
        self.objects.put(&incoming(key), sealed.into()).await?;
        Ok(())
    }

    /// The row is committed: the body takes its place. Failing is harmless, [`Bodies::get`] looks in both.
    pub(crate) async fn settle(&self, key: &str) {
        if let Err(error) = self.objects.rename(&incoming(key), &settled(key)).await {
            tracing::warn!(%error, "a body stays in incoming until the next start");
        }
    }

    /// The row was not committed, or names an object that was erased.
    pub(crate) async fn discard(&self, key: &str) {
        for path in [incoming(key), settled(key)] {
            match self.objects.delete(&path).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => tracing::warn!(%error, "a body without a row could not be removed"),
            }
        }
    }

    pub(crate) async fn get(&self, key: &str) -> Result<Vec<u8>, Error> {
        // It may take its place between the first look and the second.
        for path in [settled(key), incoming(key), settled(key)] {
            match self.objects.get(&path).await {
                Err(object_store::Error::NotFound { .. }) => {}
                found => return Ok(found?.bytes().await?.into()),
            }
        }
        // A row names it and it is nowhere: somebody removed it.
        Err(Error::Damaged)
    }

    /// What lies between writing and settling, and since when (seconds since 1970).
    pub(crate) async fn unsettled(&self) -> Result<Vec<(String, i64)>, Error> {
        let objects: Vec<_> = self.objects.list(Some(&Path::from(INCOMING))).try_collect().await?;
        let named = |object: &object_store::ObjectMeta| {
            Some((object.location.filename()?.to_owned(), object.last_modified.timestamp()))
        };
        Ok(objects.iter().filter_map(named).collect())
    }
}

fn incoming(key: &str) -> Path {
    Path::from_iter([INCOMING, key])
}

/// Keys are UUIDv7: their last two characters are random and spread the objects over 256 folders.
fn settled(key: &str) -> Path {
    let shelf = key.get(key.len().saturating_sub(2)..).unwrap_or(key);
    Path::from_iter([SETTLED, shelf, key])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_body_can_be_read_before_and_after_it_settles() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let bodies = Bodies::open(folder.path()).expect("opens");
        bodies.put("0190-aa", b"sealed".to_vec()).await.expect("written");
        assert_eq!(bodies.get("0190-aa").await.expect("incoming"), b"sealed");
        assert_eq!(bodies.unsettled().await.expect("listed")[0].0, "0190-aa");
        bodies.settle("0190-aa").await;
        assert_eq!(bodies.get("0190-aa").await.expect("settled"), b"sealed");
        assert!(bodies.unsettled().await.expect("listed").is_empty());
        bodies.discard("0190-aa").await;
        assert!(matches!(bodies.get("0190-aa").await, Err(Error::Damaged)));
    }
}

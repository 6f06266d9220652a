//! Where the hashes of the tree lie.

use super::{Grown, WHERE, index};
use crate::database::Connection;
use crate::hex::unhex;
use crate::{Error, Store};
use ledger::{Hash, TILE_WIDTH, TileId, Tiles};

const LEAVES: &str = "
    SELECT leaf_hash FROM ledger WHERE entry_index >= $1 AND entry_index < $2 ORDER BY entry_index";
const TILE: &str = "SELECT hashes FROM log_tile WHERE level = $1 AND tile_index = $2";
/// A node that has seen less of the log takes nothing away from what another one knows.
const KEEP: &str = "
    INSERT INTO log_tile (level, tile_index, hashes) VALUES ($1, $2, $3)
    ON CONFLICT (level, tile_index) DO UPDATE SET hashes = excluded.hashes
     WHERE length(excluded.hashes) > length(log_tile.hashes)";

pub(super) async fn keep(c: &mut Connection, grown: Grown) -> Result<(), Error> {
    for ((level, tile), hashes) in grown {
        sqlx::query(KEEP).bind(i64::from(level)).bind(index(tile)?).bind(hashes).execute(&mut *c).await?;
    }
    Ok(())
}

impl Store {
    /// Fetches tiles. One that is missing is left out, and what needs it says so.
    pub(super) async fn tiles(&self, wanted: Vec<TileId>) -> Result<Tiles, Error> {
        let mut tiles = Tiles::new();
        for tile in wanted {
            if let Some(hashes) = self.tile(tile).await? {
                tiles.insert(tile, hashes);
            }
        }
        Ok(tiles)
    }

    async fn tile(&self, tile: TileId) -> Result<Option<Vec<Hash>>, Error> {
        if tile.level > 0 {
            let bytes: Option<Vec<u8>> = sqlx::query_scalar(TILE)
                .bind(i64::from(tile.level))
                .bind(index(tile.index)?)
                .fetch_optional(&self.reads)
                .await?;
            let Some(bytes) = bytes else { return Ok(None) };
            let hashes: Option<Vec<Hash>> = bytes.chunks(32).map(|hash| hash.try_into().ok()).collect();
            return hashes.map(Some).ok_or(Error::LogContradicts);
        }
        let from = index(tile.index * u64::from(TILE_WIDTH))?;
        let leaves: Vec<String> =
            sqlx::query_scalar(LEAVES).bind(from).bind(from + i64::from(tile.width)).fetch_all(&self.reads).await?;
        let hash = |leaf: &String| unhex(leaf).and_then(|bytes| bytes.try_into().ok()).ok_or(WHERE);
        leaves.iter().map(hash).collect::<Result<Vec<Hash>, Error>>().map(Some)
    }
}

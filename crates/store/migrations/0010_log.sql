-- The tree over the log (R10.5). Its leaves lie in `ledger`; here are the hashes above them, as C2SP tlog-tiles cuts them:
-- up to 256 hashes a row, from level 1 on. A row only ever grows.
CREATE TABLE log_tile (
    level      BIGINT NOT NULL,
    tile_index BIGINT NOT NULL,
    hashes     BLOB NOT NULL,
    PRIMARY KEY (level, tile_index)
);

-- チェックポイント: what the log has committed itself to, as a signed note with the cosignatures of witnesses.
CREATE TABLE log_checkpoint (
    tree_size BIGINT PRIMARY KEY,
    origin    TEXT NOT NULL,
    note      TEXT NOT NULL,
    made_at   TEXT NOT NULL,
    kept      BIGINT NOT NULL            -- 1: it has left the house, so it is never thinned out
);
CREATE INDEX log_checkpoint_age ON log_checkpoint (made_at) WHERE kept = 0;

-- Names under which the log signed before a gap was declared, with their public keys.
CREATE TABLE log_former_key (
    origin     TEXT PRIMARY KEY,
    public_key TEXT NOT NULL,            -- a C2SP vkey
    ended_at   TEXT NOT NULL
);

-- 断絶の宣言: an older state was taken up although a later one had been anchored. Who said so, and why.
CREATE TABLE log_gap (
    gap_id        TEXT PRIMARY KEY,
    origin_before TEXT NOT NULL,
    origin_after  TEXT NOT NULL,
    anchored_size BIGINT NOT NULL,
    anchored_root TEXT NOT NULL,
    size_here     BIGINT NOT NULL,
    reason        TEXT NOT NULL CHECK (length(trim(reason)) > 0),
    declared_by   TEXT NOT NULL,
    approved_by   TEXT NOT NULL,
    declared_at   TEXT NOT NULL,
    CHECK (approved_by <> declared_by)
);

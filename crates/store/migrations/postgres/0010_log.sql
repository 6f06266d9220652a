-- The tree over the log (R10.5). Its leaves lie in `ledger`; here are the hashes above them, as C2SP tlog-tiles cuts them:
-- up to 256 hashes a row, from level 1 on. A row only ever grows.
CREATE TABLE log_tile (
    level      BIGINT NOT NULL,
    tile_index BIGINT NOT NULL,
    hashes     BYTEA NOT NULL,
    PRIMARY KEY (level, tile_index)
);

-- チェックポイント: what the log has committed itself to, as a signed note with the cosignatures of witnesses.
CREATE TABLE log_checkpoint (
    tree_size BIGINT PRIMARY KEY,
    origin    TEXT COLLATE "C" NOT NULL,
    note      TEXT COLLATE "C" NOT NULL,
    made_at   TEXT COLLATE "C" NOT NULL,
    kept      BIGINT NOT NULL            -- 1: it has left the house, so it is never thinned out
);
CREATE INDEX log_checkpoint_age ON log_checkpoint (made_at) WHERE kept = 0;

-- Names under which the log signed before a gap was declared, with their public keys.
CREATE TABLE log_former_key (
    origin     TEXT COLLATE "C" PRIMARY KEY,
    public_key TEXT COLLATE "C" NOT NULL,            -- a C2SP vkey
    ended_at   TEXT COLLATE "C" NOT NULL
);

-- 断絶の宣言: an older state was taken up although a later one had been anchored. Who said so, and why.
CREATE TABLE log_gap (
    gap_id        TEXT COLLATE "C" PRIMARY KEY,
    origin_before TEXT COLLATE "C" NOT NULL,
    origin_after  TEXT COLLATE "C" NOT NULL,
    anchored_size BIGINT NOT NULL,
    anchored_root TEXT COLLATE "C" NOT NULL,
    size_here     BIGINT NOT NULL,
    reason        TEXT COLLATE "C" NOT NULL CHECK (length(trim(reason)) > 0),
    declared_by   TEXT COLLATE "C" NOT NULL,
    approved_by   TEXT COLLATE "C" NOT NULL,
    declared_at   TEXT COLLATE "C" NOT NULL,
    CHECK (approved_by <> declared_by)
);

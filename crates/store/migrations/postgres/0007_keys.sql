-- Keys below the master key, their copies, and how they are replaced (R6.4, R6.5, R6.6, R11.3).

-- 鍵の写しの台帳: every copy of every key, wherever it lies. No certificate of erasure while one of them lives.
CREATE TABLE key_copy (
    copy_id       TEXT COLLATE "C" PRIMARY KEY,
    key_kind      TEXT COLLATE "C" NOT NULL,             -- as crates/store/src/key_copies.rs spells it
    key_id        TEXT COLLATE "C" NOT NULL,             -- of the key, or of the thing it is the key of
    place         TEXT COLLATE "C" NOT NULL,             -- 'database', 'data-folder', 'key-store', 'token', 'backup', 'share', 'paper'
    place_id      TEXT COLLATE "C" NOT NULL,             -- which of them: a backup's id, a share's number; '' where there is one only
    holder        TEXT COLLATE "C" NOT NULL,             -- a pseudonym; '' where nobody but the program has it
    made_at       TEXT COLLATE "C" NOT NULL,
    made_by       TEXT COLLATE "C" NOT NULL,
    destroyed_at  TEXT COLLATE "C",
    destroyed_by  TEXT COLLATE "C",
    destroyed_how TEXT COLLATE "C"
);
CREATE UNIQUE INDEX key_copy_once ON key_copy (key_kind, key_id, place, place_id) WHERE destroyed_at IS NULL;
CREATE INDEX key_copy_key ON key_copy (key_kind, key_id);

CREATE TRIGGER key_copy_is_never_removed BEFORE DELETE ON key_copy FOR EACH ROW
 EXECUTE FUNCTION refuse('key copies are never removed from the register');
CREATE TRIGGER key_copy_is_only_destroyed BEFORE UPDATE ON key_copy FOR EACH ROW
 WHEN (OLD.destroyed_at IS NOT NULL OR NEW.destroyed_at IS NULL OR NEW.copy_id <> OLD.copy_id
   OR NEW.key_kind <> OLD.key_kind OR NEW.key_id <> OLD.key_id OR NEW.place <> OLD.place
   OR NEW.place_id <> OLD.place_id OR NEW.holder <> OLD.holder OR NEW.made_at <> OLD.made_at OR NEW.made_by <> OLD.made_by)
 EXECUTE FUNCTION refuse('a key copy is only ever destroyed, and once');

-- The keys that do the work. The master key wraps these and nothing else, so replacing it touches few rows.
CREATE TABLE working_key (
    kind        TEXT COLLATE "C" NOT NULL,               -- 'wrapping', 'field', 'blind-index', 'pepper'
    key_version BIGINT NOT NULL,
    key_id      TEXT COLLATE "C" NOT NULL UNIQUE,
    wrapped     BYTEA NOT NULL,               -- under the master key that its header names; empty once destroyed
    origin      TEXT COLLATE "C" NOT NULL,               -- 'random'; 'derived': from the master key, before there were working keys
    created_at  TEXT COLLATE "C" NOT NULL,
    usable_from TEXT COLLATE "C" NOT NULL,               -- by then every node knows it: only now is anything put under it
    destroyed_at TEXT COLLATE "C",
    PRIMARY KEY (kind, key_version)
);

-- An office's old keys, once everything is wrapped to the new one.
ALTER TABLE office_key ADD COLUMN retired_at TEXT COLLATE "C";
ALTER TABLE office_key ADD COLUMN destroyed_at TEXT COLLATE "C";

-- 鍵の更新: how far it is. What is here survives a crash; each step may be done twice.
CREATE TABLE key_rotation (
    rotation_id  TEXT COLLATE "C" PRIMARY KEY,
    kind         TEXT COLLATE "C" NOT NULL,              -- 'master', 'wrapping', 'field', 'pepper', 'office', 'database'
    subject      TEXT COLLATE "C" NOT NULL,              -- the office, else ''
    from_key_id  TEXT COLLATE "C" NOT NULL,
    to_key_id    TEXT COLLATE "C" NOT NULL,
    requested_by TEXT COLLATE "C" NOT NULL,
    started_at   TEXT COLLATE "C" NOT NULL,
    stage        BIGINT NOT NULL,            -- which place is being walked
    after_id     TEXT COLLATE "C" NOT NULL,              -- the last row done there
    total        BIGINT NOT NULL,
    done         BIGINT NOT NULL,
    pass_started_at TEXT COLLATE "C" NOT NULL,           -- everything is walked again until a late pass finds nothing under the old key
    found        BIGINT NOT NULL,            -- under the old key, in this pass
    walked_at    TEXT COLLATE "C",                       -- the last pass is over; what waits is the end of the old key
    finished_at  TEXT COLLATE "C"
);
CREATE UNIQUE INDEX key_rotation_open ON key_rotation (kind, subject) WHERE finished_at IS NULL;

-- 復旧用の分割鍵 (R6.6). The shares themselves are nowhere here; each is a key copy.
CREATE TABLE key_share_set (
    set_id        TEXT COLLATE "C" PRIMARY KEY,
    master_key_id TEXT COLLATE "C" NOT NULL,
    shares        BIGINT NOT NULL,
    needed        BIGINT NOT NULL,
    made_by       TEXT COLLATE "C" NOT NULL,
    approved_by   TEXT COLLATE "C" NOT NULL,
    made_at       TEXT COLLATE "C" NOT NULL,
    CHECK (approved_by <> made_by)
);

-- Declared emergencies, in which the shares were or were to be used.
CREATE TABLE key_emergency (
    emergency_id TEXT COLLATE "C" PRIMARY KEY,
    reason       TEXT COLLATE "C" NOT NULL CHECK (length(trim(reason)) > 0),
    declared_by  TEXT COLLATE "C" NOT NULL,
    approved_by  TEXT COLLATE "C" NOT NULL,
    declared_at  TEXT COLLATE "C" NOT NULL,
    CHECK (approved_by <> declared_by)
);

-- A box of the set did not open (R6.3): both offices are told. NULL again once it opens.
ALTER TABLE transmission ADD COLUMN damaged_at TEXT COLLATE "C";

-- Sealed evidence may be sealed anew under another key, or erased after its time. What it is stays fixed by its digest, which
-- is compared whenever somebody looks at it.
DROP TRIGGER recovery_facts_are_never_changed ON recovery;
CREATE TRIGGER recovery_facts_are_never_changed BEFORE UPDATE ON recovery FOR EACH ROW
 WHEN (NEW.recovery_id <> OLD.recovery_id OR NEW.account_id <> OLD.account_id OR NEW.office_id IS DISTINCT FROM OLD.office_id
   OR NEW.kind <> OLD.kind OR NEW.requested_by <> OLD.requested_by OR NEW.verified_by <> OLD.verified_by
   OR NEW.method <> OLD.method OR NEW.evidence_digest <> OLD.evidence_digest
   OR NEW.awaits_approval <> OLD.awaits_approval OR NEW.made_at <> OLD.made_at OR NEW.expires_at <> OLD.expires_at
   OR (OLD.approved_by IS NOT NULL AND NEW.approved_by IS DISTINCT FROM OLD.approved_by)
   OR (OLD.ended_at IS NOT NULL AND (NEW.ended_at IS DISTINCT FROM OLD.ended_at OR NEW.result IS DISTINCT FROM OLD.result)))
 EXECUTE FUNCTION refuse('what a recovery states is never changed');

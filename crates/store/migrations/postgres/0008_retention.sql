-- How long what is kept, who erased what and what proves it, where copies lie (R4, R11). Names of people are actors as the
-- ledger spells them. What these tables state is kept; nothing in them is about a person who receives care.

-- 情報種別ごとの消去手順: the newest version of a kind counts, older ones stay (R11.1, R11.6).
CREATE TABLE retention_rule (
    kind         TEXT COLLATE "C" NOT NULL,
    version      BIGINT NOT NULL,
    keep_days    BIGINT NOT NULL,
    minimum_days BIGINT NOT NULL,
    staff        TEXT COLLATE "C" NOT NULL,              -- who may erase, separated by one space
    set_by       TEXT COLLATE "C" NOT NULL,
    approved_by  TEXT COLLATE "C" NOT NULL,
    set_at       TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (kind, version),
    CHECK (approved_by <> set_by),
    CHECK (minimum_days >= 0 AND keep_days >= minimum_days)
);

-- An office that has its copies kept as its own record: nothing of it goes before these days have passed (R11.6).
CREATE TABLE retention_archive (
    office_id    TEXT COLLATE "C" NOT NULL REFERENCES office (office_id),
    version      BIGINT NOT NULL,
    minimum_days BIGINT NOT NULL,
    reason       TEXT COLLATE "C" NOT NULL CHECK (length(trim(reason)) > 0),
    set_by       TEXT COLLATE "C" NOT NULL,
    approved_by  TEXT COLLATE "C" NOT NULL,
    set_at       TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (office_id, version),
    CHECK (approved_by <> set_by)
);

-- 保全: while one is in force nothing in its scope is erased.
CREATE TABLE retention_hold (
    hold_id       TEXT COLLATE "C" PRIMARY KEY,
    scope         TEXT COLLATE "C" NOT NULL,             -- 'all', 'kind', 'office', 'object'
    subject       TEXT COLLATE "C" NOT NULL,             -- the kind, the office's id, the object's id; '' for all
    reason        TEXT COLLATE "C" NOT NULL CHECK (length(trim(reason)) > 0),
    placed_by     TEXT COLLATE "C" NOT NULL,
    placed_at     TEXT COLLATE "C" NOT NULL,
    released_by   TEXT COLLATE "C",
    release_approved_by TEXT COLLATE "C",
    released_at   TEXT COLLATE "C",
    CHECK (release_approved_by <> released_by)
);

-- 消去: asked for, agreed to by somebody else, done, searched for, certified (R11.2–R11.5).
CREATE TABLE erasure (
    erasure_id     TEXT COLLATE "C" PRIMARY KEY,
    kind           TEXT COLLATE "C" NOT NULL,
    reason         TEXT COLLATE "C" NOT NULL,            -- 'expiry', 'early', 'end-of-contract', 'maintenance'
    basis          TEXT COLLATE "C" NOT NULL,            -- in the words of who asked
    rule_version   BIGINT NOT NULL,
    state          TEXT COLLATE "C" NOT NULL,            -- 'requested', 'approved', 'erasing', 'erased', 'certified', 'withdrawn', 'replayed'
    item_count     BIGINT NOT NULL,          -- as previewed
    items_digest   TEXT COLLATE "C" NOT NULL,            -- SHA-256 over the previewed objects
    requested_by   TEXT COLLATE "C" NOT NULL,
    requested_at   TEXT COLLATE "C" NOT NULL,
    approved_by    TEXT COLLATE "C",
    approved_at    TEXT COLLATE "C",
    run_by         TEXT COLLATE "C",
    run_at         TEXT COLLATE "C",
    list_number    BIGINT UNIQUE,            -- its line in the list of erasures, which lies outside of every backup
    erased_at      TEXT COLLATE "C",
    verified_by    TEXT COLLATE "C",
    certified_at   TEXT COLLATE "C",
    certified_index BIGINT,                  -- the ledger entry that names the certificate
    certificate    TEXT COLLATE "C",
    ended_at       TEXT COLLATE "C",
    CHECK (approved_by <> requested_by OR reason = 'expiry'),
    CHECK (verified_by <> run_by OR reason = 'expiry')
);
CREATE INDEX erasure_open ON erasure (state) WHERE state IN ('requested', 'approved', 'erasing', 'erased');

CREATE TRIGGER erasure_is_never_removed BEFORE DELETE ON erasure FOR EACH ROW
 EXECUTE FUNCTION refuse('erasures are never removed');
CREATE TRIGGER erasure_scope_is_never_changed BEFORE UPDATE ON erasure FOR EACH ROW
 WHEN (NEW.erasure_id <> OLD.erasure_id OR NEW.kind <> OLD.kind OR NEW.reason <> OLD.reason
   OR NEW.item_count <> OLD.item_count OR NEW.items_digest <> OLD.items_digest OR NEW.requested_by <> OLD.requested_by
   OR NEW.requested_at <> OLD.requested_at)
 EXECUTE FUNCTION refuse('the scope of an erasure is never changed');

CREATE TABLE erasure_item (
    erasure_id TEXT COLLATE "C" NOT NULL REFERENCES erasure (erasure_id),
    object     TEXT COLLATE "C" NOT NULL,                -- transmission, recovery, account or key
    erased_at  TEXT COLLATE "C",
    PRIMARY KEY (erasure_id, object)
);
CREATE INDEX erasure_item_object ON erasure_item (object);

-- What to search for afterwards: keyed fingerprints of pieces of the erased bytes, which cannot be turned back. They go when
-- the certificate has been issued.
CREATE TABLE erasure_trace (
    erasure_id TEXT COLLATE "C" NOT NULL REFERENCES erasure (erasure_id),
    print      BIGINT NOT NULL,
    PRIMARY KEY (erasure_id, print)
);
CREATE TABLE erasure_body (
    erasure_id TEXT COLLATE "C" NOT NULL REFERENCES erasure (erasure_id),
    body_key   TEXT COLLATE "C" NOT NULL,                -- a file of the body folder that must be gone
    PRIMARY KEY (erasure_id, body_key)
);

-- 提出: to whom a certificate was given, and when (R11.4).
CREATE TABLE erasure_submission (
    erasure_id   TEXT COLLATE "C" NOT NULL REFERENCES erasure (erasure_id),
    submitted_to TEXT COLLATE "C" NOT NULL CHECK (length(trim(submitted_to)) > 0),
    submitted_by TEXT COLLATE "C" NOT NULL,
    submitted_at TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (erasure_id, submitted_to)
);

-- 控えの世代. Registered before the first byte is written, so that no copy of a key exists that nobody knows of (R11.3).
CREATE TABLE backup (
    backup_id       TEXT COLLATE "C" PRIMARY KEY,
    started_at      TEXT COLLATE "C" NOT NULL,
    made_by         TEXT COLLATE "C" NOT NULL,
    ledger_size     BIGINT,                  -- entries in the log at that moment
    erasures        BIGINT,                  -- lines in the list of erasures at that moment
    data_digest     TEXT COLLATE "C",
    keys_digest     TEXT COLLATE "C",
    size_bytes      BIGINT,
    verified_at     TEXT COLLATE "C",                    -- read back and whole
    data_gone_at    TEXT COLLATE "C",
    data_gone_how   TEXT COLLATE "C",
    keys_gone_at    TEXT COLLATE "C",
    keys_gone_how   TEXT COLLATE "C"
);

-- Key archives out of which an erasure has been taken.
CREATE TABLE backup_expunged (
    backup_id   TEXT COLLATE "C" NOT NULL REFERENCES backup (backup_id),
    erasure_id  TEXT COLLATE "C" NOT NULL REFERENCES erasure (erasure_id),
    expunged_at TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (backup_id, erasure_id)
);

-- 復元の訓練 (R4.5).
CREATE TABLE backup_drill (
    drill_id   TEXT COLLATE "C" PRIMARY KEY,
    backup_id  TEXT COLLATE "C" NOT NULL,
    started_at TEXT COLLATE "C" NOT NULL,
    seconds    BIGINT NOT NULL,
    result     TEXT COLLATE "C" NOT NULL,                -- 'ok', or what failed
    sets       BIGINT NOT NULL,
    opened     BIGINT NOT NULL,              -- boxes opened and compared
    drilled_by TEXT COLLATE "C" NOT NULL
);

-- 機器・媒体の廃棄台帳 (R11.7) and 外部委託の破棄台帳 (R11.8).
CREATE TABLE disposal_batch (
    batch_id     TEXT COLLATE "C" PRIMARY KEY,
    contractor   TEXT COLLATE "C" NOT NULL CHECK (length(trim(contractor)) > 0),
    contract     TEXT COLLATE "C" NOT NULL CHECK (length(trim(contract)) > 0),
    opened_by    TEXT COLLATE "C" NOT NULL,
    opened_at    TEXT COLLATE "C" NOT NULL,
    closed_by    TEXT COLLATE "C",
    closed_at    TEXT COLLATE "C"
);
CREATE TABLE disposal_device (
    device_id        TEXT COLLATE "C" PRIMARY KEY,
    serial           TEXT COLLATE "C" NOT NULL CHECK (length(trim(serial)) > 0),
    serial_source    TEXT COLLATE "C" NOT NULL CHECK (length(trim(serial_source)) > 0),
    batch_id         TEXT COLLATE "C" REFERENCES disposal_batch (batch_id), -- NULL: disposed of by our own people
    opened_by        TEXT COLLATE "C" NOT NULL,
    opened_at        TEXT COLLATE "C" NOT NULL,
    method           TEXT COLLATE "C",
    tool             TEXT COLLATE "C",
    residual_check   TEXT COLLATE "C",                   -- how it was seen that nothing readable is left
    performed_by     TEXT COLLATE "C",
    qualification    TEXT COLLATE "C",
    evidence_digest  TEXT COLLATE "C" UNIQUE,            -- SHA-256 of the paper or picture: none proves two disposals
    closed_by        TEXT COLLATE "C",
    closed_at        TEXT COLLATE "C",
    CHECK (closed_by <> opened_by)
);
CREATE UNIQUE INDEX disposal_serial ON disposal_device (serial);

ALTER TABLE transmission ADD COLUMN erased_at TEXT COLLATE "C";
ALTER TABLE account ADD COLUMN erased_at TEXT COLLATE "C";
ALTER TABLE recovery ADD COLUMN erased_at TEXT COLLATE "C";

-- What was erased waits for nobody.
DROP INDEX transmission_open_received;
DROP INDEX transmission_open_sent;
CREATE INDEX transmission_open_received ON transmission (receiver_office_id, accepted_index)
 WHERE acknowledged_at IS NULL AND withdrawn_at IS NULL AND erased_at IS NULL;
CREATE INDEX transmission_open_sent ON transmission (sender_office_id, accepted_index)
 WHERE acknowledged_at IS NULL AND withdrawn_at IS NULL AND erased_at IS NULL;
-- What may have had its time: found without walking what is gone already.
CREATE INDEX transmission_kept ON transmission (accepted_at) WHERE erased_at IS NULL;

-- Evidence may be erased once, after the case has ended; nothing else of what a recovery states may change.
DROP TRIGGER recovery_facts_are_never_changed ON recovery;
CREATE TRIGGER recovery_facts_are_never_changed BEFORE UPDATE ON recovery FOR EACH ROW
 WHEN (NEW.recovery_id <> OLD.recovery_id OR NEW.account_id <> OLD.account_id OR NEW.office_id IS DISTINCT FROM OLD.office_id
   OR NEW.kind <> OLD.kind OR NEW.requested_by <> OLD.requested_by OR NEW.verified_by <> OLD.verified_by
   OR NEW.method <> OLD.method
   OR (NEW.evidence_sealed <> OLD.evidence_sealed
       AND (OLD.ended_at IS NULL OR OLD.erased_at IS NOT NULL OR NEW.erased_at IS NULL))
   OR NEW.evidence_digest <> OLD.evidence_digest OR NEW.awaits_approval <> OLD.awaits_approval OR NEW.made_at <> OLD.made_at OR NEW.expires_at <> OLD.expires_at
   OR (OLD.approved_by IS NOT NULL AND NEW.approved_by IS DISTINCT FROM OLD.approved_by)
   OR (OLD.erased_at IS NOT NULL AND NEW.erased_at IS DISTINCT FROM OLD.erased_at)
   OR (OLD.ended_at IS NOT NULL AND (NEW.ended_at IS DISTINCT FROM OLD.ended_at OR NEW.result IS DISTINCT FROM OLD.result)))
 EXECUTE FUNCTION refuse('what a recovery states is never changed');

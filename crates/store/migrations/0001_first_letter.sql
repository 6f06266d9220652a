-- Identifiers and instants are TEXT (UUIDv7; RFC 3339 in UTC with milliseconds), so that one SQL text serves both engines.

CREATE TABLE office (
    office_id     TEXT PRIMARY KEY,
    office_number TEXT NOT NULL UNIQUE,
    name          TEXT NOT NULL,
    service_types TEXT NOT NULL,             -- two-character codes, separated by one space
    key_id        TEXT NOT NULL,             -- the key new sets are sealed to
    public_key    BLOB NOT NULL,
    created_at    TEXT NOT NULL,
    closed_at     TEXT
);

-- Every key an office ever had. Destroying wrapped_secret is what erasing means.
CREATE TABLE office_key (
    key_id         TEXT PRIMARY KEY,
    office_id      TEXT NOT NULL REFERENCES office (office_id),
    key_version    BIGINT NOT NULL,
    public_key     BLOB NOT NULL,
    wrapped_secret BLOB NOT NULL,            -- under the master key
    created_at     TEXT NOT NULL,
    UNIQUE (office_id, key_version)
);

CREATE TABLE device (
    device_id          TEXT PRIMARY KEY,
    office_id          TEXT NOT NULL REFERENCES office (office_id),
    certificate_serial TEXT NOT NULL UNIQUE,
    certificate_digest TEXT NOT NULL UNIQUE, -- SHA-256 of the certificate, what a handshake proves
    valid_until        TEXT NOT NULL,
    enrolled_at        TEXT NOT NULL,
    revoked_at         TEXT
);

CREATE TABLE enrolment_code (
    code_index TEXT PRIMARY KEY,             -- blind index of the code; the code itself is nowhere
    office_id  TEXT NOT NULL REFERENCES office (office_id),
    issued_at  TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    used_at    TEXT
);

-- Secrets of the exchange itself, each wrapped under the master key: the key of the built-in CA.
CREATE TABLE secret (
    name        TEXT PRIMARY KEY,
    wrapped     BLOB NOT NULL,
    certificate TEXT,
    created_at  TEXT NOT NULL
);

CREATE TABLE transmission (
    transmission_id    TEXT PRIMARY KEY,
    accepted_index     BIGINT NOT NULL UNIQUE, -- the ledger entry of its acceptance; also the cursor of lists
    sender_office_id   TEXT NOT NULL REFERENCES office (office_id),
    sender_type        TEXT NOT NULL,
    receiver_office_id TEXT NOT NULL REFERENCES office (office_id),
    receiver_type      TEXT NOT NULL,
    kind               TEXT NOT NULL,
    serial             TEXT NOT NULL,
    service_month      TEXT,
    digest             TEXT NOT NULL,
    commitment_salt    BLOB NOT NULL,
    envelope           BLOB NOT NULL,         -- the set key, wrapped to receiver and sender
    warnings           BIGINT NOT NULL,
    size_bytes         BIGINT NOT NULL,
    accepted_at        TEXT NOT NULL,
    collected_at       TEXT,
    acknowledged_at    TEXT,
    withdrawn_at       TEXT
);

-- The same set again is the same transmission; the same serial with other content is refused (R1.8).
-- What was withdrawn may be sent again.
CREATE UNIQUE INDEX transmission_serial
    ON transmission (sender_office_id, sender_type, receiver_office_id, receiver_type, serial)
 WHERE withdrawn_at IS NULL;

CREATE INDEX transmission_received ON transmission (receiver_office_id, accepted_index);
CREATE INDEX transmission_sent ON transmission (sender_office_id, accepted_index);

CREATE TABLE transmission_file (
    transmission_id TEXT NOT NULL REFERENCES transmission (transmission_id),
    ordinal         BIGINT NOT NULL,
    name            TEXT NOT NULL,
    digest          TEXT NOT NULL,
    size_bytes      BIGINT NOT NULL,
    body            BLOB,                     -- sealed; NULL when it lies in the body folder
    body_key        TEXT,
    PRIMARY KEY (transmission_id, ordinal)
);

-- The log of access. Rows are only ever added; the position of an entry is its index in the tree (RFC 9162).
CREATE TABLE ledger (
    entry_index BIGINT PRIMARY KEY,
    entry       TEXT NOT NULL,
    leaf_hash   TEXT NOT NULL
);

CREATE TRIGGER ledger_is_append_only_update BEFORE UPDATE ON ledger
BEGIN SELECT RAISE(ABORT, 'ledger entries are never changed'); END;

CREATE TRIGGER ledger_is_append_only_delete BEFORE DELETE ON ledger
BEGIN SELECT RAISE(ABORT, 'ledger entries are never removed'); END;

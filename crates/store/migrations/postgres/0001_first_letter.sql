-- Identifiers and instants are TEXT (UUIDv7; RFC 3339 in UTC with milliseconds), so that one SQL text serves both engines.

CREATE TABLE office (
    office_id     TEXT COLLATE "C" PRIMARY KEY,
    office_number TEXT COLLATE "C" NOT NULL UNIQUE,
    name          TEXT COLLATE "C" NOT NULL,
    service_types TEXT COLLATE "C" NOT NULL,             -- two-character codes, separated by one space
    key_id        TEXT COLLATE "C" NOT NULL,             -- the key new sets are sealed to
    public_key    BYTEA NOT NULL,
    created_at    TEXT COLLATE "C" NOT NULL,
    closed_at     TEXT COLLATE "C"
);

-- Every key an office ever had. Destroying wrapped_secret is what erasing means.
CREATE TABLE office_key (
    key_id         TEXT COLLATE "C" PRIMARY KEY,
    office_id      TEXT COLLATE "C" NOT NULL REFERENCES office (office_id),
    key_version    BIGINT NOT NULL,
    public_key     BYTEA NOT NULL,
    wrapped_secret BYTEA NOT NULL,            -- under the master key
    created_at     TEXT COLLATE "C" NOT NULL,
    UNIQUE (office_id, key_version)
);

CREATE TABLE device (
    device_id          TEXT COLLATE "C" PRIMARY KEY,
    office_id          TEXT COLLATE "C" NOT NULL REFERENCES office (office_id),
    certificate_serial TEXT COLLATE "C" NOT NULL UNIQUE,
    certificate_digest TEXT COLLATE "C" NOT NULL UNIQUE, -- SHA-256 of the certificate, what a handshake proves
    valid_until        TEXT COLLATE "C" NOT NULL,
    enrolled_at        TEXT COLLATE "C" NOT NULL,
    revoked_at         TEXT COLLATE "C"
);

CREATE TABLE enrolment_code (
    code_index TEXT COLLATE "C" PRIMARY KEY,             -- blind index of the code; the code itself is nowhere
    office_id  TEXT COLLATE "C" NOT NULL REFERENCES office (office_id),
    issued_at  TEXT COLLATE "C" NOT NULL,
    expires_at TEXT COLLATE "C" NOT NULL,
    used_at    TEXT COLLATE "C"
);

-- Secrets of the exchange itself, each wrapped under the master key: the key of the built-in CA.
CREATE TABLE secret (
    name        TEXT COLLATE "C" PRIMARY KEY,
    wrapped     BYTEA NOT NULL,
    certificate TEXT COLLATE "C",
    created_at  TEXT COLLATE "C" NOT NULL
);

CREATE TABLE transmission (
    transmission_id    TEXT COLLATE "C" PRIMARY KEY,
    accepted_index     BIGINT NOT NULL UNIQUE, -- the ledger entry of its acceptance; also the cursor of lists
    sender_office_id   TEXT COLLATE "C" NOT NULL REFERENCES office (office_id),
    sender_type        TEXT COLLATE "C" NOT NULL,
    receiver_office_id TEXT COLLATE "C" NOT NULL REFERENCES office (office_id),
    receiver_type      TEXT COLLATE "C" NOT NULL,
    kind               TEXT COLLATE "C" NOT NULL,
    serial             TEXT COLLATE "C" NOT NULL,
    service_month      TEXT COLLATE "C",
    digest             TEXT COLLATE "C" NOT NULL,
    commitment_salt    BYTEA NOT NULL,
    envelope           BYTEA NOT NULL,         -- the set key, wrapped to receiver and sender
    warnings           BIGINT NOT NULL,
    size_bytes         BIGINT NOT NULL,
    accepted_at        TEXT COLLATE "C" NOT NULL,
    collected_at       TEXT COLLATE "C",
    acknowledged_at    TEXT COLLATE "C",
    withdrawn_at       TEXT COLLATE "C"
);

-- The same set again is the same transmission; the same serial with other content is refused (R1.8).
-- What was withdrawn may be sent again.
CREATE UNIQUE INDEX transmission_serial
    ON transmission (sender_office_id, sender_type, receiver_office_id, receiver_type, serial)
 WHERE withdrawn_at IS NULL;

CREATE INDEX transmission_received ON transmission (receiver_office_id, accepted_index);
CREATE INDEX transmission_sent ON transmission (sender_office_id, accepted_index);

CREATE TABLE transmission_file (
    transmission_id TEXT COLLATE "C" NOT NULL REFERENCES transmission (transmission_id),
    ordinal         BIGINT NOT NULL,
    name            TEXT COLLATE "C" NOT NULL,
    digest          TEXT COLLATE "C" NOT NULL,
    size_bytes      BIGINT NOT NULL,
    body            BYTEA,                     -- sealed; NULL when it lies in the body folder
    body_key        TEXT COLLATE "C",
    PRIMARY KEY (transmission_id, ordinal)
);

-- The log of access. Rows are only ever added; the position of an entry is its index in the tree (RFC 9162).
CREATE TABLE ledger (
    entry_index BIGINT PRIMARY KEY,
    entry       TEXT COLLATE "C" NOT NULL,
    leaf_hash   TEXT COLLATE "C" NOT NULL
);

CREATE TRIGGER ledger_is_append_only_update BEFORE UPDATE ON ledger FOR EACH ROW
 EXECUTE FUNCTION refuse('ledger entries are never changed');

CREATE TRIGGER ledger_is_append_only_delete BEFORE DELETE ON ledger FOR EACH ROW
 EXECUTE FUNCTION refuse('ledger entries are never removed');

-- サーバー証明書 obtained with ACME (RFC 8555), for all nodes (R7.1). The newest one is shown at the doors.
CREATE TABLE server_certificate (
    certificate_id TEXT PRIMARY KEY,
    version        BIGINT NOT NULL UNIQUE,   -- counts up
    directory      TEXT NOT NULL,            -- the authority's ACME directory
    names          TEXT NOT NULL,            -- what it is good for, one a line
    chain          TEXT NOT NULL,            -- PEM, leaf first
    key_sealed     BLOB,                     -- NULL once a newer one is in use
    valid_from     TEXT NOT NULL,
    valid_until    TEXT NOT NULL,
    taken_at       TEXT NOT NULL
);

-- Our account with an authority: the key that signs orders.
CREATE TABLE acme_account (
    directory      TEXT PRIMARY KEY,
    account_sealed BLOB NOT NULL,
    created_at     TEXT NOT NULL
);

-- What any node answers while an authority looks whether a name is ours (RFC 8737).
CREATE TABLE acme_challenge (
    name       TEXT PRIMARY KEY,
    digest     TEXT NOT NULL,                -- SHA-256 of the key authorization, hex; no secret
    expires_at TEXT NOT NULL
);

-- Whose turn it is to order, and what came of the last try. One row.
CREATE TABLE acme_turn (
    turn          BIGINT PRIMARY KEY CHECK (turn = 1),
    claimed_until TEXT,
    failures      BIGINT NOT NULL,           -- in a row
    failed_at     TEXT,
    reason        TEXT,                      -- a code; the log says more
    next_at       TEXT,                      -- not before
    wanted_at     TEXT                       -- an operator asked for a new one
);

INSERT INTO acme_turn (turn, failures) VALUES (1, 0);

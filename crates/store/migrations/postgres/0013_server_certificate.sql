-- サーバー証明書 obtained with ACME (RFC 8555), for all nodes (R7.1). The newest one is shown at the doors.
CREATE TABLE server_certificate (
    certificate_id TEXT COLLATE "C" PRIMARY KEY,
    version        BIGINT NOT NULL UNIQUE,   -- counts up
    directory      TEXT COLLATE "C" NOT NULL,            -- the authority's ACME directory
    names          TEXT COLLATE "C" NOT NULL,            -- what it is good for, one a line
    chain          TEXT COLLATE "C" NOT NULL,            -- PEM, leaf first
    key_sealed     BYTEA,                     -- NULL once a newer one is in use
    valid_from     TEXT COLLATE "C" NOT NULL,
    valid_until    TEXT COLLATE "C" NOT NULL,
    taken_at       TEXT COLLATE "C" NOT NULL
);

-- Our account with an authority: the key that signs orders.
CREATE TABLE acme_account (
    directory      TEXT COLLATE "C" PRIMARY KEY,
    account_sealed BYTEA NOT NULL,
    created_at     TEXT COLLATE "C" NOT NULL
);

-- What any node answers while an authority looks whether a name is ours (RFC 8737).
CREATE TABLE acme_challenge (
    name       TEXT COLLATE "C" PRIMARY KEY,
    digest     TEXT COLLATE "C" NOT NULL,                -- SHA-256 of the key authorization, hex; no secret
    expires_at TEXT COLLATE "C" NOT NULL
);

-- Whose turn it is to order, and what came of the last try. One row.
CREATE TABLE acme_turn (
    turn          BIGINT PRIMARY KEY CHECK (turn = 1),
    claimed_until TEXT COLLATE "C",
    failures      BIGINT NOT NULL,           -- in a row
    failed_at     TEXT COLLATE "C",
    reason        TEXT COLLATE "C",                      -- a code; the log says more
    next_at       TEXT COLLATE "C",                      -- not before
    wanted_at     TEXT COLLATE "C"                       -- an operator asked for a new one
);

INSERT INTO acme_turn (turn, failures) VALUES (1, 0);

-- 一方向の受渡し: for an office that is not on the exchange. Sealed to a key of its own, which the server keeps sealed and destroys
-- when the handover ends: withdrawn, after too many wrong tries, or after two weeks.
CREATE TABLE handover (
    handover_id    TEXT COLLATE "C" PRIMARY KEY,
    office_id      TEXT COLLATE "C" NOT NULL REFERENCES office (office_id),
    offered_by     TEXT COLLATE "C" NOT NULL,
    partner_number TEXT COLLATE "C" NOT NULL,
    partner_name   TEXT COLLATE "C" NOT NULL,
    kinds          TEXT COLLATE "C" NOT NULL,            -- of its sets, separated by one space
    service_month  TEXT COLLATE "C",
    address_index  TEXT COLLATE "C" NOT NULL UNIQUE,     -- hash of the address; random, so it needs no key
    address_sealed BYTEA,                     -- so that the letter can be printed again
    code_hash      TEXT COLLATE "C",                     -- of the code that is told by telephone
    key_sealed     BYTEA,
    envelope       BYTEA,
    tries          BIGINT NOT NULL,
    offered_at     TEXT COLLATE "C" NOT NULL,
    expires_at     TEXT COLLATE "C" NOT NULL,
    opened_at      TEXT COLLATE "C",
    visit_index    TEXT COLLATE "C" UNIQUE,              -- hash of the token of whoever has come in
    visit_until    TEXT COLLATE "C",
    ended_at       TEXT COLLATE "C",
    ended_for      TEXT COLLATE "C"                      -- 'withdrawn', 'tries', 'time'
);
CREATE INDEX handover_of_office ON handover (office_id, offered_at);
CREATE INDEX handover_open ON handover (expires_at) WHERE ended_at IS NULL;

CREATE TABLE handover_file (
    handover_id TEXT COLLATE "C" NOT NULL REFERENCES handover (handover_id),
    ordinal     BIGINT NOT NULL,
    name        TEXT COLLATE "C" NOT NULL,
    size_bytes  BIGINT NOT NULL,
    body        BYTEA NOT NULL,               -- sealed
    PRIMARY KEY (handover_id, ordinal)
);

-- 返送: what the other office gave back. Has a key of its own too, and goes after ninety days.
CREATE TABLE handover_return (
    return_id      TEXT COLLATE "C" PRIMARY KEY,
    handover_id    TEXT COLLATE "C" NOT NULL,
    office_id      TEXT COLLATE "C" NOT NULL REFERENCES office (office_id),
    partner_number TEXT COLLATE "C" NOT NULL,
    partner_name   TEXT COLLATE "C" NOT NULL,
    kind           TEXT COLLATE "C" NOT NULL,
    serial         TEXT COLLATE "C" NOT NULL,
    service_month  TEXT COLLATE "C",
    digest         TEXT COLLATE "C" NOT NULL,
    key_sealed     BYTEA,
    envelope       BYTEA,
    returned_at    TEXT COLLATE "C" NOT NULL,
    collected_at   TEXT COLLATE "C",
    ended_at       TEXT COLLATE "C",
    UNIQUE (office_id, partner_number, digest)
);
CREATE INDEX handover_return_of_office ON handover_return (office_id, returned_at);

CREATE TABLE handover_return_file (
    return_id  TEXT COLLATE "C" NOT NULL REFERENCES handover_return (return_id),
    ordinal    BIGINT NOT NULL,
    name       TEXT COLLATE "C" NOT NULL,
    size_bytes BIGINT NOT NULL,
    body       BYTEA NOT NULL,                -- sealed
    PRIMARY KEY (return_id, ordinal)
);

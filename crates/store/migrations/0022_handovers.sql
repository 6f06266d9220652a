-- 一方向の受渡し: for an office that is not on the exchange. Sealed to a key of its own, which the server keeps sealed and destroys
-- when the handover ends: withdrawn, after too many wrong tries, or after two weeks.
CREATE TABLE handover (
    handover_id    TEXT PRIMARY KEY,
    office_id      TEXT NOT NULL REFERENCES office (office_id),
    offered_by     TEXT NOT NULL,
    partner_number TEXT NOT NULL,
    partner_name   TEXT NOT NULL,
    kinds          TEXT NOT NULL,            -- of its sets, separated by one space
    service_month  TEXT,
    address_index  TEXT NOT NULL UNIQUE,     -- hash of the address; random, so it needs no key
    address_sealed BLOB,                     -- so that the letter can be printed again
    code_hash      TEXT,                     -- of the code that is told by telephone
    key_sealed     BLOB,
    envelope       BLOB,
    tries          BIGINT NOT NULL,
    offered_at     TEXT NOT NULL,
    expires_at     TEXT NOT NULL,
    opened_at      TEXT,
    visit_index    TEXT UNIQUE,              -- hash of the token of whoever has come in
    visit_until    TEXT,
    ended_at       TEXT,
    ended_for      TEXT                      -- 'withdrawn', 'tries', 'time'
);
CREATE INDEX handover_of_office ON handover (office_id, offered_at);
CREATE INDEX handover_open ON handover (expires_at) WHERE ended_at IS NULL;

CREATE TABLE handover_file (
    handover_id TEXT NOT NULL REFERENCES handover (handover_id),
    ordinal     BIGINT NOT NULL,
    name        TEXT NOT NULL,
    size_bytes  BIGINT NOT NULL,
    body        BLOB NOT NULL,               -- sealed
    PRIMARY KEY (handover_id, ordinal)
);

-- 返送: what the other office gave back. Has a key of its own too, and goes after ninety days.
CREATE TABLE handover_return (
    return_id      TEXT PRIMARY KEY,
    handover_id    TEXT NOT NULL,
    office_id      TEXT NOT NULL REFERENCES office (office_id),
    partner_number TEXT NOT NULL,
    partner_name   TEXT NOT NULL,
    kind           TEXT NOT NULL,
    serial         TEXT NOT NULL,
    service_month  TEXT,
    digest         TEXT NOT NULL,
    key_sealed     BLOB,
    envelope       BLOB,
    returned_at    TEXT NOT NULL,
    collected_at   TEXT,
    ended_at       TEXT,
    UNIQUE (office_id, partner_number, digest)
);
CREATE INDEX handover_return_of_office ON handover_return (office_id, returned_at);

CREATE TABLE handover_return_file (
    return_id  TEXT NOT NULL REFERENCES handover_return (return_id),
    ordinal    BIGINT NOT NULL,
    name       TEXT NOT NULL,
    size_bytes BIGINT NOT NULL,
    body       BLOB NOT NULL,                -- sealed
    PRIMARY KEY (return_id, ordinal)
);

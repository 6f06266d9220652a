-- 自己点検 (R5.11): what a server found at its own doors, and what clients agreed on there. Nothing about anybody.

CREATE TABLE self_scan (
    scan_id     TEXT PRIMARY KEY,
    doors       TEXT NOT NULL,               -- where they listen, one a line: the next scan of the same takes this one's place
    made_at     TEXT NOT NULL,
    deviations  BIGINT NOT NULL,
    report      TEXT NOT NULL,               -- JSON in its one spelling
    digest      TEXT NOT NULL,               -- of the report; stands in the ledger entry too
    entry_index BIGINT NOT NULL
);
CREATE INDEX self_scan_made ON self_scan (made_at);

CREATE TRIGGER self_scan_is_never_changed BEFORE UPDATE ON self_scan
BEGIN SELECT RAISE(ABORT, 'reports are never changed'); END;
CREATE TRIGGER self_scan_is_never_removed BEFORE DELETE ON self_scan
BEGIN SELECT RAISE(ABORT, 'reports are never removed'); END;

-- What clients agreed on since the last scan, of all nodes; the next report takes it up.
CREATE TABLE tls_tally (
    door             TEXT NOT NULL,
    version          TEXT NOT NULL,
    suite            TEXT NOT NULL,
    key_group        TEXT NOT NULL,
    signature        TEXT NOT NULL,
    client_signature TEXT NOT NULL,          -- empty: no certificate was asked for
    connections      BIGINT NOT NULL,
    PRIMARY KEY (door, version, suite, key_group, signature, client_signature)
);

-- 自己点検 (R5.11): what a server found at its own doors, and what clients agreed on there. Nothing about anybody.

CREATE TABLE self_scan (
    scan_id     TEXT COLLATE "C" PRIMARY KEY,
    doors       TEXT COLLATE "C" NOT NULL,               -- where they listen, one a line: the next scan of the same takes this one's place
    made_at     TEXT COLLATE "C" NOT NULL,
    deviations  BIGINT NOT NULL,
    report      TEXT COLLATE "C" NOT NULL,               -- JSON in its one spelling
    digest      TEXT COLLATE "C" NOT NULL,               -- of the report; stands in the ledger entry too
    entry_index BIGINT NOT NULL
);
CREATE INDEX self_scan_made ON self_scan (made_at);

CREATE TRIGGER self_scan_is_never_changed BEFORE UPDATE ON self_scan FOR EACH ROW
 EXECUTE FUNCTION refuse('reports are never changed');
CREATE TRIGGER self_scan_is_never_removed BEFORE DELETE ON self_scan FOR EACH ROW
 EXECUTE FUNCTION refuse('reports are never removed');

-- What clients agreed on since the last scan, of all nodes; the next report takes it up.
CREATE TABLE tls_tally (
    door             TEXT COLLATE "C" NOT NULL,
    version          TEXT COLLATE "C" NOT NULL,
    suite            TEXT COLLATE "C" NOT NULL,
    key_group        TEXT COLLATE "C" NOT NULL,
    signature        TEXT COLLATE "C" NOT NULL,
    client_signature TEXT COLLATE "C" NOT NULL,          -- empty: no certificate was asked for
    connections      BIGINT NOT NULL,
    PRIMARY KEY (door, version, suite, key_group, signature, client_signature)
);

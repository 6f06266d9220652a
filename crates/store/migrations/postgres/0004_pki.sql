-- Certificates of devices, how they came to be and how they end (R7.2, R7.3, R7.5, R7.8), and who may still use TLS 1.2 (R5.3).
-- Names of operators are actors as the ledger spells them ("operator-cli:sato", "person:0199…").

-- 端末登録の申請: who asked for a device, on which evidence, and who else agreed.
CREATE TABLE enrolment_request (
    request_id      TEXT COLLATE "C" PRIMARY KEY,
    office_id       TEXT COLLATE "C" NOT NULL REFERENCES office (office_id),
    label           TEXT COLLATE "C" NOT NULL,           -- what the office calls the device
    evidence        TEXT COLLATE "C" NOT NULL CHECK (length(trim(evidence)) > 0),
    evidence_digest TEXT COLLATE "C",                    -- SHA-256 of the paper's copy, if there is a file
    requested_by    TEXT COLLATE "C" NOT NULL,
    requested_at    TEXT COLLATE "C" NOT NULL,
    approved_by     TEXT COLLATE "C",
    approved_at     TEXT COLLATE "C",
    CHECK (approved_by <> requested_by)
);

-- A code belongs to an approved request. Those issued before have none and are good for nothing any more.
ALTER TABLE enrolment_code ADD COLUMN request_id TEXT COLLATE "C" REFERENCES enrolment_request (request_id);

-- A device keeps its place when its certificate is renewed, so certificates get a table of their own.
ALTER TABLE device RENAME TO device_before_pki;

CREATE TABLE device (
    device_id   TEXT COLLATE "C" PRIMARY KEY,
    office_id   TEXT COLLATE "C" NOT NULL REFERENCES office (office_id),
    label       TEXT COLLATE "C" NOT NULL,
    origin      TEXT COLLATE "C" NOT NULL,               -- built-in: our authority; outside: another's certificate
    request_id  TEXT COLLATE "C" REFERENCES enrolment_request (request_id),
    enrolled_at TEXT COLLATE "C" NOT NULL,
    revoked_at  TEXT COLLATE "C"
);

-- One device, one name, as long as it is in use.
CREATE UNIQUE INDEX device_label ON device (office_id, label) WHERE revoked_at IS NULL;

-- 証明書発行台帳.
CREATE TABLE certificate (
    certificate_digest      TEXT COLLATE "C" PRIMARY KEY, -- SHA-256 of the certificate, what a handshake proves
    serial                  TEXT COLLATE "C" NOT NULL,
    authority_digest        TEXT COLLATE "C",             -- who issued it; NULL: the built-in authority, before this was recorded
    key_digest              TEXT COLLATE "C" UNIQUE,      -- SHA-256 of the public key: none is certified twice
    device_id               TEXT COLLATE "C" NOT NULL REFERENCES device (device_id),
    issued_at               TEXT COLLATE "C" NOT NULL,
    valid_from              TEXT COLLATE "C" NOT NULL,
    valid_until             TEXT COLLATE "C" NOT NULL,
    evidence_digest         TEXT COLLATE "C",
    requested_by            TEXT COLLATE "C",             -- NULL: before four eyes were asked for
    approved_by             TEXT COLLATE "C",
    replaces                TEXT COLLATE "C" REFERENCES certificate (certificate_digest),
    overlap_until           TEXT COLLATE "C",             -- set once it has a successor: it ends here at the latest
    first_used_at           TEXT COLLATE "C",             -- kept for successors: their first use ends what they replace
    revocation_requested_at TEXT COLLATE "C",
    revoked_at              TEXT COLLATE "C",
    revoked_by              TEXT COLLATE "C",
    revocation_reason       TEXT COLLATE "C",
    effective_at            TEXT COLLATE "C",             -- when a serving node first refused it and had ended its connections
    UNIQUE (authority_digest, serial)
);

CREATE INDEX certificate_device ON certificate (device_id);
CREATE INDEX certificate_valid ON certificate (valid_until) WHERE revoked_at IS NULL;
CREATE INDEX certificate_revoked ON certificate (valid_until) WHERE revoked_at IS NOT NULL;

INSERT INTO device (device_id, office_id, label, origin, enrolled_at, revoked_at)
SELECT device_id, office_id, device_id, 'built-in', enrolled_at, revoked_at FROM device_before_pki;

INSERT INTO certificate (certificate_digest, serial, device_id, issued_at, valid_from, valid_until,
                         revocation_requested_at, revoked_at, effective_at)
SELECT certificate_digest, certificate_serial, device_id, enrolled_at, enrolled_at, valid_until,
       revoked_at, revoked_at, revoked_at FROM device_before_pki;

DROP TABLE device_before_pki;

-- お知らせ to an office: a certificate that ends soon (one row for each stage), an exception that ended.
CREATE TABLE certificate_notice (
    notice_id TEXT COLLATE "C" PRIMARY KEY,
    office_id TEXT COLLATE "C" NOT NULL REFERENCES office (office_id),
    kind      TEXT COLLATE "C" NOT NULL,                 -- expiry, weak-key, tls12-end
    subject   TEXT COLLATE "C" NOT NULL,                 -- certificate digest or exception id
    stage     TEXT COLLATE "C" NOT NULL,                 -- days that were left, or the day of the end
    raised_at TEXT COLLATE "C" NOT NULL,
    UNIQUE (kind, subject, stage)
);

CREATE INDEX certificate_notice_office ON certificate_notice (office_id, raised_at);

-- TLS1.2 例外台帳.
CREATE TABLE tls12_exception (
    exception_id TEXT COLLATE "C" PRIMARY KEY,
    office_id    TEXT COLLATE "C" NOT NULL REFERENCES office (office_id),
    reason       TEXT COLLATE "C" NOT NULL CHECK (length(trim(reason)) > 0),
    requested_by TEXT COLLATE "C" NOT NULL,
    approved_by  TEXT COLLATE "C" NOT NULL,
    approved_at  TEXT COLLATE "C" NOT NULL,
    ends_on      TEXT COLLATE "C" NOT NULL,              -- the last day, as people in Japan count it
    ends_at      TEXT COLLATE "C" NOT NULL,              -- the instant after it
    ended_at     TEXT COLLATE "C",                       -- ended by hand, or its end recorded
    CHECK (approved_by <> requested_by)
);

-- 外部の認証局 whose certificates are accepted besides our own (R7.8).
CREATE TABLE outside_authority (
    authority_digest TEXT COLLATE "C" PRIMARY KEY,
    name             TEXT COLLATE "C" NOT NULL,
    certificate      TEXT COLLATE "C" NOT NULL,          -- PEM
    office_number_in TEXT COLLATE "C" NOT NULL,          -- subject-cn, subject-serial, san
    added_by         TEXT COLLATE "C" NOT NULL,
    approved_by      TEXT COLLATE "C" NOT NULL,
    added_at         TEXT COLLATE "C" NOT NULL,
    removed_at       TEXT COLLATE "C",
    CHECK (approved_by <> added_by)
);

-- The offline root above an issuing authority. Its key was never here.
ALTER TABLE secret ADD COLUMN root_certificate TEXT COLLATE "C";

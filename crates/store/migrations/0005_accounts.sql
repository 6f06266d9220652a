-- Who is asking: people and programs (R8, R12). Ids and instants are TEXT as everywhere. Columns that end in _sealed hold a
-- sealed field bound to its table, column and row; those that end in _index hold a keyed index, found only with the key.

-- The operator's own devices belong to one row that is no office: it is in no list and nothing can be addressed to it.
ALTER TABLE office ADD COLUMN is_operator BIGINT NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX office_one_operator ON office (is_operator) WHERE is_operator = 1;

-- A request with scopes is for a program, which gets its token with the certificate; without, for a person's browser.
ALTER TABLE enrolment_request ADD COLUMN scopes TEXT;

-- Rows are never removed: a login is never given twice (R8.1).
CREATE TABLE account (
    account_id        TEXT PRIMARY KEY,
    login_index       TEXT NOT NULL UNIQUE,
    login_sealed      BLOB NOT NULL,
    name_sealed       BLOB NOT NULL,
    kana_sealed       BLOB NOT NULL,
    person_index      TEXT NOT NULL,           -- one person, one identity
    side              TEXT NOT NULL,           -- 'office', 'operator'
    profile           TEXT NOT NULL,           -- rules for the password
    state             TEXT NOT NULL,           -- 'invited', 'active', 'suspended', 'closed'
    password_hash     TEXT,                    -- Argon2id, PHC string
    password_set_at   TEXT,
    password_length   BIGINT,                  -- only where its age may force a change (R8.7), else NULL
    must_change       TEXT,                    -- why the password must be changed before anything else
    created_at        TEXT NOT NULL,
    last_signed_in_at TEXT,
    resumed_at        TEXT,
    closed_at         TEXT
);
-- One person has one account that is not closed; rights elsewhere are added to it.
CREATE UNIQUE INDEX account_person ON account (person_index) WHERE state <> 'closed';

CREATE TRIGGER account_is_never_removed BEFORE DELETE ON account
BEGIN SELECT RAISE(ABORT, 'accounts are never removed'); END;
CREATE TRIGGER account_login_is_never_changed BEFORE UPDATE OF login_index ON account
 WHEN NEW.login_index IS NOT OLD.login_index
BEGIN SELECT RAISE(ABORT, 'a login is never changed'); END;

CREATE TABLE password_history (
    account_id TEXT NOT NULL REFERENCES account (account_id),
    hash       TEXT NOT NULL,
    set_at     TEXT NOT NULL,
    PRIMARY KEY (account_id, hash)
);

CREATE TABLE factor (
    factor_id     TEXT PRIMARY KEY,
    account_id    TEXT NOT NULL REFERENCES account (account_id),
    kind          TEXT NOT NULL,               -- 'totp', 'passkey'
    label_sealed  BLOB NOT NULL,
    secret_sealed BLOB NOT NULL,               -- seed or public credential, as a secret of this account
    credential_index TEXT UNIQUE,              -- of a passkey: one account's only
    state         TEXT NOT NULL,               -- 'offered', 'active', 'suspended', 'removed'
    last_step     BIGINT,                      -- a TOTP step is taken once (R8.5)
    sign_count    BIGINT,                      -- a counter that goes back is refused (R8.4)
    session_id    TEXT,                        -- where it was offered
    created_at    TEXT NOT NULL,
    last_used_at  TEXT
);
CREATE INDEX factor_account ON factor (account_id);

CREATE TABLE recovery_code (
    code_index TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES account (account_id),
    made_at    TEXT NOT NULL,
    used_at    TEXT,
    ended_at   TEXT                            -- replaced by newer ones
);
CREATE INDEX recovery_code_account ON recovery_code (account_id);

-- 本人確認台帳 (R8.11). Evidence is sealed; its digest and the result stay.
CREATE TABLE recovery (
    recovery_id     TEXT PRIMARY KEY,
    account_id      TEXT NOT NULL REFERENCES account (account_id),
    office_id       TEXT REFERENCES office (office_id), -- whose matter it is; NULL: the operator's
    kind            TEXT NOT NULL,             -- 'password', 'factor', 'both', 'temporary'
    requested_by    TEXT NOT NULL,
    verified_by     TEXT NOT NULL,
    approved_by     TEXT,
    method          TEXT NOT NULL,
    evidence_sealed BLOB NOT NULL,
    evidence_digest TEXT NOT NULL,
    awaits_approval BIGINT NOT NULL,           -- 1: no code before somebody else approved
    made_at         TEXT NOT NULL,
    expires_at      TEXT NOT NULL,
    ended_at        TEXT,
    result          TEXT                       -- 'done', 'expired', 'withdrawn'
);
-- One at a time for each person.
CREATE UNIQUE INDEX recovery_open ON recovery (account_id) WHERE ended_at IS NULL;

CREATE TRIGGER recovery_is_never_removed BEFORE DELETE ON recovery
BEGIN SELECT RAISE(ABORT, 'recoveries are never removed'); END;
CREATE TRIGGER recovery_facts_are_never_changed BEFORE UPDATE ON recovery
 WHEN NEW.recovery_id <> OLD.recovery_id OR NEW.account_id <> OLD.account_id OR NEW.office_id IS NOT OLD.office_id
   OR NEW.kind <> OLD.kind OR NEW.requested_by <> OLD.requested_by OR NEW.verified_by <> OLD.verified_by
   OR NEW.method <> OLD.method OR NEW.evidence_sealed <> OLD.evidence_sealed
   OR NEW.evidence_digest <> OLD.evidence_digest OR NEW.awaits_approval <> OLD.awaits_approval OR NEW.made_at <> OLD.made_at OR NEW.expires_at <> OLD.expires_at
   OR (OLD.approved_by IS NOT NULL AND NEW.approved_by IS NOT OLD.approved_by)
   OR (OLD.ended_at IS NOT NULL AND (NEW.ended_at IS NOT OLD.ended_at OR NEW.result IS NOT OLD.result))
BEGIN SELECT RAISE(ABORT, 'what a recovery states is never changed'); END;

CREATE TABLE one_time_code (
    code_index  TEXT PRIMARY KEY,
    account_id  TEXT NOT NULL REFERENCES account (account_id),
    purpose     TEXT NOT NULL,                 -- 'invite', 'password', 'factor', 'both', 'temporary'
    recovery_id TEXT REFERENCES recovery (recovery_id),
    issued_at   TEXT NOT NULL,
    expires_at  TEXT NOT NULL,
    used_at     TEXT,
    ended_at    TEXT                           -- replaced or withdrawn
);
CREATE INDEX one_time_code_account ON one_time_code (account_id);

CREATE TABLE session (
    session_id         TEXT PRIMARY KEY,
    token_index        TEXT NOT NULL UNIQUE,   -- SHA-256 of the token
    account_id         TEXT NOT NULL REFERENCES account (account_id),
    office_id          TEXT REFERENCES office (office_id), -- NULL: several to choose from, none chosen yet
    device_id          TEXT NOT NULL REFERENCES device (device_id),
    certificate_digest TEXT NOT NULL,
    level              TEXT NOT NULL,          -- 'password', 'enrol', 'full', 'temporary'
    purpose            TEXT,                   -- of the code that began an 'enrol'
    recovery_id        TEXT REFERENCES recovery (recovery_id),
    second             TEXT,                   -- the second factor of 'full' and 'temporary'
    started_at         TEXT NOT NULL,
    seen_at            TEXT NOT NULL,
    ends_at            TEXT NOT NULL,
    ended_at           TEXT,
    ended_for          TEXT
);
CREATE INDEX session_open ON session (account_id) WHERE ended_at IS NULL;

-- 権限付与台帳 (R12.3): asked for by one person, confirmed by another, about a third.
CREATE TABLE role_grant (
    grant_id      TEXT PRIMARY KEY,
    account_id    TEXT NOT NULL REFERENCES account (account_id),
    office_id     TEXT REFERENCES office (office_id), -- NULL: the operator's
    role          TEXT NOT NULL,
    requested_by  TEXT NOT NULL,
    requested_at  TEXT NOT NULL,
    confirmed_by  TEXT,
    confirmed_at  TEXT,
    expires_at    TEXT,                        -- from its confirmation on
    withdrawn_at  TEXT,
    withdrawn_for TEXT,
    reviewed_at   TEXT,
    reviewed_by   TEXT
);
CREATE UNIQUE INDEX role_grant_once ON role_grant (account_id, coalesce(office_id, ''), role) WHERE withdrawn_at IS NULL;

CREATE TRIGGER role_grant_is_never_removed BEFORE DELETE ON role_grant
BEGIN SELECT RAISE(ABORT, 'grants are never removed'); END;

-- A device of one office admitted for another, by that other office: one desk, several offices of one operator (R7.4).
CREATE TABLE device_office (
    device_id    TEXT NOT NULL REFERENCES device (device_id),
    office_id    TEXT NOT NULL REFERENCES office (office_id),
    admitted_by  TEXT NOT NULL,
    admitted_at  TEXT NOT NULL,
    withdrawn_at TEXT,
    PRIMARY KEY (device_id, office_id)
);

CREATE TABLE software_token (
    token_id     TEXT PRIMARY KEY,
    token_index  TEXT NOT NULL UNIQUE,         -- SHA-256 of the token
    office_id    TEXT NOT NULL REFERENCES office (office_id),
    device_id    TEXT NOT NULL REFERENCES device (device_id),
    label_sealed BLOB NOT NULL,
    scopes       TEXT NOT NULL,
    made_by      TEXT NOT NULL,
    made_at      TEXT NOT NULL,
    expires_at   TEXT NOT NULL,
    last_used_at TEXT,
    replaced_by  TEXT,
    revoked_at   TEXT
);
CREATE INDEX software_token_device ON software_token (device_id) WHERE revoked_at IS NULL;

-- Failed tries, counted here so that every node counts the same (R8.9). The bucket is a keyed index.
CREATE TABLE attempt (
    bucket        TEXT PRIMARY KEY,
    login_index   TEXT,                        -- what an identity check clears; NULL for devices and addresses
    failures      BIGINT NOT NULL,
    since         TEXT NOT NULL,
    blocked_until TEXT,
    told          TEXT                         -- the wait that the log has been told of
);
CREATE INDEX attempt_login ON attempt (login_index) WHERE login_index IS NOT NULL;

CREATE TABLE passkey_challenge (
    challenge_id TEXT PRIMARY KEY,
    account_id   TEXT NOT NULL REFERENCES account (account_id),
    session_id   TEXT NOT NULL REFERENCES session (session_id),
    purpose      TEXT NOT NULL,                -- 'register', 'sign-in'
    state_sealed BLOB NOT NULL,
    expires_at   TEXT NOT NULL,
    used_at      TEXT
);

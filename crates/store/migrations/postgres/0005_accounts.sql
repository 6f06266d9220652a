-- Who is asking: people and programs (R8, R12). Ids and instants are TEXT as everywhere. Columns that end in _sealed hold a
-- sealed field bound to its table, column and row; those that end in _index hold a keyed index, found only with the key.

-- The operator's own devices belong to one row that is no office: it is in no list and nothing can be addressed to it.
ALTER TABLE office ADD COLUMN is_operator BIGINT NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX office_one_operator ON office (is_operator) WHERE is_operator = 1;

-- A request with scopes is for a program, which gets its token with the certificate; without, for a person's browser.
ALTER TABLE enrolment_request ADD COLUMN scopes TEXT COLLATE "C";

-- Rows are never removed: a login is never given twice (R8.1).
CREATE TABLE account (
    account_id        TEXT COLLATE "C" PRIMARY KEY,
    login_index       TEXT COLLATE "C" NOT NULL UNIQUE,
    login_sealed      BYTEA NOT NULL,
    name_sealed       BYTEA NOT NULL,
    kana_sealed       BYTEA NOT NULL,
    person_index      TEXT COLLATE "C" NOT NULL,           -- one person, one identity
    side              TEXT COLLATE "C" NOT NULL,           -- 'office', 'operator'
    profile           TEXT COLLATE "C" NOT NULL,           -- rules for the password
    state             TEXT COLLATE "C" NOT NULL,           -- 'invited', 'active', 'suspended', 'closed'
    password_hash     TEXT COLLATE "C",                    -- Argon2id, PHC string
    password_set_at   TEXT COLLATE "C",
    password_length   BIGINT,                  -- only where its age may force a change (R8.7), else NULL
    must_change       TEXT COLLATE "C",                    -- why the password must be changed before anything else
    created_at        TEXT COLLATE "C" NOT NULL,
    last_signed_in_at TEXT COLLATE "C",
    resumed_at        TEXT COLLATE "C",
    closed_at         TEXT COLLATE "C"
);
-- One person has one account that is not closed; rights elsewhere are added to it.
CREATE UNIQUE INDEX account_person ON account (person_index) WHERE state <> 'closed';

CREATE TRIGGER account_is_never_removed BEFORE DELETE ON account FOR EACH ROW
 EXECUTE FUNCTION refuse('accounts are never removed');
CREATE TRIGGER account_login_is_never_changed BEFORE UPDATE OF login_index ON account FOR EACH ROW
 WHEN (NEW.login_index IS DISTINCT FROM OLD.login_index)
 EXECUTE FUNCTION refuse('a login is never changed');

CREATE TABLE password_history (
    account_id TEXT COLLATE "C" NOT NULL REFERENCES account (account_id),
    hash       TEXT COLLATE "C" NOT NULL,
    set_at     TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (account_id, hash)
);

CREATE TABLE factor (
    factor_id     TEXT COLLATE "C" PRIMARY KEY,
    account_id    TEXT COLLATE "C" NOT NULL REFERENCES account (account_id),
    kind          TEXT COLLATE "C" NOT NULL,               -- 'totp', 'passkey'
    label_sealed  BYTEA NOT NULL,
    secret_sealed BYTEA NOT NULL,               -- seed or public credential, as a secret of this account
    credential_index TEXT COLLATE "C" UNIQUE,              -- of a passkey: one account's only
    state         TEXT COLLATE "C" NOT NULL,               -- 'offered', 'active', 'suspended', 'removed'
    last_step     BIGINT,                      -- a TOTP step is taken once (R8.5)
    sign_count    BIGINT,                      -- a counter that goes back is refused (R8.4)
    session_id    TEXT COLLATE "C",                        -- where it was offered
    created_at    TEXT COLLATE "C" NOT NULL,
    last_used_at  TEXT COLLATE "C"
);
CREATE INDEX factor_account ON factor (account_id);

CREATE TABLE recovery_code (
    code_index TEXT COLLATE "C" PRIMARY KEY,
    account_id TEXT COLLATE "C" NOT NULL REFERENCES account (account_id),
    made_at    TEXT COLLATE "C" NOT NULL,
    used_at    TEXT COLLATE "C",
    ended_at   TEXT COLLATE "C"                            -- replaced by newer ones
);
CREATE INDEX recovery_code_account ON recovery_code (account_id);

-- 本人確認台帳 (R8.11). Evidence is sealed; its digest and the result stay.
CREATE TABLE recovery (
    recovery_id     TEXT COLLATE "C" PRIMARY KEY,
    account_id      TEXT COLLATE "C" NOT NULL REFERENCES account (account_id),
    office_id       TEXT COLLATE "C" REFERENCES office (office_id), -- whose matter it is; NULL: the operator's
    kind            TEXT COLLATE "C" NOT NULL,             -- 'password', 'factor', 'both', 'temporary'
    requested_by    TEXT COLLATE "C" NOT NULL,
    verified_by     TEXT COLLATE "C" NOT NULL,
    approved_by     TEXT COLLATE "C",
    method          TEXT COLLATE "C" NOT NULL,
    evidence_sealed BYTEA NOT NULL,
    evidence_digest TEXT COLLATE "C" NOT NULL,
    awaits_approval BIGINT NOT NULL,           -- 1: no code before somebody else approved
    made_at         TEXT COLLATE "C" NOT NULL,
    expires_at      TEXT COLLATE "C" NOT NULL,
    ended_at        TEXT COLLATE "C",
    result          TEXT COLLATE "C"                       -- 'done', 'expired', 'withdrawn'
);
-- One at a time for each person.
CREATE UNIQUE INDEX recovery_open ON recovery (account_id) WHERE ended_at IS NULL;

CREATE TRIGGER recovery_is_never_removed BEFORE DELETE ON recovery FOR EACH ROW
 EXECUTE FUNCTION refuse('recoveries are never removed');
CREATE TRIGGER recovery_facts_are_never_changed BEFORE UPDATE ON recovery FOR EACH ROW
 WHEN (NEW.recovery_id <> OLD.recovery_id OR NEW.account_id <> OLD.account_id OR NEW.office_id IS DISTINCT FROM OLD.office_id
   OR NEW.kind <> OLD.kind OR NEW.requested_by <> OLD.requested_by OR NEW.verified_by <> OLD.verified_by
   OR NEW.method <> OLD.method OR NEW.evidence_sealed <> OLD.evidence_sealed
   OR NEW.evidence_digest <> OLD.evidence_digest OR NEW.awaits_approval <> OLD.awaits_approval OR NEW.made_at <> OLD.made_at OR NEW.expires_at <> OLD.expires_at
   OR (OLD.approved_by IS NOT NULL AND NEW.approved_by IS DISTINCT FROM OLD.approved_by)
   OR (OLD.ended_at IS NOT NULL AND (NEW.ended_at IS DISTINCT FROM OLD.ended_at OR NEW.result IS DISTINCT FROM OLD.result)))
 EXECUTE FUNCTION refuse('what a recovery states is never changed');

CREATE TABLE one_time_code (
    code_index  TEXT COLLATE "C" PRIMARY KEY,
    account_id  TEXT COLLATE "C" NOT NULL REFERENCES account (account_id),
    purpose     TEXT COLLATE "C" NOT NULL,                 -- 'invite', 'password', 'factor', 'both', 'temporary'
    recovery_id TEXT COLLATE "C" REFERENCES recovery (recovery_id),
    issued_at   TEXT COLLATE "C" NOT NULL,
    expires_at  TEXT COLLATE "C" NOT NULL,
    used_at     TEXT COLLATE "C",
    ended_at    TEXT COLLATE "C"                           -- replaced or withdrawn
);
CREATE INDEX one_time_code_account ON one_time_code (account_id);

CREATE TABLE session (
    session_id         TEXT COLLATE "C" PRIMARY KEY,
    token_index        TEXT COLLATE "C" NOT NULL UNIQUE,   -- SHA-256 of the token
    account_id         TEXT COLLATE "C" NOT NULL REFERENCES account (account_id),
    office_id          TEXT COLLATE "C" REFERENCES office (office_id), -- NULL: several to choose from, none chosen yet
    device_id          TEXT COLLATE "C" NOT NULL REFERENCES device (device_id),
    certificate_digest TEXT COLLATE "C" NOT NULL,
    level              TEXT COLLATE "C" NOT NULL,          -- 'password', 'enrol', 'full', 'temporary'
    purpose            TEXT COLLATE "C",                   -- of the code that began an 'enrol'
    recovery_id        TEXT COLLATE "C" REFERENCES recovery (recovery_id),
    second             TEXT COLLATE "C",                   -- the second factor of 'full' and 'temporary'
    started_at         TEXT COLLATE "C" NOT NULL,
    seen_at            TEXT COLLATE "C" NOT NULL,
    ends_at            TEXT COLLATE "C" NOT NULL,
    ended_at           TEXT COLLATE "C",
    ended_for          TEXT COLLATE "C"
);
CREATE INDEX session_open ON session (account_id) WHERE ended_at IS NULL;

-- 権限付与台帳 (R12.3): asked for by one person, confirmed by another, about a third.
CREATE TABLE role_grant (
    grant_id      TEXT COLLATE "C" PRIMARY KEY,
    account_id    TEXT COLLATE "C" NOT NULL REFERENCES account (account_id),
    office_id     TEXT COLLATE "C" REFERENCES office (office_id), -- NULL: the operator's
    role          TEXT COLLATE "C" NOT NULL,
    requested_by  TEXT COLLATE "C" NOT NULL,
    requested_at  TEXT COLLATE "C" NOT NULL,
    confirmed_by  TEXT COLLATE "C",
    confirmed_at  TEXT COLLATE "C",
    expires_at    TEXT COLLATE "C",                        -- from its confirmation on
    withdrawn_at  TEXT COLLATE "C",
    withdrawn_for TEXT COLLATE "C",
    reviewed_at   TEXT COLLATE "C",
    reviewed_by   TEXT COLLATE "C"
);
CREATE UNIQUE INDEX role_grant_once ON role_grant (account_id, coalesce(office_id, ''), role) WHERE withdrawn_at IS NULL;

CREATE TRIGGER role_grant_is_never_removed BEFORE DELETE ON role_grant FOR EACH ROW
 EXECUTE FUNCTION refuse('grants are never removed');

-- A device of one office admitted for another, by that other office: one desk, several offices of one operator (R7.4).
CREATE TABLE device_office (
    device_id    TEXT COLLATE "C" NOT NULL REFERENCES device (device_id),
    office_id    TEXT COLLATE "C" NOT NULL REFERENCES office (office_id),
    admitted_by  TEXT COLLATE "C" NOT NULL,
    admitted_at  TEXT COLLATE "C" NOT NULL,
    withdrawn_at TEXT COLLATE "C",
    PRIMARY KEY (device_id, office_id)
);

CREATE TABLE software_token (
    token_id     TEXT COLLATE "C" PRIMARY KEY,
    token_index  TEXT COLLATE "C" NOT NULL UNIQUE,         -- SHA-256 of the token
    office_id    TEXT COLLATE "C" NOT NULL REFERENCES office (office_id),
    device_id    TEXT COLLATE "C" NOT NULL REFERENCES device (device_id),
    label_sealed BYTEA NOT NULL,
    scopes       TEXT COLLATE "C" NOT NULL,
    made_by      TEXT COLLATE "C" NOT NULL,
    made_at      TEXT COLLATE "C" NOT NULL,
    expires_at   TEXT COLLATE "C" NOT NULL,
    last_used_at TEXT COLLATE "C",
    replaced_by  TEXT COLLATE "C",
    revoked_at   TEXT COLLATE "C"
);
CREATE INDEX software_token_device ON software_token (device_id) WHERE revoked_at IS NULL;

-- Failed tries, counted here so that every node counts the same (R8.9). The bucket is a keyed index.
CREATE TABLE attempt (
    bucket        TEXT COLLATE "C" PRIMARY KEY,
    login_index   TEXT COLLATE "C",                        -- what an identity check clears; NULL for devices and addresses
    failures      BIGINT NOT NULL,
    since         TEXT COLLATE "C" NOT NULL,
    blocked_until TEXT COLLATE "C",
    told          TEXT COLLATE "C"                         -- the wait that the log has been told of
);
CREATE INDEX attempt_login ON attempt (login_index) WHERE login_index IS NOT NULL;

CREATE TABLE passkey_challenge (
    challenge_id TEXT COLLATE "C" PRIMARY KEY,
    account_id   TEXT COLLATE "C" NOT NULL REFERENCES account (account_id),
    session_id   TEXT COLLATE "C" NOT NULL REFERENCES session (session_id),
    purpose      TEXT COLLATE "C" NOT NULL,                -- 'register', 'sign-in'
    state_sealed BYTEA NOT NULL,
    expires_at   TEXT COLLATE "C" NOT NULL,
    used_at      TEXT COLLATE "C"
);

-- 送信待ち: files that an office has brought and not sent. A draft waits for its own author to confirm it; what is held waits for
-- a second person of the office, because somebody in it has no service at the receiver. Sealed meanwhile, and gone by itself.
CREATE TABLE outgoing (
    outgoing_id     TEXT PRIMARY KEY,
    office_id       TEXT NOT NULL REFERENCES office (office_id),
    account_id      TEXT NOT NULL REFERENCES account (account_id),  -- who brought it
    purpose         TEXT NOT NULL,           -- 'draft', 'held'
    receiver_number TEXT,                    -- of what is held
    kind            TEXT,
    serial          TEXT,
    content_index   TEXT NOT NULL,           -- keyed: the same again is the same
    body_sealed     BLOB NOT NULL,           -- sealed as a field, in pieces; empty once it has ended
    reason_sealed   BLOB,                    -- why what is held is to go all the same
    made_at         TEXT NOT NULL,
    expires_at      TEXT NOT NULL,
    ended_at        TEXT,
    ended_by        TEXT REFERENCES account (account_id),
    result          TEXT,                    -- 'sent', 'withdrawn', 'expired'
    answers         TEXT                     -- a line for each set of a draft: serial, receiver, outcome and our id or code
);

-- The same brought twice, by a double click or from a second window, is one.
CREATE UNIQUE INDEX outgoing_once ON outgoing (office_id, account_id, purpose, content_index) WHERE ended_at IS NULL;
CREATE INDEX outgoing_open ON outgoing (office_id, purpose, made_at) WHERE ended_at IS NULL;
CREATE INDEX outgoing_over ON outgoing (expires_at) WHERE ended_at IS NULL;

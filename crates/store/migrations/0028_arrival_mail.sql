-- 届いた知らせのメール: who asked to be told by e-mail that something waits, and where. Off unless asked for.
CREATE TABLE arrival_mail (
    account_id     TEXT PRIMARY KEY REFERENCES account (account_id),
    office_id      TEXT NOT NULL REFERENCES office (office_id), -- whose arrivals are counted
    address_sealed BLOB,                       -- NULL: switched off; the row stays for a day, so that codes are counted
    hour           BIGINT NOT NULL CHECK (hour BETWEEN 0 AND 23), -- in Japan
    asked_on       TEXT NOT NULL,              -- day in Japan
    asked          BIGINT NOT NULL,            -- addresses entered on it
    code_index     TEXT,                       -- keyed; of the code that was mailed
    code_until     TEXT,
    tries          BIGINT NOT NULL,
    confirmed_at   TEXT,
    next_at        TEXT,                       -- when a mail is due, NULL: none is
    claimed_until  TEXT,                       -- a node is sending it
    sent_at        TEXT,
    failures       BIGINT NOT NULL,            -- in a row
    failed_at      TEXT,
    failed_for     TEXT,                       -- 'server', 'address'
    CHECK ((code_index IS NULL) = (code_until IS NULL)),
    CHECK ((failed_at IS NULL) = (failed_for IS NULL))
);
CREATE INDEX arrival_mail_due ON arrival_mail (next_at) WHERE next_at IS NOT NULL;

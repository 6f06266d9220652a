-- 届いた知らせのメール: who asked to be told by e-mail that something waits, and where. Off unless asked for.
CREATE TABLE arrival_mail (
    account_id     TEXT COLLATE "C" PRIMARY KEY REFERENCES account (account_id),
    office_id      TEXT COLLATE "C" NOT NULL REFERENCES office (office_id), -- whose arrivals are counted
    address_sealed BYTEA,                       -- NULL: switched off; the row stays for a day, so that codes are counted
    hour           BIGINT NOT NULL CHECK (hour BETWEEN 0 AND 23), -- in Japan
    asked_on       TEXT COLLATE "C" NOT NULL,              -- day in Japan
    asked          BIGINT NOT NULL,            -- addresses entered on it
    code_index     TEXT COLLATE "C",                       -- keyed; of the code that was mailed
    code_until     TEXT COLLATE "C",
    tries          BIGINT NOT NULL,
    confirmed_at   TEXT COLLATE "C",
    next_at        TEXT COLLATE "C",                       -- when a mail is due, NULL: none is
    claimed_until  TEXT COLLATE "C",                       -- a node is sending it
    sent_at        TEXT COLLATE "C",
    failures       BIGINT NOT NULL,            -- in a row
    failed_at      TEXT COLLATE "C",
    failed_for     TEXT COLLATE "C",                       -- 'server', 'address'
    CHECK ((code_index IS NULL) = (code_until IS NULL)),
    CHECK ((failed_at IS NULL) = (failed_for IS NULL))
);
CREATE INDEX arrival_mail_due ON arrival_mail (next_at) WHERE next_at IS NOT NULL;

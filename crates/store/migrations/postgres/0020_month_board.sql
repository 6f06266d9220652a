-- 予実突合の結果, kept until another set takes the place of one that was compared.
CREATE TABLE month_comparison (
    office_id     TEXT COLLATE "C" NOT NULL REFERENCES office (office_id),
    person_index  TEXT COLLATE "C" NOT NULL,
    month         TEXT COLLATE "C" NOT NULL,
    partner_id    TEXT COLLATE "C" NOT NULL REFERENCES office (office_id),
    basis         TEXT COLLATE "C" NOT NULL,             -- keyed index over the sets that were compared
    result_sealed BYTEA NOT NULL,             -- how many differences, under the label key of the office
    made_at       TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (office_id, month, person_index, partner_id)
);

-- 了承した差異: looked at and found to be in order, for just these two sides.
CREATE TABLE accepted_difference (
    office_id        TEXT COLLATE "C" NOT NULL REFERENCES office (office_id),
    person_index     TEXT COLLATE "C" NOT NULL,
    month            TEXT COLLATE "C" NOT NULL,
    partner_id       TEXT COLLATE "C" NOT NULL REFERENCES office (office_id),
    basis            TEXT COLLATE "C" NOT NULL,
    difference_index TEXT COLLATE "C" NOT NULL,          -- keyed index of what differs
    account_id       TEXT COLLATE "C" NOT NULL REFERENCES account (account_id),
    accepted_at      TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (office_id, month, person_index, partner_id, difference_index)
);

-- 連絡: what one office writes to the other about a person and month. A row for each of the two, under its own key.
CREATE TABLE month_comment (
    comment_id     TEXT COLLATE "C" NOT NULL,
    office_id      TEXT COLLATE "C" NOT NULL REFERENCES office (office_id),
    person_index   TEXT COLLATE "C" NOT NULL,
    month          TEXT COLLATE "C" NOT NULL,
    partner_id     TEXT COLLATE "C" NOT NULL REFERENCES office (office_id),
    from_office_id TEXT COLLATE "C" NOT NULL REFERENCES office (office_id),
    account_id     TEXT COLLATE "C" NOT NULL REFERENCES account (account_id),
    text_sealed    BYTEA NOT NULL,
    made_at        TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (comment_id, office_id)
);
CREATE INDEX month_comment_person ON month_comment (office_id, month, person_index, partner_id);

-- 催促: 「実績をお待ちしています」. One a day to one partner for one month; nobody is named.
CREATE TABLE month_reminder (
    from_office_id TEXT COLLATE "C" NOT NULL REFERENCES office (office_id),
    to_office_id   TEXT COLLATE "C" NOT NULL REFERENCES office (office_id),
    month          TEXT COLLATE "C" NOT NULL,
    on_day         TEXT COLLATE "C" NOT NULL,            -- in Japan
    account_id     TEXT COLLATE "C" NOT NULL REFERENCES account (account_id),
    made_at        TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (from_office_id, to_office_id, month, on_day)
);
CREATE INDEX month_reminder_to ON month_reminder (to_office_id, made_at);

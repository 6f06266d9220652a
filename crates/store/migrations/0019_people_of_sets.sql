-- 利用者の索引: which sets are about the same person and the same matter, for each of a set's two offices by itself. Whoever
-- lacks the key of the indexes cannot tell who anybody is, nor that people of two offices are the same.
CREATE TABLE person (
    office_id    TEXT NOT NULL REFERENCES office (office_id),
    person_index TEXT NOT NULL,              -- blind index over office, insurer and insured number, written as an id
    label_sealed BLOB,                       -- numbers and name, under the label key of the office; NULL where it keeps its key itself
    named        BIGINT NOT NULL,            -- 1 where the label has a name
    label_order  TEXT NOT NULL,              -- serial of the set that the label is from
    PRIMARY KEY (office_id, person_index)
);

CREATE TABLE person_set (
    subject_index   TEXT NOT NULL,           -- blind index over office, receiver, person and matter: what is replaced as a whole
    transmission_id TEXT NOT NULL REFERENCES transmission (transmission_id),
    office_id       TEXT NOT NULL REFERENCES office (office_id),
    person_index    TEXT NOT NULL,
    partner_id      TEXT NOT NULL REFERENCES office (office_id),
    family          TEXT NOT NULL,           -- 'plan' (第6・7表), 'actual', 'care', 'basic', 'prevention'
    month           TEXT NOT NULL,           -- 対象年月; empty for what has a date, which is not kept
    sent            BIGINT NOT NULL,         -- 1: by this office
    deletes         BIGINT NOT NULL,         -- 1: it takes away
    chain_order     TEXT NOT NULL,           -- serial and sender: the order of import
    taken_back      BIGINT NOT NULL,         -- 1: withdrawn by its sender before it was collected
    latest          BIGINT NOT NULL,         -- 1: nothing comes after it
    -- One tree for every question: a person's, a month's, a matter's. Each further one would cost a send two pages a person.
    PRIMARY KEY (person_index, month, subject_index, transmission_id)
);
CREATE INDEX person_set_transmission ON person_set (transmission_id);

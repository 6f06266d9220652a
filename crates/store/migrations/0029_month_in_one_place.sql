-- A month of an office lies together: a board reads a few pages for it, and a set about several people is written in one place.
-- Without the tree of row numbers beside them these tables are one tree each.

CREATE TABLE person_set_anew (
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
    PRIMARY KEY (office_id, month, person_index, subject_index, transmission_id)
) WITHOUT ROWID;
INSERT INTO person_set_anew (subject_index, transmission_id, office_id, person_index, partner_id, family, month, sent,
                             deletes, chain_order, taken_back, latest)
SELECT subject_index, transmission_id, office_id, person_index, partner_id, family, month, sent,
       deletes, chain_order, taken_back, latest
  FROM person_set ORDER BY office_id, month, person_index, subject_index, transmission_id;
DROP TABLE person_set;
ALTER TABLE person_set_anew RENAME TO person_set;
CREATE INDEX person_set_transmission ON person_set (transmission_id);

CREATE TABLE person_anew (
    office_id    TEXT NOT NULL REFERENCES office (office_id),
    person_index TEXT NOT NULL,              -- blind index over office, insurer and insured number, written as an id
    label_sealed BLOB,                       -- numbers and name, under the label key of the office; NULL where it keeps its key itself
    named        BIGINT NOT NULL,            -- 1 where the label has a name
    label_order  TEXT NOT NULL,              -- serial of the set that the label is from
    PRIMARY KEY (office_id, person_index)
) WITHOUT ROWID;
INSERT INTO person_anew (office_id, person_index, label_sealed, named, label_order)
SELECT office_id, person_index, label_sealed, named, label_order FROM person ORDER BY office_id, person_index;
DROP TABLE person;
ALTER TABLE person_anew RENAME TO person;

CREATE TABLE month_comparison_anew (
    office_id     TEXT NOT NULL REFERENCES office (office_id),
    person_index  TEXT NOT NULL,
    month         TEXT NOT NULL,
    partner_id    TEXT NOT NULL REFERENCES office (office_id),
    basis         TEXT NOT NULL,             -- keyed index over the sets that were compared
    result_sealed TEXT NOT NULL,             -- how many differences, under the label key of the office; in hexadecimal
    made_at       TEXT NOT NULL,
    PRIMARY KEY (office_id, month, person_index, partner_id)
) WITHOUT ROWID;
INSERT INTO month_comparison_anew (office_id, person_index, month, partner_id, basis, result_sealed, made_at)
SELECT office_id, person_index, month, partner_id, basis, lower(hex(result_sealed)), made_at FROM month_comparison
 ORDER BY office_id, month, person_index, partner_id;
DROP TABLE month_comparison;
ALTER TABLE month_comparison_anew RENAME TO month_comparison;

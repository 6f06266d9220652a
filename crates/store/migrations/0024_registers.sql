-- Who is responsible, by which rules, and who has been trained (R12.6). A row without an office is the operator's.

-- 責任者・関係者一覧. What has changed is ended and entered anew.
CREATE TABLE responsible (
    responsible_id        TEXT PRIMARY KEY,
    office_id             TEXT REFERENCES office (office_id),
    duty                  TEXT NOT NULL,
    name_sealed           BLOB NOT NULL,
    contact_sealed        BLOB NOT NULL,
    deputy_sealed         BLOB,                -- NULL: nobody stands in, which is a gap
    deputy_contact_sealed BLOB,
    valid_from            TEXT NOT NULL,       -- days, as people in Japan count them
    valid_until           TEXT,
    made_by               TEXT NOT NULL,
    made_at               TEXT NOT NULL,
    ended_by              TEXT,
    ended_at              TEXT,
    CHECK ((deputy_sealed IS NULL) = (deputy_contact_sealed IS NULL)),
    CHECK ((ended_by IS NULL) = (ended_at IS NULL))
);
CREATE INDEX responsible_office ON responsible (office_id, made_at);

CREATE TRIGGER responsible_is_never_removed BEFORE DELETE ON responsible
BEGIN SELECT RAISE(ABORT, 'the list of responsible persons is never shortened'); END;
CREATE TRIGGER responsible_facts_are_never_changed BEFORE UPDATE ON responsible
 WHEN NEW.responsible_id <> OLD.responsible_id OR NEW.office_id IS NOT OLD.office_id OR NEW.duty <> OLD.duty
   OR NEW.valid_from <> OLD.valid_from OR NEW.valid_until IS NOT OLD.valid_until OR NEW.made_by <> OLD.made_by
   OR NEW.made_at <> OLD.made_at OR (OLD.ended_at IS NOT NULL AND NEW.ended_at IS NOT OLD.ended_at)
BEGIN SELECT RAISE(ABORT, 'what the list states is never changed'); END;

-- 運用管理規程の版. In force once another person has approved it; the highest version approved counts.
CREATE TABLE operating_rule (
    rule_id         TEXT PRIMARY KEY,
    office_id       TEXT REFERENCES office (office_id),
    title           TEXT NOT NULL CHECK (length(trim(title)) > 0),
    version         BIGINT NOT NULL,
    document_digest TEXT NOT NULL,             -- SHA-256; the document itself is kept by its owner
    made_by         TEXT NOT NULL,
    made_at         TEXT NOT NULL,
    approved_by     TEXT,
    approved_at     TEXT,
    CHECK (approved_by <> made_by),
    CHECK ((approved_by IS NULL) = (approved_at IS NULL))
);
CREATE UNIQUE INDEX operating_rule_version ON operating_rule (coalesce(office_id, ''), title, version);

CREATE TRIGGER operating_rule_is_never_removed BEFORE DELETE ON operating_rule
BEGIN SELECT RAISE(ABORT, 'versions of rules are never removed'); END;
CREATE TRIGGER operating_rule_facts_are_never_changed BEFORE UPDATE ON operating_rule
 WHEN NEW.rule_id <> OLD.rule_id OR NEW.office_id IS NOT OLD.office_id OR NEW.title <> OLD.title
   OR NEW.version <> OLD.version OR NEW.document_digest <> OLD.document_digest OR NEW.made_by <> OLD.made_by
   OR NEW.made_at <> OLD.made_at OR OLD.approved_at IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'what a version states is never changed'); END;

-- 教育訓練の記録, by somebody else than who was trained.
CREATE TABLE training (
    training_id     TEXT PRIMARY KEY,
    account_id      TEXT NOT NULL REFERENCES account (account_id),
    office_id       TEXT REFERENCES office (office_id),
    subject_sealed  BLOB NOT NULL,
    evidence_sealed BLOB NOT NULL,
    held_on         TEXT NOT NULL,
    valid_until     TEXT NOT NULL,
    made_by         TEXT NOT NULL,
    made_at         TEXT NOT NULL,
    CHECK (made_by <> account_id),
    CHECK (valid_until >= held_on)
);
CREATE INDEX training_account ON training (account_id, valid_until);

CREATE TRIGGER training_is_never_removed BEFORE DELETE ON training
BEGIN SELECT RAISE(ABORT, 'records of training are never removed'); END;
CREATE TRIGGER training_facts_are_never_changed BEFORE UPDATE ON training
 WHEN NEW.training_id <> OLD.training_id OR NEW.account_id <> OLD.account_id OR NEW.office_id IS NOT OLD.office_id
   OR NEW.held_on <> OLD.held_on OR NEW.valid_until <> OLD.valid_until OR NEW.made_by <> OLD.made_by
   OR NEW.made_at <> OLD.made_at
BEGIN SELECT RAISE(ABORT, 'what a record of training states is never changed'); END;

-- Where training is asked for, since when. The operator's own row is made when the exchange is opened.
CREATE TABLE training_rule (
    place    TEXT PRIMARY KEY,                 -- the office; empty: the operator
    enforced BIGINT NOT NULL,
    since    TEXT NOT NULL,
    set_by   TEXT NOT NULL
);

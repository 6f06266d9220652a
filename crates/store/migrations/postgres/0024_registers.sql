-- Who is responsible, by which rules, and who has been trained (R12.6). A row without an office is the operator's.

-- 責任者・関係者一覧. What has changed is ended and entered anew.
CREATE TABLE responsible (
    responsible_id        TEXT COLLATE "C" PRIMARY KEY,
    office_id             TEXT COLLATE "C" REFERENCES office (office_id),
    duty                  TEXT COLLATE "C" NOT NULL,
    name_sealed           BYTEA NOT NULL,
    contact_sealed        BYTEA NOT NULL,
    deputy_sealed         BYTEA,                -- NULL: nobody stands in, which is a gap
    deputy_contact_sealed BYTEA,
    valid_from            TEXT COLLATE "C" NOT NULL,       -- days, as people in Japan count them
    valid_until           TEXT COLLATE "C",
    made_by               TEXT COLLATE "C" NOT NULL,
    made_at               TEXT COLLATE "C" NOT NULL,
    ended_by              TEXT COLLATE "C",
    ended_at              TEXT COLLATE "C",
    CHECK ((deputy_sealed IS NULL) = (deputy_contact_sealed IS NULL)),
    CHECK ((ended_by IS NULL) = (ended_at IS NULL))
);
CREATE INDEX responsible_office ON responsible (office_id, made_at);

CREATE TRIGGER responsible_is_never_removed BEFORE DELETE ON responsible FOR EACH ROW
 EXECUTE FUNCTION refuse('the list of responsible persons is never shortened');
CREATE TRIGGER responsible_facts_are_never_changed BEFORE UPDATE ON responsible FOR EACH ROW
 WHEN (NEW.responsible_id <> OLD.responsible_id OR NEW.office_id IS DISTINCT FROM OLD.office_id OR NEW.duty <> OLD.duty
   OR NEW.valid_from <> OLD.valid_from OR NEW.valid_until IS DISTINCT FROM OLD.valid_until OR NEW.made_by <> OLD.made_by
   OR NEW.made_at <> OLD.made_at OR (OLD.ended_at IS NOT NULL AND NEW.ended_at IS DISTINCT FROM OLD.ended_at))
 EXECUTE FUNCTION refuse('what the list states is never changed');

-- 運用管理規程の版. In force once another person has approved it; the highest version approved counts.
CREATE TABLE operating_rule (
    rule_id         TEXT COLLATE "C" PRIMARY KEY,
    office_id       TEXT COLLATE "C" REFERENCES office (office_id),
    title           TEXT COLLATE "C" NOT NULL CHECK (length(trim(title)) > 0),
    version         BIGINT NOT NULL,
    document_digest TEXT COLLATE "C" NOT NULL,             -- SHA-256; the document itself is kept by its owner
    made_by         TEXT COLLATE "C" NOT NULL,
    made_at         TEXT COLLATE "C" NOT NULL,
    approved_by     TEXT COLLATE "C",
    approved_at     TEXT COLLATE "C",
    CHECK (approved_by <> made_by),
    CHECK ((approved_by IS NULL) = (approved_at IS NULL))
);
CREATE UNIQUE INDEX operating_rule_version ON operating_rule (coalesce(office_id, ''), title, version);

CREATE TRIGGER operating_rule_is_never_removed BEFORE DELETE ON operating_rule FOR EACH ROW
 EXECUTE FUNCTION refuse('versions of rules are never removed');
CREATE TRIGGER operating_rule_facts_are_never_changed BEFORE UPDATE ON operating_rule FOR EACH ROW
 WHEN (NEW.rule_id <> OLD.rule_id OR NEW.office_id IS DISTINCT FROM OLD.office_id OR NEW.title <> OLD.title
   OR NEW.version <> OLD.version OR NEW.document_digest <> OLD.document_digest OR NEW.made_by <> OLD.made_by
   OR NEW.made_at <> OLD.made_at OR OLD.approved_at IS NOT NULL)
 EXECUTE FUNCTION refuse('what a version states is never changed');

-- 教育訓練の記録, by somebody else than who was trained.
CREATE TABLE training (
    training_id     TEXT COLLATE "C" PRIMARY KEY,
    account_id      TEXT COLLATE "C" NOT NULL REFERENCES account (account_id),
    office_id       TEXT COLLATE "C" REFERENCES office (office_id),
    subject_sealed  BYTEA NOT NULL,
    evidence_sealed BYTEA NOT NULL,
    held_on         TEXT COLLATE "C" NOT NULL,
    valid_until     TEXT COLLATE "C" NOT NULL,
    made_by         TEXT COLLATE "C" NOT NULL,
    made_at         TEXT COLLATE "C" NOT NULL,
    CHECK (made_by <> account_id),
    CHECK (valid_until >= held_on)
);
CREATE INDEX training_account ON training (account_id, valid_until);

CREATE TRIGGER training_is_never_removed BEFORE DELETE ON training FOR EACH ROW
 EXECUTE FUNCTION refuse('records of training are never removed');
CREATE TRIGGER training_facts_are_never_changed BEFORE UPDATE ON training FOR EACH ROW
 WHEN (NEW.training_id <> OLD.training_id OR NEW.account_id <> OLD.account_id OR NEW.office_id IS DISTINCT FROM OLD.office_id
   OR NEW.held_on <> OLD.held_on OR NEW.valid_until <> OLD.valid_until OR NEW.made_by <> OLD.made_by
   OR NEW.made_at <> OLD.made_at)
 EXECUTE FUNCTION refuse('what a record of training states is never changed');

-- Where training is asked for, since when. The operator's own row is made when the exchange is opened.
CREATE TABLE training_rule (
    place    TEXT COLLATE "C" PRIMARY KEY,                 -- the office; empty: the operator
    enforced BIGINT NOT NULL,
    since    TEXT COLLATE "C" NOT NULL,
    set_by   TEXT COLLATE "C" NOT NULL
);

-- ログ点検 (R10.8) and finding entries in the log (R10.7). Pseudonyms only; what somebody writes about a finding is sealed.

-- What the log is searched by. Made of the ledger and of nothing else, a little after each entry is written: it can be made
-- anew at any time, and nothing depends on it being there.
CREATE TABLE log_entry (
    entry_index BIGINT PRIMARY KEY,
    at          TEXT COLLATE "C" NOT NULL,
    actor       TEXT COLLATE "C" NOT NULL,               -- as the entry spells it
    office      TEXT COLLATE "C" NOT NULL,               -- empty: none; so with the others
    counterpart TEXT COLLATE "C" NOT NULL,
    action      TEXT COLLATE "C" NOT NULL,
    object      TEXT COLLATE "C" NOT NULL,
    outcome     TEXT COLLATE "C" NOT NULL                -- ok, refused, failed
);
CREATE INDEX log_entry_at ON log_entry (at, entry_index);
CREATE INDEX log_entry_actor ON log_entry (actor, at, entry_index);
CREATE INDEX log_entry_office ON log_entry (office, at, entry_index);
CREATE INDEX log_entry_object ON log_entry (object, at, entry_index);
CREATE INDEX log_entry_action ON log_entry (action, at, entry_index);

-- 証跡の書き出し: what for is asked of whoever exports (R10.7).
CREATE TABLE log_export (
    export_id      TEXT COLLATE "C" PRIMARY KEY,
    account_id     TEXT COLLATE "C" NOT NULL REFERENCES account (account_id),
    office_id      TEXT COLLATE "C" REFERENCES office (office_id), -- NULL: the whole log
    from_at        TEXT COLLATE "C" NOT NULL,
    until_at       TEXT COLLATE "C" NOT NULL,
    entries        BIGINT NOT NULL,
    purpose_sealed BYTEA NOT NULL,
    made_at        TEXT COLLATE "C" NOT NULL
);

CREATE TRIGGER log_export_is_never_changed BEFORE UPDATE ON log_export FOR EACH ROW
 EXECUTE FUNCTION refuse('exports are never changed');
CREATE TRIGGER log_export_is_never_removed BEFORE DELETE ON log_export FOR EACH ROW
 EXECUTE FUNCTION refuse('exports are never removed');

-- ログ点検記録: one for each month and office, and one for the whole log.
CREATE TABLE review (
    review_id TEXT COLLATE "C" PRIMARY KEY,
    office_id TEXT COLLATE "C" REFERENCES office (office_id), -- NULL: the whole log
    month     TEXT COLLATE "C" NOT NULL,                 -- 2027-03, as people in Japan count it
    from_at   TEXT COLLATE "C" NOT NULL,
    until_at  TEXT COLLATE "C" NOT NULL,
    entries   BIGINT NOT NULL,               -- looked at
    unlisted  BIGINT NOT NULL,               -- findings that did not fit
    opened_at TEXT COLLATE "C" NOT NULL,
    due_at    TEXT COLLATE "C" NOT NULL,
    closed_at TEXT COLLATE "C",
    closed_by TEXT COLLATE "C" REFERENCES account (account_id),
    CHECK ((closed_at IS NULL) = (closed_by IS NULL))
);
CREATE UNIQUE INDEX review_once ON review (coalesce(office_id, ''), month);
CREATE INDEX review_open ON review (due_at) WHERE closed_at IS NULL;

CREATE TRIGGER review_is_never_removed BEFORE DELETE ON review FOR EACH ROW
 EXECUTE FUNCTION refuse('reviews are never removed');
CREATE TRIGGER review_facts_are_never_changed BEFORE UPDATE ON review FOR EACH ROW
 WHEN (NEW.review_id <> OLD.review_id OR NEW.office_id IS DISTINCT FROM OLD.office_id OR NEW.month <> OLD.month
   OR NEW.from_at <> OLD.from_at OR NEW.until_at <> OLD.until_at OR NEW.entries <> OLD.entries
   OR NEW.unlisted <> OLD.unlisted OR NEW.opened_at <> OLD.opened_at OR NEW.due_at <> OLD.due_at
   OR OLD.closed_at IS NOT NULL)
 EXECUTE FUNCTION refuse('what a review states is never changed');

CREATE TABLE review_finding (
    finding_id    TEXT COLLATE "C" PRIMARY KEY,
    review_id     TEXT COLLATE "C" NOT NULL REFERENCES review (review_id),
    ordinal       BIGINT NOT NULL,
    pattern       TEXT COLLATE "C" NOT NULL,
    subject       TEXT COLLATE "C" NOT NULL,             -- who it is about, as entries spell it; may be empty
    account_id    TEXT COLLATE "C",                      -- whose doing it was: they do not judge it
    office_number TEXT COLLATE "C",
    entries       BIGINT NOT NULL,
    first_index   BIGINT NOT NULL,
    first_at      TEXT COLLATE "C" NOT NULL,
    last_index    BIGINT NOT NULL,
    last_at       TEXT COLLATE "C" NOT NULL,
    examples      TEXT COLLATE "C" NOT NULL,             -- indexes of the first few, separated by one space
    verdict       TEXT COLLATE "C",                      -- sound, action, incident
    note_sealed   BYTEA,
    judged_by     TEXT COLLATE "C" REFERENCES account (account_id),
    judged_at     TEXT COLLATE "C",
    CHECK ((verdict IS NULL) = (judged_by IS NULL) AND (verdict IS NULL) = (note_sealed IS NULL)
           AND (verdict IS NULL) = (judged_at IS NULL)),
    CHECK (judged_by <> account_id)
);
CREATE UNIQUE INDEX review_finding_place ON review_finding (review_id, ordinal);

CREATE TRIGGER review_finding_is_never_removed BEFORE DELETE ON review_finding FOR EACH ROW
 EXECUTE FUNCTION refuse('findings are never removed');
CREATE TRIGGER review_finding_facts_are_never_changed BEFORE UPDATE ON review_finding FOR EACH ROW
 WHEN (NEW.finding_id <> OLD.finding_id OR NEW.review_id <> OLD.review_id OR NEW.ordinal <> OLD.ordinal
   OR NEW.pattern <> OLD.pattern OR NEW.subject <> OLD.subject OR NEW.account_id IS DISTINCT FROM OLD.account_id
   OR NEW.office_number IS DISTINCT FROM OLD.office_number OR NEW.entries <> OLD.entries OR NEW.first_index <> OLD.first_index
   OR NEW.first_at <> OLD.first_at OR NEW.last_index <> OLD.last_index OR NEW.last_at <> OLD.last_at
   OR NEW.examples <> OLD.examples)
 EXECUTE FUNCTION refuse('what a finding states is never changed');
CREATE OR REPLACE FUNCTION review_finding_of_a_closed_review() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM review WHERE review_id = OLD.review_id AND closed_at IS NOT NULL) THEN
        RAISE EXCEPTION 'a closed review is never changed';
    END IF;
    RETURN coalesce(NEW, OLD);
END
$$;
CREATE TRIGGER review_finding_of_a_closed_review BEFORE UPDATE ON review_finding FOR EACH ROW
 EXECUTE FUNCTION review_finding_of_a_closed_review();

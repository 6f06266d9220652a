-- What the pages of an office ask for many times a day.

-- まだ開いていないもの: few rows, however long the history. The second column is always NULL here; asked for, it makes this index
-- the better one.
CREATE INDEX transmission_new ON transmission (receiver_office_id, collected_at, accepted_index)
 WHERE collected_at IS NULL AND withdrawn_at IS NULL AND erased_at IS NULL;
-- One partner's sets.
CREATE INDEX transmission_received_from ON transmission (receiver_office_id, sender_office_id, accepted_index);
CREATE INDEX transmission_sent_to ON transmission (sender_office_id, receiver_office_id, accepted_index);
-- Which sessions ended since somebody last looked: what they wait for is ended too.
CREATE INDEX session_ended ON session (ended_at) WHERE ended_at IS NOT NULL;

-- 所在地 (the operator's), and which software the office says it uses.
ALTER TABLE office ADD COLUMN place TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE office ADD COLUMN software TEXT COLLATE "C" NOT NULL DEFAULT '';

-- 連携先の控え: what one office keeps about a partner, on the exchange or not. Nobody else sees it.
CREATE TABLE partner_note (
    note_id        TEXT COLLATE "C" PRIMARY KEY,
    office_id      TEXT COLLATE "C" NOT NULL REFERENCES office (office_id),
    partner_number TEXT COLLATE "C" NOT NULL,
    name           TEXT COLLATE "C" NOT NULL,            -- of a partner that is not in the register; else empty
    service_type   TEXT COLLATE "C" NOT NULL,            -- the same
    place          TEXT COLLATE "C" NOT NULL,            -- the same
    channel        TEXT COLLATE "C" NOT NULL,            -- 'exchange', 'letter', 'fax', 'post', 'hand', 'other'
    note_sealed    BYTEA,
    changed_at     TEXT COLLATE "C" NOT NULL,
    UNIQUE (office_id, partner_number)
);

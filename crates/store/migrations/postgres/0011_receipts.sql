-- What became of each set, so that both offices can prove it (R1.10). Codes and positions only; never what stands there.

-- 取込みの結果: the receiver says once how the import went; it is final.
ALTER TABLE transmission ADD COLUMN answered_at TEXT COLLATE "C";
ALTER TABLE transmission ADD COLUMN outcome TEXT COLLATE "C";   -- 'imported', 'partly', 'rejected'

CREATE TABLE import_answer (
    transmission_id TEXT COLLATE "C" PRIMARY KEY REFERENCES transmission (transmission_id),
    places          TEXT COLLATE "C" NOT NULL,           -- a line each: file:record:column:reason
    note_sealed     BYTEA,                    -- in the receiver's own words; sealed as a field
    note_index      TEXT COLLATE "C" NOT NULL            -- keyed: whether an answer given again is the same; empty without a note
);

-- The ledger entry of each step after acceptance, whose index is in transmission itself. A step is taken once.
CREATE TABLE transmission_step (
    transmission_id TEXT COLLATE "C" NOT NULL REFERENCES transmission (transmission_id),
    step            TEXT COLLATE "C" NOT NULL,           -- 'collected', 'acknowledged', 'withdrawn', 'answered', 'erased'
    entry_index     BIGINT NOT NULL UNIQUE,
    PRIMARY KEY (transmission_id, step)
);

-- What was acknowledged and still waits for the answer how the import went. What is not acknowledged has its indexes already.
CREATE INDEX transmission_unanswered_received ON transmission (receiver_office_id, accepted_index)
 WHERE acknowledged_at IS NOT NULL AND outcome IS NULL AND erased_at IS NULL;
CREATE INDEX transmission_unanswered_sent ON transmission (sender_office_id, accepted_index)
 WHERE acknowledged_at IS NOT NULL AND outcome IS NULL AND erased_at IS NULL;

-- 運営指導のための記録: what an office sent and received in a period.
CREATE INDEX transmission_received_at ON transmission (receiver_office_id, accepted_at);
CREATE INDEX transmission_sent_at ON transmission (sender_office_id, accepted_at);

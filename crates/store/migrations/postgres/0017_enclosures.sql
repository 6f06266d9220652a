-- 添付: what goes with a set besides the standard's files, which stay as they are: signed plans as PDF, a message. Each lies
-- sealed under the key of its set, its name with it; so it ends with that key.
ALTER TABLE transmission ADD COLUMN enclosures BIGINT NOT NULL DEFAULT 0;
ALTER TABLE transmission ADD COLUMN enclosure_index TEXT COLLATE "C" NOT NULL DEFAULT '';  -- keyed: whether a set sent again has the same

CREATE TABLE transmission_enclosure (
    transmission_id TEXT COLLATE "C" NOT NULL REFERENCES transmission (transmission_id),
    ordinal         BIGINT NOT NULL,
    kind            TEXT COLLATE "C" NOT NULL,            -- 'document', 'message'
    size_bytes      BIGINT NOT NULL,
    body            BYTEA NOT NULL,            -- sealed: name and content
    PRIMARY KEY (transmission_id, ordinal)
);

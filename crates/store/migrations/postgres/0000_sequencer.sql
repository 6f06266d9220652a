-- Only here: SQLite has one writer by nature, and says what a trigger refuses in the trigger.

-- One row. Every group of writes takes it first and so is alone among all nodes until its end.
CREATE TABLE sequencer (
    turn BIGINT PRIMARY KEY CHECK (turn = 0)
);
INSERT INTO sequencer (turn) VALUES (0);

-- What triggers refuse with.
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $refuse$
BEGIN
    RAISE EXCEPTION '%', TG_ARGV[0];
END
$refuse$;

-- 一方向の受渡し, recorded like any other delivery: what is handed over and what comes back are sets of two offices, one of which
-- is not on the exchange.

-- Whose partner an office that is not on the exchange is. Its office_number is its own number, an '@' and this id, so that it is
-- nobody's number, each office has its own partner, and the number is free for the day on which the partner joins.
ALTER TABLE office ADD COLUMN outside_of TEXT COLLATE "C";

-- By which handover a set went or came.
ALTER TABLE transmission ADD COLUMN handover_id TEXT COLLATE "C";
CREATE INDEX transmission_handover ON transmission (handover_id) WHERE handover_id IS NOT NULL;

-- What came back lay here with a key of its own for ninety days. It is a set like any other now.
DROP TABLE handover_return_file;
DROP TABLE handover_return;

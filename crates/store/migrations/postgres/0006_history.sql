-- What a set was about, for V87, V88 and V89 when the same sender sends to the same receiver again: a plan by its date, a
-- month, the actuals of a month. Only a keyed index of it is kept; whoever lacks the key of the exchange learns nothing from it.
CREATE TABLE transmission_item (
    item_index      TEXT COLLATE "C" NOT NULL,           -- blind index over sender, receiver and what it was about
    transmission_id TEXT COLLATE "C" NOT NULL REFERENCES transmission (transmission_id),
    place           TEXT COLLATE "C" NOT NULL,           -- service type and satellite of actuals, in hexadecimal; zeros for all else
    PRIMARY KEY (item_index, transmission_id, place)
);

-- By hand: a table has no order here, only the tree of its key has.

-- A month of an office lies together: a board walks one part of the tree.
ALTER TABLE person_set DROP CONSTRAINT person_set_pkey;
ALTER TABLE person_set ADD PRIMARY KEY (office_id, month, person_index, subject_index, transmission_id);

ALTER TABLE month_comparison
    ALTER COLUMN result_sealed TYPE TEXT COLLATE "C" USING encode(result_sealed, 'hex');

-- What waits for its receiver or for an acknowledgement: few rows, found without walking the history.
CREATE INDEX transmission_open_received ON transmission (receiver_office_id, accepted_index)
 WHERE acknowledged_at IS NULL AND withdrawn_at IS NULL;
CREATE INDEX transmission_open_sent ON transmission (sender_office_id, accepted_index)
 WHERE acknowledged_at IS NULL AND withdrawn_at IS NULL;

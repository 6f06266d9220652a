-- By hand: a trigger's condition cannot ask another row here.
-- A skipped index would be a gap in the tree, and what empties a table asks no trigger on rows.
CREATE FUNCTION ledger_is_append_only_insert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.entry_index IS DISTINCT FROM (SELECT coalesce(max(entry_index) + 1, 0) FROM ledger) THEN
        RAISE EXCEPTION 'ledger entries are only added at the end';
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER ledger_is_append_only_insert BEFORE INSERT ON ledger FOR EACH ROW
 EXECUTE FUNCTION ledger_is_append_only_insert();

CREATE TRIGGER ledger_is_append_only_truncate BEFORE TRUNCATE ON ledger FOR EACH STATEMENT
 EXECUTE FUNCTION refuse('ledger entries are never removed');

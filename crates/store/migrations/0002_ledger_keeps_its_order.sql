-- REPLACE removes a row without asking the trigger on DELETE, and a skipped index would be a gap in the tree.
CREATE TRIGGER ledger_is_append_only_insert BEFORE INSERT ON ledger
 WHEN NEW.entry_index IS NOT (SELECT coalesce(max(entry_index) + 1, 0) FROM ledger)
BEGIN SELECT RAISE(ABORT, 'ledger entries are only added at the end'); END;

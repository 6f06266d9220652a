-- What is never changed may be sealed anew under another key: the same words, other bytes (R6.5). Everything else that these
-- triggers protect stays protected.

-- The digest of evidence is compared whenever somebody looks at it. Once erased, nothing comes back.
DROP TRIGGER recovery_facts_are_never_changed;
CREATE TRIGGER recovery_facts_are_never_changed BEFORE UPDATE ON recovery
 WHEN NEW.recovery_id <> OLD.recovery_id OR NEW.account_id <> OLD.account_id OR NEW.office_id IS NOT OLD.office_id
   OR NEW.kind <> OLD.kind OR NEW.requested_by <> OLD.requested_by OR NEW.verified_by <> OLD.verified_by
   OR NEW.method <> OLD.method
   OR (NEW.evidence_sealed <> OLD.evidence_sealed AND OLD.erased_at IS NOT NULL)
   OR NEW.evidence_digest <> OLD.evidence_digest OR NEW.awaits_approval <> OLD.awaits_approval
   OR NEW.made_at <> OLD.made_at OR NEW.expires_at <> OLD.expires_at
   OR (OLD.approved_by IS NOT NULL AND NEW.approved_by IS NOT OLD.approved_by)
   OR (OLD.erased_at IS NOT NULL AND NEW.erased_at IS NOT OLD.erased_at)
   OR (OLD.ended_at IS NOT NULL AND (NEW.ended_at IS NOT OLD.ended_at OR NEW.result IS NOT OLD.result))
BEGIN SELECT RAISE(ABORT, 'what a recovery states is never changed'); END;

DROP TRIGGER log_export_is_never_changed;
CREATE TRIGGER log_export_is_never_changed BEFORE UPDATE ON log_export
 WHEN NEW.export_id <> OLD.export_id OR NEW.account_id <> OLD.account_id OR NEW.office_id IS NOT OLD.office_id
   OR NEW.from_at <> OLD.from_at OR NEW.until_at <> OLD.until_at OR NEW.entries <> OLD.entries
   OR NEW.made_at <> OLD.made_at
BEGIN SELECT RAISE(ABORT, 'exports are never changed'); END;

DROP TRIGGER review_finding_of_a_closed_review;
CREATE TRIGGER review_finding_of_a_closed_review BEFORE UPDATE ON review_finding
 WHEN (NEW.verdict IS NOT OLD.verdict OR NEW.judged_by IS NOT OLD.judged_by OR NEW.judged_at IS NOT OLD.judged_at)
  AND EXISTS (SELECT 1 FROM review WHERE review_id = OLD.review_id AND closed_at IS NOT NULL)
BEGIN SELECT RAISE(ABORT, 'a closed review is never changed'); END;

-- What is never changed may be sealed anew under another key: the same words, other bytes (R6.5). Everything else that these
-- triggers protect stays protected.

-- The digest of evidence is compared whenever somebody looks at it. Once erased, nothing comes back.
DROP TRIGGER recovery_facts_are_never_changed ON recovery;
CREATE TRIGGER recovery_facts_are_never_changed BEFORE UPDATE ON recovery FOR EACH ROW
 WHEN (NEW.recovery_id <> OLD.recovery_id OR NEW.account_id <> OLD.account_id OR NEW.office_id IS DISTINCT FROM OLD.office_id
   OR NEW.kind <> OLD.kind OR NEW.requested_by <> OLD.requested_by OR NEW.verified_by <> OLD.verified_by
   OR NEW.method <> OLD.method
   OR (NEW.evidence_sealed <> OLD.evidence_sealed AND OLD.erased_at IS NOT NULL)
   OR NEW.evidence_digest <> OLD.evidence_digest OR NEW.awaits_approval <> OLD.awaits_approval
   OR NEW.made_at <> OLD.made_at OR NEW.expires_at <> OLD.expires_at
   OR (OLD.approved_by IS NOT NULL AND NEW.approved_by IS DISTINCT FROM OLD.approved_by)
   OR (OLD.erased_at IS NOT NULL AND NEW.erased_at IS DISTINCT FROM OLD.erased_at)
   OR (OLD.ended_at IS NOT NULL AND (NEW.ended_at IS DISTINCT FROM OLD.ended_at OR NEW.result IS DISTINCT FROM OLD.result)))
 EXECUTE FUNCTION refuse('what a recovery states is never changed');

DROP TRIGGER log_export_is_never_changed ON log_export;
CREATE TRIGGER log_export_is_never_changed BEFORE UPDATE ON log_export FOR EACH ROW
 WHEN (NEW.export_id <> OLD.export_id OR NEW.account_id <> OLD.account_id OR NEW.office_id IS DISTINCT FROM OLD.office_id
   OR NEW.from_at <> OLD.from_at OR NEW.until_at <> OLD.until_at OR NEW.entries <> OLD.entries
   OR NEW.made_at <> OLD.made_at)
 EXECUTE FUNCTION refuse('exports are never changed');

DROP TRIGGER review_finding_of_a_closed_review ON review_finding;
CREATE OR REPLACE FUNCTION review_finding_of_a_closed_review() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.verdict IS DISTINCT FROM OLD.verdict OR NEW.judged_by IS DISTINCT FROM OLD.judged_by OR NEW.judged_at IS DISTINCT FROM OLD.judged_at)
  AND EXISTS (SELECT 1 FROM review WHERE review_id = OLD.review_id AND closed_at IS NOT NULL) THEN
        RAISE EXCEPTION 'a closed review is never changed';
    END IF;
    RETURN coalesce(NEW, OLD);
END
$$;
CREATE TRIGGER review_finding_of_a_closed_review BEFORE UPDATE ON review_finding FOR EACH ROW
 EXECUTE FUNCTION review_finding_of_a_closed_review();

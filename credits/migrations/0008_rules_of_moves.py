from django.db import migrations

# What was asked for stays as it is, and is decided once; an approved row of the ledger is the one that was asked for.
REQUESTS = """
CREATE FUNCTION credits_requests_are_decided_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND OLD.decision IS NULL
     AND (NEW.id, NEW.user_id, NEW.type, NEW.amount_cents, NEW.reference, NEW.refers_to, NEW.payment_reference,
          NEW.reason, NEW.internal_note, NEW.requested_by_id, NEW.requested_from, NEW.requested_at, NEW.expires_at)
         IS NOT DISTINCT FROM
         (OLD.id, OLD.user_id, OLD.type, OLD.amount_cents, OLD.reference, OLD.refers_to, OLD.payment_reference,
          OLD.reason, OLD.internal_note, OLD.requested_by_id, OLD.requested_from, OLD.requested_at, OLD.expires_at) THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'a request is never changed, and decided once' USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER requests_are_decided_once BEFORE UPDATE OR DELETE ON credits_moverequest
FOR EACH ROW EXECUTE FUNCTION credits_requests_are_decided_once();

CREATE FUNCTION credits_approved_as_asked() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM credits_moverequest r
             WHERE r.reference = NEW.reference AND r.decision IS NULL AND r.expires_at > clock_timestamp()
               AND r.user_id = NEW.account_id AND r.type = NEW.type AND r.amount_cents = NEW.amount_cents
               AND r.requested_by_id = NEW.made_by_id AND r.requested_at = NEW.requested_at
               AND r.refers_to IS NOT DISTINCT FROM NEW.refers_to
               AND r.payment_reference IS NOT DISTINCT FROM NEW.payment_reference) THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'nobody asked for this approved transaction' USING ERRCODE = 'integrity_constraint_violation';
END $$;
-- Charges never come here: the condition is looked at before the function is called.
CREATE TRIGGER approved_as_asked BEFORE INSERT ON credits_credittransaction
FOR EACH ROW WHEN (NEW.approved_by_id IS NOT NULL) EXECUTE FUNCTION credits_approved_as_asked();
"""

DROP = """
DROP TRIGGER requests_are_decided_once ON credits_moverequest; DROP FUNCTION credits_requests_are_decided_once;
DROP TRIGGER approved_as_asked ON credits_credittransaction; DROP FUNCTION credits_approved_as_asked;
"""


class Migration(migrations.Migration):
    dependencies = [("credits", "0007_moves_by_staff")]
    operations = [migrations.RunSQL(REQUESTS, DROP)]

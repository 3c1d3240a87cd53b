from django.db import migrations

# After the statement, so that one which demotes everybody sees what it came to; under a lock, so that two superusers
# who demote each other at once take turns, and the second one sees what the first left.
LAST_SUPERUSER = """
CREATE FUNCTION accounts_a_superuser_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('accounts.superusers'));
  IF NOT EXISTS (SELECT FROM accounts_user WHERE is_superuser AND is_staff AND is_active) THEN
    RAISE EXCEPTION 'the last active superuser stays' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER a_superuser_stays AFTER UPDATE OF is_superuser, is_staff, is_active ON accounts_user FOR EACH ROW
WHEN (OLD.is_superuser AND OLD.is_staff AND OLD.is_active AND NOT (NEW.is_superuser AND NEW.is_staff AND NEW.is_active))
EXECUTE FUNCTION accounts_a_superuser_stays();
CREATE TRIGGER a_superuser_is_not_deleted_last AFTER DELETE ON accounts_user FOR EACH ROW
WHEN (OLD.is_superuser AND OLD.is_staff AND OLD.is_active)
EXECUTE FUNCTION accounts_a_superuser_stays();
"""

DROP = """
DROP TRIGGER a_superuser_stays ON accounts_user; DROP TRIGGER a_superuser_is_not_deleted_last ON accounts_user;
DROP FUNCTION accounts_a_superuser_stays;
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0005_staff_address")]
    operations = [migrations.RunSQL(LAST_SUPERUSER, DROP)]

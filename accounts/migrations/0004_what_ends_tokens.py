from django.db import migrations

# Whoever writes the row, a form of ours, the admin, an UPDATE by hand: what signed the user in until now does so no more.
# An old copy of the row that is saved again does not bring it back. A hash made anew of the same password ends nothing.
END_TOKENS = """
CREATE FUNCTION accounts_end_tokens() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.tokens_valid_after := greatest(NEW.tokens_valid_after, OLD.tokens_valid_after);
  IF (NEW.password <> OLD.password AND coalesce(current_setting('conway.same_password', true), '') <> 'on')
     OR (OLD.email IS NOT NULL AND NEW.email IS DISTINCT FROM OLD.email)
     OR (OLD.is_active AND NOT NEW.is_active) THEN
    NEW.tokens_valid_after := greatest(clock_timestamp(), OLD.tokens_valid_after + interval '1 microsecond');
  END IF;
  -- Another address is another mailbox.
  IF NEW.email IS DISTINCT FROM OLD.email AND NEW.email_proven_at IS NOT DISTINCT FROM OLD.email_proven_at THEN
    NEW.email_proven_at := NULL;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER a_change_ends_tokens BEFORE UPDATE ON accounts_user
FOR EACH ROW EXECUTE FUNCTION accounts_end_tokens();

CREATE FUNCTION accounts_end_tokens_of_wallet() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE accounts_user SET tokens_valid_after = clock_timestamp() WHERE id = OLD.user_id;
  RETURN NULL;
END $$;
CREATE TRIGGER a_changed_wallet_ends_tokens AFTER UPDATE OR DELETE ON accounts_walletaddress
FOR EACH ROW EXECUTE FUNCTION accounts_end_tokens_of_wallet();
"""

KEEP_TOKENS = """
DROP TRIGGER a_changed_wallet_ends_tokens ON accounts_walletaddress;
DROP FUNCTION accounts_end_tokens_of_wallet();
DROP TRIGGER a_change_ends_tokens ON accounts_user;
DROP FUNCTION accounts_end_tokens();
"""

# Nobody has proven an address until now. Those of people with a password were typed by themselves, and are claims from
# here on: they sign in as before, and a mailed link makes the address theirs. Staff's, and those of users who have no
# password and so were made by staff, stay.
CLAIM = """
UPDATE accounts_user SET claimed_email = email, email = NULL
WHERE email IS NOT NULL AND password NOT LIKE '!%' AND password <> '' AND NOT is_staff AND NOT is_superuser;
"""
UNCLAIM = """
UPDATE accounts_user u SET email = claimed_email, claimed_email = NULL
WHERE email IS NULL AND claimed_email IS NOT NULL
  AND NOT EXISTS (SELECT FROM accounts_user o WHERE o.email = u.claimed_email)
  AND NOT EXISTS (SELECT FROM accounts_user o WHERE o.claimed_email = u.claimed_email AND o.id < u.id);
"""

# Nobody is signed out by moving: the store has the same name, so it reads the same signatures. The old table stays for
# workers of the release before; prune_accounts empties it.
MOVE_SESSIONS = """
DO $$ BEGIN
  IF to_regclass('django_session') IS NOT NULL THEN
    INSERT INTO accounts_browsersession (session_key, session_data, expire_date)
    SELECT session_key, session_data, expire_date FROM django_session WHERE expire_date > now();
  END IF;
END $$;
"""

# The tables of django-axes, which counted failed sign-ins until now.
NO_AXES = """
DROP TABLE IF EXISTS axes_accessattemptexpiration, axes_accessattempt, axes_accesslog, axes_accessfailurelog CASCADE;
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_sessions_attempts_and_keys"), ("sessions", "0001_initial")]

    operations = [
        migrations.RunSQL(CLAIM, UNCLAIM),
        migrations.RunSQL(END_TOKENS, KEEP_TOKENS),
        migrations.RunSQL(MOVE_SESSIONS, migrations.RunSQL.noop),
        migrations.RunSQL(NO_AXES, migrations.RunSQL.noop),
    ]

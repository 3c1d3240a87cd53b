from django.db import migrations, models

# Whoever writes the row, the staff admin or an UPDATE by hand: an address that is put into an account which somebody can
# use already is a claim, as if they had typed it themselves. Its mailbox has to answer before anybody is paid by it.
# Of whom nobody can be signed in (no password, no wallet, no key) it stays what staff gave: an invitation.
CLAIM_ADDRESSES = """
CREATE FUNCTION accounts_claim_address() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.email IS NOT NULL AND NEW.email IS DISTINCT FROM OLD.email
     AND (NEW.email_proven_at IS NULL OR NEW.email_proven_at IS NOT DISTINCT FROM OLD.email_proven_at)
     AND (OLD.password NOT LIKE '!%' AND OLD.password <> ''
          OR EXISTS (SELECT FROM accounts_walletaddress w WHERE w.user_id = NEW.id)
          OR EXISTS (SELECT FROM accounts_apikey k WHERE k.user_id = NEW.id AND k.revoked_at IS NULL)) THEN
    NEW.claimed_email := NEW.email;
    NEW.email := OLD.email;
  END IF;
  RETURN NEW;
END $$;
-- Triggers go by their names: this one before `a_change_ends_tokens`, which is about what the row becomes.
CREATE TRIGGER a_address_is_claimed BEFORE UPDATE OF email ON accounts_user
FOR EACH ROW EXECUTE FUNCTION accounts_claim_address();
"""

BELIEVE_ADDRESSES = """
DROP TRIGGER a_address_is_claimed ON accounts_user;
DROP FUNCTION accounts_claim_address();
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0011_saved_filters")]

    operations = [
        migrations.RunSQL(CLAIM_ADDRESSES, BELIEVE_ADDRESSES),
        migrations.AddField(
            model_name="signinlink",
            name="proven_at",
            field=models.DateTimeField(null=True),
        ),
    ]

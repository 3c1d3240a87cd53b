from django.db import migrations

# Volatile, as credits_open_holds is: under the lock of the key's row it counts what was committed until then.
OPEN_HOLDS = """
CREATE FUNCTION credits_open_holds_of_key(account bigint, key bigint, of_window timestamptz) RETURNS bigint
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  RETURN (SELECT count(*) FROM credits_hold
          WHERE account_id = account AND key_id = key AND key_window = of_window);
END $$;
"""
DROP = "DROP FUNCTION credits_open_holds_of_key(bigint, bigint, timestamptz);"

# Holds of before 0005 were counted for their account then, and not for their key.
COUNT = """
UPDATE credits_keyuse u SET running = credits_open_holds_of_key(k.user_id, u.key_id, u.window_start)
FROM accounts_apikey k WHERE k.id = u.key_id AND u.held_cents > 0
"""


class Migration(migrations.Migration):
    dependencies = [("credits", "0009_staff_actions")]
    operations = [migrations.RunSQL(OPEN_HOLDS, DROP), migrations.RunSQL(COUNT, migrations.RunSQL.noop)]

from django.db import migrations, models

# Volatile on purpose: each time it is asked it counts what was committed until then, so under the account's lock it is
# exact, as credits_taken_back is.
OPEN_HOLDS = """
CREATE FUNCTION credits_open_holds(account bigint) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  RETURN (SELECT count(*) FROM credits_hold WHERE account_id = account);
END $$;
"""
COUNT = "UPDATE credits_creditaccount SET running = credits_open_holds(user_id) WHERE held_cents > 0;"


class Migration(migrations.Migration):
    dependencies = [("credits", "0004_desk_filters"), ("accounts", "0002_concurrency")]

    operations = [
        migrations.AddField("creditaccount", "running", models.IntegerField(db_default=0, default=0)),
        migrations.AddField("keyuse", "running", models.IntegerField(db_default=0, default=0)),
        migrations.RunSQL(OPEN_HOLDS, "DROP FUNCTION credits_open_holds(bigint);"),
        migrations.RunSQL(COUNT, migrations.RunSQL.noop),
    ]

from django.db import migrations, models
from django.db.models import Q

# After the row, so that it comes behind the settlement's own update of the account, whichever statement that was.
# Nothing is paid for an ordinary charge: it meets no condition.
COUNTS = """
CREATE FUNCTION credits_count_write_off() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE credits_creditaccount
  SET written_off_cents = CASE NEW.type WHEN 'write_off' THEN greatest(0, written_off_cents + NEW.amount_cents) ELSE 0 END
  WHERE user_id = NEW.account_id;
  RETURN NULL;
END $$;

CREATE TRIGGER write_offs_are_counted AFTER INSERT ON credits_credittransaction
FOR EACH ROW WHEN (NEW.type IN ('write_off', 'top_up', 'adjustment')) EXECUTE FUNCTION credits_count_write_off();
"""


class Migration(migrations.Migration):
    dependencies = [("credits", "0005_running_requests")]

    operations = [
        migrations.AddField(
            model_name="creditaccount",
            name="written_off_cents",
            field=models.BigIntegerField(default=0, db_default=0),
        ),
        migrations.AddConstraint(
            model_name="creditaccount",
            constraint=models.CheckConstraint(
                condition=Q(written_off_cents__gte=0), name="written_off_is_never_negative"
            ),
        ),
        migrations.AddIndex(
            model_name="creditaccount",
            index=models.Index("written_off_cents", name="accounts_written_off", condition=Q(written_off_cents__gt=0)),
        ),
        migrations.RunSQL(
            COUNTS,
            "DROP TRIGGER write_offs_are_counted ON credits_credittransaction; DROP FUNCTION credits_count_write_off();",
        ),
    ]

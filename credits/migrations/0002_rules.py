from django.db import migrations

APPEND_ONLY = """
CREATE FUNCTION credits_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'credit transactions are append-only; post a correcting transaction instead'
    USING ERRCODE = 'integrity_constraint_violation';
END $$;

-- By row, not for TRUNCATE: the table's owner may empty a test database.
CREATE TRIGGER credit_transactions_are_append_only BEFORE UPDATE OR DELETE ON credits_credittransaction
FOR EACH ROW EXECUTE FUNCTION credits_append_only();
"""

# Ends a settlement and undoes all of it; SQL alone cannot raise.
GIVE_UP = """
CREATE FUNCTION credits_give_up(code text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'this settlement must not happen (%)', code USING ERRCODE = code;
END $$;
"""

# A correction lowers a charge by `back` cents; what of it the user never paid, because it was written off, or has got
# back already, because it was refunded, is taken back from there. Volatile on purpose: each query in it sees what was
# committed until then, so under the account's lock it misses no refund.
TAKEN_BACK = """
CREATE FUNCTION credits_taken_back(charge text, kind text, back bigint) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  charged bigint; written_off bigint; refunded bigint; unwritten bigint;
BEGIN
  SELECT -coalesce(sum(amount_cents) FILTER (WHERE type = 'inference'), 0),
         coalesce(sum(amount_cents) FILTER (WHERE type = 'write_off'), 0),
         coalesce(sum(amount_cents) FILTER (WHERE type = 'refund'), 0)
  INTO charged, written_off, refunded
  FROM credits_credittransaction WHERE reference = charge OR refers_to = charge;
  unwritten := least(written_off, back);
  RETURN CASE kind WHEN 'write_off' THEN unwritten
                   WHEN 'refund' THEN greatest(0, refunded - (charged - back - (written_off - unwritten))) END;
END $$;
"""

# Room on the page for the next version of a row: the two busiest tables are updated without touching an index.
FILL = """
ALTER TABLE credits_creditaccount SET (fillfactor = 50);
ALTER TABLE credits_keyuse SET (fillfactor = 50);
ALTER TABLE credits_hold SET (fillfactor = 70);
"""

# Holds come and go with every request, and nobody looks for one by the beginning of its name.
NO_LIKE = "DROP INDEX IF EXISTS credits_hold_completion_id_32dfbfff_like;"


class Migration(migrations.Migration):
    dependencies = [("credits", "0001_initial")]

    operations = [
        migrations.RunSQL(
            APPEND_ONLY,
            "DROP TRIGGER credit_transactions_are_append_only ON credits_credittransaction;"
            "DROP FUNCTION credits_append_only();",
        ),
        migrations.RunSQL(GIVE_UP, "DROP FUNCTION credits_give_up(text);"),
        migrations.RunSQL(TAKEN_BACK, "DROP FUNCTION credits_taken_back(text, text, bigint);"),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.RunSQL(NO_LIKE, migrations.RunSQL.noop),
    ]

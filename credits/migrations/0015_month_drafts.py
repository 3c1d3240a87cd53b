from django.db import migrations, models

FORGET = """
CREATE OR REPLACE FUNCTION credits_forget_sums() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM credits_monthclose WHERE (month + interval '1 month') AT TIME ZONE 'UTC' > NEW.created_at) THEN
    RAISE EXCEPTION 'this month is closed' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  {drafts}DELETE FROM credits_summeddays WHERE account_id = NEW.account_id;
  IF FOUND THEN
    DELETE FROM credits_daysum WHERE account_id = NEW.account_id;
  END IF;
  RETURN NULL;
END $$;
"""
DRAFTS = """DELETE FROM credits_monthdraft WHERE (month + interval '1 month') AT TIME ZONE 'UTC' > NEW.created_at;
  """


class Migration(migrations.Migration):
    dependencies = [
        ("credits", "0014_one_looks_for_all"),
    ]

    operations = [
        migrations.CreateModel(
            name="MonthDraft",
            fields=[
                ("month", models.DateField(primary_key=True, serialize=False)),
                ("facts", models.JSONField()),
            ],
            options={"default_permissions": ()},
        ),
        migrations.RunSQL(FORGET.replace("{drafts}", DRAFTS), FORGET.replace("{drafts}", "")),
    ]

"""0.1.0 works on beside this release for as long as its answers run: what it does not know has a default. Its settlement
writes a whole row, with NULL where there is a column that it does not know.
"""

from django.db import migrations, models

COUNTED_NONE = """
CREATE FUNCTION conway_completions_of_the_release_before() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.cached_explicit_tokens := 0;
  RETURN NEW;
END $$;
CREATE TRIGGER completions_of_the_release_before BEFORE INSERT ON inference_completion
  FOR EACH ROW WHEN (NEW.cached_explicit_tokens IS NULL) EXECUTE FUNCTION conway_completions_of_the_release_before();
"""

DROP = """
DROP TRIGGER completions_of_the_release_before ON inference_completion;
DROP FUNCTION conway_completions_of_the_release_before;
"""


class Migration(migrations.Migration):
    dependencies = [("inference", "0012_refused_hours")]
    operations = [
        migrations.AlterField(
            model_name="chatmodel",
            name="summary",
            field=models.TextField(
                blank=True,
                db_default="",
                help_text="Two sentences for customers: what it is, and what it is good for.",
            ),
        ),
        migrations.RunSQL(COUNTED_NONE, DROP),
    ]

from django.db import migrations, models

# Nobody looks for a completion by the beginning of its id.
NO_LIKE = "DROP INDEX IF EXISTS inference_completion_id_777505ab_like;"


class Migration(migrations.Migration):
    dependencies = [("inference", "0002_rules")]

    operations = [
        migrations.AddIndex(
            "completion",
            models.Index(
                models.F("status"),
                models.F("created_at"),
                name="failed_completions",
                condition=models.Q(("status", 200), _negated=True),
            ),
        ),
        migrations.AddIndex(
            "completion",
            models.Index(
                models.F("created_at"),
                name="completions_with_alerts",
                condition=models.Q(("alerts", []), _negated=True),
            ),
        ),
        migrations.RunSQL(NO_LIKE, migrations.RunSQL.noop),
    ]

"""A row loaded before the trait existed would have each left stream of Kimi's read to its end."""

from django.db import migrations

SAY_SO = """
UPDATE inference_chatmodel SET traits = traits || '{"streams_reasoning": true}'
WHERE name = 'kimi-k2.5' AND NOT traits ? 'streams_reasoning'"""


class Migration(migrations.Migration):
    dependencies = [("inference", "0006_desk_thresholds")]
    operations = [migrations.RunSQL(SAY_SO, migrations.RunSQL.noop)]

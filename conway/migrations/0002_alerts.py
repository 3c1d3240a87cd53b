"""Alerts, and who of the ready-made roles sees and handles them."""

from importlib import import_module
from typing import Any

import django.db.models.deletion
import django.db.models.functions.datetime
from django.apps import apps as installed
from django.conf import settings
from django.contrib.auth.management import create_permissions
from django.db import migrations, models

MAY = {"support": ("view", "handle"), "auditor": ("view",), "catalogue": ("view",)}


def grant(apps: Any, schema_editor: Any) -> None:
    """A role that a superuser has removed stays away."""
    create_permissions(installed.get_app_config("conway"), apps=apps, verbosity=0)
    for name, verbs in MAY.items():
        for group in apps.get_model("auth", "Group").objects.filter(name=name):
            group.permissions.add(*(permission(apps, f"conway.{verb}_alert") for verb in verbs))


permission = import_module("conway.migrations.0001_roles").permission


class Migration(migrations.Migration):
    dependencies = [
        ("conway", "0001_roles"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Alert",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.TextField()),
                (
                    "subject",
                    models.TextField(
                        blank=True, help_text="What it is about: a model, a provider, an account, a machine."
                    ),
                ),
                ("message", models.TextField()),
                (
                    "state",
                    models.TextField(
                        choices=[("open", "Open"), ("seen", "Seen"), ("closed", "Closed")], default="open"
                    ),
                ),
                ("opened_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "last_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        help_text="When it was last found to be so.",
                    ),
                ),
                ("told_at", models.DateTimeField(help_text="When mails and the webhook were sent.", null=True)),
                ("closed_at", models.DateTimeField(null=True)),
                (
                    "handled_by",
                    models.ForeignKey(
                        help_text="Who saw or closed it.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "permissions": [("handle_alert", "Can mark alerts as seen and close them")],
                "default_permissions": ("view",),
                "indexes": [models.Index(fields=["kind", "subject", "-closed_at"], name="alerts_of_a_subject")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "closed"), _negated=True),
                        fields=("kind", "subject"),
                        name="one_alert_at_a_time_of_a_subject",
                    )
                ],
            },
        ),
        migrations.RunPython(grant, migrations.RunPython.noop),
    ]

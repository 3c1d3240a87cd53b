"""What was added since the roles were made: who reads money reads months and refusals, too."""

from typing import Any

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations

ADDED = {
    "cashier": ("credits.view_monthclose", "inference.view_refusedhour"),
    "support": ("inference.view_refusedhour",),
    "auditor": ("credits.view_monthclose", "inference.view_refusedhour"),
}


def add(apps: Any, schema_editor: Any) -> None:
    """To roles that are there under their names; a role that a superuser has removed stays away."""
    for label in ("credits", "inference"):
        create_permissions(installed.get_app_config(label), apps=apps, verbosity=0)
    for name, permissions in ADDED.items():
        for group in apps.get_model("auth", "Group").objects.filter(name=name):
            group.permissions.add(*[permission(apps, named) for named in permissions])


def permission(apps: Any, named: str) -> Any:
    label, codename = named.split(".")
    return apps.get_model("auth", "Permission").objects.get(content_type__app_label=label, codename=codename)


class Migration(migrations.Migration):
    dependencies = [
        ("conway", "0002_alerts"),
        ("credits", "0013_notices"),
        ("inference", "0012_refused_hours"),
    ]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]

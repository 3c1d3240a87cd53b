"""Ready-made roles: groups that a superuser gives to staff. One that is there already stays as it is."""

from typing import Any

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations

READ_MONEY = "credits.view_creditaccount credits.view_credittransaction credits.view_hold inference.view_completion"
READ_USERS = "accounts.view_user accounts.view_walletaddress"
READ_CATALOGUE = "inference.view_chatmodel inference.view_price"

ROLES = {
    "cashier": f"{READ_USERS} {READ_MONEY} credits.view_moverequest credits.top_up credits.adjust credits.refund",
    "support": f"{READ_USERS} {READ_MONEY} {READ_CATALOGUE} accounts.add_user accounts.change_user"
    " accounts.view_apikey accounts.change_apikey accounts.unlock_user",
    "catalogue": f"{READ_CATALOGUE} inference.view_completion inference.add_chatmodel inference.change_chatmodel"
    " inference.add_price credits.view_fundingnote credits.add_fundingnote credits.change_fundingnote",
    "auditor": f"{READ_USERS} {READ_MONEY} {READ_CATALOGUE} accounts.view_apikey"
    " credits.view_auditrun credits.view_moverequest credits.view_staffaction credits.view_fundingnote",
}


def create(apps: Any, schema_editor: Any) -> None:
    for label in ("accounts", "credits", "inference"):  # else they are made after the last migration
        create_permissions(installed.get_app_config(label), apps=apps, verbosity=0)
    for name, permissions in ROLES.items():
        group, is_new = apps.get_model("auth", "Group").objects.get_or_create(name=name)
        if is_new:
            group.permissions.set([permission(apps, named) for named in permissions.split()])


def permission(apps: Any, named: str) -> Any:
    label, codename = named.split(".")
    return apps.get_model("auth", "Permission").objects.get(content_type__app_label=label, codename=codename)


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("accounts", "0007_unlock_user"),
        ("credits", "0009_staff_actions"),
        ("inference", "0006_desk_thresholds"),
    ]
    operations = [migrations.RunPython(create, migrations.RunPython.noop)]

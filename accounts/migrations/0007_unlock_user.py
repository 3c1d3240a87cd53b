from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("accounts", "0006_last_superuser")]
    operations = [
        migrations.AlterModelOptions(
            name="user",
            options={
                "default_permissions": ("view", "add", "change"),
                "permissions": (("unlock_user", "Can unlock after failed sign-ins"),),
            },
        ),
    ]

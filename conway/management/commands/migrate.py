from typing import Any

from django.core.management.commands import migrate

from conway.common import database_roles


class Command(migrate.Command):
    help = "Django's, in the owner's role (CONWAY_MIGRATION_DATABASE_URL); then grants the application what it needs."

    def execute(self, *args: Any, **options: Any) -> Any:
        """Migrates as the owner, the system checks too, for they connect."""
        with database_roles.as_owner():
            output = super().execute(*args, **options)
            if (role := database_roles.application()) and not options["plan"]:
                database_roles.grant(role)
            return output

from typing import Any

from django.core.management.base import CommandError

from conway.common import commands, database_roles


class Command(commands.Command):
    help = "Grants the application's role what it needs, anew: `migrate` does it by itself, a restored backup may not."

    def handle(self, *args: Any, **options: Any) -> None:
        if (role := database_roles.application()) is None:
            raise CommandError(
                "There is one role for everything. Set CONWAY_MIGRATION_DATABASE_URL to the owner's address."
            )
        with database_roles.as_owner():
            database_roles.grant(role)
        self.stdout.write(f"{role} has what the application needs.")

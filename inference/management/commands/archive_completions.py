from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.db import DatabaseError

from conway.common import commands, database_roles
from credits.figures import database_now
from inference.management import archiving

KEPT_DAYS = 400


def month(written: str) -> date:
    return date.fromisoformat(f"{written}-01")


class Command(commands.Command):
    help = (
        "Moves the completions of a closed month from the database to a file for each day, or back with --restore. "
        "Balances, statements and closes are the ledger's and stay; receipts of that month are gone meanwhile."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("month", type=month, help="as 2026-01")
        parser.add_argument("folder", type=Path)
        parser.add_argument("--restore", action="store_true", help="from the files back into the database")
        parser.add_argument("--kept-days", type=int, default=KEPT_DAYS, help="a month that ended later is refused")

    def handle(self, *, month: date, folder: Path, restore: bool, kept_days: int, **options: Any) -> None:
        last = max(archiving.days_of(month))
        if not restore and (database_now().date() - last).days < kept_days:
            raise CommandError(f"{month:%Y-%m} ended less than {kept_days} days ago.")
        with database_roles.as_owner():
            total = sum(self.moved(day, folder, restore) for day in archiving.days_of(month))
        self.stdout.write(f"{total} completions of {month:%Y-%m} {'are back' if restore else f'are in {folder}'}.")

    def moved(self, day: date, folder: Path, restore: bool) -> int:
        try:
            return archiving.restore(day, folder) if restore else archiving.archive(day, folder)
        except (archiving.Refused, DatabaseError) as error:
            raise CommandError(f"{day}: {str(error).splitlines()[0]} The days before it are done.") from error

from itertools import chain
from typing import Any

from django.utils.timezone import now

from conway.common import commands
from credits import audit as books
from inference.reporting import audit as charges
from inference.reporting import daily_sales


class Command(commands.Command):
    help = "Checks every account (design: Money). Exit status 1 and a line per fault if anything is off."

    def handle(self, *args: Any, **options: Any) -> None:
        found = 0
        for fault in chain(books.faults(), charges.faults()):
            self.stdout.write(fault)
            found += 1
        books.record(faults=found)
        daily_sales.recount(now())
        if found:
            raise SystemExit(1)
        self.stdout.write("The books balance.")

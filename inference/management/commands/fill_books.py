import hashlib
import random
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.db import connection, transaction

from accounts.models import User
from conway.common import commands, database_roles
from inference import catalog
from inference.management.filling import history, tables
from inference.management.filling.samples import samples

SEED = 7  # the same books every time


class Command(commands.Command):
    help = (
        "Fills an empty database with accounts, keys, transactions and completions that the audit finds right, for "
        "measuring. Ten million transactions take ten to twenty minutes and 13 GB."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--accounts", type=int, default=1000)
        parser.add_argument("--transactions", type=int, default=100_000)
        parser.add_argument("--days", type=int, default=100, help="how far back the history begins")
        parser.add_argument("--busiest", type=int, default=5, metavar="PERCENT", help="of all requests are account 1's")

    def handle(self, *, accounts: int, transactions: int, days: int, busiest: int, **options: Any) -> None:
        if User.objects.exists():
            raise CommandError("This database has users. Only an empty one is filled.")
        if not 0 <= busiest <= 80:
            raise CommandError("The busiest account makes 0 to 80 per cent of all requests.")
        if min(accounts, transactions, days) < 1 or transactions < accounts:
            raise CommandError("There is at least one account, one day and one transaction for each account.")
        began = time.monotonic()
        catalog.load()
        catalog.forget()
        with database_roles.as_owner():
            with transaction.atomic():
                completions = self.fill(accounts, transactions, days, busiest / 100)
            with connection.cursor() as cursor:
                cursor.execute("VACUUM (ANALYZE)")
        self.stdout.write(
            f"{accounts:,} accounts, {transactions:,} transactions, {completions:,} completions "
            f"in {time.monotonic() - began:.0f} s. Check them: python manage.py audit_ledger"
        )

    def fill(self, accounts: int, transactions: int, days: int, busiest: float) -> int:
        rng, seconds = random.Random(SEED), days * 86400.0
        told = history.History(rng, accounts, transactions, time.time() - seconds, seconds, samples(rng), busiest)
        completions = 0
        with tables.without_indexes():
            people(accounts, told.stamp())
            with tables.Copying() as copying:
                for entries, completed in told.chunks():
                    copying.add(
                        [("credits_credittransaction", history.TRANSACTIONS, entries),
                         ("inference_completion", history.COMPLETIONS, completed)]
                    )  # fmt: skip
                    completions += len(completed)
            balances = (f"{user}\t{cents}\n" for user, cents in enumerate(told.balances) if user)
            tables.copy("credits_creditaccount", ("user_id", "balance_cents"), balances)
        reset_sequences()
        return completions


def people(accounts: int, since: str) -> None:
    """Users nobody can sign in as, each with a key nobody has."""
    users = (f"{n}\t!\tf\tf\tt\tuser{n}@example.org\t\t{since}\n" for n in range(1, accounts + 1))
    columns = ("id", "password", "is_superuser", "is_staff", "is_active", "email", "name", "date_joined")
    tables.copy("accounts_user", columns, users)
    keys = (
        f"{n}\t{n}\tKey {n}\t\\\\x{hashlib.sha256(str(n).encode()).hexdigest()}\tcnwy_k_{n % 100_000:05}\t{since}\n"
        for n in range(1, accounts + 1)
    )
    tables.copy("accounts_apikey", ("id", "user_id", "name", "digest", "prefix", "created_at"), keys)


def reset_sequences() -> None:
    with connection.cursor() as cursor:
        for table in ("accounts_user", "accounts_apikey", "credits_credittransaction"):
            cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")

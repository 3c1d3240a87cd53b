"""What admission and settlement cost without a server: completions that are nothing but a price.

    DATABASE_URL=embedded CONWAY_DATA_DIR=<an empty folder> python -m bench.ledger --accounts 1 16

CPU ms a completion, of this process and of PostgreSQL's; and pages of 8 kB that PostgreSQL looks at for one, which
depend on no machine, and how many of them its own memory does not have.
"""

import argparse
import asyncio
import os
import time
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "conway.settings")

import django

django.setup()

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.management import call_command
from django.db import connection

from accounts.models import ApiKey, User
from bench.processes import cpu_seconds
from bench.stage import postmaster
from conway.common import database
from credits import ledger
from inference import catalog
from inference.billing import settlement
from inference.billing.entry import Entry
from inference.chat.usage import Usage
from inference.models import Price

WARM = 8  # completions of each client before it counts


def funded(number: int) -> list[tuple[User, ApiKey]]:
    found = []
    for each in range(number):
        user, _ = User.objects.get_or_create(email=f"bench-{each}@example.org")
        ledger.top_up(user=user, cents=10**9, reference=f"bench-{each}", reason="To be measured", by=None)
        found.append((user, ApiKey.objects.filter(user=user).first() or ApiKey.issue(user=user, name="bench")[0]))
    return found


def entry(completion_id: str, user: User, key: ApiKey, price: Price) -> Entry:
    return Entry(
        id=completion_id, user_id=user.pk, key_id=key.pk, key_window=None, request_id=completion_id,
        model_id=price.model_id, provider=price.model.provider, price_id=price.pk, is_stream=False,
        settlement="exact", usage=Usage(input=100, output=50), cost_usd=Decimal("0.01"), charged_cents=1,
        ending="complete", status=200, finish_reason="stop", raw_usage={"prompt_tokens": 100}, first_byte_ms=1,
        total_ms=2,
    )  # fmt: skip


async def completion(number: int, user: User, key: ApiKey, price: Price) -> None:
    completion_id = f"bench-{time.monotonic_ns()}-{number}"
    await ledger.admit(
        completion_id=completion_id, user_id=user.pk, key_id=key.pk, need_cents=1, worst_cents=5,
        process="bench", details={"model": price.model_id},
    )  # fmt: skip
    await asyncio.sleep(0.001)
    await settlement.book(entry(completion_id, user, key, price))


async def measured(
    people: list[tuple[User, ApiKey]], price: Price, completions: int, at_once: int, postgresql: int
) -> str:
    numbers = iter(range(completions))
    before = await sync_to_async(blocks)()

    async def client(numbers: Iterable[int]) -> None:
        for number in numbers:
            await completion(number, *people[number % len(people)], price)

    await asyncio.gather(*(client(iter(range(WARM))) for _ in range(at_once)))  # prepared, and warm
    ours, theirs, begun = time.process_time(), cpu_seconds(postgresql), time.perf_counter()
    await asyncio.gather(*(client(numbers) for _ in range(at_once)))
    took = time.perf_counter() - begun
    ours, theirs = time.process_time() - ours, cpu_seconds(postgresql) - theirs
    await database.close()  # a session says what it looked at when it ends
    each = 1000 / completions
    all_of_them = completions + WARM * at_once
    hit, read = ((now - then) / all_of_them for now, then in zip(await sync_to_async(blocks)(), before, strict=True))
    cost = f"{ours * each:.3f} ms, PostgreSQL {theirs * each:.3f} ms, {hit + read:.0f} pages, {read:.1f} not in memory"
    return f"{len(people):4} accounts: {cost}, {completions / took:.0f}/s"


def blocks() -> tuple[int, int]:
    """Pages that PostgreSQL had in its own memory when it looked at them, and that it had to read."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT blks_hit, blks_read FROM pg_stat_database WHERE datname = current_database()")
        hit, read = cursor.fetchone()
        return hit, read


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.ledger")
    parser.add_argument("--accounts", type=int, nargs="+", default=[1, 4, 16])
    parser.add_argument("--completions", type=int, default=1500)
    parser.add_argument("--at-once", type=int, default=32)
    options = parser.parse_args()
    call_command("migrate", verbosity=0)
    catalog.load()
    postgresql = postmaster(Path(settings.CONWAY_DATA_DIR))
    assert postgresql, "an embedded PostgreSQL is what can be watched"
    price = Price.objects.select_related("model").first()
    assert price is not None
    for number in options.accounts:
        print(
            asyncio.run(measured(funded(number), price, options.completions, options.at_once, postgresql)), flush=True
        )


if __name__ == "__main__":
    main()

"""Thirty days of an account's life, booked as the ledger would have: for pages that should look like somebody's."""

import json
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils.timezone import now

from accounts.models import ApiKey, User
from credits.models import CreditAccount
from inference.billing.entry import bill
from inference.catalog.snapshot import Catalog, current_sync
from inference.chat.usage import BUCKETS, Usage
from inference.models import Completion

MODELS = ["claude-opus-4.6", "gpt-5.2", "gemini-3-pro", "claude-haiku-4.5", "gpt-5-mini", "kimi-k2.5", "qwen3-coder"]
ENTRY = """
INSERT INTO credits_credittransaction (account_id, type, amount_cents, balance_after_cents, reference, description,
                                       details, key_id, reason, created_at, refers_to)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"""


def live(user: User, key: ApiKey, *, seed: int = 7, topped_up: int = 12_000) -> int:
    """The balance at the end."""
    dice, book = random.Random(seed), current_sync()
    entries: list[tuple[Any, ...]] = []
    start = now() - timedelta(days=29, hours=3)
    balance = 0

    def book_in(type: str, cents: int, reference: str, details: dict[str, Any], reason: str, moment: datetime) -> None:
        nonlocal balance
        balance += cents
        key_id = key.pk if type == "inference" else None
        said = details.get("model", "")
        about = f"inference:{reference}" if type == "refund" else None
        named = f"{type}:{reference}"
        entries.append((user.pk, type, cents, balance, named, said, json.dumps(details), key_id, reason, moment, about))

    book_in("top_up", topped_up, f"month-{user.pk}", {}, "First credit", start)
    completions = list(completions_of(user, key, book, dice, start))
    for completion in completions:
        details = {
            "model": completion.model_id,
            "provider": completion.provider,
            "tokens": completion.buckets,
            "cost_usd": format(completion.cost_usd, "f"),
            "receipt": completion.pk,
            "settlement": completion.settlement,
        }
        book_in("inference", -completion.charged_cents, completion.pk, details, "", completion.admitted_at)
    last = completions[-1]
    refunded = {"model": last.model_id, "receipt": last.pk}
    book_in("refund", 1, last.pk, refunded, "The answer was cut short", now() - timedelta(minutes=90))
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO credits_creditaccount (user_id) VALUES (%s) ON CONFLICT DO NOTHING", [user.pk])
        cursor.executemany(ENTRY, entries)
    Completion.objects.bulk_create(completions)
    CreditAccount.objects.filter(pk=user.pk).update(balance_cents=balance)
    return balance


def completions_of(
    user: User, key: ApiKey, book: Catalog, dice: random.Random, start: datetime
) -> Iterator[Completion]:
    for day in range(30):
        busy = dice.choice([2, 4, 6, 9, 3]) if (start + timedelta(days=day)).weekday() < 5 else dice.choice([0, 1, 2])
        for call in range(busy):
            moment = min(start + timedelta(days=day, minutes=20 + 50 * call), now() - timedelta(hours=2))
            yield completion(user, key, book, dice, moment, f"chatcmpl-month{user.pk}d{day}c{call}")


def completion(
    user: User, key: ApiKey, book: Catalog, dice: random.Random, moment: datetime, completion_id: str
) -> Completion:
    listing = book.listings[dice.choices(MODELS, weights=range(len(MODELS), 0, -1))[0]]
    price = listing.prices[0]
    usage = Usage(input=dice.randint(400, 40_000), cached=dice.choice([0, 0, 12_000]), output=dice.randint(50, 6_000))
    cost, charged = bill(usage, price, "exact")
    tokens = {f"{bucket}_tokens": getattr(usage, bucket) for bucket in BUCKETS}
    return Completion(
        id=completion_id, user=user, key=key, model_id=listing.name, provider=listing.provider.name,
        served_model=listing.upstream_id, price_id=price.id, is_stream=True, cost_usd=cost, charged_cents=charged,
        settlement="exact", ending="complete", status=200, finish_reason="stop", admitted_at=moment, created_at=moment,
        first_byte_ms=dice.randint(200, 900), total_ms=dice.randint(1_000, 20_000), **tokens,
    )  # fmt: skip

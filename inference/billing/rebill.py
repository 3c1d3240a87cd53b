"""Gives back what completions cost too much because the model that served had no row when they were charged.

A provider that answers with a model we do not know is charged at the price of the model that was asked for, and staff
are alerted. Once that model is a row, the completions of the time before are recomputed at its price, and what was
charged beyond that is refunded: each completion once, whoever asks how often.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from django.db.models import QuerySet

from accounts.models import User
from conway.common.keyset_pagination import beyond
from credits import ledger
from inference.catalog.pricing import PriceSheet, charged_cents
from inference.models import ChatModel, Completion, Price, Settlement

MOST = 2_000  # completions of one rebill; the next one goes on behind them
AT_ONCE = 500
ATTEMPT = "rebilled"


@dataclass(frozen=True)
class Window:
    """Completions that this model, as its provider names it, served from `begin` until before `end`."""

    served_model: str
    right: ChatModel
    begin: datetime
    end: datetime


@dataclass(frozen=True)
class Correction:
    completion: Completion
    right_cents: int
    refund_cents: int


def corrections(window: Window) -> Iterator[Correction]:
    """Those that were charged too much and have not been rebilled; oldest first. Nobody is charged more afterwards."""
    prices = list(window.right.prices.order_by("-starts_at"))
    charged = Completion.objects.filter(
        served_model=window.served_model,
        provider=window.right.provider,
        created_at__gte=window.begin,
        created_at__lt=window.end,
        charged_cents__gt=0,
    ).exclude(settlement=Settlement.NONE)
    due = (correction(completion, prices) for completion in oldest_first(charged.select_related("user")))
    yield from islice((found for found in due if found is not None), MOST)


def oldest_first(charged: QuerySet[Completion]) -> Iterator[Completion]:
    """Reads completions piece by piece: a cursor that outlives its transaction needs a session of PgBouncer's."""
    piece = list(charged.order_by("created_at", "id")[:AT_ONCE])
    while piece:
        yield from piece
        last = {"created_at": piece[-1].created_at, "id": piece[-1].id}
        piece = list(charged.filter(beyond(last, is_backwards=True)).order_by("created_at", "id")[:AT_ONCE])


def correction(completion: Completion, prices: Iterable[Price]) -> Correction | None:
    """None where nothing is due, or the model had no price at the time."""
    price = next((price for price in prices if price.starts_at <= completion.admitted_at), None)
    if price is None:
        price = min(prices, key=lambda price: price.starts_at, default=None)
    if price is None:
        return None
    tier = PriceSheet.of(price.sheet).tier(completion.prompt_tokens)
    right = charged_cents(tier.cost_usd(completion.buckets))
    if right >= completion.charged_cents:
        return None
    paid = ledger.refundable_cents(f"inference:{completion.pk}")
    due = min(completion.charged_cents - right, paid - right)
    return Correction(completion, right, due) if due > 0 else None


def book(found: Correction, *, reason: str, note: str, by: User | None, address: str | None) -> int:
    """The cents that were refunded. Raises `ledger.UnableToPost`; a second time it books nothing."""
    entry = ledger.refund(
        reference=f"inference:{found.completion.pk}",
        cents=found.refund_cents,
        reason=reason,
        by=by,
        attempt=ATTEMPT,
        note=note,
        address=address,
    )
    return entry.amount_cents

"""A completion's receipt: what was used, at which price, how it was rounded, what was booked. For API, pages and admin.

The charge is computed anew from the stored tokens and the pinned price, as the audit does; the books say what was paid.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import ClassVar

from credits.models import CreditTransaction, Hold
from inference.catalog.pricing import CENTS_PER_USD, MARKUP, MILLION, PriceSheet, Tier
from inference.models import Completion, Price, Settlement
from inference.reporting.margin import margin_cents

ID = re.compile(r"(?:chatcmpl-|msg_|resp_)[A-Za-z0-9]{1,51}")
Type = CreditTransaction.Type

SETTLEMENTS = {
    "exact": "The provider reported what was used, and that is charged.",
    "estimated": "The provider's own count did not arrive. Charged is what it had reported by then, and for the rest "
    "our count of what was delivered.",
    "none": "Nothing was delivered, so nothing is charged.",
    "lost": "Our server stopped before the end. Charged is what had been delivered at its last note, a few seconds "
    "before. Should the true usage become known, the difference is booked once.",
}
ENDINGS = {
    "complete": "The answer was complete.",
    "client_left": "The connection was closed from your side before the end.",
    "stopped": "Our server was restarted before the end.",
    "process_died": "Our server stopped before the end.",
    "too_long": "The answer took longer than we wait.",
}
# Buckets of a prompt whose price differs because of a provider's cache.
CACHE = ("cached", "cached_explicit", "write_5m", "write_1h")
OTHER_ENDING = "The provider failed: {}."


@dataclass(frozen=True)
class Line:
    """`is_priced`: else the bucket has no price of its own, and the dearest one stands in."""

    bucket: str
    tokens: int
    usd_per_million: Decimal
    cost_usd: Decimal
    is_priced: bool


@dataclass(frozen=True)
class OpenReceipt:
    """Not settled yet: it still runs, or its settlement waits for the database."""

    id: str
    model: str
    admitted_at: datetime
    held_cents: int
    state: ClassVar[str] = "open"


@dataclass(frozen=True)
class Receipt:
    completion: Completion
    entries: tuple[CreditTransaction, ...]  # the charge and what was booked because of it, oldest first
    state: ClassVar[str] = "settled"

    @property
    def id(self) -> str:
        return self.completion.id

    @property
    def price(self) -> Price:
        return self.completion.price

    @cached_property
    def tier(self) -> Tier:
        return PriceSheet.of(self.price.sheet).tier(self.completion.prompt_tokens)

    @property
    def lines(self) -> list[Line]:
        return [self.line(bucket, tokens) for bucket, tokens in self.completion.buckets.items()]

    def line(self, bucket: str, tokens: int) -> Line:
        price = self.tier.price(bucket)
        cost = Decimal(0) if self.completion.settlement == Settlement.NONE else tokens * price / MILLION
        return Line(bucket, tokens, price, cost, self.tier.priced_as(bucket) in self.tier.prices)

    @property
    def cost_usd(self) -> Decimal:
        return self.completion.cost_usd

    @property
    def markup(self) -> Decimal:
        return MARKUP

    @property
    def exact_cents(self) -> Decimal:
        return self.cost_usd * CENTS_PER_USD * MARKUP

    @property
    def cache_saved_usd(self) -> Decimal | None:
        """What the cache made cheaper, below zero where writing into it cost more than reading saved. None: no token
        came from it or went into it.
        """
        lines = [line for line in self.lines if line.bucket in CACHE]
        plain = self.tier.price("input")
        if not lines or self.completion.settlement == Settlement.NONE:
            return None
        return sum((line.tokens * plain / MILLION - line.cost_usd for line in lines), Decimal(0))

    @property
    def cache_saved_cents(self) -> Decimal | None:
        """The same as it would have been charged, before rounding."""
        return None if (saved := self.cache_saved_usd) is None else saved * CENTS_PER_USD * MARKUP

    @property
    def is_marked_by_us(self) -> bool:
        return bool(self.completion.seen.get("cache_marks") == "ours")

    @property
    def charged_cents(self) -> int:
        return self.completion.charged_cents

    @property
    def rounding_cents(self) -> Decimal:
        """Below one: charges are rounded up to whole cents."""
        return self.charged_cents - self.exact_cents

    @property
    def written_off_cents(self) -> int:
        """What the charge went beyond the credit there was; nobody pays it."""
        return self.booked(Type.WRITE_OFF)

    @property
    def refunded_cents(self) -> int:
        return self.booked(Type.REFUND)

    @property
    def given_back_cents(self) -> int:
        return self.refunded_cents + self.written_off_cents

    @property
    def paid_cents(self) -> int:
        return -sum(entry.amount_cents for entry in self.entries)

    @property
    def margin_cents(self) -> Decimal:
        return margin_cents(self.paid_cents, self.cost_usd)

    @property
    def balance_after_cents(self) -> int | None:
        """After the charge; None where it was zero, and nothing was booked."""
        charges = [entry for entry in self.entries if entry.type == Type.INFERENCE]
        return charges[-1].balance_after_cents if charges else None

    @property
    def settlement_means(self) -> str:
        return SETTLEMENTS[self.completion.settlement]

    @property
    def ending_means(self) -> str:
        ending = self.completion.ending
        return ENDINGS.get(ending) or OTHER_ENDING.format(ending.replace("_", " "))

    @property
    def refused(self) -> str | None:
        """Why the provider declined, as it named it."""
        text = self.completion.seen.get("refused")
        return text if isinstance(text, str) else None

    def booked(self, type: str) -> int:
        return sum(entry.amount_cents for entry in self.entries if entry.type == type)


def find(receipt_id: str, *, user_id: int | None) -> Receipt | OpenReceipt | None:
    """Only its owner's; with None for a user, anybody's: for staff."""
    if not ID.fullmatch(receipt_id):
        return None
    of_owner = {} if user_id is None else {"account_id": user_id}
    # The hold first: a settlement ends it and writes the completion at once, so one of the two is there to be seen.
    hold = Hold.objects.filter(completion_id=receipt_id, **of_owner).first()
    if hold is not None:
        return OpenReceipt(hold.completion_id, hold.details.get("model", ""), hold.admitted_at, hold.cents)
    of_owner = {} if user_id is None else {"user_id": user_id}
    completion = Completion.objects.select_related("price").filter(pk=receipt_id, **of_owner).first()
    return None if completion is None else receipt_of(completion)


def receipt_of(completion: Completion) -> Receipt:
    entries = CreditTransaction.objects.about(f"inference:{completion.pk}").order_by("id")
    return Receipt(completion, tuple(entries))

"""Tokens → dollars → cents. Prices are decimals, tokens integers, costs exact; one function rounds, once.

Floats overcharge: 44,000 output tokens at $25 per million are $1.10 and so 143 cents, but ceil(1.1 * 100 * 1.3) is 144.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from functools import cached_property
from itertools import pairwise
from typing import Any

from inference.chat.usage import BUCKETS, INPUT_BUCKETS, Usage

MILLION = Decimal(1_000_000)
MARKUP = Decimal("1.3")
CENTS_PER_USD = 100
SAME_UNLESS_PRICED = {"cached_explicit": "cached"}


def charged_cents(cost_usd: Decimal) -> int:
    """ceil(cost × 100 × 1.3): nothing for nothing, at least a cent for anything."""
    return int((cost_usd * CENTS_PER_USD * MARKUP).to_integral_value(ROUND_CEILING))


class InvalidSheet(ValueError):
    """A price sheet nobody could be charged by; the message says why."""


@dataclass(frozen=True)
class Tier:
    """Prices in USD per million tokens, for requests of more than `above` prompt tokens; a tier reprices the whole
    request.
    """

    above: int
    prices: Mapping[str, Decimal]

    @cached_property
    def dearest_input(self) -> Decimal:
        return max(price for bucket, price in self.prices.items() if bucket != "output")

    def price(self, bucket: str) -> Decimal:
        """An unpriced input bucket costs as much as the dearest: nothing is silently free."""
        return self.prices.get(self.priced_as(bucket), self.dearest_input)

    def priced_as(self, bucket: str) -> str:
        """A marked cache costs as much as any other where it has no price of its own."""
        return SAME_UNLESS_PRICED.get(bucket, bucket) if bucket not in self.prices else bucket

    def cost_usd(self, buckets: Mapping[str, int]) -> Decimal:
        return sum((tokens * self.price(bucket) for bucket, tokens in buckets.items()), Decimal(0)) / MILLION


@dataclass(frozen=True)
class PriceSheet:
    tiers: tuple[Tier, ...]

    @classmethod
    def of(cls, sheet: Mapping[str, Any]) -> "PriceSheet":
        """From a Price row: `{"input": "1.25", "output": "10", …, "tiers": [{"above": 200000, "input": …}]}`. Raises
        `InvalidSheet`.
        """
        first = tier_of({name: value for name, value in sheet.items() if name != "tiers"} | {"above": 0})
        tiers = (first, *(tier_of(row) for row in sheet.get("tiers", ())))
        if any(lower.above >= higher.above for lower, higher in pairwise(tiers)):
            raise InvalidSheet("Tiers must rise.")
        return cls(tiers)

    def tier(self, prompt_tokens: int) -> Tier:
        return next(tier for tier in reversed(self.tiers) if prompt_tokens > tier.above or tier.above == 0)

    def cost_usd(self, usage: Usage) -> Decimal:
        return self.tier(usage.prompt_tokens).cost_usd(usage.buckets())

    def affordable_output(self, inputs: Usage, cents: int) -> int:
        """The output tokens that `cents` buy beside these inputs."""
        tier = self.tier(inputs.prompt_tokens)
        spent = Bound(tier.cost_usd(inputs.buckets()), tier.price("output") / MILLION)
        return spent.affordable_output(cents)

    def is_dearer_than(self, other: "PriceSheet") -> bool:
        """Whether any token costs more here than there, at any length of the prompt."""
        lengths = {tier.above + 1 for tier in (*self.tiers, *other.tiers)}
        return any(
            self.tier(length).price(bucket) > other.tier(length).price(bucket)
            for length in lengths
            for bucket in BUCKETS
        )

    def unpriced(self, usage: Usage) -> list[str]:
        tier = self.tier(usage.prompt_tokens)
        return [bucket for bucket in usage.buckets() if tier.priced_as(bucket) not in tier.prices]

    def bound(self, prompt_tokens: int, buckets: tuple[str, ...]) -> "Bound":
        """What at most `prompt_tokens` cost at the dearest of these buckets and of the tiers so many tokens can
        reach.
        """
        reached = [tier for tier in self.tiers if prompt_tokens > tier.above or tier.above == 0]
        dearest = max(tier.price(bucket) for tier in reached for bucket in buckets)
        return Bound(prompt_tokens * dearest / MILLION, max(tier.price("output") for tier in reached) / MILLION)


@dataclass(frozen=True)
class Bound:
    """What a request can cost at most, in USD: the prompt as a whole, and each token of output."""

    input_usd: Decimal
    output_token_usd: Decimal

    def usd(self, output_tokens: int) -> Decimal:
        return self.input_usd + output_tokens * self.output_token_usd

    def cents(self, output_tokens: int) -> int:
        return charged_cents(self.usd(output_tokens))

    def affordable_output(self, cents: int) -> int:
        """The output tokens that `cents` buy beside the prompt."""
        left_cents = cents - self.input_usd * CENTS_PER_USD * MARKUP
        if left_cents <= 0 or not self.output_token_usd:
            return 0
        return int((left_cents / (self.output_token_usd * CENTS_PER_USD * MARKUP)).to_integral_value(ROUND_FLOOR))


def tier_of(row: Mapping[str, Any]) -> Tier:
    if unknown := set(row) - {*BUCKETS, "above"}:
        raise InvalidSheet(f"Unknown price: {', '.join(sorted(unknown))}.")
    if "input" not in row or "output" not in row:
        raise InvalidSheet("A price needs at least input and output.")
    prices = {
        bucket: decimal_of(row[bucket]) for bucket in (*INPUT_BUCKETS, "output") if row.get(bucket) not in (None, "")
    }
    if type(row["above"]) is not int or row["above"] < 0:
        raise InvalidSheet("A tier begins above a whole number of prompt tokens.")
    return Tier(row["above"], prices)


def decimal_of(value: Any) -> Decimal:
    try:
        price = (
            Decimal(str(value))
            if isinstance(value, str | int | Decimal) and not isinstance(value, bool)
            else Decimal("NaN")
        )
    except ArithmeticError:
        price = Decimal("NaN")
    if not price.is_finite() or price < 0 or price != round(price, 6):
        raise InvalidSheet(f"{value!r} is no price: write USD per million tokens as a decimal with at most six places.")
    return price

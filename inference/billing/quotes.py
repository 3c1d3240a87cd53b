"""What a request may cost, before it is sent: the numbers an admission is made on (docs/billing.md)."""

from dataclasses import dataclass
from decimal import Decimal

from inference.billing.measure import Measure
from inference.catalog.pricing import Bound
from inference.catalog.snapshot import PricePoint

MINIMUM_CENTS = 10
NEEDED_OUTPUT_TOKENS = 256
SHORT_PROMPT_BYTES = 8_000
LEAST_DEFAULT_LIMIT = 1_024


@dataclass(frozen=True, slots=True)
class Quote:
    """What a request may cost. `limit` is the output tokens allowed per choice, the caller's or the model's."""

    prompt_tokens: int
    limit: int
    choices: int
    bound: Bound

    @property
    def need_cents(self) -> int:
        return self.bound.cents(min(NEEDED_OUTPUT_TOKENS, self.limit))

    @property
    def worst_cents(self) -> int:
        return self.bound.cents(self.choices * self.limit)

    @property
    def worst_usd(self) -> Decimal:
        return self.bound.usd(self.choices * self.limit)

    def affordable(self, cents: int) -> int:
        """Output tokens per choice that a hold buys; thinking counts."""
        if cents >= self.worst_cents:
            return self.limit
        return min(self.limit, max(1, self.bound.affordable_output(cents) // self.choices))


async def quote(measure: Measure, price: PricePoint, *, counted: bool) -> Quote:
    """Bytes count as tokens where that already fits into the minimum; `counted` asks for the tokenizer."""
    request, cheap, traits = measure.rendered.request, measure.bytes_bound, measure.listing.traits
    requested = request.output_limit
    if requested is None or requested >= traits.max_output_tokens:  # as much as the prompt leaves of the context
        requested = await default_limit(measure)
    limit = min(requested, traits.max_output_tokens)
    if cheap is not None and not counted:
        first = Quote(cheap, limit, request.choices, price.sheet.bound(cheap, measure.buckets))
        if first.need_cents <= MINIMUM_CENTS:
            return first
    prompt = await measure.bound()
    return Quote(prompt, limit, request.choices, price.sheet.bound(prompt, measure.buckets))


async def default_limit(measure: Measure) -> int:
    """The model's maximum, or what a long prompt leaves of its context: providers refuse a sum beyond it.

    By the likely count of the prompt, not by its bound: a bound three times too high would leave no room to answer.
    """
    traits, cheap = measure.listing.traits, measure.bytes_bound
    if cheap is not None and cheap <= max(SHORT_PROMPT_BYTES, traits.context_tokens - traits.max_output_tokens):
        return min(traits.max_output_tokens, traits.context_tokens - cheap)
    likely = await measure.likely()
    return min(traits.max_output_tokens, max(LEAST_DEFAULT_LIMIT, traits.context_tokens - likely - likely // 10))

"""What would it cost? A completion's way up to the hold, which is asked about and not made; nothing is sent."""

from dataclasses import dataclass
from typing import Any

from accounts.authentication import Caller
from credits.ledger import AdmissionDenied, Outlook
from inference import catalog
from inference.billing import admission
from inference.billing.measure import Measure
from inference.billing.quotes import Quote, quote
from inference.catalog.pricing import charged_cents
from inference.catalog.snapshot import Listing, PricePoint
from inference.chat.format import Format
from inference.chat.provider_request import ProviderRequest
from inference.chat.usage import Usage
from inference.completion import errors, preparing
from inference.completion.headers import Headers, cap, follows

# A completion would be answered with these; of the others the estimate itself is refused.
TOLD = (
    "insufficient_credits",
    "key_limit_reached",
    "cost_cap",
    "rate_limited",
    "concurrency_limited",
    "key_concurrency_limited",
    "written_off",
)


@dataclass(frozen=True)
class Estimate:
    """Lowest and highest cost: the prompt's text and one token of reply; the highest count and the longest reply."""

    listing: Listing
    price: PricePoint
    rendered: ProviderRequest
    quote: Quote
    outlook: Outlook | AdmissionDenied
    least: Usage

    def as_json(self) -> dict[str, Any]:
        least_usd, worst_usd = self.price.sheet.cost_usd(self.least), self.quote.worst_usd
        return {
            "model": self.listing.name,
            "asked_model": self.listing.asked_as,
            "price_starts_at": self.price.starts_at,
            "prompt_tokens": {"low": self.least.prompt_tokens, "high": self.quote.prompt_tokens},
            "completion_tokens": {"low": self.least.output, "high": self.quote.choices * self.quote.limit},
            "cost_usd": {"low": format(least_usd, "f"), "high": format(worst_usd, "f")},
            "charged_cents": {"low": charged_cents(least_usd), "high": self.quote.worst_cents},
            "available_cents": self.outlook.available_cents,
            "held_cents": self.outlook.held_cents,
            **admission_shown(self.quote, self.outlook),
            "ignored_params": self.rendered.ignored,
            "transforms": self.rendered.transforms,
        }


def admission_shown(quote: Quote, outlook: Outlook | AdmissionDenied) -> dict[str, Any]:
    if isinstance(outlook, AdmissionDenied):
        refusal = errors.answer_to(outlook)
        return {
            "admitted": False,
            "hold_cents": 0,
            "max_tokens": None,
            "refusal": {"status": refusal.status, **refusal.body()},
        }
    return {
        "admitted": True,
        "hold_cents": outlook.cents,
        "max_tokens": quote.affordable(outlook.cents),
        "refusal": None,
    }


async def estimate(format: Format, caller: Caller, body: bytes, headers: Headers) -> Estimate:
    """Raises what the completion would be refused with before its credit is looked at."""
    caller = follows(headers, caller)
    prepared = await preparing.prepare(format, caller, body, await catalog.current())
    measure = prepared.measure
    quote, outlook = await asked(caller, measure, prepared.price, cap(headers))
    least = Usage(input=min(await measure.least(), quote.prompt_tokens), output=prepared.request.choices)
    return Estimate(prepared.listing, prepared.price, prepared.rendered, quote, outlook, least)


async def asked(
    caller: Caller, measure: Measure, price: PricePoint, cap_cents: int | None
) -> tuple[Quote, Outlook | AdmissionDenied]:
    try:
        return await admission.would_admit(caller=caller, measure=measure, price=price, cap_cents=cap_cents)
    except AdmissionDenied as refused:
        if refused.reason not in TOLD:
            raise
        return await quote(measure, price, counted=True), refused

"""Completions as they could have been. A few thousand are priced by the real formula, and then drawn from."""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass

from inference import catalog
from inference.billing.entry import Settlement, bill
from inference.catalog.snapshot import Listing
from inference.chat.usage import Usage
from inference.models import Completion

PER_MODEL = 200
# Out of a thousand completions, and how each looks: settlement, ending, status, alerts.
MANNERS: dict[tuple[Settlement, str, int, tuple[str, ...]], int] = {
    ("exact", "complete", 200, ()): 970,
    ("exact", "client_left", 200, ()): 8,
    ("estimated", "complete", 200, ("no_usage",)): 9,
    ("estimated", "client_left", 200, ()): 4,
    ("lost", "process_died", 200, ()): 1,
    ("none", "upstream_error", 502, ()): 5,
    ("none", "rate_limit_exceeded", 429, ()): 2,
    ("none", "provider_not_configured", 503, ("provider:provider_not_configured",)): 1,
}
BUCKETS = Completion.bucket_columns()


@dataclass(frozen=True, slots=True)
class Sample:
    """Text as COPY reads it. `details` is JSON without its last brace, the completion's id still to come."""

    charged_cents: int
    completion: str
    details: str
    description: str


def samples(rng: random.Random) -> list[Sample]:
    listings = [listing for listing in catalog.current_sync().listings.values() if listing.prices]
    manners, weights = list(MANNERS), list(MANNERS.values())
    return [
        sample(listing, usage(rng, listing), *rng.choices(manners, weights)[0], rng)
        for listing in listings
        for _ in range(PER_MODEL)
    ]


def usage(rng: random.Random, listing: Listing) -> Usage:
    """Mostly short, now and then long enough for the dearer tier."""
    prompt = min(int(rng.lognormvariate(7, 1.5)) + 8, listing.traits.context_tokens // 2)
    cached = prompt // 2 if rng.random() < 0.3 and prompt > 2000 else 0
    output = min(int(rng.lognormvariate(6, 1)) + 1, listing.traits.max_output_tokens)
    return Usage(input=prompt - cached, output=output, cached=cached)


def sample(
    listing: Listing,
    used: Usage,
    settlement: Settlement,
    ending: str,
    status: int,
    alerts: tuple[str, ...],
    rng: random.Random,
) -> Sample:
    used = used if settlement != "none" else Usage()
    price = listing.prices[-1]
    cost_usd, charged = bill(used, price, settlement)
    first_byte_ms = rng.randint(150, 3000)
    model, provider = listing.name, listing.provider.name
    columns = (
        model, provider, listing.upstream_id, price.id, "t",
        *(getattr(used, name.removesuffix("_tokens")) for name in BUCKETS),
        format(cost_usd, "f"), charged, settlement, ending, status, json.dumps(alerts), "{}",
        first_byte_ms, first_byte_ms + used.output * 12,
    )  # fmt: skip
    details = {
        "model": model, "provider": provider, "tokens": used.buckets(), "cost_usd": format(cost_usd, "f"),
        "settlement": settlement,
    }  # fmt: skip
    text = f"{model}: {used.prompt_tokens:,} tokens in, {used.output:,} out"
    return Sample(charged, "\t".join(str(column) for column in columns), json.dumps(details)[:-1], text)


# As `Sample.completion` has them.
COLUMNS = (
    "model_id", "provider", "served_model", "price_id", "is_stream", *BUCKETS,
    "cost_usd", "charged_cents", "settlement", "ending", "status", "alerts", "seen", "first_byte_ms", "total_ms",
)  # fmt: skip


def drawn(rng: random.Random, found: list[Sample]) -> Iterator[Sample]:
    """For ever, in handfuls: drawing one by one takes longer than writing it."""
    while True:
        yield from rng.choices(found, k=10_000)

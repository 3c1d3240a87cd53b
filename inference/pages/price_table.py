"""What a page shows of the catalogue: models with their prices, as listed and as charged."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from inference import catalog
from inference.catalog.pricing import MARKUP, Tier
from inference.catalog.snapshot import Catalog, Listing, PricePoint

BUCKET_TITLES = {
    "input": "Input",
    "cached": "Cached input",
    "cached_explicit": "Cached input, marked by the caller",
    "write_5m": "Cache write, 5 minutes",
    "write_1h": "Cache write, 1 hour",
    "audio_in": "Audio input",
    "audio_cached": "Cached audio input",
    "output": "Output",
}


KINDS = {"text": "text", "image": "images", "file": "documents", "audio": "audio", "video": "video"}


@dataclass(frozen=True)
class Rate:
    """USD per million tokens."""

    title: str
    listed: Decimal

    @property
    def charged(self) -> Decimal:
        return self.listed * MARKUP


@dataclass(frozen=True)
class Step:
    """A tier: its rates hold for requests of more than `above` prompt tokens, the whole of them."""

    above: int
    rates: list[Rate]

    def rate(self, title: str) -> Rate | None:
        return next((rate for rate in self.rates if rate.title == title), None)

    @property
    def input(self) -> Rate | None:
        return self.rate(BUCKET_TITLES["input"])

    @property
    def output(self) -> Rate | None:
        return self.rate(BUCKET_TITLES["output"])


@dataclass(frozen=True)
class Offer:
    listing: Listing
    price: PricePoint
    upcoming: PricePoint | None
    today: date

    @property
    def takes(self) -> str:
        """In a few words, beside text."""
        return ", ".join(KINDS[name] for name in self.listing.traits.inputs)

    @property
    def ending(self) -> str:
        """When it ends and what then; empty for a model of which no end is known."""
        listing = self.listing
        verb = "Ended" if listing.retires_on and listing.retires_on <= self.today else "Ends"
        ends = f"{verb} on {listing.retires_on:%Y-%m-%d}." if listing.retires_on else ""
        if not listing.successor:
            return ends
        if listing.successor_from:
            return f"{ends} From {listing.successor_from:%Y-%m-%d} on {listing.successor} answers under this name."
        return f"{ends} Use {listing.successor} instead." if ends else ""

    @property
    def steps(self) -> list[Step]:
        return [step(tier) for tier in self.price.sheet.tiers]

    @property
    def rows(self) -> list[tuple[str, list[Rate | None]]]:
        """Every kind of token that has a price, and its rate in each tier."""
        titles = [title for title in BUCKET_TITLES.values() if any(step.rate(title) for step in self.steps)]
        return [(title, [step.rate(title) for step in self.steps]) for title in titles]

    @property
    def upcoming_step(self) -> Step | None:
        return step(self.upcoming.sheet.tiers[0]) if self.upcoming else None


def offers() -> list[Offer]:
    """Models that are on and have a price, in the catalogue's order."""
    return list(offered(catalog.current_sync()))


def offered(book: Catalog) -> Iterator[Offer]:
    now = book.now()
    for listing in book.listings.values():
        if listing.is_on and (price := listing.price_at(now)) is not None:
            later = [point for point in listing.prices if point.starts_at > now]
            yield Offer(listing, price, later[-1] if later else None, now.date())


def step(tier: Tier) -> Step:
    return Step(tier.above, [Rate(BUCKET_TITLES[bucket], price) for bucket, price in tier.prices.items()])

"""Models as `GET /v1/models` shows them, in the words of every client we know of: OpenAI's SDKs, Conway's own."""

from decimal import Decimal
from typing import Any

from inference.billing.quotes import MINIMUM_CENTS
from inference.catalog.pricing import CENTS_PER_USD, MARKUP, PriceSheet
from inference.catalog.snapshot import Catalog, Listing


def as_openai(listing: Listing, book: Catalog) -> dict[str, Any]:
    price = listing.price_at(book.now())
    traits = listing.traits
    first = listing.prices[-1].starts_at if listing.prices else book.now()
    return {
        "id": listing.name,
        "object": "model",
        "created": int(first.timestamp()),
        "owned_by": listing.provider.name,
        "provider": listing.provider.name,
        "display_name": listing.display_name,
        "available": listing.is_available,
        "context_window": traits.context_tokens,
        "max_tokens": traits.max_output_tokens,
        "supports_tools": traits.tools,
        "supports_vision": bool(traits.images),
        "supports_reasoning": traits.thinking != "none",
        "parameter_style": "max_completion_tokens" if traits.length_field == "max_completion_tokens" else "max_tokens",
        "retirement": listing.retirement or None,
        "pricing": None if price is None else pricing(price.sheet),
    }


def offered(book: Catalog) -> list[dict[str, Any]]:
    return [as_openai(listing, book) for listing in book.listings.values() if listing.is_on]


def price_list(book: Catalog) -> dict[str, Any]:
    """What `GET /v1/credits/pricing` says; conway-terminal prints it, automaton looks for `tiers`."""
    return {
        "tiers": [],
        "models": offered(book),
        "markup": str(MARKUP),
        "formula": f"charged_cents = ceil(token_cost_usd * {CENTS_PER_USD} * {MARKUP})",
        "minimum_cents": MINIMUM_CENTS,
    }


def pricing(sheet: PriceSheet) -> dict[str, Any]:
    """USD per million tokens, before the markup. Clients calculate with the first four, so they are JSON numbers; no
    charge is made from them.
    """
    first = sheet.tiers[0]
    return {
        "input_per_million": number(first.price("input")),
        "output_per_million": number(first.price("output")),
        "input_per_1m_tokens_usd": number(first.price("input")),
        "output_per_1m_tokens_usd": number(first.price("output")),
        "markup": str(MARKUP),
        "tiers": [
            {"above": tier.above, **{bucket: str(price) for bucket, price in tier.prices.items()}}
            for tier in sheet.tiers
        ],
    }


def number(price: Decimal) -> float:
    return float(price)

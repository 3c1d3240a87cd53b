"""Models as `GET /v1/models` shows them, in the words of every client we know of: OpenAI's SDKs, Conway's own."""

from datetime import UTC
from decimal import Decimal
from typing import Any

from inference.api.supported_parameters import supported
from inference.billing.quotes import MINIMUM_CENTS
from inference.catalog import succession
from inference.catalog.pricing import CENTS_PER_USD, MARKUP, MILLION, PriceSheet, Tier
from inference.catalog.snapshot import Catalog, Listing


def as_openai(listing: Listing, book: Catalog) -> dict[str, Any]:
    price = listing.price_at(book.now())
    traits = listing.traits
    first = listing.prices[-1].starts_at if listing.prices else book.now()
    ends = listing.retires_on and listing.retires_on.isoformat()
    return {
        "id": listing.name,
        "object": "model",
        "created": int(first.timestamp()),
        "owned_by": listing.provider.name,
        "provider": listing.provider.name,
        "display_name": listing.display_name,
        "available": succession.is_answered(book, listing),
        "retires_on": ends,
        "shutdown_date": ends,
        "successor": listing.successor or None,
        "successor_from": listing.successor_from and listing.successor_from.isoformat(),
        "context_length": traits.context_tokens,
        "architecture": {"input_modalities": traits.inputs, "output_modalities": ["text"]},
        "top_provider": {
            "context_length": traits.context_tokens,
            "max_completion_tokens": traits.max_output_tokens,
            "is_moderated": False,
        },
        "supported_parameters": supported(listing),
        "description": listing.summary or None,
        "context_window": traits.context_tokens,
        "max_tokens": traits.max_output_tokens,
        "supports_tools": traits.tools,
        "supports_vision": bool(traits.images),
        "supports_reasoning": traits.thinking != "none",
        "parameter_style": "max_completion_tokens" if traits.length_field == "max_completion_tokens" else "max_tokens",
        "pricing": None if price is None else pricing(price.sheet),
    }


def as_anthropic(listing: Listing, book: Catalog) -> dict[str, Any]:
    """A model as Anthropic lists it, for clients that send `anthropic-version`: Claude Code and Anthropic's SDKs."""
    first = listing.prices[-1].starts_at if listing.prices else book.now()
    return {
        "type": "model",
        "id": listing.name,
        "display_name": listing.display_name,
        "created_at": first.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "max_input_tokens": listing.traits.max_input_tokens or listing.traits.context_tokens,
        "max_tokens": listing.traits.max_output_tokens,
    }


def anthropic_page(book: Catalog) -> dict[str, Any]:
    """All of them on one page."""
    data = [as_anthropic(listing, book) for listing in book.listings.values() if succession.is_answered(book, listing)]
    ends = {"first_id": data[0]["id"], "last_id": data[-1]["id"]} if data else {"first_id": None, "last_id": None}
    return {"data": data, "has_more": False, **ends}


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
        **per_token(first),
        "tiers": [
            {"above": tier.above, **{bucket: str(price) for bucket, price in tier.prices.items()}}
            for tier in sheet.tiers
        ],
    }


# OpenRouter's names, and the prices behind them.
PER_TOKEN = {"prompt": "input", "completion": "output", "input_cache_read": "cached", "input_cache_write": "write_5m"}


def per_token(tier: Tier) -> dict[str, str]:
    """USD a token as it is charged, markup included: what clients that know OpenRouter calculate with."""
    return {
        name: format((tier.prices[bucket] * MARKUP / MILLION).normalize(), "f")
        for name, bucket in PER_TOKEN.items()
        if bucket in tier.prices
    }


def number(price: Decimal) -> float:
    return float(price)

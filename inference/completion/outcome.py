"""What an exchange came to: which settlement, on which numbers, at which price (docs/billing.md)."""

import time
from typing import Any

from inference.billing import token_counting
from inference.billing.settlement import bill, bucket_columns
from inference.catalog.snapshot import PricePoint
from inference.chat.usage import INPUT_BUCKETS, Usage
from inference.completion.state import CLIENT_LEFT, STOPPED, CompletionState

ESTIMATED = ("estimated", "lost")
TOKENS_PER_SECOND = 200  # of a quick model; most make 50 to 150, so that a guess by time is rather too high


async def entry(exchange: CompletionState, *, lost: bool = False) -> dict[str, Any]:
    """As billing books it; with `lost`, what it would come to if we died now."""
    listing, facts, window = exchange.listing, exchange.facts, exchange.admission.key_window
    facts.usage = facts.usage and facts.usage.believed()
    facts.known_input = facts.known_input and facts.known_input.believed()
    if facts.usage is not None and not (facts.usage.output or facts.free or exchange.gathered.empty):
        facts.usage, facts.known_input = None, facts.usage  # what was written was not made of nothing
    if lost:
        settlement, usage, alerts = "lost", await estimate(exchange, was_cut=True), list[str]()
    else:
        settlement, usage, alerts = await outcome(exchange)
    price, served = price_served(exchange)
    cost_usd, cents = bill(usage, price, settlement)
    alerts += served + [f"unpriced:{bucket}" for bucket in price.sheet.unpriced(usage)]
    alerts += ["charge_above_hold"] if cents > exchange.admission.cents else []
    return {
        "row": {
            "id": exchange.id,
            "user_id": exchange.caller.user_id,
            "key_id": exchange.caller.key_id,
            "request_id": exchange.request_id,
            "model_id": listing.name,
            "provider": listing.provider.name,
            "served_model": (facts.model or "")[:200],
            "upstream_id": (facts.upstream_id or "")[:200],
            "price_id": price.id,
            "is_stream": exchange.is_stream,
            **bucket_columns(usage),
            "cost_usd": format(cost_usd, "f"),
            "charged_cents": cents,
            "settlement": settlement,
            "ending": "process_died" if lost else exchange.ending,
            "status": exchange.status,
            "finish_reason": next(iter(exchange.gathered.finished.values()), "")[:40],
            "alerts": alerts,
            "raw_usage": facts.raw_usage,
            "seen": {
                "characters": len(exchange.gathered.written()),
                "visible": exchange.was_seen,
                **(exchange.basis if settlement in ESTIMATED else {}),
            },
            "admitted_at": exchange.admitted_at.isoformat(),
            "first_byte_ms": milliseconds(exchange.began, exchange.first_byte),
            "total_ms": milliseconds(exchange.began, time.monotonic()),
        },
        "key_window": window.isoformat() if window else None,
        "description": f"{listing.name}: {usage.prompt_tokens:,} tokens in, {usage.output:,} out",
        "details": {
            "model": listing.name,
            "provider": listing.provider.name,
            "tokens": usage.buckets(),
            "cost_usd": format(cost_usd, "f"),
            "receipt": exchange.id,
            "settlement": settlement,
        },
    }


async def outcome(exchange: CompletionState) -> tuple[str, Usage, list[str]]:
    """How it is settled, on which numbers, and what staff should look at."""
    fault, facts = exchange.fault, exchange.facts
    alerts = [f"provider:{fault.meaning.code}"] if fault and fault.meaning.alert else []
    missing = "doubtful_usage" if facts.raw_usage else "no_usage"
    if fault is None and facts.free:
        return "none", facts.usage or Usage(), alerts
    if fault is None and facts.usage is not None:
        return "exact", facts.usage, alerts
    if fault is None:
        return "estimated", await estimate(exchange), [*alerts, missing]
    was_cut = exchange.ending in (CLIENT_LEFT, STOPPED)  # for a client that had left: the provider charges for it
    if exchange.was_seen or (exchange.client_left and (was_cut or not exchange.gathered.empty)):
        return "estimated", await estimate(exchange, was_cut=True), alerts
    return "none", Usage(), alerts


async def estimate(exchange: CompletionState, *, was_cut: bool = False) -> Usage:
    """What is known, and for the rest a count of what we saw, and of a reply that was cut what was made unseen; never a
    provider's placeholder.

    What it was counted from stays with the completion (`basis`), so that the audit can make the same estimate.
    """
    percent, reported = exchange.listing.estimate_percent, exchange.facts.usage
    known = reported or exchange.facts.known_input
    basis: dict[str, Any] = {}
    if known is None:
        basis["prompt"] = await exchange.measure.likely_parts()
        known = Usage(input=token_counting.likely_prompt(**basis["prompt"]))
    seen = 0 if exchange.gathered.empty else await exchange.counted()
    inputs = {bucket: getattr(known, bucket) for bucket in INPUT_BUCKETS}
    visible = token_counting.likely_output(o200k=seen, percent=percent, reported=0)
    hidden = unseen(exchange, Usage(**inputs), visible) if was_cut and known.reasoning is None else 0
    basis["output"] = {
        "o200k": seen,
        "percent": percent,
        "reported": reported.output if reported else 0,
        "hidden": hidden,
    }
    output = token_counting.likely_output(**basis["output"])
    exchange.estimated = Usage(**inputs, output=output, reasoning=known.reasoning or hidden or None)
    exchange.basis = basis
    return exchange.estimated


def unseen(exchange: CompletionState, inputs: Usage, seen: int) -> int:
    """Tokens that a cut reply has cost and not shown: as many as a quick model makes in the time it worked before its
    first word, within what the request allows and what the hold pays.
    """
    if exchange.asked is None or not exchange.hides_tokens:
        return 0
    request, most = exchange.rendered.request, exchange.listing.traits.max_output_tokens
    seconds = (exchange.first_word or time.monotonic()) - exchange.asked
    made = int(seconds * TOKENS_PER_SECOND) * request.choices
    allowed = min(request.output_limit or most, exchange.lowered_limit or most, most) * request.choices
    price, _ = price_served(exchange)
    paid = price.sheet.affordable_output(inputs, exchange.admission.cents)
    return max(0, min(made, allowed - seen, paid - seen))


def price_served(exchange: CompletionState) -> tuple[PricePoint, list[str]]:
    """Of the model actually served; of one we do not know, the price of the one asked for, and staff are told."""
    served, listing = exchange.facts.model, exchange.listing
    if not served or listing.is_named(served):
        return exchange.price, []
    other = exchange.catalog.served(served, listing.provider)
    price = other.price_at(exchange.admitted_at) if other else None
    return price or exchange.price, [f"served:{served[:100]}"]


def milliseconds(begin: float, end: float | None) -> int | None:
    return None if end is None else int((end - begin) * 1000)

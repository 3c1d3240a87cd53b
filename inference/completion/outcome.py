"""What a completion came to: which settlement, on which numbers, at which price (docs/billing.md).

Nothing here changes what it reads: a checkpoint asks the same every few seconds, while the completion goes on.
"""

import time
from dataclasses import dataclass, field
from typing import Any

from inference.billing import token_counting
from inference.billing.entry import Entry, Settlement, bill
from inference.catalog.snapshot import PricePoint
from inference.chat import unasked
from inference.chat.provider_error import FILTERED
from inference.chat.usage import INPUT_BUCKETS, Usage
from inference.completion.state import CLIENT_LEFT, STOPPED, CompletionState

TOKENS_PER_SECOND = 200  # of a quick model; most make 50 to 150, so that a guess by time is rather too high


@dataclass(frozen=True, slots=True)
class Outcome:
    """`basis`: what an estimate was counted from, so that the audit can make the same again."""

    settlement: Settlement
    usage: Usage
    alerts: list[str] = field(default_factory=list)
    basis: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reported:
    """The provider's own numbers, where somebody can be billed by them: of the whole, or of the prompt alone."""

    usage: Usage | None
    known_input: Usage | None

    @classmethod
    def of(cls, state: CompletionState) -> "Reported":
        facts = state.facts
        usage, known_input = facts.usage and facts.usage.believed(), facts.known_input and facts.known_input.believed()
        is_silent = state.gathered.empty or (facts.refused is not None and state.gathered.only_declined)
        if usage is not None and not (usage.output or facts.free or is_silent):
            return cls(None, usage)  # what was written was not made of nothing
        return cls(usage, known_input)


async def of(state: CompletionState) -> Outcome:
    """How it is settled now that it has ended, and what staff should look at."""
    fault, facts, reported = state.fault, state.facts, Reported.of(state)
    alerts = [f"provider:{fault.meaning.code}"] if fault and fault.meaning.alert else []
    if fault is None and facts.free:
        return Outcome("none", reported.usage or Usage(), alerts)
    if fault is None and reported.usage is not None:
        return Outcome("exact", reported.usage, alerts)
    if fault is None:
        missing = "doubtful_usage" if facts.raw_usage else "no_usage"
        return await estimated("estimated", state, reported, [*alerts, missing])
    was_cut = state.ending in (CLIENT_LEFT, STOPPED)  # for a client that had left: the provider charges for it
    if state.was_seen or (state.client_left and (was_cut or not state.gathered.empty)):
        return await estimated("estimated", state, reported, alerts, was_cut=True)
    return Outcome("none", Usage(), alerts)


async def if_lost(state: CompletionState) -> Outcome:
    """How it would be settled if this process died now."""
    return await estimated("lost", state, Reported.of(state), [], was_cut=True)


async def estimated(
    settlement: Settlement, state: CompletionState, reported: Reported, alerts: list[str], *, was_cut: bool = False
) -> Outcome:
    """On what is known, and for the rest on a count of what we saw, and of a reply that was cut on what was made
    unseen; never on a provider's placeholder.
    """
    percent, usage = state.listing.estimate_percent, reported.usage
    known = usage or reported.known_input
    basis: dict[str, Any] = {}
    if known is None:
        basis["prompt"] = await state.measure.likely_parts()
        known = Usage(input=token_counting.likely_prompt(**basis["prompt"]))
    seen = 0 if state.gathered.empty else await state.counted()
    inputs = {bucket: getattr(known, bucket) for bucket in INPUT_BUCKETS}
    visible = token_counting.likely_output(o200k=seen, percent=percent, reported=0)
    hidden = unseen(state, Usage(**inputs), visible) if was_cut and known.reasoning is None else 0
    basis["output"] = {"o200k": seen, "percent": percent, "reported": usage.output if usage else 0, "hidden": hidden}
    output = token_counting.likely_output(**basis["output"])
    reasoning = known.reasoning or hidden or None
    return Outcome(settlement, Usage(**inputs, output=output, reasoning=reasoning), alerts, basis)


def entry(state: CompletionState, outcome: Outcome) -> Entry:
    """The completion as billing books it."""
    listing, facts, usage = state.listing, state.facts, outcome.usage
    price, served = price_served(state)
    cost_usd, cents = bill(usage, price, outcome.settlement)
    alerts = outcome.alerts + served + [f"unpriced:{bucket}" for bucket in price.sheet.unpriced(usage)]
    alerts += facts.alerts + unasked.alerts(facts)
    alerts += ["charge_above_hold"] if cents > state.admission.cents else []
    return Entry(
        id=state.id,
        user_id=state.caller.user_id,
        key_id=state.caller.key_id,
        key_window=state.admission.key_window,
        request_id=state.request_id,
        model_id=listing.name,
        asked_model=listing.asked_as,
        provider=listing.provider.name,
        price_id=price.id,
        is_stream=state.is_stream,
        settlement=outcome.settlement,
        usage=usage,
        cost_usd=cost_usd,
        charged_cents=cents,
        ending="process_died" if outcome.settlement == "lost" else state.ending,
        status=state.status,
        served_model=(facts.model or "")[:200],
        upstream_id=(facts.upstream_id or "")[:200],
        finish_reason=next(iter(state.gathered.finished.values()), "")[:40],
        alerts=alerts,
        raw_usage=facts.raw_usage,
        seen={"characters": state.gathered.characters, "visible": state.was_seen, **outcome.basis, **noted(state)},
        admitted_at=state.admitted_at,
        first_byte_ms=milliseconds(state.began, state.first_byte),
        total_ms=milliseconds(state.began, time.monotonic()),
    )


def noted(state: CompletionState) -> dict[str, Any]:
    """Why it was declined, for its receipt; answers that were none, for staff."""
    fault, facts = state.fault, state.facts
    refused = fault.message if fault and fault.meaning.code == FILTERED.code else facts.refused
    notes = {
        "refused": refused and refused[:500],
        "failed_tries": facts.failed_tries,
        "cache_marks": state.rendered.is_marked and "ours",
    }
    return {name: value for name, value in notes.items() if value}


def unseen(state: CompletionState, inputs: Usage, seen: int) -> int:
    """Tokens that a cut reply has cost and not shown: as many as a quick model makes in the time it worked before its
    first word, within what the request allows and what the hold pays.
    """
    if state.asked is None or not state.hides_tokens:
        return 0
    request, most = state.rendered.request, state.listing.traits.max_output_tokens
    seconds = (state.first_word or time.monotonic()) - state.asked
    made = int(seconds * TOKENS_PER_SECOND) * request.choices
    allowed = min(request.output_limit or most, state.lowered_limit or most, most) * request.choices
    price, _ = price_served(state)
    paid = price.sheet.affordable_output(inputs, state.admission.cents)
    return max(0, min(made, allowed - seen, paid - seen))


def price_served(state: CompletionState) -> tuple[PricePoint, list[str]]:
    """The price of the model actually served; of one we do not know, that of the one asked for, and staff are told."""
    served, listing = state.facts.model, state.listing
    if not served or listing.is_named(served):
        return state.price, []
    other = state.catalog.served(served, listing.provider)
    price = other.price_at(state.admitted_at) if other else None
    return price or state.price, [f"served:{served[:100]}"]


def milliseconds(begin: float, end: float | None) -> int | None:
    return None if end is None else int((end - begin) * 1000)

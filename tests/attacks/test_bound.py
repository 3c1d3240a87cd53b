"""A request costs at most what its bound says, whatever it hides a text in."""

import asyncio
import random
import time
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from inference.billing import token_counting
from inference.chat.invalid_request import InvalidRequest
from inference.chat.request import ChatRequest
from tests.attacks.measuring import SPOKEN, Json, bound, listing, measure, rendered, said
from tests.attacks.places import BODIES, LETTERS, MARK, MARK_TOKENS, Path, asked, marked, places, text_at, user
from tests.inference.strategies import chat_requests


def raise_by(model: str, body: Json, place: Path) -> int | None:
    """By how much a mark raises the bound; None where the provider does not get it."""
    try:
        after = measure(model, marked(body, place))
    except InvalidRequest:
        return None
    if MARK[:64] not in after.rendered.encoded().decode() or MARK[-64:] not in after.rendered.encoded().decode():
        return None
    cheap, before = after.bytes_bound, bound_of_what_is_sent(model, body)
    assert cheap is None or cheap >= MARK_TOKENS
    return asyncio.run(after.bound()) - before + 2 * token_counting.count(text_at(body, place))


def bound_of_what_is_sent(model: str, body: Json) -> int:
    """Nothing, where nothing is sent: a conversation may have no text but the mark."""
    try:
        return bound(model, body)
    except InvalidRequest:
        return 0


@pytest.mark.parametrize("model", SPOKEN)
def test_a_text_that_a_provider_gets_is_paid_for_wherever_it_hides(model: str) -> None:
    found = {(name, place): raise_by(model, body, place) for name, body in BODIES.items() for place in places(body)}
    sent = {place: raised for place, raised in found.items() if raised is not None}
    assert len(sent) > 15
    assert {place: raised for place, raised in sent.items() if raised < MARK_TOKENS} == {}


def test_every_field_of_ours_that_takes_a_string_is_among_those_places() -> None:
    tried = {step for body in BODIES.values() for place in places(body) for step in place}
    assert string_fields(ChatRequest) - tried == set()


def string_fields(model: Any, seen: frozenset[Any] = frozenset()) -> set[str]:
    """Names of the fields of a request, at any depth, that may hold a string."""
    found: set[str] = set()
    for name, field in model.model_fields.items():
        inside = set(types_in(field.annotation)) if field.init is not False else set()
        found |= {field.alias or name} if inside & {str, Any} else set()
        for inner in inside - seen:
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                found |= string_fields(inner, seen | inside)
    return found


def types_in(annotation: Any) -> Iterator[Any]:
    yield annotation
    for inner in get_args(annotation):
        yield from types_in(inner) if not isinstance(inner, str) else ()


@pytest.mark.parametrize("model", SPOKEN)
@settings(max_examples=8, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_so_it_is_in_any_request(model: str, data: st.DataObject) -> None:
    body = data.draw(chat_requests(listing(model).traits))
    body.pop("model")
    place = data.draw(st.sampled_from(list(places(body))))
    raised = raise_by(model, body, place)
    assume(raised is not None)
    assert raised is not None and (
        raised >= MARK_TOKENS or bound(model, marked(body, place)) == measure(model, body).most
    )


@pytest.mark.parametrize("unit", [random.Random(1).choices, None])
def test_counting_never_holds_the_loop(unit: Any) -> None:
    text = "".join(random.Random(3).choices(LETTERS, k=1_000_000)) if unit else "null and void, \n" * 200_000
    assert longest_hold(measure("gemini-3-flash", said(text)).bound()) < 0.05


def test_counting_stops_where_the_window_is_full() -> None:
    text = "".join(random.Random(3).choices(LETTERS, k=1_000_000)) * 9
    asking = measure("claude-haiku-4.5", said(text))
    began = time.process_time()
    assert asyncio.run(asking.bound()) == 200_000
    assert time.process_time() - began < 1


def longest_hold(work: Any) -> float:
    """CPU seconds between two turns of the loop, with one retry left to the caller's asserts."""

    async def watched() -> float:
        task, longest = asyncio.ensure_future(work), 0.0
        await asyncio.sleep(0)
        while not task.done():
            began = time.thread_time()
            await asyncio.sleep(0)
            longest = max(longest, time.thread_time() - began)
        task.result()
        return longest

    return asyncio.run(watched())


def test_a_rendered_body_has_no_media_without_being_asked() -> None:
    """The cheap bound is for requests of text alone."""
    assert measure("gpt-5.2", said("hello")).bytes_bound is not None
    assert measure("gpt-5.2", BODIES["image"]).bytes_bound is None
    assert rendered("gpt-5.2", BODIES["image"]).body["messages"]


def test_a_prompt_that_is_written_into_the_cache_unasked_is_held_for_at_the_price_of_a_write() -> None:
    for model, dearest in (("gpt-6.1-sol", "write_5m"), ("gpt-5.5", "input")):
        made = measure(model, asked(user()))
        sheet = listing(model).prices[0].sheet
        held = sheet.bound(1000, made.buckets).input_usd
        assert held == 1000 * sheet.tiers[0].price(dearest) / 1_000_000

"""A request costs at most what its bound says, whatever it hides a text in."""

import asyncio
import base64
import copy
import json
import random
import time
import zlib
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from inference.billing import documents, token_counting
from inference.chat.invalid_request import InvalidRequest
from inference.chat.request import ChatRequest
from tests.attacks.measuring import SPOKEN, Json, bound, file_part, listing, measure, pdf, rendered, said, with_file
from tests.attacks.measuring import stream as pdf_stream
from tests.inference.strategies import AUDIO_PART, chat_requests, data_url

LETTERS = "abcdefghijklmnopqrstuvwxyz"
MARK = "".join(random.Random(7).choices(LETTERS, k=10_000))  # in no request by itself, and no base64 of anything
MARK_TOKENS = token_counting.count(MARK) - 40  # for what joins with its neighbours
WORDS = " ".join("".join(random.Random(n).choices(LETTERS, k=6)) for n in range(850)).encode()  # a dense page

# --- where a caller's string may stand: every field that takes one, and some more than once


def user(*parts: Json) -> Json:
    return {"role": "user", "content": list(parts) or "u"}


def model_said(**fields: Any) -> Json:
    return {"role": "assistant", **fields}


def asked(*messages: Json, **fields: Any) -> Json:
    return {"messages": list(messages) or [user()], **fields}


SCHEMA = {"type": "object", "description": "s", "properties": {"p": {"type": "string", "enum": ["e"], "title": "t"}}}
CALL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": '{"a": "b"}'}}
SIGNED = {"google": {"thought_signature": "s"}}
THOUGHTS = [{"type": "thinking", "thinking": "t", "signature": "s"}, {"type": "redacted_thinking", "data": "d"}]
REASONING = {"type": "reasoning", "id": "i", "summary": [{"text": "s"}], "encrypted_content": "e"}
SEALED = {"openai": {"model": "gpt-5.2-codex", "output": [REASONING, {"type": "function_call", "call_id": "c"}]}}
RESULT = {"role": "tool", "tool_call_id": "c", "content": "o"}
TEXT = {"type": "text", "text": "t"}
FUNCTION = {"name": "f", "description": "d", "parameters": SCHEMA}
TOOL = {"type": "function", "function": FUNCTION}
NAMED = {"type": "function", "function": {"name": "f"}}
CUSTOM_CALL = {"id": "c", "type": "custom", "custom": {"name": "f", "input": "i"}}
CUSTOM = {
    "type": "custom",
    "custom": {
        "name": "f",
        "description": "d",
        "format": {"type": "grammar", "grammar": {"syntax": "lark", "definition": "d"}},
    },
}
CUSTOM_NAMED = {"type": "custom", "custom": {"name": "f"}}
ALLOWED = {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [NAMED]}}
FORMAT = {"type": "json_schema", "json_schema": {"name": "n", "description": "d", "schema": SCHEMA}}
IMAGE = {"type": "image_url", "image_url": {"url": "https://images.example/a.png", "detail": "auto"}}
FILE = file_part(data_url("text/plain", b"words"), "n")
CITED = {"type": "char_location", "cited_text": "c", "document_index": 0, "document_title": "t"}
MARKED = {**TEXT, "cache_control": {"type": "ephemeral", "ttl": "1h"}, "prompt_cache_breakpoint": {"mode": "explicit"}}
SPOKE = model_said(content="a", tool_calls=[CALL], thinking_blocks=THOUGHTS, reasoning_content="k", refusal="r")

BODIES: dict[str, Json] = {
    "history": asked(
        {"role": "system", "content": "s", "name": "n"}, {**user(), "name": "n"}, SPOKE, RESULT, tools=[TOOL]
    ),
    "signed text": asked(user(), model_said(content="a", extra_content=SIGNED), user()),
    "signed call": asked(user(), model_said(tool_calls=[{**CALL, "extra_content": SIGNED}]), RESULT),
    "sealed": asked(user(), model_said(content="a", tool_calls=[CALL], extra_content=SEALED), RESULT),
    "text parts": asked(user(TEXT)),
    "refusal part": asked(user(), model_said(content=[{"type": "refusal", "refusal": "r"}]), user()),
    "image": asked(user(IMAGE)),
    "image in a result": asked(user(), SPOKE, {**RESULT, "content": [TEXT, IMAGE]}),
    "audio": asked(user(AUDIO_PART)),
    "file": asked(user(FILE)),
    "file id": asked(user({"type": "file", "file": {"file_id": "i"}})),
    "cited": asked(
        user({**FILE, "file": {**FILE["file"], "context": "c", "citations": True}}),
        model_said(content=[{**TEXT, "citations": [CITED]}], order=[["text", 0]]),
        user(),
    ),
    "failed": asked(user(), SPOKE, {**RESULT, "is_error": "i"}),
    "format": asked(response_format=FORMAT),
    "choice": asked(tools=[TOOL], tool_choice=NAMED),
    "allowed": asked(tools=[TOOL], tool_choice=ALLOWED),
    "functions": asked(functions=[FUNCTION], function_call={"name": "f"}),
    "old call": asked(
        user(), model_said(content=None, function_call=CALL["function"]), {**RESULT, "role": "function", "name": "f"}
    ),
    "stop": asked(stop="s"),
    "stops": asked(stop=["s"]),
    "prediction": asked(prediction={"type": "content", "content": "p"}),
    "biases": asked(logit_bias={"1": 1}),
    "marks": asked(user(MARKED)),
    "custom": asked(user(), model_said(tool_calls=[CUSTOM_CALL]), RESULT, tools=[CUSTOM], tool_choice=CUSTOM_NAMED),
    "continued": asked(user(), model_said(content="a", partial=True, reasoning_content="k")),
    "people": asked(user="u", safety_identifier="s", prompt_cache_key="k", metadata={"m": "v"}),
    "sound": asked(modalities=["text"], audio={"voice": "v"}),
    "searches": asked(web_search_options={"w": "o"}, moderation="m"),
    "caches": asked(prompt_cache_retention="r", prompt_cache_options="o", service_tier="auto"),
    "a field of tomorrow": asked(tomorrow={"this": "field"}),
}

Path = tuple[Any, ...]


def places(value: Any, at: Path = ()) -> Iterator[Path]:
    """Of every string in a body, the names of fields included (a path that ends in `None`)."""
    if isinstance(value, str):
        yield at
    for name, inner in (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    ):
        yield from places(inner, (*at, name))
        if isinstance(name, str) and at:
            yield (*at, name, None)


def marked(body: Json, place: Path) -> Json:
    """With the mark in that place; where JSON is written in a string, inside of that JSON."""
    body = copy.deepcopy(body)
    *way, last = place if place[-1] is not None else place[:-1]
    held: Any = body
    for step in way:
        held = held[step]
    if place[-1] is None:
        held[MARK] = held.pop(last)
    else:
        held[last] = json.dumps({"a": MARK}) if last == "arguments" else MARK
    return body


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


def text_at(body: Json, place: Path) -> str:
    """What the mark replaces."""
    if place[-1] is None:
        return str(place[-2])
    held: Any = body
    for step in place:
        held = held[step]
    return str(held)


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


# --- media that are not what they say


@pytest.mark.parametrize("model", ["gpt-5.2", "gpt-5.2-codex", "claude-haiku-4.5", "gemini-3-flash"])
@pytest.mark.parametrize("declared", ["text/plain", " text/plain", "TEXT/CSV", "application/json", ""])
def test_a_file_of_text_is_counted_as_its_text(model: str, declared: str) -> None:
    try:
        assert bound(model, with_file(declared, MARK.encode() * 4)) >= 4 * MARK_TOKENS
    except InvalidRequest:
        assert declared.strip() not in ("text/plain", "TEXT/CSV")


def test_an_image_in_a_tools_schema_is_text() -> None:
    drawn = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": MARK * 3}}
    tool = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "default": drawn}}}
    call = {**CALL, "function": {"name": "f", "arguments": json.dumps(drawn)}}
    assert bound("claude-haiku-4.5", asked(tools=[tool])) >= 3 * MARK_TOKENS
    assert bound("claude-haiku-4.5", asked(user(), model_said(tool_calls=[call]), RESULT)) >= 3 * MARK_TOKENS


def test_a_file_of_a_kind_we_do_not_know_may_fill_the_window() -> None:
    assert bound("gpt-5.2", with_file("application/vnd.ms-excel", b"PK\3\4\0\xff" * 50)) == 272_000


def test_a_second_of_sound_may_have_few_bytes() -> None:
    wav = base64.b64decode(AUDIO_PART["input_audio"]["data"]) + b"\0" * 40_000
    rates = (8).to_bytes(4, "little") * 2 + (1).to_bytes(2, "little")
    slow = base64.b64encode(wav[:24] + rates + wav[34:]).decode()
    sound = {"type": "input_audio", "input_audio": {"data": slow, "format": "wav"}}
    assert bound("gemini-3-flash", asked(user(sound))) >= 40_000 // 8 * 32


# --- PDFs


@pytest.mark.parametrize("model", ["gpt-5.2", "claude-opus-4.6", "gemini-3-flash"])
def test_sixty_dense_pages_in_nine_kilobytes_are_sixty_pages(model: str) -> None:
    document, traits = pdf(60, WORDS), listing(model).traits
    assert len(document) < 13_000
    assert bound(model, with_file("application/pdf", document)) >= min(
        60 * traits.page_tokens, measure(model, said("")).most
    )


def test_one_page_that_shows_a_book_is_bounded_by_the_book() -> None:
    assert bound("gemini-3-flash", with_file("application/pdf", pdf(1, WORDS * 60))) >= 60 * token_counting.count(
        WORDS.decode()
    )


@pytest.mark.parametrize("show", [b"/F Do " * 90, b"/F\0Do " * 90, b"/#46 Do " * 90, b"/F%x\nDo " * 90])
def test_a_text_that_is_shown_again_and_again_is_counted_as_often(show: bytes) -> None:
    form = pdf_stream(b"BT (" + WORDS + b") Tj ET", b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]")
    document = pdf(1, b"", show=show, more=b"/XObject<</F 6 0 R>>", objects={6: form})
    assert bound("gemini-3-flash", with_file("application/pdf", document)) >= 90 * token_counting.count(WORDS.decode())


def test_a_letter_that_stands_for_a_sentence_is_counted_as_one() -> None:
    meant = "".join(f"{ord(letter):04x}" for letter in "a sentence of the caller's ").encode()
    codes = pdf_stream(b"1 beginbfchar <61> <" + meant + b"> endbfchar")
    font = b"<</Type/Font/Subtype/Type1/BaseFont/X/ToUnicode 6 0 R>>"
    document = pdf(1, b"a" * 8_000, objects={5: font, 6: codes})
    assert bound("gemini-3-flash", with_file("application/pdf", document)) >= 8_000 * 5


@pytest.mark.parametrize(
    "document", [b"%PDF-1.4 and nothing else", pdf(1, b"x").replace(b"/Root", b"/Encrypt<<>>/Root")]
)
def test_a_pdf_that_cannot_be_read_may_fill_the_window(document: bytes) -> None:
    assert bound("claude-haiku-4.5", with_file("application/pdf", document)) == 200_000


def test_a_pdf_that_unpacks_without_end_is_given_up_soon() -> None:
    bomb = pdf(1, b"x", objects={4: pdf_stream(zlib.compress(b"(" * 60_000_000, 9), b"/Filter/FlateDecode")})
    began = time.monotonic()
    assert bound("claude-haiku-4.5", with_file("application/pdf", bomb)) == 200_000
    assert time.monotonic() - began < documents.SECONDS + 5


# --- what counting costs


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

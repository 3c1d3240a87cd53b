"""Whatever an upstream answers: no worker dies, nothing is charged for nothing, nobody waits for ever, and an end that
was not said is not invented."""

import gzip
import json
import os
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from openai import APIStatusError
from pytest_django import DjangoDbBlocker

from tests.sdk.gateway import Gateway, running_gateway
from tests.sdk.listening import Heard, Question, ask, ask_all
from tests.sdk.scripted_upstream import EVENTS, HANG, RESET, WHOLE, Babble, events, head, said, stream

MODELS = tuple(EVENTS)
SECONDS = 1  # of patience with an upstream
EXAMPLES = int(os.environ.get("BABBLE_EXAMPLES", "4"))
AN_EXAMPLE = 10  # questions, asked at once


@pytest.fixture(scope="session")
def babble() -> Iterator[Babble]:
    upstream = Babble()
    upstream.start()
    yield upstream
    upstream.stop()


@pytest.fixture(scope="session")
def fuzzed(
    babble: Babble, django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateway]:
    """Qwen's key is missing."""
    url = f"http://127.0.0.1:{babble.port}"
    providers = ("OPENAI", "ANTHROPIC", "GEMINI", "MOONSHOT")
    patience = dict.fromkeys(
        ("CONWAY_FIRST_BYTE_SECONDS", "CONWAY_BETWEEN_BYTES_SECONDS", "CONWAY_JSON_SECONDS"), str(SECONDS)
    )
    keys = {f"{name}_API_KEY": "key" for name in providers}
    addresses = {f"{name}_BASE_URL": url for name in providers}
    with (
        django_db_blocker.unblock(),
        running_gateway(tmp_path_factory.mktemp("babble"), **keys, **addresses, **patience) as opened,
    ):
        yield opened


@pytest.fixture
def worker_lives(fuzzed: Gateway) -> Iterator[None]:
    before = fuzzed.workers
    yield
    assert fuzzed.workers == before


# Answers that are none


ODD = {
    "nothing at all": [],
    "a reset": [RESET],
    "headers only": [head()],
    "headers and a reset": [head(), RESET],
    "half a status line": [b"HTTP/1.1 20"],
    "no HTTP": [b"\x16\x03\x01\x02\x00\x01 hello\r\n\r\n"],
    "SSH": [b"SSH-2.0-OpenSSH_9.9\r\n"],
    "HTML": [head("text/html"), b"<html><body>Welcome to our captive portal</body></html>"],
    "HTML as events": [head(), b"<html><body>502 Bad Gateway</body></html>"],
    "binary": [head(), bytes(range(256)) * 40],
    "binary JSON": [head("application/json"), bytes(range(256)) * 40],
    "no JSON in events": [head(), b"data: hello\n\n"],
    "a JSON list": [head("application/json"), b"[1, 2, 3]"],
    "JSON null": [head("application/json"), b"null"],
    "a JSON string in events": [head(), b'data: "hello"\n\n'],
    "deep JSON": [head("application/json"), b"[" * 100_000],
    "deep JSON in events": [head(), b"data: " + b'{"a":' * 100_000 + b"\n\n"],
    "empty JSON": [head("application/json")],
    "an endless line": [head(), b"data: " + b"x" * 34_000_000],
    "an error in the shape of nobody": [head(status="418 I'm a teapot", kind="text/plain"), b"no"],
    "an error with a body of nothing": [head(status="500 Internal Server Error")],
    "an error that is binary": [head(status="503 Busy"), bytes(range(256))],
    "an error that is HTML": [head("text/html", "502 Bad Gateway"), b"<h1>502</h1>" * 20_000],
    "an unknown status": [head(status="799 Odd"), b"?"],
    "no content": [head(status="204 No Content")],
    "a partial content": [head("application/json", "206 Partial Content"), b'{"choi'],
    "chunks that are none": [head("text/event-stream", "200 OK", "transfer-encoding: chunked"), b"zz\r\nhello\r\n"],
    "a chunk too short": [head("text/event-stream", "200 OK", "transfer-encoding: chunked"), b"ff\r\ndata: {}\r\n"],
    "a length that lies": [head("application/json", "200 OK", "content-length: 5000"), b'{"choices": []}'],
    "a length that is none": [head("application/json", "200 OK", "content-length: many"), b"{}"],
    "gzip that is none": [head("application/json", "200 OK", "content-encoding: gzip"), b"{}"],
    "an encoding nobody knows": [head("application/json", "200 OK", "content-encoding: zorp"), b"\0\1\2"],
    "a switch of protocols": [b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n\r\n\x81\x05hello"],
    "only hints": [b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n"],
}  # fmt: skip


@pytest.fixture(scope="session")
def answers_to_odd(fuzzed: Gateway, babble: Babble) -> dict[str, list[Heard]]:
    """For two dialects, streamed and not; asked all at once, since each is tried three times."""
    kinds = [(model, streamed) for model in ("gpt-5-mini", "claude-haiku-4.5") for streamed in (True, False)]
    questions = [Question(model, steps, streamed) for steps in ODD.values() for model, streamed in kinds]
    heard = iter(ask_all(fuzzed, babble, questions))
    return {name: [next(heard) for _ in kinds] for name in ODD}


@pytest.mark.parametrize("name", ODD)
def test_an_answer_that_is_none_is_an_error_and_free(
    fuzzed: Gateway, answers_to_odd: dict[str, list[Heard]], name: str
) -> None:
    for heard in answers_to_odd[name]:
        assert heard.error and (heard.status >= 500 or heard.status == 400), heard.body
        assert heard.booked["charged_cents"] == 0


SLOW = {
    "silence": [HANG],
    "silence after the headers": [head(), HANG],
    "headers without end": [b"HTTP/1.1 200 OK\r\n", *[b"x-more: yes\r\n", 0.1] * 600],
    "a status line in drops": [b"HTTP", 0.5, b"/1.1", 0.5, b" 200", HANG],
    "silence after a comment": [head(), b": wait\n\n", HANG],
}


def test_an_upstream_that_says_nothing_is_not_waited_for(fuzzed: Gateway, babble: Babble) -> None:
    begun = time.monotonic()
    for heard in ask_all(fuzzed, babble, [Question("gpt-5-mini", steps) for steps in SLOW.values()]):
        assert heard.status == 504 and heard.error and heard.error["code"] == "upstream_timeout"
    assert time.monotonic() - begun < 4 * SECONDS + 2


def test_many_headers_are_too_many(fuzzed: Gateway, babble: Babble, worker_lives: None) -> None:
    heard = ask(
        fuzzed,
        babble,
        "gpt-5-mini",
        [b"HTTP/1.1 200 OK\r\n", b"x-more: yes\r\n" * 500_000, b"\r\n", *events("gpt-5-mini")],
    )
    assert heard.status >= 500


REDIRECTS = ("301 Moved", "302 Found", "303 See Other", "307 Temporary Redirect", "308 Permanent Redirect")


def test_a_redirect_is_not_followed(fuzzed: Gateway, babble: Babble) -> None:
    elsewhere = f"location: http://localhost:{babble.port}/elsewhere"
    moved = [Question("gpt-5-mini", [head("text/html", status, elsewhere), b"moved"]) for status in REDIRECTS]
    assert {heard.status for heard in ask_all(fuzzed, babble, moved)} <= {502, 503}
    assert not [asked for asked in babble.asked if b"elsewhere" in asked]


# Streams that go wrong on their way


@pytest.mark.parametrize("model", MODELS)
def test_a_stream_as_it_should_be(fuzzed: Gateway, babble: Babble, model: str) -> None:
    heard = ask(fuzzed, babble, model, stream(events(model)))
    assert (heard.text, heard.finishes, heard.error) == ("Hello", ["stop"], None)
    assert heard.booked["settlement"] == "exact"


@pytest.mark.parametrize("model", MODELS)
def test_however_it_is_cut_it_never_stops_of_itself(
    fuzzed: Gateway, babble: Babble, worker_lives: None, model: str
) -> None:
    whole = b"".join(events(model))
    sizes = range(0, len(whole), 1 + len(whole) // 24)
    for heard in ask_all(fuzzed, babble, [Question(model, [head(), whole[:size], RESET]) for size in sizes]):
        assert heard.error or heard.text == "Hello"
        assert heard.booked["charged_cents"] <= bool(heard.text)


NOISE = (
    b"\0\xff\xfe", b"<html>", b"data: {broken\n\n", b"data: [[[[\n\n", b"data: \xc3\x28\n\n",
    b"HTTP/1.1 200 OK\r\n\r\n", b"event: ping\n\n", b"id: 4\nretry: 1\n\n", b"data: null\n\n",
    b"data: 4\n\n", b"data: {}\n\n", b"data:\n\n",
)  # fmt: skip


@pytest.mark.parametrize("model", MODELS)
def test_noise_in_the_middle_breaks_off_or_is_skipped(
    fuzzed: Gateway, babble: Babble, worker_lives: None, model: str
) -> None:
    told = events(model)
    middle = len(told) // 2 + 1
    questions = [Question(model, [head(), *told[:middle], noise, *told[middle:]]) for noise in NOISE]
    for heard in ask_all(fuzzed, babble, questions):
        assert heard.error or heard.text == "Hello"


def test_an_event_of_ten_megabytes_arrives(fuzzed: Gateway, babble: Babble, worker_lives: None) -> None:
    long = said({**EVENTS["gpt-5-mini"][1], "choices": [{"index": 0, "delta": {"content": "x" * 10_000_000}}]})
    first, *rest = events("gpt-5-mini")
    heard = ask(fuzzed, babble, "gpt-5-mini", [head(), first, long, *rest])
    assert len(heard.text) == 10_000_005 and heard.finishes == ["stop"]


def test_silence_in_the_middle_is_an_error(fuzzed: Gateway, babble: Babble) -> None:
    halves = [Question(model, [head(), *events(model)[: len(EVENTS[model]) // 2], HANG]) for model in MODELS]
    for heard in ask_all(fuzzed, babble, halves):
        assert heard.error and heard.error["code"] in ("upstream_timeout", "upstream_truncated")
        assert heard.booked["settlement"] == ("estimated" if heard.text else "none")


def test_hints_before_the_answer_are_passed_over(fuzzed: Gateway, babble: Babble) -> None:
    hints = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n"
    answers = ask_all(fuzzed, babble, [Question(model, [hints, *stream(events(model))]) for model in MODELS])
    assert [heard.text for heard in answers] == ["Hello"] * len(MODELS)


def test_a_compressed_answer_that_nobody_asked_for_is_read(fuzzed: Gateway, babble: Babble) -> None:
    """Every request says `accept-encoding: identity`."""
    for streamed, body in ((True, b"".join(events("gpt-5-mini"))), (False, json.dumps(WHOLE["gpt-5-mini"]).encode())):
        kind = head("text/event-stream" if streamed else "application/json", "200 OK", "content-encoding: gzip")
        heard = ask(fuzzed, babble, "gpt-5-mini", [kind, gzip.compress(body)], streamed=streamed)
        assert (heard.status, heard.finishes, heard.error) == (200, ["stop"], None)


@pytest.mark.parametrize("model", WHOLE)
def test_json_for_a_stream_and_a_stream_for_json_are_both_understood(
    fuzzed: Gateway, babble: Babble, model: str
) -> None:
    whole = [head("application/json"), json.dumps(WHOLE[model]).encode()]
    assert ask(fuzzed, babble, model, whole, streamed=True).text == "Hello"
    heard = ask(fuzzed, babble, model, stream(events(model)), streamed=False)
    assert heard.finishes == ["stop"] or heard.status == 502


# Anything


# No shrinking: it would ask a thousand times for what the failing question already shows.
ANYTHING = settings(
    max_examples=EXAMPLES,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@st.composite
def spoilt(draw: st.DrawFn, model: str) -> list[bytes]:
    """A stream with values replaced, events moved, doubled or lost, and bytes that belong to nothing."""
    told = [json.loads(json.dumps(event)) for event in EVENTS[model]]
    for _ in range(draw(st.integers(0, 3))):
        spoil(draw, draw(st.sampled_from(told)))
    picked = draw(st.lists(st.sampled_from(told), max_size=8)) if draw(st.booleans()) else told
    parts: list[bytes] = [said(event) for event in picked]
    if draw(st.booleans()):
        parts.insert(draw(st.integers(0, len(parts))), draw(st.binary(max_size=40)))
    return parts[: draw(st.integers(0, len(parts)))] if draw(st.booleans()) else parts


@st.composite
def spoilt_json(draw: st.DrawFn, model: str) -> bytes:
    reply = json.loads(json.dumps(WHOLE[model]))
    for _ in range(draw(st.integers(1, 4))):
        spoil(draw, reply)
    return json.dumps(reply).encode()


def spoil(draw: st.DrawFn, value: Any) -> None:
    """Somewhere inside."""
    names = list(value) if isinstance(value, dict) else list(range(len(value)))
    if not names:
        return
    name = draw(st.sampled_from(names))
    if isinstance(value[name], dict | list) and draw(st.booleans()):
        spoil(draw, value[name])
    elif name != "type" or draw(st.booleans()):
        value[name] = draw(JSON_VALUES)


@pytest.mark.parametrize("model", MODELS)
@ANYTHING
@given(data=st.data())
def test_whatever_it_says_the_answer_is_in_order(
    fuzzed: Gateway, babble: Babble, worker_lives: None, model: str, data: st.DataObject
) -> None:
    some = data.draw(st.lists(st.tuples(spoilt(model), st.booleans()), min_size=AN_EXAMPLE, max_size=AN_EXAMPLE))
    ask_all(fuzzed, babble, [Question(model, stream(parts), streamed) for parts, streamed in some])


@pytest.mark.parametrize("model", WHOLE)
@ANYTHING
@given(data=st.data())
def test_whatever_json_it_says_the_answer_is_in_order(
    fuzzed: Gateway, babble: Babble, worker_lives: None, model: str, data: st.DataObject
) -> None:
    some = data.draw(st.lists(st.tuples(spoilt_json(model), st.booleans()), min_size=AN_EXAMPLE, max_size=AN_EXAMPLE))
    ask_all(fuzzed, babble, [Question(model, [head("application/json"), body], streamed) for body, streamed in some])


def test_a_provider_without_a_key_is_503_and_not_retried(fuzzed: Gateway) -> None:
    with pytest.raises(APIStatusError) as refused:
        fuzzed.client(max_retries=2).chat.completions.create(
            model="qwen3-coder", messages=[{"role": "user", "content": "hi"}]
        )
    assert (refused.value.status_code, refused.value.code) == (503, "provider_not_configured")
    assert refused.value.response.headers["x-should-retry"] == "false"
    assert "Inference proxy not configured" in refused.value.message
    listed = {model.id: model.model_extra for model in fuzzed.client().models.list()}
    assert listed["qwen3-coder"]["available"] is False and listed["gpt-5-mini"]["available"] is True  # type: ignore[index]

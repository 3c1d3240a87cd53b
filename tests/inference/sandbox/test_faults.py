"""Faults on demand, in each format."""

import time
from typing import Any

import httpx
import pytest

from inference.sandbox.fault_injection import BRACKETS
from tests.inference.sandbox.upstream import ALL, FORMATS, Upstream, says, streamed_text, text_of

QUOTA = {"openai": 429, "responses": 429, "anthropic": 402, "gemini": 429, "moonshot": 429, "qwen": 400}


@pytest.mark.parametrize("wire", ALL)
@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 429, 500, 503, 529])
def test_a_status_comes_in_the_providers_form(wire: str, status: int, upstream: Upstream) -> None:
    response = upstream.post(wire, says(wire, f"hello [[status={status}]]"))
    assert response.status_code == status
    assert response.json()["error"]["message"]
    assert upstream.meter()[-1]["usage"]["input"] == 0


@pytest.mark.parametrize("wire", ALL)
def test_it_tells_when_to_come_back(wire: str, upstream: Upstream) -> None:
    response = upstream.post(wire, says(wire, "hello [[status=429 retry-after=7]]"))
    details = response.json()["error"].get("details", [{}]) if wire == "gemini" else [{}]
    assert response.headers.get("retry-after") == "7" or details[-1]["retryDelay"] == "7s"


@pytest.mark.parametrize("wire", ALL)
def test_there_is_no_money_left(wire: str, upstream: Upstream) -> None:
    assert upstream.post(wire, says(wire, "hello [[quota]]")).status_code == QUOTA[wire]


@pytest.mark.parametrize("wire", ALL)
def test_an_html_page(wire: str, upstream: Upstream) -> None:
    response = upstream.post(wire, says(wire, "hello [[html]]"))
    assert (response.status_code, response.headers["content-type"]) == (502, "text/html")


@pytest.mark.parametrize("wire", ALL)
def test_a_body_that_is_not_json(wire: str, upstream: Upstream) -> None:
    with pytest.raises(ValueError):
        upstream.post(wire, says(wire, "hello [[garbage]]")).json()


@pytest.mark.parametrize("wire", ALL)
@pytest.mark.parametrize("order", ["cut=3", "garbage=3"])
def test_a_stream_breaks_off_after_three_words(wire: str, order: str, upstream: Upstream) -> None:
    received = b""
    with pytest.raises(httpx.RemoteProtocolError):
        for data in upstream.stream(wire, says(wire, f"hello [[words=9 think=0 {order}]]")):
            received += data
    assert received.count(b"calm") == received.count(b" rain") == 1
    assert b" over" not in received
    row = upstream.meter()[-1]
    assert (row["ended"], row["usage"]["output"]) == ("cut", 3)


@pytest.mark.parametrize("wire", ALL)
def test_a_whole_reply_breaks_off_in_its_middle(wire: str, upstream: Upstream) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        upstream.post(wire, says(wire, "hello [[cut]]"))


@pytest.mark.parametrize("wire", ALL)
def test_an_error_comes_in_mid_stream(wire: str, upstream: Upstream) -> None:
    events = upstream.events(wire, says(wire, "hello [[words=9 think=0 error=2]]"))
    assert streamed_text(wire, events[:-1]) == "calm blue"
    assert events[-1].get("type") == "error" or events[-1]["error"]["message"]
    assert upstream.post(wire, says(wire, "hello [[error=2]]")).status_code == 500


@pytest.mark.parametrize("wire", ALL)
def test_a_stream_falls_silent(wire: str, upstream: Upstream) -> None:
    path, headers = FORMATS[wire]
    path = path.replace("generateContent", "streamGenerateContent?alt=sse")
    body = says(wire, "hello [[words=9 think=0 hang=2]]") | ({} if wire == "gemini" else {"stream": True})
    received = b""
    with (
        pytest.raises(httpx.ReadTimeout),
        upstream.http.stream("POST", path, json=body, headers=headers, timeout=0.2) as response,
    ):
        for data in response.iter_raw():
            received += data
    assert b" blue" in received
    assert b" rain" not in received


def test_the_first_byte_can_be_late(upstream: Upstream) -> None:
    started = time.monotonic()
    upstream.post("openai", says("openai", "hello [[first-byte=0.3]]"))
    assert time.monotonic() - started > 0.3


def test_a_whole_reply_takes_as_long_as_its_stream(upstream: Upstream) -> None:
    started = time.monotonic()
    upstream.post("openai", says("openai", "hello [[words=10 pace=30]]"))
    assert time.monotonic() - started > 0.3


@pytest.mark.parametrize("wire", ALL)
def test_usage_can_be_kept_from_us_but_not_from_the_meter(wire: str, upstream: Upstream) -> None:
    response = upstream.post(wire, says(wire, "hello [[no-usage]]"))
    assert not response.json().get("usage") and "usageMetadata" not in response.json()
    assert b"tokens" not in b"".join(upstream.stream(wire, says(wire, "x [[no-usage]]"))).replace(
        b'max_output_tokens"', b""
    )
    assert all(row["usage"]["output"] > 0 for row in upstream.meter())


@pytest.mark.parametrize("wire", ALL)
def test_another_model_may_answer(wire: str, upstream: Upstream) -> None:
    reply = upstream.post(wire, says(wire, "hello [[served=gemini-3.8-flash]]")).json()
    assert "gemini-3.8-flash" in (reply.get("model"), reply.get("modelVersion"))
    assert upstream.meter()[-1]["model"] == "gemini-3.8-flash"


@pytest.mark.parametrize("wire", ALL)
def test_numbers_can_be_dictated(wire: str, upstream: Upstream) -> None:
    upstream.post(wire, says(wire, "hello [[tokens-in=12000 cached=8192 tokens-out=1500]]"))
    usage = upstream.meter()[-1]["usage"]
    assert (usage["input"], usage["cached"], usage["output"]) == (3808, 8192, 1500)


@pytest.mark.parametrize(("wire", "place", "value"), [
    ("anthropic", ("stop_reason",), "refusal"),
    ("gemini", ("promptFeedback", "blockReason"), "SAFETY"),
    ("openai", ("choices", 0, "finish_reason"), "content_filter"),
    ("responses", ("incomplete_details", "reason"), "content_filter"),
    ("moonshot", ("error", "type"), "content_filter"),
    ("qwen", ("error", "code"), "data_inspection_failed"),
])  # fmt: skip
def test_each_refuses_in_its_way(wire: str, place: tuple[Any, ...], value: str, upstream: Upstream) -> None:
    found = upstream.post(wire, says(wire, "hello [[refuse]]")).json()
    for step in place:
        found = found[step]
    assert found == value


@pytest.mark.parametrize("wire", ["anthropic", "gemini"])
def test_a_refusal_before_any_output_costs_nothing(wire: str, upstream: Upstream) -> None:
    upstream.post(wire, says(wire, "hello [[refuse]]"))
    assert set(upstream.meter()[-1]["usage"].values()) == {0}


def test_gemini_refuses_in_the_middle(upstream: Upstream) -> None:
    reply = upstream.post("gemini", says("gemini", "hello [[refuse=2]]")).json()
    assert (text_of("gemini", reply), reply["candidates"][0]["finishReason"]) == ("You said:", "SAFETY")


def test_gemini_can_spoil_a_call(upstream: Upstream) -> None:
    reply = upstream.post("gemini", says("gemini", "hello [[malformed-call]]")).json()
    assert reply["candidates"][0]["finishReason"] == "MALFORMED_FUNCTION_CALL"


@pytest.mark.parametrize("wire", ALL)
def test_a_fault_that_happens_once_lets_the_retry_through(wire: str, upstream: Upstream) -> None:
    body = says(wire, "hello [[status=500 once]]")
    assert [upstream.post(wire, body).status_code for _ in range(3)] == [500, 200, 200]


def test_orders_are_not_part_of_the_answer(upstream: Upstream) -> None:
    reply = upstream.post("openai", says("openai", "hello [[pace=1]] there [[not an order]]")).json()
    assert text_of("openai", reply).startswith("You said: hello there [[not an order]] -")


def test_orders_for_everyone_come_by_control(upstream: Upstream) -> None:
    upstream.control(status=503, times=2)
    assert [upstream.post("qwen", says("qwen", "x")).status_code for _ in range(3)] == [503, 503, 200]
    upstream.control(pace_ms=0, words=3, status=None)
    assert text_of("qwen", upstream.post("qwen", says("qwen", "x")).json()) == "calm blue rain"


def test_control_names_what_it_does_not_know(upstream: Upstream) -> None:
    response = upstream.http.post("/control", json={"explode": 1})
    assert (response.status_code, response.json()) == (400, {"error": "no such order: explode"})


def test_a_million_blanks_are_looked_at_once() -> None:
    """Where they were looked at from each of them on, one such prompt held the whole server for minutes."""
    began = time.process_time()
    assert BRACKETS.sub("", "a [[x=1]] b[[y]]  [[z]]c" + " " * 1_000_000).rstrip() == "a bc"
    assert time.process_time() - began < 1

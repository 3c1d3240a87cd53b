"""The meter knows what was served, also when the reader goes away."""

import json
import socket
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.inference.sandbox.upstream import ALL, BEARER, FORMATS, Upstream, says


def until(condition: Any) -> None:
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def read_some(upstream: Upstream, wire: str, prompt: str, size: int) -> None:
    """Begin a stream, read so many bytes and hang up."""
    received = 0
    for data in upstream.stream(wire, says(wire, prompt)):
        received += len(data)
        if received >= size:
            break


def reported_output(reply: dict[str, Any]) -> int:
    usage = reply.get("usage") or reply["usageMetadata"]
    named = [usage[name] for name in ("completion_tokens", "output_tokens") if name in usage]
    return sum(named) if named else usage["candidatesTokenCount"] + usage["thoughtsTokenCount"]


@pytest.mark.parametrize("wire", ALL)
def test_it_agrees_with_the_reported_usage(wire: str, upstream: Upstream) -> None:
    reply = upstream.post(wire, says(wire, "How are you?")).json()
    row = upstream.meter()[-1]
    assert (row["ended"], row["streamed"], row["usage"]["input"]) == ("finished", False, 3)
    assert row["usage"]["output"] == reported_output(reply)


@pytest.mark.parametrize("wire", ALL)
def test_a_stream_costs_what_the_whole_reply_costs(wire: str, upstream: Upstream) -> None:
    upstream.post(wire, says(wire, "How are you?"))
    upstream.events(wire, says(wire, "How are you?"))
    whole, streamed = upstream.meter()
    assert (streamed["ended"], streamed["streamed"], streamed["usage"]) == ("finished", True, whole["usage"])


@pytest.mark.parametrize("wire", ALL)
def test_a_reader_who_leaves_has_had_what_it_was_sent(wire: str, upstream: Upstream) -> None:
    read_some(upstream, wire, "hello [[words=2000 think=3 pace=3]]", 4000)
    until(lambda: upstream.meter()[-1]["ended"] != "running")
    row = upstream.meter()[-1]
    assert row["ended"] == "client"
    assert row["usage"]["input"] == 4
    assert 1 <= row["usage"]["output"] < 300


@pytest.mark.parametrize("order", ["first-byte=30", "words=9 hang=0", "words=9000 pace=50"])
def test_a_reader_who_leaves_early_is_noticed_at_once(order: str, upstream: Upstream) -> None:
    path, headers = FORMATS["openai"]
    body = json.dumps(says("openai", f"hello [[{order}]]", stream=True)).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nhost: a\r\nauthorization: "
        f"{headers['authorization']}\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection((urlsplit(upstream.url).hostname, urlsplit(upstream.url).port)) as connection:
        connection.sendall(head.encode() + body)
        until(lambda: upstream.meter() and upstream.meter()[-1]["model"])
    until(lambda: upstream.meter()[-1]["ended"] == "client")
    assert upstream.meter()[-1]["usage"]["output"] <= 1


def test_a_json_call_left_alone_has_used_what_was_made(upstream: Upstream) -> None:
    with pytest.raises(Exception, match="timed out"):
        upstream.http.post(
            FORMATS["openai"][0], json=says("openai", "hi [[words=500 pace=10]]"), headers=BEARER, timeout=0.4
        )
    until(lambda: upstream.meter()[-1]["ended"] == "client")
    assert 10 < upstream.meter()[-1]["usage"]["output"] < 60


def test_a_reader_who_does_not_read_is_waited_for(upstream: Upstream) -> None:
    path, headers = FORMATS["openai"]
    body = json.dumps(says("openai", "hello [[words=200000]]", stream=True)).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nhost: a\r\nauthorization: "
        f"{headers['authorization']}\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect((urlsplit(upstream.url).hostname, urlsplit(upstream.url).port))
        connection.sendall(head.encode() + body)
        until(lambda: upstream.meter() and upstream.meter()[-1]["usage"]["output"] > 100)
        time.sleep(0.3)
        waiting = upstream.meter()[-1]["usage"]["output"]
        time.sleep(0.2)
        assert upstream.meter()[-1]["usage"]["output"] == waiting < 100_000
    until(lambda: upstream.meter()[-1]["ended"] == "client")


def test_it_remembers_who_asked(upstream: Upstream) -> None:
    headers = {**FORMATS["openai"][1], "x-request-id": "req-7"}
    upstream.post("openai", says("openai", "hello", safety_identifier="abc"), headers=headers)
    row = upstream.meter()[-1]
    assert (row["request_id"], row["user"], row["provider"], row["model"]) == (
        "req-7",
        "abc",
        "openai",
        "gpt-5.2-2025-12-11",
    )
    assert row["at"] == pytest.approx(time.time(), abs=60)


def test_refused_requests_are_listed_and_cost_nothing(upstream: Upstream) -> None:
    upstream.post("anthropic", says("anthropic", "hello", temperature=3))
    row = upstream.meter()[-1]
    assert (row["status"], row["ended"], set(row["usage"].values())) == (400, "refused", {0})


def test_totals_add_up(upstream: Upstream) -> None:
    for wire in ALL:
        upstream.post(wire, says(wire, "hello [[tokens-in=100 tokens-out=10]]"))
    totals = upstream.http.get("/meter/totals").json()
    assert totals["requests"] == totals["ended"]["finished"] == len(ALL)
    assert (totals["usage"]["input"], totals["usage"]["output"]) == (100 * len(ALL), 10 * len(ALL))
    assert totals["models"]["kimi-k2.5"]["output"] == 10


def test_it_writes_a_line_per_request(tmp_path: Path) -> None:
    own = Upstream("--meter", str(tmp_path / "meter.jsonl"))
    own.post("qwen", says("qwen", "hello"))
    own.post("qwen", says("qwen", "hello [[status=500]]"))
    assert own.close() == 0
    rows = [json.loads(line) for line in (tmp_path / "meter.jsonl").read_text().splitlines()]
    assert [(row["serial"], row["ended"]) for row in rows] == [(1, "finished"), (2, "refused")]

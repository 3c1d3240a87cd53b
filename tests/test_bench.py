"""What `make bench` makes of what it measured; measuring itself is no test's business."""

import json
import time

import pytest

from bench import goals, load, replies, rounds, soak
from bench.goals import Goal
from bench.kinds import BESIDE, KINDS, Kind
from bench.rounds import Measured
from bench.soak import Minute
from bench.upstream import ORDER
from inference import sse
from inference.chat.provider_request import ProviderRequest
from inference.chat.request import ChatRequest
from inference.dialects import anthropic, gemini, openai_chat, openai_responses

WORDS = 3
DIALECTS = {
    "/v1/chat/completions": openai_chat,
    "/v1/messages": anthropic,
    "/v1/responses": openai_responses,
    "/v1beta/models/x:streamGenerateContent": gemini,
}


def minute(**more: float) -> Minute:
    facts = {"memory_mb": 200, "sockets": 9, "connections": 7, "tasks": 12} | more
    return Minute("json", Measured(1, 1), **facts)  # type: ignore[arg-type]


@pytest.mark.parametrize("path", DIALECTS)
def test_the_upstream_speaks_each_language(path: str) -> None:
    """A stream that we would not understand would cost next to nothing."""
    hello = ChatRequest.read(b'{"model": "any", "messages": [{"role": "user", "content": "Hello"}]}')
    reply, translator = replies.reply_to(path.encode()), DIALECTS[path].stream(ProviderRequest(hello, {}))
    decoder = sse.Decoder()
    body = replies.unchunked(reply.first + reply.said_now() * WORDS + reply.last)
    deltas = [delta for event in decoder.feed(body) for delta in translator.feed(event)] + translator.end()
    text = "".join(delta.fields.get("content") or "" for delta in deltas)
    assert len(replies.SAID.findall(text.encode())) == WORDS
    assert translator.facts.usage


def test_a_word_says_how_late_it_is() -> None:
    (late,) = replies.lateness(b'data: {"content":"%s"}' % replies.now())
    assert 0 <= late < 1
    said = b"w%014.6f " % (time.monotonic() % 10_000_000 - 2)
    (late,) = replies.lateness(said)
    assert 2 <= late < 3
    assert replies.lateness(b'"content":"word "') == []


@pytest.mark.parametrize(("share", "expected"), [(50, 51), (99, 100), (100, 100)])
def test_a_share_of_values_is_not_above_it(share: int, expected: float) -> None:
    assert load.per_cent([float(value) for value in range(100, 0, -1)], share) == expected
    assert load.per_cent([], share) == 0


def test_a_ratio_is_the_median_of_its_pairs_and_not_of_its_sides() -> None:
    assert rounds.ratio([1, 4, 9], [2, 2, 2]) == 2
    assert rounds.ratio([1, 10, 3], [2, 10, 6]) == 0.5  # one slow minute slows both


@pytest.mark.parametrize(("measured", "held"), [(0.94, "NO"), (0.95, "yes"), (1.05, "yes"), (1.06, "NO")])
def test_a_goal_is_held_within_its_bounds(measured: float, held: str) -> None:
    assert [row[-1] for row in goals.judged({"soak memory": measured})] == [held]


def test_what_was_not_measured_is_not_judged() -> None:
    assert list(goals.judged({"anything": 1.0})) == []
    assert len({goal.figure for goal in goals.GOALS}) == len(goals.GOALS)
    assert Goal("x", "x", least=5).bound == "≥ 5"


def test_a_soak_tells_growth_from_a_warm_up() -> None:
    cold, warm = [minute(memory_mb=150, sockets=2)], [minute()]
    assert soak.growth(cold + warm * 2, 1) == {
        "soak memory": 1.0, "soak sockets": 0.0, "soak connections": 0.0, "soak tasks": 0.0,
    }  # fmt: skip
    assert soak.growth([*cold, *warm, minute(tasks=13, memory_mb=220)], 1)["soak tasks"] == 1.0
    assert soak.growth(warm * 2, 1) == {}  # too short to say


def test_what_is_measured_beside_another_kind_has_a_goal() -> None:
    assert {f"{kind}/{beside}" for kind, beside in BESIDE.items()} <= {goal.figure for goal in goals.GOALS}
    assert set(BESIDE) | set(BESIDE.values()) <= set(KINDS)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_request_is_what_its_kind_says(kind: Kind) -> None:
    asked = load.request(f"http://127.0.0.1:1/v1/{kind.path}", "key", kind.model, stream=kind.streams)
    head, _, body = asked.partition(b"\r\n\r\n")
    assert head.startswith(f"POST /v1/{kind.path} HTTP/1.1\r\n".encode())
    assert f"content-length: {len(body)}".encode() in head
    said = json.loads(body)
    assert (said["model"], said["stream"]) == (kind.model, kind.streams)
    assert ORDER.search(body)

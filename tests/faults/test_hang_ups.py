"""Whoever hangs up pays for what was made for them."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.faults.conftest import LONG
from tests.faults.scenario import Scene

# One model for each dialect and provider.
MODELS = ("gpt-5-mini", "gpt-5.2-codex", "claude-sonnet-4.5", "gemini-2.5-flash", "kimi-k2.5", "qwen3-coder")
THOUGHTFUL = ("gpt-5.2", "gpt-5.2-codex", "gpt-5-mini", "claude-opus-4.6", "gemini-2.5-flash", "gemini-3-flash")
WORDS = 20
HIDDEN = 10  # tokens of reasoning that OpenAI shows nobody: an estimate cannot know them, a drained stream reports them
SHOWS_ALL = ("claude-sonnet-4.5", "kimi-k2.5", "qwen3-coder")  # of what it is charged for, when not asked to think


@pytest.mark.parametrize("model", MODELS)
def test_a_client_that_leaves_is_charged_what_the_provider_metered(
    scene: Scene, note: Callable[..., Any], model: str
) -> None:
    """After the headers, 1 word, 10 words, the last word (before the usage), and in the middle of a JSON call."""
    customer = scene.customer()
    text = f"say {WORDS} words [[pace=15]]"
    streams = [
        (customer, model, text, {"stream": True, "leave_after": words, "stream_options": {"include_usage": True}})
        for words in (0, 1, 10, WORDS)
    ]
    calls = [(customer, model, text, {"leave_in": seconds}) for seconds in (0.15, 0.3)]
    heard = scene.ask_all([*streams, *calls])
    assert all(each.left for each in heard)
    reckoning = note(scene, "client left after 0, 1, 10 and all words, and during two JSON calls")
    assert len(reckoning.completions) == len(scene.upstream.meter()) >= len(streams)
    assert {completion.settlement for completion in reckoning.completions} == {"exact"}
    assert all(completion.charged_cents for completion in reckoning.completions)


@pytest.mark.parametrize("model", SHOWS_ALL)
def test_beyond_the_drain_the_provider_is_closed_and_what_was_seen_is_charged(
    scene: Scene, note: Callable[..., Any], model: str
) -> None:
    customer = scene.customer()
    scene.ask(customer, model, "say 400 words [[pace=20]]", stream=True, leave_after=3)
    note(scene, "client left, provider goes on longer than the drain")
    (completion,) = customer.completions
    (metered,) = scene.upstream.meter()
    assert (completion.settlement, completion.ending, metered["ended"]) == ("estimated", "client_left", "client")
    assert completion.output_tokens + HIDDEN >= metered["usage"]["output"] > 50


def test_a_left_stream_pays_for_the_reasoning_that_nobody_saw(scene: Scene, note: Callable[..., Any]) -> None:
    """20,000 hidden tokens, 100 visible ones; the client leaves after 20 words, long before the end."""
    customer, seconds = scene.customer(10_000), 60 if LONG else 3
    text = f"say 100 words [[tokens-out=20100 pace={10 * seconds}]]"
    thinks = {"reasoning_effort": "high"}
    asked = [(customer, model, text, {"stream": True, "leave_after": 20, **thinks}) for model in THOUGHTFUL]
    scene.ask_all(asked)
    reckoning = note(scene, f"client left after 20 words, 20,000 hidden tokens, the provider goes on for {seconds} s")
    charged = {completion.model_id: completion.charged_cents for completion in reckoning.completions}
    assert {completion.settlement for completion in reckoning.completions} == {"exact"}
    assert (charged["gpt-5.2-codex"], charged["gpt-5.2"], len(charged)) == (37, 37, len(THOUGHTFUL))


def test_beyond_ten_minutes_the_time_that_was_thought_is_charged(
    request: pytest.FixtureRequest, note: Callable[..., Any]
) -> None:
    """The longest that a left stream is read, shortened: at the shared gateway it is, but in the long form. Then its
    true numbers never come."""
    scene = request.getfixturevalue("stage")(CONWAY_JSON_SECONDS="5") if LONG else request.getfixturevalue("scene")
    customer = scene.customer()
    text = "say 400 words [[first-byte=2 pace=20]]"
    scene.ask(customer, "gpt-5.2-codex", text, stream=True, leave_after=3)
    note(scene, "client left, the provider goes on longer than a left stream is read")
    (completion,) = customer.completions
    assert (completion.settlement, completion.ending) == ("estimated", "client_left")
    assert 390 < completion.reasoning_tokens < 700  # two seconds at 200 a second, and a busy machine


def test_a_hundred_aborted_streams_in_a_row_pay_for_all_that_was_made(scene: Scene, note: Callable[..., Any]) -> None:
    customer = scene.customer()

    async def abuse(caller: Any) -> None:
        for number in range(100):
            scene.heard.append(
                await caller.ask(
                    customer.secret, "claude-haiku-4.5", f"say 30 words {number} [[pace=1]]", stream=True, leave_after=1
                )
            )

    scene.play(abuse)
    reckoning = note(scene, "client left after the first word, 100 times")
    completions, metered, charged = reckoning.sums("exact", "estimated", "lost", "none")
    assert (completions, charged >= metered > 0) == (100, True)


def test_an_aborted_claude_stream_is_not_charged_by_its_placeholder(scene: Scene, note: Callable[..., Any]) -> None:
    """`message_start` says one token of output; the words seen say more."""
    customer = scene.customer()
    scene.ask(customer, "claude-opus-4.6", "say 300 words [[pace=25]]", stream=True, leave_after=30)
    note(scene, "client left between message_start and message_delta")
    (completion,) = customer.completions
    assert completion.settlement == "estimated"
    assert completion.output_tokens > 50


def test_a_hang_up_before_the_answer_leaves_no_hold_behind_for_long(scene: Scene, note: Callable[..., Any]) -> None:
    """The moment of admission is the worst to leave in: every client is gone within a few milliseconds."""
    customer = scene.customer(5_000)
    asked = [
        (customer, "gpt-5-mini", f"say 2 words {number}", {"stream": bool(number % 2), "leave_in": 0.002 * number})
        for number in range(40)
    ]
    scene.ask_all(asked)
    scene.ask(
        customer, "gpt-5-mini", "say 2 words"
    )  # one account's turn at a time: after it, nobody waits to be admitted
    note(scene, "client left within 0 to 80 ms", seconds=4)
    assert all(completion.settlement != "lost" for completion in customer.completions)


def test_a_json_call_abandoned_early_is_read_to_its_end(scene: Scene, note: Callable[..., Any]) -> None:
    seconds = 200 if LONG else 3
    customer = scene.customer()
    scene.ask(customer, "gpt-5-mini", f"say 100 words [[pace={seconds * 10}]]", leave_in=0.5)
    note(scene, f"client left a JSON call of {seconds} s", seconds=seconds + 30)
    (completion,) = customer.completions
    assert (completion.settlement, completion.ending) == ("exact", "client_left")
    assert completion.output_tokens >= 100

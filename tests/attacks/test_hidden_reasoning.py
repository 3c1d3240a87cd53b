"""Reasoning that no stream shows is charged by the provider all the same; whoever hangs up must not get it for free."""

import asyncio
import json
from collections.abc import Callable, Coroutine, Iterator
from itertools import product
from typing import Any

import pytest

from accounts.models import User
from credits.models import CreditTransaction, Hold
from inference import catalog
from inference.api import chat
from inference.chat.provider_request import Target
from inference.chat.request import ChatRequest
from inference.completion import background, handler, outcome, task
from inference.completion.state import STOPPED
from inference.models import Completion
from inference.upstream import client as upstream
from tests.inference.conftest import Sandbox

Run = Callable[[Coroutine[Any, Any, Any]], Any]

pytestmark = pytest.mark.usefixtures("own_spool")

# 100 visible tokens and 20,000 that nobody sees: at 14 dollars per million and our 1.3, 37 cents.
THOUGHTFUL = "say 100 words [[tokens-out=20100 pace=5]]"
MODELS_THAT_HIDE = {
    "gpt-5.2": {"reasoning_effort": "high"},
    "gpt-5.2-codex": {},
    "gpt-5-mini": {},
    "claude-opus-4.6": {"reasoning_effort": "high"},
    "claude-haiku-4.5": {"reasoning_effort": "low"},
    "gemini-2.5-pro": {},
    "gemini-3-flash": {"reasoning_effort": "none"},  # its lowest level still thinks
}
# Half a second of thoughts before the first word.
SLOW = "say 200 words [[first-byte=0.5 pace=5]]"


@pytest.fixture(autouse=True)
def no_drain(settings: Any) -> Iterator[None]:
    settings.CONWAY_DRAIN_SECONDS = 0
    yield
    task.running.clear()  # of a test that failed


async def leave_after_words(key: str, model: str, text: str, **fields: Any) -> None:
    pieces = await begun(key, model, text, 20, **fields)
    await pieces.aclose()


async def begun(key: str, model: str, text: str, words: int = 1, **fields: Any) -> Any:
    """A stream of which so many words were read."""
    body = {"model": model, "stream": True, "messages": [{"role": "user", "content": text}], **fields}
    answer = await handler.complete(chat, {"authorization": key}, json.dumps(body).encode())
    pieces, heard = aiter(answer.body), b""  # type: ignore[arg-type]
    while heard.count(b'"content":"') <= words:
        heard += await anext(pieces)
    return pieces


async def all_ended() -> None:
    async with asyncio.timeout(20):
        while task.running:
            await asyncio.sleep(0.01)
    await upstream.close()


def test_who_leaves_after_20_words_of_20000_hidden_tokens_pays_for_all_of_them(
    key: str, sandbox: Sandbox, run: Run
) -> None:
    async def scenario() -> None:
        await leave_after_words(key, "gpt-5.2-codex", THOUGHTFUL)
        await all_ended()

    run(scenario())
    completion = Completion.objects.get()
    assert (completion.settlement, completion.ending, completion.charged_cents) == ("exact", "client_left", 37)


@pytest.mark.parametrize("model", MODELS_THAT_HIDE)
def test_to_hang_up_is_never_cheaper_than_to_stay(key: str, sandbox: Sandbox, run: Run, model: str) -> None:
    async def scenario() -> None:
        await leave_after_words(key, model, THOUGHTFUL, **MODELS_THAT_HIDE[model])
        stayed = await begun(key, model, THOUGHTFUL, **MODELS_THAT_HIDE[model])
        assert [piece async for piece in stayed]
        await all_ended()

    run(scenario())
    assert len(set(Completion.objects.values_list("charged_cents", "output_tokens", "settlement"))) == 1


def test_a_stop_in_the_middle_charges_the_time_that_was_thought(key: str, sandbox: Sandbox, run: Run) -> None:
    async def scenario() -> None:
        pieces = await begun(key, "gpt-5.2-codex", SLOW)
        task.cut_all(STOPPED, 0)
        assert [piece async for piece in pieces]
        await all_ended()

    run(scenario())
    completion = Completion.objects.get()
    assert (completion.settlement, completion.ending) == ("estimated", "stopped")
    assert 0.5 * outcome.TOKENS_PER_SECOND <= (completion.reasoning_tokens or 0) < completion.output_tokens


def test_a_killed_process_leaves_a_checkpoint_with_the_time_that_was_thought(
    key: str, sandbox: Sandbox, run: Run
) -> None:
    async def scenario() -> Any:
        pieces = await begun(key, "gpt-5.2-codex", SLOW)
        await background.first_checkpoints()
        checkpoint = (await Hold.objects.aget()).checkpoint["row"]
        await pieces.aclose()
        await all_ended()
        return checkpoint

    row = run(scenario())
    assert row["settlement"] == "lost"
    assert 0.5 * outcome.TOKENS_PER_SECOND <= row["reasoning_tokens"] < row["output_tokens"]


@pytest.mark.parametrize("stream", [False, True])
def test_who_left_before_the_first_word_is_not_free_when_we_die_or_stop(
    key: str, sandbox: Sandbox, run: Run, stream: bool
) -> None:
    body = {"model": "gpt-5.2-codex", "stream": stream, "messages": [{"role": "user", "content": SLOW}]}

    async def scenario() -> Any:
        asking = asyncio.create_task(handler.complete(chat, {"authorization": key}, json.dumps(body).encode()))
        while not any(under_way.state.asked for under_way in task.running.values()):
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.15)  # in which a quick model makes 30 tokens
        asking.cancel()
        await asyncio.wait([asking])
        await background.first_checkpoints()
        checkpoint = (await Hold.objects.aget()).checkpoint["row"]
        task.cut_all(STOPPED, 0)
        await all_ended()
        return checkpoint

    checkpoint, completion = run(scenario()), Completion.objects.get()
    assert completion.settlement == "estimated" and completion.output_tokens >= checkpoint["output_tokens"] > 20


@pytest.mark.parametrize("per_second", [0, 10**4, 10**9])
@pytest.mark.parametrize("fields", [{}, {"max_completion_tokens": 900}])
def test_a_guess_is_never_above_the_hold_nor_above_what_was_allowed(
    key: str, alice: User, sandbox: Sandbox, run: Run, monkeypatch: pytest.MonkeyPatch, per_second: int, fields: Any
) -> None:
    monkeypatch.setattr(outcome, "TOKENS_PER_SECOND", per_second)

    async def scenario() -> int:
        pieces = await begun(key, "gpt-5.2-codex", SLOW, **fields)
        held = (await Hold.objects.aget()).cents
        task.cut_all(STOPPED, 0)
        assert [piece async for piece in pieces]
        await all_ended()
        return held

    held, completion = run(scenario()), Completion.objects.get()
    assert 1 <= completion.charged_cents <= held and completion.alerts == []
    assert completion.output_tokens <= fields.get("max_completion_tokens", completion.output_tokens)
    if per_second == 10**9 and not fields:
        assert (
            held - 1 <= completion.charged_cents <= held
        )  # the limit that the hold bought was of a prompt counted high
    assert CreditTransaction.objects.filter(type="write_off").count() == 0


def test_what_shows_all_it_thinks_is_drained_and_closed_as_before(key: str, sandbox: Sandbox, run: Run) -> None:
    async def scenario() -> None:
        await leave_after_words(key, "kimi-k2.5", "say 300 words [[pace=5]]", reasoning_effort="high")
        await all_ended()

    run(scenario())
    completion = Completion.objects.get()
    assert (completion.settlement, completion.ending) == ("estimated", "client_left")
    assert completion.output_tokens < 250 and not completion.reasoning_tokens


# Which requests hide tokens, over the whole catalogue

EFFORTS = (None, "none", "minimal", "low", "medium", "high", "xhigh")
UNASKED_QUIET = {
    "gpt-5.2", "gpt-5.4", "gpt-5.4-mini", "claude-opus-4.8", "claude-opus-4.7", "claude-opus-4.6",
    "claude-sonnet-4.6", "claude-opus-4.5",
    "claude-sonnet-4.5", "claude-haiku-4.5",
}  # fmt: skip
# Others get the least effort they have.
NONE_IS_NONE = {"gpt-6.1-terra", "gpt-6-luna", "gpt-5.5", "claude-haiku-5.5", "gemini-2.5-flash"} | UNASKED_QUIET
SHOWN = {
    "kimi-k3.1-pro", "kimi-k3", "kimi-k2.6", "kimi-k2.5", "qwen3.8-flash", "qwen3.8-max", "qwen3-coder",
}  # fmt: skip


def test_every_model_and_effort_of_the_catalogue_hides_what_its_provider_hides(prices: None) -> None:
    """A model added tomorrow hides until somebody has written here that it does not."""
    for listing, effort in product(catalog.current_sync().listings.values(), EFFORTS):
        body = {"model": listing.name, "messages": [{"role": "user", "content": "hello"}]}
        request = ChatRequest.read(json.dumps(body | ({"reasoning_effort": effort} if effort else {})).encode())
        target = Target(listing.upstream_id, listing.traits, str)
        rendered = listing.dialect.render(request, target, limit=None)
        hides = not listing.traits.shows_reasoning and listing.dialect.thinks(rendered, listing.traits)
        quiet = {None: UNASKED_QUIET, "none": NONE_IS_NONE}.get(effort, set())
        assert hides == (listing.name not in SHOWN | quiet), (listing.name, effort)

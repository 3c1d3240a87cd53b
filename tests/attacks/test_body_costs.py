"""One small request from an account with no credit stops a worker: bodies that cost much more than they are long."""

import asyncio
import json
import os
import time
from collections.abc import Callable
from typing import Any

import pytest

from accounts import access_tokens, authentication
from accounts.models import User
from credits import ledger
from credits.models import CreditAccount, Hold
from inference import catalog
from inference.api import chat
from inference.chat import structure
from inference.chat.budget import MOST_SCHEMAS
from inference.chat.invalid_request import InvalidRequest
from inference.chat.request import ChatRequest
from inference.completion import preparing, process_pool
from tests.attacks import bodies
from tests.inference.conftest import (  # noqa: F401  # fixtures
    Said,
    ask,
    key,
    prices,
    read,
    sandbox,
    sandbox_process,
)

LARGE = "word " * 20_000  # 100 KB


def refused(fields: dict[str, Any]) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as found:
        ChatRequest.read(bodies.body("gpt-5.2", fields))
    return found.value


# What a request may hold


@pytest.mark.parametrize("name", sorted(structure.MOST_ENTRIES))
def test_a_list_or_map_beyond_its_limit_is_refused_by_name_and_number(name: str) -> None:
    most = structure.MOST_ENTRIES[name]
    given: Any = {str(at): 1 for at in range(most + 1)} if name == "logit_bias" else [{}] * (most + 1)
    found = refused({**bodies.said("x"), name: given})
    assert (found.code, found.param) == ("request_too_complex", name)
    assert f"more than {most:,}" in found.message


@pytest.mark.parametrize("name", sorted(structure.MOST_IN_MESSAGES))
def test_lists_inside_messages_are_limited_in_all_of_them_together(name: str) -> None:
    most = structure.MOST_IN_MESSAGES[name]
    found = refused({"messages": [{"role": "user", name: [{}] * (most // 2 + 1)}] * 2})
    assert (found.code, found.param) == ("request_too_complex", "messages")


def test_sixty_thousand_unknown_fields_are_refused_before_they_are_named_one_by_one() -> None:
    assert "more than 256 fields" in refused(bodies.READ["unknown fields"][1](60_000)).message


def test_two_megabytes_of_empty_lists_are_counted_and_not_made() -> None:
    began = time.process_time()
    assert "JSON values" in refused({"messages": [[]] * 700_000}).message
    assert time.process_time() - began < 0.5


def test_text_longer_than_any_context_is_refused_and_images_of_that_size_are_not() -> None:
    long = "word " * (structure.MOST_TEXT_BYTES // 5)
    for fields in (bodies.said(long), bodies.tools({"description": long})):
        assert refused(fields).code == "context_length_exceeded"
    assert ChatRequest.read(bodies.body("gpt-5.2", bodies.image(bodies.PNG + "A" * structure.MOST_TEXT_BYTES)))


def test_commas_and_brackets_inside_strings_are_no_values() -> None:
    text = '[{"a": 1, "b": [1, 2, 3]},\\\\",{[' * 50_000
    assert structure.values(json.dumps({"a": text, "b": [1, 2]}).encode(), 100) <= 10
    assert ChatRequest.read(bodies.body("gpt-5.2", bodies.said(text))).messages[0].content == text


@pytest.mark.parametrize("ending", ["\\\\", '\\"', '\\\\\\"', "\\\\\\\\", "\\n"])
def test_no_escape_hides_values_from_the_count(ending: str) -> None:
    body = b'{"a":"x' + ending.encode() + b'","b":[' + b"[]," * 500 + b"[]]}"
    assert json.loads(body)["b"]
    assert 500 < structure.values(body, 10_000) < 1_100


def test_validation_ends_with_the_first_wrong_message() -> None:
    found = refused({"messages": [{"role": 5}] * 8_000})
    assert found.message.startswith("messages[0].role must be")


# Depth


@pytest.mark.parametrize("model", ["gpt-5.2", "gpt-5.2-codex", "claude-haiku-4.5", "gemini-2.5-pro", "kimi-k2.5"])
def test_json_200_deep_is_taken_in_schemas_and_arguments(prepared: Any, model: str) -> None:
    deep = bodies.nested(200, lambda inner: {"a": inner})
    fields = {**bodies.called(1, arguments=json.dumps(deep)), "tools": [bodies.tool({"type": "object", "x": deep})]}
    payload = prepared(bodies.body(model, fields)).made.payload
    assert payload.count(b'{"a":') + payload.count(b'{\\"a\\"') >= 200


@pytest.mark.parametrize("depth", [250, 1_000, 100_000])
def test_deeper_json_is_refused_as_too_deep(depth: int) -> None:
    body = b'{"model":"m","messages":[{"role":"user","content":"x"}],"a":' + b"[" * depth + b"]" * depth + b"}"
    if depth < structure.DEEPEST:
        assert ChatRequest.read(body)
        return
    with pytest.raises(InvalidRequest) as found:
        ChatRequest.read(body)
    assert found.value.code == "request_too_complex"


def test_what_only_the_patient_reader_reads_is_as_strict() -> None:
    for wrong in (b"NaN", b"Infinity", b'"\\ud83d"', b"1,", b"'a'"):
        body = b'{"model":"m","messages":[{"role":"user","content":"x"}],"a":' + b"[" * 220 + wrong + b"]" * 220 + b"}"
        with pytest.raises(InvalidRequest) as found:
            ChatRequest.read(body)
        assert found.value.code == "invalid_json"


# References


@pytest.fixture
def prepared(prices: None, sandbox: Any, run: Any, alice: User) -> Callable[[bytes], Any]:  # noqa: F811
    return lambda body: run(prepare(alice, body))


async def prepare(user: User, body: bytes) -> Any:
    caller = await authentication.authenticate(access_tokens.access_token(user))
    return await preparing.prepare(chat, caller, body, await catalog.current())


@pytest.mark.parametrize("count", [17, 40])
@pytest.mark.parametrize("write", [bodies.form, bodies.tools])
def test_a_kilobyte_of_references_that_double_is_refused_at_once(prepared: Any, write: Any, count: int) -> None:
    body = bodies.body("claude-haiku-4.5", write(bodies.doubling(count)))
    began = time.process_time()
    with pytest.raises(InvalidRequest) as found:
        prepared(body)
    assert time.process_time() - began < 0.5
    assert (found.value.code, f"more than {MOST_SCHEMAS:,}" in found.value.message) == ("request_too_complex", True)


def test_the_schemas_of_all_tools_share_one_budget(prepared: Any) -> None:
    tools = [bodies.tool(bodies.branches(1_000), f"f{at}", strict=True) for at in range(15)]
    for model in ("claude-haiku-4.5", "gemini-2.5-pro"):
        with pytest.raises(InvalidRequest) as found:
            prepared(bodies.body(model, {**bodies.said("x"), "tools": tools}))
        assert found.value.code == "request_too_complex"


def test_text_that_references_repeat_is_counted_too(prepared: Any) -> None:
    """Ten kilobytes, written out two thousand times."""
    with pytest.raises(InvalidRequest) as found:
        prepared(bodies.body("gemini-2.5-pro", bodies.form(bodies.pointers(2_000))))
    assert found.value.code == "request_too_complex"


def test_an_honest_agents_tools_are_far_below_the_limits(prepared: Any) -> None:
    choice = {"anyOf": [{"type": "string"}, {"type": "null"}], "description": "What it is for. " * 10}
    given = {"type": "object", "properties": {f"p{at}": choice for at in range(20)}, "required": ["p0"]}
    tools = [bodies.tool(given, f"f{at}") for at in range(128)]
    for model in ("claude-haiku-4.5", "gemini-2.5-pro", "gpt-5.2"):
        assert prepared(bodies.body(model, {**bodies.said("x"), "tools": tools})).made.payload


# Elsewhere


@pytest.mark.parametrize("model", ["gpt-5.2", "gpt-5.2-codex", "claude-haiku-4.5", "gemini-2.5-pro", "kimi-k2.5"])
def test_a_large_body_is_prepared_as_a_small_one_is(prepared: Any, monkeypatch: Any, model: str) -> None:
    fields = {**bodies.called(3, arguments='{"a": "é\\ud83d\\ude80"}'), "tools": [bodies.tool({"type": "object"})]}
    fields["messages"].append({"role": "user", "content": "日本語 " * 4_000})
    here = prepared(bodies.body(model, fields))
    monkeypatch.setattr(preparing, "LARGEST_ON_LOOP", 0)
    there = prepared(bodies.body(model, fields))
    assert (here.elsewhere, bool(there.elsewhere)) == (None, True)
    assert (here.payload, here.rendered.body) == (there.payload, there.rendered.body)
    assert here.made.request == there.made.request
    assert here.made.rendered.body == there.made.rendered.body


def test_a_large_completion_is_answered_and_settled(ask: Any) -> None:  # noqa: F811
    said = ask("claude-haiku-4.5", LARGE * 2)
    assert said.status == 200 and said.json()["usage"]["prompt_tokens"] > 20_000


def test_a_hold_is_given_back_when_the_process_cannot_render_again(ask: Any, alice: User, monkeypatch: Any) -> None:  # noqa: F811
    """Credit buys fewer tokens than asked, so a large body is rendered twice; the second time fails."""

    async def away(*_: Any) -> Any:
        raise process_pool.busy()

    monkeypatch.setattr(preparing.Prepared, "again", away)
    ledger.adjust(user=alice, cents=-900, reference="spent", reason="Nearly all of it", by=None)
    said = ask("claude-opus-4.6", LARGE * 2, max_tokens=60_000)
    assert (said.status, said.error["code"]) == (503, "server_busy")
    assert not Hold.objects.exists() and CreditAccount.objects.get(user=alice).held_cents == 0


def test_accounts_take_turns_at_the_process() -> None:
    async def story() -> list[str]:
        done: list[str] = []

        async def one(account: int, name: str) -> None:
            await process_pool.run(account, time.sleep, 0.02)
            done.append(name)

        greedy = [asyncio.create_task(one(1, "greedy")) for _ in range(20)]
        await asyncio.sleep(0.05)
        await asyncio.gather(one(2, "honest"), *greedy)
        return done

    assert asyncio.run(story()).index("honest") < 8


def test_an_account_cannot_queue_without_end() -> None:
    async def story() -> list[Any]:
        many = [process_pool.run(1, time.sleep, 0.001) for _ in range(process_pool.MOST_WAITING_OF_ONE + 20)]
        return await asyncio.gather(*many, return_exceptions=True)

    busy = [found for found in asyncio.run(story()) if found is not None]
    assert busy and all(error.status == 503 and "retry-after" in error.headers for error in busy)


def test_a_process_that_dies_is_followed_by_another() -> None:
    async def story() -> int:
        with pytest.raises(Exception, match="waiting"):
            await process_pool.run(1, os._exit, 3)
        return await process_pool.run(1, os.getpid)

    assert asyncio.run(story()) != os.getpid()


def test_a_process_that_does_not_answer_is_killed(monkeypatch: Any) -> None:
    monkeypatch.setattr(process_pool, "LONGEST_SECONDS", 0.2)
    with pytest.raises(Exception, match="waiting"):
        asyncio.run(process_pool.run(1, time.sleep, 60))
    monkeypatch.undo()
    assert asyncio.run(process_pool.run(1, len, "abc")) == 3


# Before it is read


# Estimates

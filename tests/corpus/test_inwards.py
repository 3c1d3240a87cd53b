"""Recorded exchanges played inwards: a caller who speaks a provider's own format is understood as the provider was, and
reads what the provider said.

What differs by design stands in the tables here, each with its reason.
"""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import anthropic
import httpx
import httpx2
import openai
import pydantic
import pytest

from inference.api import messages, responses
from inference.chat.format import Format, Shown
from inference.chat.invalid_request import InvalidRequest
from inference.chat.provider_error import ProviderError
from inference.chat.provider_request import ProviderRequest, Target
from inference.chat.reply import Delta, Facts, Gathered
from inference.chat.usage import Usage
from inference.dialects import DIALECTS, Dialect
from inference.sse import Decoder
from tests.corpus import normal
from tests.corpus.conftest import tallies
from tests.corpus.loaded import listings
from tests.corpus.replayer import CORPUS, Case, case, names

pytestmark = [
    pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of recorded traffic is not beside this clone"),
    pytest.mark.filterwarnings("ignore:Pydantic serializer warnings"),
]

NOWHERE = "http://127.0.0.1:9"
JSON, SSE = "application/json", "text/event-stream"
# Words of a refusal → why such requests are refused here and were answered there.
REFUSED = {
    "is Anthropic's own and not offered here": "tools that a provider runs",
    "is not offered here": "the same of OpenAI's",
    "file ids are not supported": "files are not stored",
    "cannot run in the background": "responses are not stored",
    "MCP servers are not asked": "the provider would ask them",
    "does not match any tool call": "the call was one of a tool that Anthropic ran",
}
# Recorded cases that differ, each with its reason.
REASONS = {
    "openai-responses/pydantic-ai--test-openai-tool-availability-delta-test-supported-model-calls-additional-tool":
        "tools that are added by an item of the conversation",
    "anthropic/rig--anthropic-reasoning-usage-matrix-streaming-max-tokens-truncation":
        "a budget that leaves one token for the answer: no thinking then",
    "anthropic/anthropic-sdk--incomplete-partial-json-response": "a call that is cut off: the SDK mends its JSON",
    "openai-responses/reqllm--openai-o4-mini-deep-research-usage": "usage redacted to numbers below zero",
    "openai-responses/pydantic-ai--test-openai-responses-test-background-mode-streaming-without-starting-after-vcr":
        "a part of a stream, resumed",
}  # fmt: skip

FORMATS: dict[str, tuple[Format, str, str]] = {  # folder → format, dialect, a model of ours with all it can take
    "anthropic": (messages, "anthropic", "claude-opus-4.5"),
    "openai-responses": (responses, "openai_responses", "gpt-5.2-codex"),
}


def cases(folder: str) -> Iterator[tuple[str, Case]]:
    for name in names(folder):
        yield name, case(name)


def recorded(folder: str) -> Iterator[tuple[str, Case]]:
    """What a provider really answered well."""
    for name, found in cases(folder):
        if found["recorded"] and found["status"] == 200 and "response_text" not in found:
            yield name, found


# Requests


@pytest.mark.parametrize("folder", FORMATS)
def test_a_provider_is_asked_what_its_caller_would_have_asked_it(folder: str) -> None:
    asked = {name: found["request"] for name, found in recorded(folder) if isinstance(found.get("request"), dict)}
    refused = {name: reason for name, request in asked.items() if (reason := refusal(folder, request))}
    differs = {name: difference(folder, asked[name]) for name in asked if name not in refused}
    check(f"{folder}, requests", differs, Counter(refused.values()))


def check(what: str, differs: dict[str, Any], refused: Counter[str]) -> None:
    """Tells the figure at the end of the run (conftest.py)."""
    unlike = {name: said for name, said in differs.items() if said}
    wrong = {name: said for name, said in unlike.items() if name not in REASONS}
    same = len(differs) - len(unlike)
    tallies.append(
        f"{what}: {same} of {len(differs)} the same ({100 * same / len(differs):.2f} %), "
        f"{len(unlike) - len(wrong)} differ as documented, {len(wrong)} otherwise; refused as documented: "
        + (", ".join(f"{count} {reason}" for reason, count in refused.most_common()) or "none")
    )
    assert not wrong, json.dumps(wrong, indent=1)[:20_000]
    assert len(differs) > 15 and len(unlike) <= 2 and refused.total() < len(differs)


def refusal(folder: str, request: dict[str, Any]) -> str | None:
    """Why it is not sent on, where that is documented."""
    try:
        sent(folder, request)
    except InvalidRequest as refused:
        return next((reason for words, reason in REFUSED.items() if words in refused.message), None)
    return None


def difference(folder: str, request: dict[str, Any]) -> Any:
    try:
        ours = sent(folder, request)
    except InvalidRequest as refused:
        return refused.message
    before, after = normal.request(folder, request), normal.request(folder, ours)
    return {name: (before.get(name), after.get(name)) for name in before | after if before.get(name) != after.get(name)}


def sent(folder: str, request: dict[str, Any]) -> dict[str, Any]:
    format, dialect, model = FORMATS[folder]
    if (request.get("thinking") or {}).get("type") == "adaptive":
        model = "claude-opus-4.6"
    read = format.read(json.dumps({**request, "model": model}).encode())
    listing = listings()[model]
    body: dict[str, Any] = DIALECTS[dialect].render(read, Target(listing.upstream_id, listing.traits, str)).body
    return json.loads(json.dumps(body))


# Replies


@pytest.mark.parametrize("folder", FORMATS)
def test_a_caller_reads_what_the_provider_said(folder: str) -> None:
    found = {name: unlike(folder, answer) for name, answer in recorded(folder) if not answer.get("fragment")}
    check(f"{folder}, replies", found, Counter())


def unlike(folder: str, answer: Case) -> Any:
    try:
        events, whole = told(folder, answer)
    except ProviderError as fault:
        return fault.message
    kind, body = (SSE, answer["sse"]) if "sse" in answer else (JSON, json.dumps(answer["response"]))
    if (expected := read_by_sdk(folder, kind, body.encode())) is None:
        return None  # what the SDK cannot read of a provider it need not read of us
    read = [read_by_sdk(folder, SSE, events), read_by_sdk(folder, JSON, whole)]
    if expected.get("incomplete_details"):
        read = read[1:]  # the SDK's accumulator ends with `response.completed` only
    return [(expected, each) for each in read if each != expected]


def read_by_sdk(folder: str, kind: str, body: bytes) -> Any:
    try:
        return normal.reply(folder, understood(folder, kind, body))
    except (RuntimeError, pydantic.ValidationError):
        return None


def told(folder: str, recorded: Case) -> tuple[bytes, bytes]:
    """What a caller gets of a recorded answer: its events, and the whole."""
    format, dialect, model = FORMATS[folder]
    reader: Dialect = DIALECTS[dialect]
    listing = listings()[model]
    request = format.read(json.dumps(HELLO[folder] | {"model": model, "stream": True}).encode())
    rendered = reader.render(request, Target(listing.upstream_id, listing.traits, str))
    facts, deltas = answered(reader, rendered, recorded)
    gathered = Gathered()
    for delta in deltas:
        gathered.add(delta)
    finishes = [delta for delta in deltas if delta.finish_reason]
    others = [delta for delta in deltas if not delta.finish_reason]
    shown = Shown(facts.usage or Usage())
    streamed, whole = (format.writer("x_1", request, model) for _ in range(2))
    streamed.begin(facts)
    whole.begin(facts)
    whole.note(others)
    pieces = [streamed.events([delta]) for delta in others]
    return b"".join(pieces) + streamed.end(finishes, shown), whole.whole(lambda: gathered.reply(facts), shown)


def answered(reader: Dialect, rendered: ProviderRequest, recorded: Case) -> tuple[Facts, list[Delta]]:
    if "sse" not in recorded:
        reply = reader.parse(recorded["response"], rendered)
        return reply.facts, list(reply.deltas())
    translator, decoder, deltas = reader.stream(rendered), Decoder(), list[Delta]()
    for event in decoder.feed(recorded["sse"].encode()) + decoder.end():
        deltas += translator.feed(event) if event.data != "[DONE]" else []
    return translator.facts, deltas + translator.end()


HELLO: dict[str, dict[str, Any]] = {
    "anthropic": {"max_tokens": 100, "messages": [{"role": "user", "content": "hi"}]},
    "openai-responses": {"input": "hi"},
}


def understood(folder: str, kind: str, body: bytes) -> Any:
    """By the official SDK, which asks a transport that has the answer."""
    if folder == "anthropic":
        answering = httpx.MockTransport(lambda _: httpx.Response(200, headers={"content-type": kind}, content=body))
        asking = anthropic.Anthropic(api_key="x", base_url=NOWHERE, http_client=httpx.Client(transport=answering))
        if kind == JSON:
            return asking.messages.create(model="m", **HELLO[folder])
        with asking.messages.stream(model="m", **HELLO[folder]) as events:
            return events.get_final_message()
    answers = httpx2.MockTransport(lambda _: httpx2.Response(200, headers={"content-type": kind}, content=body))
    asked = openai.OpenAI(api_key="x", base_url=NOWHERE, http_client=httpx2.Client(transport=answers))
    if kind == JSON:
        return asked.responses.create(model="m", **HELLO[folder])
    with asked.responses.stream(model="m", **HELLO[folder]) as said:
        return said.get_final_response()

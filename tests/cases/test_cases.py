"""Every case of data/: what clients and providers were reported to do, and what must come of it here."""

import json
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from inference.api import chat, messages, responses
from inference.completion import handler
from inference.upstream import client as upstream
from tests.cases.answer import seen_in
from tests.cases.case import Outcome, Run, cases, differences, runs
from tests.cases.conftest import OUTCOMES
from tests.cases.provider import ScriptedProvider

HELLO = [{"role": "user", "content": "Hello"}]
FORMATS = {"chat": chat, "messages": messages, "responses": responses}
ORDINARY = {
    "chat": {"messages": HELLO},
    "messages": {"messages": HELLO, "max_tokens": 1000},
    "responses": {"input": HELLO},
}


@pytest.mark.parametrize("path", cases(), ids=lambda path: path.stem)
def test_it_comes_out_right_in_every_dialect_streamed_and_not(
    path: Path, key: str, provider: ScriptedProvider, run: Callable[[Coroutine[Any, Any, Any]], Any]
) -> None:
    async def all_runs() -> list[Outcome]:
        try:
            return [await outcome(each, key, provider) for each in runs(path)]
        finally:
            await upstream.close()

    outcomes = run(all_runs())
    OUTCOMES.extend(outcomes)
    assert outcomes
    wrong = [
        f"{o.run.name}, {o.run.model}, {'stream' if o.run.stream else 'JSON'}: {f}" for o in outcomes for f in o.faults
    ]
    assert not wrong, "\n".join(wrong)


async def outcome(each: Run, key: str, provider: ScriptedProvider) -> Outcome:
    provider.begin(each.replies)
    fields: dict[str, Any] = {"stream": True} if each.stream else {}
    if each.stream and each.format == "chat":
        fields["stream_options"] = {"include_usage": True}
    body = {"model": each.model, **ORDINARY[each.format], **fields, **each.request}
    answer = await handler.complete(FORMATS[each.format], {"authorization": f"Bearer {key}"}, json.dumps(body).encode())
    content = answer.body if isinstance(answer.body, bytes) else b"".join([piece async for piece in answer.body])
    shown = seen_in(each.format, answer.status, answer.headers, content)
    last = provider.sent[-1] if provider.sent else None
    sent = {**last.body, "@path": last.path} if last else {}
    sent["@count"] = len(provider.sent)
    expect = each.expect
    headers = {f"/{name}": value for name, value in expect.get("headers", {}).items()}
    return Outcome(
        each,
        [
            *differences({"status": answer.status}, {"/status": expect["status"]}, f"{json.dumps(shown)[:400]}"),
            *differences(sent, expect.get("sent", {}), "sent"),
            *differences(answer.headers, headers, "header"),
            *differences(shown, expect.get("answer", {}), "answer"),
        ],
    )

"""Our own output is a valid next request: any reply of any dialect, read by a stock SDK and sent back, is taken by
every dialect and its provider.
"""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inference.chat.messages import ToolCall
from inference.chat.provider_error import ProviderError
from inference.chat.provider_request import ProviderRequest
from inference.chat.reply import Reply
from inference.dialects.untrusted_json import body_value
from tests.attacks.measuring import listing
from tests.inference.echo import TAKERS, asked, by_json, by_stream, next_turn, objection

Json = dict[str, Any]

UNHURRIED = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
HAS_CUSTOM = "custom" in ToolCall.model_fields
MODELS = {"openai_chat": "gpt-5-mini", "openai_responses": "gpt-5.2-codex", "anthropic": "claude-haiku-4.5",
          "gemini": "gemini-3-flash"}  # fmt: skip

# Texts that somebody could not store, count or split; ids given twice, left out, too long; arguments that are none.
letters = st.sampled_from(
    ["a", " ", "\n", "\u2028", "é", "👩‍💻", "\0", "\ud83c", "\udf89", '"', "\\", "```", "{", "\\u0000"]
)
texts = st.lists(letters, max_size=6).map("".join)
ids = st.sampled_from(
    ["call_1", "call_1", "grep:3", "grep:3", "functions.find_city:0", "", "é", "x" * 90, "a b", "\0", None]
)
names = st.sampled_from(["find_city", "find_city", "functions.find_city", "a b", "x" * 90, "ünï", "7"])
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | texts,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
    max_leaves=4,
)
objects = st.dictionaries(texts, values, max_size=2)
written = objects.map(json.dumps) | st.sampled_from(
    ["", "{}", "[1]", '{"n": ', "null", "{n: 1}", '{"n": 1e999}', '{"a": "\\ud83c"}']
)
signatures = st.sampled_from(["b2xk", "", None, "no base64!"])


def some(**optional: Any) -> st.SearchStrategy[Json]:
    return st.fixed_dictionaries({}, optional=optional)


chat_calls = st.builds(
    lambda call_id, name, asked: {"id": call_id, "type": "function", "function": {"name": name, "arguments": asked}},
    ids, names, written,
)  # fmt: skip
custom_calls = st.builds(
    lambda call_id, text: {"id": call_id, "type": "custom", "custom": {"name": "find_city", "input": text}}, ids, texts
)
chat_messages = some(
    content=st.none() | texts | st.lists(st.builds(lambda text: {"type": "text", "text": text}, texts), max_size=2),
    refusal=st.none() | texts,
    reasoning_content=texts,
    tool_calls=st.lists(chat_calls | custom_calls if HAS_CUSTOM else chat_calls, max_size=3),
    function_call=st.just({"name": "", "arguments": ""}),
)
CHAT = st.builds(
    lambda message, finish: {"id": "c", "choices": [{"index": 0, "message": message, "finish_reason": finish}]},
    chat_messages, st.sampled_from(["stop", "length", "tool_calls", "content_filter", "eos"]),
)  # fmt: skip
summaries = st.lists(st.builds(lambda text: {"type": "summary_text", "text": text}, texts), max_size=2)
items = st.one_of(
    st.builds(
        lambda text, phase: {"type": "message", "id": "i", **phase, "content": [{"type": "output_text", "text": text}]},
        texts, some(phase=st.sampled_from(["commentary", "final_answer", "other"])),
    ),
    st.builds(lambda text: {"type": "message", "id": "i", "content": [{"type": "refusal", "refusal": text}]}, texts),
    st.builds(
        lambda summary, seal: {"type": "reasoning", "id": "rs", "summary": summary, "encrypted_content": seal},
        summaries, signatures,
    ),
    st.builds(
        lambda call_id, name, asked: {"type": "function_call", "call_id": call_id, "name": name, "arguments": asked},
        ids, names, written,
    ),
)  # fmt: skip
CODEX = st.builds(
    lambda output, status: {"id": "r", "model": "gpt-5.2-codex", "status": status, "output": output},
    st.lists(items, max_size=4), st.sampled_from(["completed", "incomplete"]),
)  # fmt: skip
pages = st.builds(
    lambda title: {"type": "web_search_result_location", "url": "https://a.example", "title": title}, texts
)
blocks = st.one_of(
    st.builds(
        lambda text, more: {"type": "text", "text": text, **more}, texts, some(citations=st.lists(pages, max_size=2))
    ),
    st.builds(
        lambda text, signature: {"type": "thinking", "thinking": text, "signature": signature}, texts, signatures
    ),
    st.builds(lambda data: {"type": "redacted_thinking", "data": data}, signatures),
    st.builds(
        lambda call_id, name, asks: {"type": "tool_use", "id": call_id, "name": name, "input": asks},
        ids,
        names,
        objects,
    ),
    st.just({"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}),
)
CLAUDE = st.builds(
    lambda content, reason: {"type": "message", "role": "assistant", "content": content, "stop_reason": reason},
    st.lists(blocks, max_size=4), st.sampled_from(["end_turn", "tool_use", "max_tokens", "refusal", "pause_turn"]),
)  # fmt: skip
parts = st.one_of(
    st.builds(
        lambda text, more: {"text": text, **more}, texts, some(thought=st.booleans(), thoughtSignature=signatures)
    ),
    st.builds(
        lambda call_id, name, args, more: {"functionCall": {"id": call_id, "name": name, "args": args}, **more},
        ids, names, objects, some(thoughtSignature=signatures),
    ),
)  # fmt: skip
GEMINI = st.builds(
    lambda parts, reason: {"candidates": [{"index": 0, "content": {"parts": parts}, "finishReason": reason}]},
    st.lists(parts, max_size=4), st.sampled_from(["STOP", "MAX_TOKENS", "SAFETY", "OTHER"]),
)  # fmt: skip
REPLIES = {"openai_chat": CHAT, "openai_responses": CODEX, "anthropic": CLAUDE, "gemini": GEMINI}


def read(dialect: str, body: Json) -> Reply:
    """As its bytes are read."""
    book = listing(MODELS[dialect])
    return book.dialect.parse(
        body_value(json.dumps(body).encode()), ProviderRequest(asked(), {"model": book.upstream_id})
    )


@pytest.mark.parametrize("dialect", REPLIES)
@UNHURRIED
@given(data=st.data())
def test_a_reply_sent_back_is_taken_by_every_dialect(dialect: str, data: st.DataObject) -> None:
    try:
        reply = read(dialect, data.draw(REPLIES[dialect]))
    except ProviderError:
        return  # not told at all
    for message in (by_json(reply), by_stream(reply)):
        for model in TAKERS:
            assert objection(model, next_turn(message)) is None, (model, message)


@pytest.mark.parametrize("dialect", REPLIES)
@UNHURRIED
@given(data=st.data())
def test_what_leaves_can_be_stored_and_its_calls_told_apart(dialect: str, data: st.DataObject) -> None:
    try:
        reply = read(dialect, data.draw(REPLIES[dialect]))
    except ProviderError:
        return
    said = json.dumps(reply.choices[0].message, ensure_ascii=False)
    said.encode()
    assert "\\u0000" not in said.replace("\\\\u0000", "")
    called = [call["id"] for call in reply.choices[0].message.get("tool_calls") or ()]
    assert len(set(called)) == len(called) and all(called)

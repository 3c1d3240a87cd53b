"""What LangChain, the automaton and others send: OpenAI takes it, so does every model here."""

import base64
import struct
import zlib
from typing import Any

import httpx2 as httpx
import pytest
from openai import OpenAI

from tests.sdk.gateway import Gateway

ONE_OF_EACH = ("gpt-5-mini", "gpt-5.2-codex", "claude-haiku-4.5", "gemini-3-flash", "kimi-k2.5", "qwen3-coder")
WITH_EYES = ("gpt-5.2", "gpt-5.2-codex", "claude-opus-4.6", "gemini-2.5-pro", "kimi-k2.5")
WHO_READ_PDF = ("gpt-5.2", "gpt-5.2-codex", "claude-opus-4.6", "gemini-2.5-pro")

# What LangChain's message classes and the automaton put on a message or leave empty.
NULLS = """
    temperature top_p max_tokens max_completion_tokens n stop seed tools tool_choice logprobs top_logprobs logit_bias
    presence_penalty frequency_penalty parallel_tool_calls functions function_call response_format reasoning_effort
    stream_options user metadata store service_tier verbosity
"""


def png() -> str:
    """A red dot of 2 by 2."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = zlib.compress(b"\0" + b"\xff\0\0" * 2 + b"\0" + b"\xff\0\0" * 2)
    picture = chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 2, 8, 2, 0, 0, 0)) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    return "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n" + picture).decode()


PDF = (
    "data:application/pdf;base64,"
    + base64.b64encode(b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF").decode()
)


def said(openai: OpenAI, model: str, messages: list[Any], **fields: Any) -> str:
    return openai.chat.completions.create(model=model, messages=messages, **fields).choices[0].message.content or ""


@pytest.mark.parametrize("model", ONE_OF_EACH)
def test_several_system_messages_and_neighbours_of_one_role(openai: OpenAI, model: str) -> None:
    messages = [
        {"role": "system", "content": "You are brief."},
        {"role": "system", "content": "You are kind.", "name": "soul"},
        {"role": "user", "content": "One.", "name": "alice"},
        {"role": "user", "content": [{"type": "text", "text": "Two."}]},
        {"role": "assistant", "content": "Three."},
        {"role": "system", "content": "Now hurry."},
        {"role": "user", "content": "say 3 words"},
    ]
    assert len(said(openai, model, messages).split()) == 3


@pytest.mark.parametrize("model", ONE_OF_EACH)
def test_null_is_absent_everywhere(openai: OpenAI, model: str) -> None:
    call = {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    messages = [
        {"role": "user", "content": "Look.", "name": None},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [call],
            "function_call": None,
            "refusal": None,
            "audio": None,
        },
        {"role": "tool", "tool_call_id": "call_1", "content": "Nothing there.", "name": None},
        {"role": "assistant", "content": "Nothing.", "tool_calls": None, "refusal": None, "annotations": []},
        {"role": "user", "content": "say 3 words"},
    ]
    # as `extra_body`, or the SDK would leave them out
    assert said(openai, model, messages, extra_body=dict.fromkeys(NULLS.split()))


@pytest.mark.parametrize("model", ONE_OF_EACH)
def test_max_tokens_is_understood_whatever_its_name(openai: OpenAI, model: str) -> None:
    for name in ("max_tokens", "max_completion_tokens"):
        reply = openai.chat.completions.create(
            model=model, messages=[{"role": "user", "content": "say 900 words"}], **{name: 300}
        )
        assert reply.choices[0].finish_reason == "length"
        assert reply.usage and reply.usage.completion_tokens <= 300


@pytest.mark.parametrize("model", WITH_EYES)
def test_an_image_in_a_data_url_is_taken(openai: OpenAI, model: str) -> None:
    content = [
        {"type": "text", "text": "say 3 words"},
        {"type": "image_url", "image_url": {"url": png(), "detail": "low"}},
    ]
    assert said(openai, model, [{"role": "user", "content": content}])


@pytest.mark.parametrize("model", WHO_READ_PDF)
def test_a_pdf_in_a_data_url_is_taken(openai: OpenAI, model: str) -> None:
    content = [
        {"type": "text", "text": "say 3 words"},
        {"type": "file", "file": {"filename": "a.pdf", "file_data": PDF}},
    ]
    assert said(openai, model, [{"role": "user", "content": content}])


def test_conways_terminal_is_served_without_the_word_bearer(gateway: Gateway) -> None:
    body = {"model": "gpt-5.2", "messages": [{"role": "user", "content": "hello"}], "max_tokens": 500}
    reply = httpx.post(
        gateway.url + "/v1/chat/completions", json=body, headers={"authorization": gateway.keys["alice"]}
    )
    assert reply.json()["choices"][0]["message"]["content"]
    assert reply.json()["usage"]["total_tokens"]

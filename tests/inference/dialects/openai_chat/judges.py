"""Who says whether a body is one: the types of OpenAI's own SDK, and the sandbox's reading of each provider."""

import json
from typing import Any

from openai.types.chat.completion_create_params import (
    CompletionCreateParamsNonStreaming,
    CompletionCreateParamsStreaming,
)
from pydantic import TypeAdapter

from inference.sandbox.cache import PromptCache
from inference.sandbox.openai_chat.moonshot import Moonshot
from inference.sandbox.openai_chat.openai import OpenAI
from inference.sandbox.openai_chat.qwen import Qwen
from inference.sandbox.refusals import Refused
from inference.sandbox.validators import Invalid

Json = dict[str, Any]

WHOLE: TypeAdapter[Any] = TypeAdapter(CompletionCreateParamsNonStreaming)
STREAMED: TypeAdapter[Any] = TypeAdapter(CompletionCreateParamsStreaming)
# What Moonshot and Qwen have beyond OpenAI's types.
BEYOND = ("thinking", "top_k", "reasoning_content", "cache_control")
SANDBOX: dict[str, Any] = {
    "gpt-5.2": OpenAI(),
    "gpt-5-mini": OpenAI(),
    "gpt-5-nano": OpenAI(),
    "kimi-k2.5": Moonshot(),
    "qwen3-coder": Qwen(PromptCache()),
}
# What OpenAI's own refusals are relayed for, and Qwen's for a seed of more than 31 bits: the caller can mend it.
CALLERS_AFFAIR = {
    "openai": ("with this model", "Invalid schema", "the word 'json'", "is only allowed when"),
    "moonshot": (),
    "qwen": ("'seed'",),
}


def check_types(body: Json) -> None:
    """Raises where the SDK's types know a field otherwise, or not at all: they leave behind what they do not know."""
    sent = without(BEYOND, json.loads(json.dumps(body)))
    typed = (STREAMED if sent.get("stream") else WHOLE).validate_python(sent)
    assert exhausted(typed) == sent


def without(names: tuple[str, ...], value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without(names, inner) for name, inner in value.items() if name not in names}
    return [without(names, inner) for inner in value] if isinstance(value, list) else value


def exhausted(value: Any) -> Any:
    """The SDK types lists as iterables, which pydantic checks while they are read."""
    if isinstance(value, dict):
        return {name: exhausted(inner) for name, inner in value.items()}
    return value if isinstance(value, str | int | float | None) else [exhausted(inner) for inner in value]


def complaint(model: str, body: Json) -> str | None:
    """What the sandbox's provider has against it that the caller could not know."""
    wire = SANDBOX[model]
    sent = json.loads(json.dumps(body))
    try:
        wire.check_shape(sent)
        wire.checked(sent)
    except Refused as refused:
        said = refused.message
    except Invalid as invalid:
        said = wire.complaint(invalid).message
    else:
        return None
    return None if any(reason in said for reason in CALLERS_AFFAIR[wire.provider]) else said

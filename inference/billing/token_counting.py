"""Counting tokens without asking anybody: high for a bound, as near as we can for an estimate.

o200k is OpenAI's own vocabulary (`bpe-openai` carries it); other models' counts are a percentage of it, learned from
settled completions. Media are counted by what a provider charges at most, never by their base64.
"""

import json
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from inference.chat.media import is_data_url
from inference.chat.messages import AudioPart, FilePart, ImagePart, Message, RefusalPart, TextPart
from inference.chat.request import ChatRequest
from inference.chat.traits import Traits

MESSAGE_TOKENS = 16  # roles and separators around a message
REQUEST_TOKENS = 16
TOOLS_TOKENS = 700  # the system prompt some providers add when tools are given
BYTES_PER_AUDIO_TOKEN = 30  # 32 tokens a second, at the lowest bit rate in use (8 kbit/s)
BYTES_PER_DOCUMENT_PAGE = 20_000


@cache
def o200k() -> Any:
    """The wheel's own extension, without the package around it, which would read three vocabularies into dicts first:
    0.7 s and 75 MB a worker, for what the extension has in it.
    """
    package = find_spec("bpe_openai")
    assert package and package.submodule_search_locations
    (extension,) = Path(package.submodule_search_locations[0]).glob("_bindings*.so")
    spec = spec_from_file_location("bpe_openai._bindings", extension)
    assert spec and spec.loader
    spec.loader.exec_module(bindings := module_from_spec(spec))
    return bindings.tokenizer_for_encoding("o200k_base")


def count(text: str) -> int:
    """o200k tokens."""
    return int(o200k().count(text.encode("utf-8", "replace").decode()))


def bytes_bound(request: ChatRequest, traits: Traits) -> int:
    """No tokenizer makes more tokens than bytes: cheap, and enough where even that fits."""
    return sum(len(text.encode("utf-8", "replace")) for text in texts(request)) + overhead(request, traits)


def counted_bound(request: ChatRequest, traits: Traits, percent: int) -> int:
    """The o200k count, raised for the model; still never more than the bytes."""
    counted = -(-count("\n".join(texts(request))) * percent // 100) + overhead(request, traits)
    return min(counted, bytes_bound(request, traits))


def estimated_prompt(request: ChatRequest, percent: int, traits: Traits) -> int:
    """For a bill without the provider's numbers: the likely count of the text, not the highest."""
    media = sum(media_bound(part, traits) for message in request.messages for part in message.parts)
    return -(-count("\n".join(texts(request))) * percent // 100) + 3 * len(request.messages) + 3 + media


def least_prompt(request: ChatRequest, percent: int) -> int:
    """The text alone, as the thriftier of the model's tokenizer and o200k counts it."""
    return count("\n".join(texts(request))) * min(percent, 100) // 100


def texts(request: ChatRequest) -> Iterator[str]:
    """Everything a provider tokenizes as text."""
    for message in request.messages:
        yield from message_texts(message)
    for tool in request.tools or ():
        yield json.dumps(tool.function.model_dump(exclude_none=True), ensure_ascii=False)
    if request.response_format and request.response_format.json_schema:
        yield json.dumps(request.response_format.json_schema.schema_, ensure_ascii=False)


def message_texts(message: Message) -> Iterator[str]:
    if isinstance(message.content, str):
        yield message.content
    else:
        yield from (
            part.text if isinstance(part, TextPart) else part.refusal
            for part in message.parts
            if isinstance(part, TextPart | RefusalPart)
        )
    yield from (given for given in (message.name, message.refusal, message.reasoning_content) if given)
    for call in message.calls:
        yield call.function.name
        yield call.function.arguments or ""
    if message.thinking_blocks or message.extra_content:
        yield json.dumps([message.thinking_blocks, message.extra_content], ensure_ascii=False)


def overhead(request: ChatRequest, traits: Traits) -> int:
    media = sum(media_bound(part, traits) for message in request.messages for part in message.parts)
    tools = TOOLS_TOKENS if request.tools or request.response_format else 0
    return REQUEST_TOKENS + MESSAGE_TOKENS * len(request.messages) + tools + media


def media_bound(part: object, traits: Traits) -> int:
    match part:
        case ImagePart():
            return traits.image_tokens
        case AudioPart():
            return len(part.input_audio.data) * 3 // 4 // BYTES_PER_AUDIO_TOKEN
        case FilePart():
            return document_bound(part.file.file_data or "", traits)
    return 0


def document_bound(data: str, traits: Traits) -> int:
    size = len(data) * 3 // 4
    if is_data_url(data) and data[5:10].lower() == "text/":
        return size
    return (1 + size // BYTES_PER_DOCUMENT_PAGE) * traits.page_tokens


def has_media(request: ChatRequest) -> bool:
    return any(
        isinstance(part, ImagePart | AudioPart | FilePart) for message in request.messages for part in message.parts
    )


def reachable_buckets(request: ChatRequest) -> tuple[str, ...]:
    """The input buckets a request can be billed in, as far as it decides that itself."""
    marks = [part.cache_mark for message in request.messages for part in message.parts] + [
        message.cache_control for message in request.messages
    ]
    marks += [tool.cache_control for tool in request.tools or ()]
    audio = any(isinstance(part, AudioPart) for message in request.messages for part in message.parts)
    return (
        "input",
        *(["write_5m"] if any(mark is not None for mark in marks) else []),
        *(["write_1h"] if any(mark is not None and mark.ttl == "1h" for mark in marks) else []),
        *(["audio_in"] if audio else []),
    )

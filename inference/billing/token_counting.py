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

from inference.chat.invalid_request import InvalidRequest
from inference.chat.media import DATA_URL, read_base64, scheme
from inference.chat.messages import AudioPart, FilePart, ImagePart, Message, RefusalPart, TextPart
from inference.chat.request import ChatRequest
from inference.chat.traits import Traits

MESSAGE_TOKENS = 16  # roles and separators around a message
REQUEST_TOKENS = 16
TOOLS_TOKENS = 700  # the system prompt some providers add when tools are given
BYTES_PER_AUDIO_TOKEN = 30  # 32 tokens a second, at the lowest bit rate in use (8 kbit/s)
BYTES_PER_DOCUMENT_PAGE = 20_000
STEADY_AUDIO = ("wav", "mp3")  # silence takes as many bytes as speech; elsewhere next to none
STEADY_KINDS = ("audio/wav", "audio/mpeg", "application/octet-stream")  # an MP3 may begin with any frame


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
        told = tool.custom or tool.function
        yield json.dumps(told.model_dump(exclude_none=True), ensure_ascii=False)
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
    return REQUEST_TOKENS + MESSAGE_TOKENS * len(request.messages) + tools + media + request.grown_bytes


def media_bound(part: object, traits: Traits) -> int:
    match part:
        case ImagePart():
            return traits.image_tokens
        case AudioPart():
            return audio_bound(part, traits)
        case FilePart():
            return document_bound(part.file.file_data or "", traits)
    return 0


def audio_bound(part: AudioPart, traits: Traits) -> int:
    data = part.input_audio.data
    if part.input_audio.format in STEADY_AUDIO and kind_of(data) in STEADY_KINDS:
        return len(data) * 3 // 4 // BYTES_PER_AUDIO_TOKEN
    return largest_prompt(traits)


def document_bound(data: str, traits: Traits) -> int:
    """What is behind a URL nobody knows; of a sound or a film the bytes do not tell how long it lasts."""
    size, kind = len(data) * 3 // 4, kind_of(data)
    if kind.startswith(("audio/", "video/")) or (scheme(data) == "https" and "https" in traits.images):
        return largest_prompt(traits)
    if kind.startswith("text/"):
        return size
    if kind.startswith("image/"):
        return max(traits.image_tokens, traits.page_tokens)
    pages = (1 + size // BYTES_PER_DOCUMENT_PAGE) * traits.page_tokens
    return pages if kind == "application/pdf" else max(pages, size)


def kind_of(data: str) -> str:
    """The media type of a data URL or of base64 alone, by its first bytes where they tell it, as a dialect reads it."""
    declared = ""
    if head := DATA_URL.match(data[:1024]):
        declared, data = head[1].strip().lower(), data[head.end() : head.end() + 64]
    try:
        return read_base64(data[:64], declared).media_type
    except InvalidRequest:
        return declared


def largest_prompt(traits: Traits) -> int:
    return traits.max_input_tokens or traits.context_tokens


def has_media(request: ChatRequest) -> bool:
    return any(
        isinstance(part, ImagePart | AudioPart | FilePart) for message in request.messages for part in message.parts
    )


def may_be_heard(part: object) -> bool:
    """Whether a part may be billed as audio: a film has sound, too."""
    is_file = isinstance(part, FilePart) and kind_of(part.file.file_data or "").startswith(("audio/", "video/"))
    return isinstance(part, AudioPart) or is_file


def reachable_buckets(request: ChatRequest) -> tuple[str, ...]:
    """The input buckets a request can be billed in, as far as it decides that itself."""
    marks = [part.cache_mark for message in request.messages for part in message.parts] + [
        message.cache_control for message in request.messages
    ]
    marks += [tool.cache_control for tool in request.tools or ()]
    audio = any(may_be_heard(part) for message in request.messages for part in message.parts)
    return (
        "input",
        *(["write_5m"] if any(mark is not None for mark in marks) else []),
        *(["write_1h"] if any(mark is not None and mark.ttl == "1h" for mark in marks) else []),
        *(["audio_in"] if audio else []),
    )

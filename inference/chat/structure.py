"""How many values a request may hold and how deep they may lie, looked at before anything is made of them.

Reading, checking and rendering cost by the value, not by the byte: `[[],[],…]` of 2 MB would become a gigabyte of
objects. So values are counted in the bytes, and lists and maps after they were read and before they are checked.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from inference.chat.invalid_request import InvalidRequest

MOST_VALUES = 100_000
DEEPEST = 256

# Lists and maps of a request → entries. Twice and more what any provider takes, or an agent that works for days sends.
MOST_FIELDS = 256
MOST_ENTRIES = {
    "messages": 8_192,
    "tools": 1_024,
    "functions": 1_024,
    "stop": 1_024,
    "logit_bias": 4_096,
}
FEWEST_ENTRIES = min(MOST_ENTRIES.values())
# Lists inside messages → entries in all messages together.
MOST_IN_MESSAGES = {"content": 8_192, "tool_calls": 8_192, "thinking_blocks": 8_192}

# Ten bytes for each token of the longest context there is.
MOST_TEXT_BYTES = 10 * 2**20
MEDIA = (("image_url", "url"), ("input_audio", "data"), ("file", "file_data"))

CODE = "request_too_complex"
STRING = re.compile(rb'"[^"]*"')
OPENING, CLOSING = b"[{", b"]}"
NO_PUNCTUATION = bytes(set(range(256)) - set(b"[{,"))
NO_STRUCTURE = bytes(set(range(256)) - set(b'"[]{},'))


def too_many(what: str, most: int, *, param: str | None = None) -> InvalidRequest:
    return InvalidRequest(f"The request has more than {most:,} {what}.", param=param, code=CODE)


def values(text: bytes, most: int) -> int:
    """The JSON values in a text: as many as there are or a few more, and more than `most` where there are more.

    Strings are full of commas, so the quick count is only believed where it is low.
    """
    quick = punctuation(text)
    if quick <= most:
        return quick
    bare = outside_strings(text, most)
    return most + 1 if bare is None else punctuation(bare)


def punctuation(text: bytes) -> int:
    return 1 + len(text.translate(None, delete=NO_PUNCTUATION))


def outside_strings(text: bytes, most: int = MOST_VALUES) -> bytes | None:
    """Brackets and commas outside strings; None where there are more strings than so many values can have."""
    if b"\\" in text:
        text = text.replace(b"\\\\", b"").replace(b'\\"', b"")
    text = text.translate(None, delete=NO_STRUCTURE)
    if text.count(b'"') > 4 * most:  # two to a string, a name and a value to a member
        return None
    return STRING.sub(b"", text)


def depth(text: bytes) -> int:
    """How deep the values of a text lie in each other; as deep as allowed and one more where there are too many."""
    bare = outside_strings(text)
    if bare is None:
        return DEEPEST + 1
    at = deepest = 0
    for sign in bare:
        if sign in OPENING:
            at += 1
            deepest = max(deepest, at)
        elif sign in CLOSING:
            at -= 1
    return deepest


def counted(node: Any, text: bytes, most: int) -> int:
    """The values of a small text that was read already, or a few more; looks no further than `most`."""
    quick = punctuation(text)
    if quick < FEWEST_ENTRIES:
        return quick
    count, waiting = 1, [node]
    while waiting and count <= most:
        inner = waiting.pop()
        count += len(inner)
        held = inner.values() if isinstance(inner, dict) else inner
        waiting += [value for value in held if isinstance(value, dict | list)]
    return count


def check_fields(fields: Mapping[str, Any]) -> None:
    if len(fields) > MOST_FIELDS:
        raise too_many("fields", MOST_FIELDS)


def check(fields: Mapping[str, Any], values: int) -> None:
    """Raises `InvalidRequest` where a list or a map has too many entries. It holds no more values than `values`."""
    if values < FEWEST_ENTRIES:
        return  # most requests are not looked into further
    for name, most in MOST_ENTRIES.items():
        if size(fields.get(name)) > most:
            raise too_many(f"{name.replace('_', ' ')} entries" if name != "messages" else name, most, param=name)
    choice = fields.get("tool_choice")
    allowed = choice.get("allowed_tools") if isinstance(choice, dict) else None
    if isinstance(allowed, dict) and size(allowed.get("tools")) > MOST_ENTRIES["tools"]:
        raise too_many("allowed tools", MOST_ENTRIES["tools"], param="tool_choice")
    messages = fields.get("messages")
    check_messages([message for message in messages if isinstance(message, dict)] if isinstance(messages, list) else ())


def check_messages(messages: Iterable[Mapping[str, Any]]) -> None:
    for name, most in MOST_IN_MESSAGES.items():
        if sum(size(message.get(name)) for message in messages) > most:
            what = {"content": "content parts"}.get(name, name.replace("_", " "))
            raise too_many(f"{what} in its messages", most, param="messages")


def check_text(body_bytes: int, fields: Mapping[str, Any]) -> None:
    """Images, documents and audio may fill a body; text of that length fits no model, and would all be counted."""
    if body_bytes > MOST_TEXT_BYTES and body_bytes - media_size(fields) > MOST_TEXT_BYTES:
        most = MOST_TEXT_BYTES // 2**20
        sentence = (
            f"The request has more than {most} MB beside its images, documents and audio: no model takes so much."
        )
        raise InvalidRequest(sentence, param="messages", code="context_length_exceeded")


def media_size(fields: Mapping[str, Any]) -> int:
    messages = fields.get("messages")
    contents = [message.get("content") for message in messages or () if isinstance(message, dict)]
    parts = [part for content in contents if isinstance(content, list) for part in content if isinstance(part, dict)]
    held = [(part.get(kind), name) for part in parts for kind, name in MEDIA]
    return sum(
        len(data) for inner, name in held if isinstance(inner, dict) and isinstance(data := inner.get(name), str)
    )


def size(value: Any) -> int:
    return len(value) if isinstance(value, list | dict) else 0

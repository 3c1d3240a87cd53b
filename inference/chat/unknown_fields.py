"""Fields we do not know inside messages, parts, tools and the like: they are left behind, and the caller is told."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from inference.chat import messages

Json = dict[str, Any]
Names = frozenset[str]

MOST = 64  # names: callers invent them


def names(model: type[BaseModel], *more: str) -> Names:
    return frozenset({field.alias or name for name, field in model.model_fields.items()} | set(more))


# What a reply carries and a client sends back beside what it means: that it goes no further loses nothing.
ECHOED = ("annotations",)
PARTS: Mapping[str, type[messages.Part]] = {
    "text": messages.TextPart,
    "image_url": messages.ImagePart,
    "input_audio": messages.AudioPart,
    "file": messages.FilePart,
    "refusal": messages.RefusalPart,
}
OF_PART = {kind: names(model, *ECHOED) for kind, model in PARTS.items()}
OF_MEDIA = {"image_url": names(messages.ImageURL), "input_audio": names(messages.Audio), "file": names(messages.File)}
OF_MESSAGE = names(messages.Message, *ECHOED)
OF_CALL = names(messages.ToolCall, "index")
# What a message, a part and a call hold, each with fields of its own.
OF_INNER = {
    "function": names(messages.Function),
    "custom": names(messages.CustomCall),
    "cache_control": names(messages.CacheMark),
    "prompt_cache_breakpoint": names(messages.CacheBreakpoint),
    **OF_MEDIA,
}


def inside(given: Json, known: Mapping[str, Names]) -> list[str]:
    """Dotted names, each once, lists without their numbers. `known`: dotted place in the request → its fields, for all
    but the messages, of which there may be thousands.
    """
    found: dict[str, None] = {}
    for message in objects(given.get("messages")):
        look_into(found, message)
    for place, fields in known.items():
        if given.get(place.partition(".")[0]) is not None:
            for value in at(given, place):
                note(found, place, value, fields)
    return list(found)


def look_into(found: dict[str, None], message: Json) -> None:
    note(found, "messages", message, OF_MESSAGE)
    if message.get("cache_control") is not None:
        note_inner(found, "messages", message)
    for part in objects(message.get("content")):
        kind = part.get("type")
        if isinstance(kind, str) and kind in OF_PART:
            note(found, "messages.content", part, OF_PART[kind])
            if len(part) > 2 or kind != "text":
                note_inner(found, "messages.content", part)
    for call in objects(message.get("tool_calls")):
        note(found, "messages.tool_calls", call, OF_CALL)
        note_inner(found, "messages.tool_calls", call)


def note_inner(found: dict[str, None], place: str, value: Json) -> None:
    for name, inner in value.items():
        if isinstance(inner, dict) and name in OF_INNER:
            note(found, f"{place}.{name}", inner, OF_INNER[name])


def note(found: dict[str, None], place: str, value: Json, fields: Names) -> None:
    if value.keys() <= fields:
        return
    for name in sorted(value.keys() - fields):
        if value[name] is not None and len(found) < MOST:
            found[f"{place}.{name}"] = None


def objects(value: Any) -> list[Json]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def at(node: Json, place: str) -> Iterator[Json]:
    """The objects at a place; of a list, those in it."""
    level = [node]
    for step in place.split("."):
        held = [value[step] for value in level if step in value]
        level = [value for value in held if isinstance(value, dict)]
        level += [each for value in held for each in objects(value)]
    yield from level

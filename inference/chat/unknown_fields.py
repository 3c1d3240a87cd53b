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
OF_MESSAGE = {
    "messages": names(messages.Message, *ECHOED),
    "messages.tool_calls": names(messages.ToolCall, "index"),
    "messages.tool_calls.function": names(messages.Function),
    "messages.tool_calls.custom": names(messages.CustomCall),
    "messages.cache_control": names(messages.CacheMark),
    "messages.content.cache_control": names(messages.CacheMark),
    "messages.content.prompt_cache_breakpoint": names(messages.CacheBreakpoint),
}


def inside(given: Json, known: Mapping[str, Names]) -> list[str]:
    """Dotted names, each once, lists without their numbers. `known`: dotted place in the request → its fields."""
    found: dict[str, None] = {}
    for place, fields in known.items():
        for value in at(given, place):
            note(found, place, value, fields)
    for part in at(given, "messages.content"):
        kind = part.get("type")
        if isinstance(kind, str) and kind in OF_PART:
            note(found, "messages.content", part, OF_PART[kind])
            if kind in OF_MEDIA and isinstance(part.get(kind), dict):
                note(found, f"messages.content.{kind}", part[kind], OF_MEDIA[kind])
    return list(found)


def note(found: dict[str, None], place: str, value: Json, fields: Names) -> None:
    if value.keys() <= fields:
        return
    for name in value.keys() - fields:
        if value[name] is not None and len(found) < MOST:
            found[f"{place}.{name}"] = None


def at(given: Json, place: str) -> Iterator[Json]:
    """The objects at a place; of a list, those in it."""
    level = [given]
    for step in place.split("."):
        held = [value[step] for value in level if step in value]
        level = [value for value in held if isinstance(value, dict)]
        level += [each for value in held if isinstance(value, list) for each in value if isinstance(each, dict)]
    yield from level

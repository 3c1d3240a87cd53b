"""What of a provider's body the provider reads as prompt: all of it, except where the dialect declares something else.

A dialect declares its media, whose base64 is no text, and what is no prompt at all. Every other string counts as text,
so a field that is added tomorrow counts by itself. What a caller nests in a schema or in a call's arguments is under
no declaration: an image drawn there is text.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Media:
    """`data` is base64, a data URL, or an address; `declared` a media type, where it stands beside the data."""

    kind: Literal["image", "audio", "video", "file"]
    data: str
    declared: str = ""


@dataclass(frozen=True, slots=True)
class Silent:
    """No tokens: a setting, or a constant of ours."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A thought that a provider encrypted and takes back. Recorded bills count none of it, but nothing promises that:
    it counts for what a request may cost, and not for what it likely costs.
    """

    text: str = ""


@dataclass(frozen=True, slots=True)
class Pause:
    """Not in the body: it is time to let others go on."""


SILENT = Silent()
SEALED = Sealed()
PAUSE = Pause()

VALUES_AT_ONCE = 500  # 3 ms; 12,000 in one go held the event loop for 80

# What a declaration says of a value: no prompt, media, or of which of its fields ("*": each item of a list) more is
# declared. A function looks at the value first.
Rule = Silent | Sealed | Media | Mapping[str, Any]
Look = Callable[[Any], Rule | None]
Declared = Mapping[str, Rule | Look]


def settings(*names: str) -> dict[str, Rule | Look]:
    """Fields that steer a model and are not shown to it."""
    return dict.fromkeys(names, SILENT)


def media(kind: Literal["image", "audio", "file"]) -> Look:
    """Looks at a field that holds base64, a data URL or an address."""
    return lambda value: Media(kind, value) if isinstance(value, str) else None


def by_type(declared: Mapping[str, Mapping[str, Any]]) -> Look:
    """Looks at a part as its `type` says."""
    return lambda part: declared.get(str(part.get("type")), {}) if isinstance(part, dict) else None


def prompt_of(body: Mapping[str, Any], declared: Declared) -> Iterator[str | Sealed | Media | Pause]:
    """Every text and every media. The names of declared objects are ours; others are a caller's, and count."""
    waiting: list[Iterator[tuple[Any, Any]]] = [iter([(body, declared)])]
    looked_at = 0
    while waiting:
        for value, rule in waiting[-1]:
            looked_at += 1
            if looked_at % VALUES_AT_ONCE == 0:
                yield PAUSE
            rule = rule(value) if callable(rule) else rule
            if isinstance(rule, Silent):
                continue
            if isinstance(rule, Media):
                yield rule
            elif isinstance(rule, Sealed):
                yield Sealed(value if isinstance(value, str) else repr(value))
            elif isinstance(value, str):
                yield value
            elif isinstance(value, dict | list):
                if rule is None and isinstance(value, dict):
                    yield from value
                waiting.append(inside(value, rule))
                break
            else:
                yield repr(value)
        else:
            waiting.pop()


def inside(value: dict[str, Any] | list[Any], rule: Any) -> Iterator[tuple[Any, Any]]:
    """One by one: a list may be as long as a request."""
    if isinstance(value, list):
        each = None if rule is None else rule.get("*")
        return ((inner, each) for inner in value)
    return ((inner, None if rule is None else rule.get(name)) for name, inner in value.items())

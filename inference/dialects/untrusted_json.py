"""Reading what a provider or a model wrote, where nothing may be taken for granted: a wrong type counts as absent."""

import json
import re
from collections.abc import Mapping
from typing import Any

from pydantic_core import from_json

from inference.chat.budget import Budget
from inference.chat.provider_error import BAD_RESPONSE, ProviderError

RAW_ARGUMENTS = "__raw_arguments"  # holds what a model wrote in place of an object
REPLACEMENT = "\ufffd"
UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def event_object(data: str) -> dict[str, Any]:
    """An event's JSON object. Raises `ProviderError(BAD_RESPONSE)`."""
    value = event_value(data)
    if not isinstance(value, dict):
        raise ProviderError(BAD_RESPONSE, said=data[:500])
    return value


def event_value(data: str) -> Any:
    """An event's JSON, whatever it is. Raises `ProviderError(BAD_RESPONSE)`."""
    if "\\u0000" in data:
        return mended(data)
    try:
        return from_json(data)
    except ValueError:
        return mended(data)


def body_value(body: bytes) -> Any:
    """The JSON of a whole answer, read as an event's is."""
    if b"\\u0000" not in body:
        try:
            return from_json(body)
        except ValueError:
            pass
    return mended(body.decode("utf-8-sig", "replace"))


def mended(data: str) -> Any:
    """Half an emoji, escaped (`\\ud83d` alone), and NUL could be neither stored, counted nor sent back to us: U+FFFD
    stands in for each. Raises `ProviderError(BAD_RESPONSE)`.
    """
    try:
        return storable(json.loads(data, strict=False))
    except (ValueError, RecursionError) as error:
        raise ProviderError(BAD_RESPONSE, said=data[:500]) from error


def storable(value: Any) -> Any:
    match value:
        case str():
            return UNSTORABLE.sub(REPLACEMENT, value)
        case list():
            return [storable(inner) for inner in value]
        case dict():
            return {storable(name): storable(inner) for name, inner in value.items()}
    return value


def string(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def number(value: Any) -> int | None:
    """A whole number: JSON's `1.0` is one too, `true` is not."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def tokens(value: Any) -> int:
    """A count beside the totals: what is absent is none, what is no whole number spoils the usage (`Usage.of`)."""
    if value is None:
        return 0
    return -1 if (count := number(value)) is None else count


def grown(before: Mapping[str, Any], later: Mapping[str, Any], totals: tuple[str, ...]) -> dict[str, Any]:
    """Counts that are told again and again, each time as they stand: what is left out says nothing, and a zero does not
    undo a total.
    """
    undone = {name for name in totals if not later.get(name) and before.get(name)}
    return {**before, **{name: value for name, value in later.items() if value is not None and name not in undone}}


def asks_nothing(arguments: str) -> bool:
    """Of a call that names no tool: a stub of one, which some servers put beside an answer."""
    return arguments.strip() in ("", "{}", "null")


def mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def objects(value: Any) -> list[dict[str, Any]]:
    """The objects of a list; anything else in it is left out."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def strict_json(text: str, budget: Budget) -> Any:
    """Raises ValueError for what is no JSON, and for what no JSON can hold: 1e999 reads as infinity."""
    value = budget.nested(text)
    json.dumps(value, allow_nan=False)
    return value


def call_arguments(text: str | None, budget: Budget) -> dict[str, Any]:
    """A call's arguments as an object. A model wrote them: a 400 for broken JSON would end its conversation."""
    if not text or not text.strip():
        return {}
    try:
        value = strict_json(text, budget)
    except (ValueError, RecursionError):
        return {RAW_ARGUMENTS: text}
    return value if isinstance(value, dict) else {RAW_ARGUMENTS: value}

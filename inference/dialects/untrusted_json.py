"""Reading what a provider or a model wrote, where nothing may be taken for granted: a wrong type counts as absent."""

import json
from typing import Any

from pydantic_core import from_json

from inference.chat.budget import Budget
from inference.chat.provider_error import BAD_RESPONSE, ProviderError

RAW_ARGUMENTS = "__raw_arguments"  # holds what a model wrote in place of an object


def event_object(data: str) -> dict[str, Any]:
    """An event's JSON object. Raises `ProviderError(BAD_RESPONSE)`."""
    value = event_value(data)
    if not isinstance(value, dict):
        raise ProviderError(BAD_RESPONSE, said=data[:500])
    return value


def event_value(data: str) -> Any:
    """An event's JSON, whatever it is. Raises `ProviderError(BAD_RESPONSE)`."""
    try:
        return from_json(data)
    except ValueError:
        return mended(data)


def mended(data: str) -> Any:
    """Half an emoji, escaped (`\\ud83d` alone), could be neither stored nor counted: it becomes a question mark."""
    try:
        return from_json(json.dumps(json.loads(data), ensure_ascii=False).encode("utf-8", "replace"))
    except (ValueError, RecursionError) as error:
        raise ProviderError(BAD_RESPONSE, said=data[:500]) from error


def failure_body(body: bytes) -> Any:
    """Of an answer that is not 2xx; an edge's HTML is None."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def seconds(header: str | None) -> float | None:
    """Of `retry-after`; a date is left alone."""
    try:
        value = float(header or "")
    except ValueError:
        return None
    return value if 0 <= value < 1e9 else None


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
    return -1 if (told := number(value)) is None else told


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

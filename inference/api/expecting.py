"""Reading a caller's body by hand: what must be a text, an object, a list, each with the place where it is not."""

from typing import Any

from inference.chat.invalid_request import InvalidRequest
from inference.chat.unsupported_fields import printable

MOST_NOTES = 24  # that a header tells of one request
MISSING = "missing_required_parameter"


def wrong(at: str, sentence: str, code: str = "invalid_value") -> InvalidRequest:
    return InvalidRequest(f"{at}: {sentence}", param=top(at), code=code)


def top(at: str) -> str:
    """The field of the request that a place is in: `messages.2.content` is in `messages`."""
    return at.partition(".")[0].partition("[")[0]


def text(value: Any, at: str) -> str:
    if isinstance(value, str):
        return value
    raise missing(at) if value is None else wrong(at, "this must be a string.", "invalid_type")


def mapping(value: Any, at: str) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    raise missing(at) if value is None else wrong(at, "this must be an object.", "invalid_type")


def items(value: Any, at: str) -> list[Any]:
    if isinstance(value, list):
        return value
    raise missing(at) if value is None else wrong(at, "this must be an array.", "invalid_type")


def whole(value: Any, at: str) -> int:
    """`100.0` is 100, as in JavaScript."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise missing(at) if value is None else wrong(at, "this must be a whole number.", "invalid_type")


def settle_limits(fields: dict[str, Any], *names: str) -> None:
    """Reads limits of tokens as clients mean them: 0 and -1 are none, and 100.0 is a whole number."""
    for name in names:
        value = fields.get(name)
        if isinstance(value, float) and value.is_integer():
            fields[name] = value = int(value)
        if isinstance(value, int) and not isinstance(value, bool) and value <= 0:
            del fields[name]


def missing(at: str) -> InvalidRequest:
    return wrong(at, "this is required.", MISSING)


def one_of(value: Any, known: Any, at: str) -> Any:
    """What a table says of a name."""
    if isinstance(value, str) and value in known:
        return known[value]
    raise wrong(at, f"this must be one of {', '.join(map(repr, known))}.")


def note(notes: list[str], *names: str) -> None:
    """Notes names for a header: once each, in letters that one can hold, and a bounded number of them."""
    for name in names:
        if len(notes) >= MOST_NOTES:
            return
        if (shown := printable(name)) not in notes:
            notes.append(shown)

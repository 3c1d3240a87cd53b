"""A request's bytes as JSON, and text in it that could be neither stored nor counted.

Half an emoji and NUL come from models and tools, by way of a client's history: refusing them would end a conversation
for good. In messages they become U+FFFD; everywhere else they are the caller's own, and refused.
"""

import json
from typing import Any, NoReturn

from pydantic_core import from_json

from inference.chat.invalid_request import InvalidRequest

DEEPEST = 256
REPLACEMENT = "\ufffd"


def read(body: bytes) -> dict[str, Any]:
    """Raises `InvalidRequest`. The quick reader goes down 200 levels and takes no half emoji; a second one does."""
    try:
        given = from_json(body, allow_inf_nan=False)
    except ValueError as error:
        given = read_again(body, error)
    if not isinstance(given, dict):
        raise InvalidRequest("The request body must be a JSON object.", code="invalid_json")
    return given


def read_again(body: bytes, error: ValueError) -> Any:
    try:
        given = json.loads(body.decode(), parse_constant=refuse_constant)
    except RecursionError:
        raise too_deep() from error
    except ValueError:
        raise InvalidRequest(f"The request body is not valid JSON: {error}.", code="invalid_json") from error
    if depth(given) > DEEPEST:
        raise too_deep()
    return given


def refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def too_deep() -> InvalidRequest:
    return InvalidRequest(f"The request is nested deeper than {DEEPEST} levels.", code="request_too_complex")


def depth(value: Any) -> int:
    deepest, waiting = 0, [(value, 1)]
    while waiting and deepest <= DEEPEST:
        inner, level = waiting.pop()
        if isinstance(inner, dict | list):
            deepest = max(deepest, level)
            waiting += [(each, level + 1) for each in (inner.values() if isinstance(inner, dict) else inner)]
    return deepest


def mend(given: dict[str, Any], body: bytes) -> bool:
    """Whether something in the messages had to be replaced. Raises `InvalidRequest` for half an emoji elsewhere."""
    if b"\\u" not in body:
        return False
    is_mended = False
    if b"\\u0000" in body or b"\\ud" in body or b"\\uD" in body:
        messages = given.get("messages")
        mended = storable(messages)
        is_mended = mended != messages
        given["messages"] = mended
        rest = {name: value for name, value in given.items() if name != "messages"}
        if without_halves(rest) != rest:
            raise InvalidRequest("The request holds half a surrogate pair (\\ud800 to \\udfff).", code="invalid_json")
    return is_mended


def storable(value: Any) -> Any:
    """Without NUL and halves of characters, at any depth; names of fields as they are."""
    if isinstance(value, str):
        return whole(value).replace("\0", REPLACEMENT)
    if isinstance(value, list):
        return [storable(inner) for inner in value]
    return {name: storable(inner) for name, inner in value.items()} if isinstance(value, dict) else value


def without_halves(value: Any) -> Any:
    if isinstance(value, str):
        return whole(value)
    if isinstance(value, list):
        return [without_halves(inner) for inner in value]
    if isinstance(value, dict):
        return {whole(name): without_halves(inner) for name, inner in value.items()}
    return value


def whole(text: str) -> str:
    if text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text):
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")

"""Text in a request that could be neither stored nor counted: half an emoji, and NUL.

They come from models and tools, by way of a client's history: refusing them would end a conversation for good. In
messages they become U+FFFD; everywhere else they are the caller's own, and refused.
"""

from typing import Any

from inference.chat.invalid_request import InvalidRequest
from inference.chat.strict_json import may_hold_halves

REPLACEMENT = "\ufffd"


def mend(given: dict[str, Any], body: bytes) -> bool:
    """Whether something in the messages had to be replaced. Raises `InvalidRequest` for half an emoji elsewhere."""
    if b"\\u0000" not in body and not may_hold_halves(body):
        return False
    messages = given.get("messages")
    mended = storable(messages)
    rest = {name: value for name, value in given.items() if name != "messages"}
    if without_halves(rest) != rest:
        raise InvalidRequest("The request holds half a surrogate pair (\\ud800 to \\udfff).", code="invalid_json")
    given["messages"] = mended
    return bool(mended != messages)


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
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text

"""Text in a request that could be neither stored nor counted: half an emoji, and NUL.

They come from models and tools, by way of a client's history: refusing them would end a conversation for good. In
messages they become U+FFFD; everywhere else they are the caller's own, and refused.
"""

import re
from dataclasses import dataclass
from typing import Any

from inference.chat.invalid_request import InvalidRequest
from inference.chat.strict_json import may_hold_halves

REPLACEMENT = "\ufffd"

# What a JSON text is made of, as far as escapes go: `\\\\u0000` is an escaped backslash and four digits.
PIECE = re.compile(
    r"[^\\]+|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u([0-9a-fA-F]{4})|\\[^u]", re.S
)
LONGEST_ESCAPE = 12  # a pair of halves


def mend(fields: dict[str, Any], body: bytes) -> bool:
    """Whether something in the messages had to be replaced. Raises `InvalidRequest` for half an emoji elsewhere."""
    if b"\\u0000" not in body and not may_hold_halves(body):
        return False
    messages = fields.get("messages")
    mended = storable(messages)
    rest = {name: value for name, value in fields.items() if name != "messages"}
    if without_halves(rest) != rest:
        raise InvalidRequest("The request holds half a surrogate pair (\\ud800 to \\udfff).", code="invalid_json")
    fields["messages"] = mended
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


def storable_json(value: Any) -> Any:
    """JSON that a text held, with texts and names of fields that can be stored."""
    return storable(without_halves(value))


@dataclass(slots=True)
class Escapes:
    """Of a JSON text that comes in pieces: what its readers could not send back becomes U+FFFD, of the same length.
    Holds back the end of a piece that the next may complete.
    """

    held: str = ""

    def feed(self, piece: str) -> str:
        text = self.held + piece
        if "\\" not in text:
            return text
        mended, at = "", 0
        while (found := PIECE.match(text, at)) is not None:
            if is_first_half(found[1]) and len(text) - at < LONGEST_ESCAPE and text[found.end() :][:1] in ("", "\\"):
                break
            mended += f"\\u{ord(REPLACEMENT):04x}" if is_unstorable(found[1]) else found[0]
            at = found.end()
        self.held = text[at:]
        if len(self.held) >= LONGEST_ESCAPE:  # no JSON
            mended, self.held = mended + self.held, ""
        return mended

    def end(self) -> str:
        text, self.held = self.held, ""
        return PIECE.sub(lambda found: f"\\u{ord(REPLACEMENT):04x}" if is_unstorable(found[1]) else found[0], text)


def is_first_half(digits: str | None) -> bool:
    return digits is not None and 0xD800 <= int(digits, 16) < 0xDC00


def is_unstorable(digits: str | None) -> bool:
    return digits is not None and (int(digits, 16) == 0 or 0xD800 <= int(digits, 16) < 0xE000)

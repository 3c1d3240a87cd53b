"""Thought signatures: Gemini 3 wants its own back on the first call of every step of the current turn."""

import base64
import binascii
from typing import Any

from .models import bad

Content = dict[str, Any]
OURS = b"sandbox thought "
DUMMY = "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I="
DUMMIES = {DUMMY, base64.b64decode(DUMMY).decode()}


def signature(seed: str) -> str:
    return base64.b64encode(OURS + seed.encode()).decode()


def check_signatures(contents: list[Content], *, required: bool) -> None:
    for index, content in enumerate(contents):
        for nth, part in enumerate(content["parts"]):
            if "thoughtSignature" in part and not is_ours(part["thoughtSignature"]):
                raise bad(f"contents[{index}].parts[{nth}].thought_signature: Corrupted thought signature.")
    for index, content in list(enumerate(contents))[turn_start(contents) :] if required else ():
        first = next((part for part in content["parts"] if "functionCall" in part), None)
        if first and "thoughtSignature" not in first:
            raise bad(
                "Function call is missing a thought_signature in functionCall parts. This is required for tools "
                "to work correctly. "
                f"Additional data, function call `default_api:{first['functionCall']['name']}` , position {index + 1}."
            )


def is_ours(signature: str) -> bool:
    if signature in DUMMIES:
        return True
    return (decoded(signature) or b"").startswith(OURS)


def decoded(signature: str) -> bytes | None:
    """Bytes from either alphabet of base64, as Google reads it; None for anything else."""
    try:
        return base64.b64decode(signature.replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        return None


def turn_start(contents: list[Content]) -> int:
    """Where the current turn begins: the last user content that is not an answer to calls."""
    starts = [index for index, content in enumerate(contents) if is_spoken(content)]
    return starts[-1] if starts else 0


def is_spoken(content: Content) -> bool:
    return content.get("role", "user") == "user" and not any("functionResponse" in part for part in content["parts"])

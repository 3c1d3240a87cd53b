"""JSON from a caller, as strict as RFC 8259 and as deep as `structure.DEEPEST`."""

import json
from typing import Any, NoReturn

from pydantic_core import from_json

from inference.chat import structure

TOO_DEEP = "recursion limit exceeded"  # the quick reader's own words: it goes down 200 levels


class TooDeep(ValueError):
    pass


def read(text: bytes, *, halves: bool = False) -> Any:
    """Raises ValueError where it is no JSON, and `TooDeep`. `halves`: half an emoji is read, for the caller to mend."""
    takes_halves = halves and may_hold_halves(text)
    try:
        return from_json(text, allow_inf_nan=False)
    except ValueError as error:
        if TOO_DEEP not in str(error) and not takes_halves:
            raise
    if structure.depth(text) > structure.DEEPEST:
        raise TooDeep(f"nested deeper than {structure.DEEPEST} levels")
    value = json.loads(text.decode(), parse_constant=refuse_constant)
    if not takes_halves:
        json.dumps(value, ensure_ascii=False).encode()  # half an emoji, which the quick reader refuses too
    return value


def may_hold_halves(text: bytes) -> bool:
    return b"\\ud" in text or b"\\uD" in text


def refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")

"""JSON from a caller, as strict as RFC 8259 and as deep as `structure.DEEPEST`."""

import json
from typing import Any, NoReturn

from pydantic_core import from_json

from inference.chat import structure

TOO_DEEP = "recursion limit exceeded"  # the quick reader's own words: it goes down 200 levels


class TooDeep(ValueError):
    pass


def read(text: bytes) -> Any:
    """Raises ValueError where it is no JSON, and `TooDeep`."""
    try:
        return from_json(text, allow_inf_nan=False)
    except ValueError as error:
        if TOO_DEEP not in str(error):
            raise
    if structure.depth(text) > structure.DEEPEST:
        raise TooDeep(f"nested deeper than {structure.DEEPEST} levels")
    value = json.loads(text.decode(), parse_constant=refuse_constant)
    json.dumps(value, ensure_ascii=False).encode()  # half an emoji, which the quick reader refuses too
    return value


def refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")

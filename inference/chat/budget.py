"""What rendering a request may cost beyond its size, counted for all dialects in one place.

References write a schema out again and again, so a kilobyte of them can stand for millions of schemas; and strings hold
JSON of their own. Both are counted where they are made.
"""

from dataclasses import dataclass
from typing import Any

from inference.chat import replaced_text, strict_json, structure
from inference.chat.invalid_request import InvalidRequest

MOST_SCHEMAS = 20_000
MOST_NESTED_VALUES = structure.MOST_VALUES
CHARACTERS_PER_SCHEMA = 64  # of texts that are written out again

# A few milliseconds' work. What needs more is done in a process of its own.
SCHEMAS_ON_LOOP = 500
NESTED_VALUES_ON_LOOP = 4_000


class TooMuchHere(Exception):
    """The event loop would be held: another process is to do this."""


@dataclass(slots=True)
class Budget:
    """Of one rendering: schemas after references were written out, and JSON values inside strings.

    `has_fitted`: whether a schema had to say something otherwise than the caller, or not at all.
    """

    schemas: int = MOST_SCHEMAS
    nested_values: int = MOST_NESTED_VALUES
    on_loop: bool = False
    has_fitted: bool = False

    @classmethod
    def of(cls, *, on_loop: bool) -> "Budget":
        return cls(SCHEMAS_ON_LOOP, NESTED_VALUES_ON_LOOP, on_loop=True) if on_loop else cls()

    def spend(self, schemas: int, param: str) -> None:
        """Raises `InvalidRequest` when the request's schemas, written out, are too many."""
        self.schemas -= schemas
        if self.schemas >= 0:
            return
        if self.on_loop:
            raise TooMuchHere
        sentence = f"{param}: with references written out, the request has more than {MOST_SCHEMAS:,} schemas."
        raise InvalidRequest(sentence, param=param.partition("[")[0], code=structure.CODE)

    def write_out(self, value: Any, param: str) -> None:
        """Spends what a copy of a value costs; looks no further than what is left."""
        cost, waiting = 1, [value]
        while waiting and cost <= self.schemas:
            inner = waiting.pop()
            cost += 1
            if isinstance(inner, str):
                cost += len(inner) // CHARACTERS_PER_SCHEMA
            elif isinstance(inner, dict):
                waiting += inner.values()
                cost += sum(map(len, inner)) // CHARACTERS_PER_SCHEMA
            elif isinstance(inner, list):
                waiting += inner
        self.spend(cost + len(waiting), param)

    def nested(self, text: str) -> Any:
        """The JSON in a string, half an emoji and NUL in it replaced. Raises ValueError where it is none, or more than
        one request may hold.
        """
        encoded = text.encode("utf-8", "replace")
        count = structure.values(encoded, self.nested_values)
        if count > self.nested_values:
            if self.on_loop:
                raise TooMuchHere
            raise ValueError("too many values")
        self.nested_values -= count
        value = strict_json.read(encoded, halves=True)
        has_such = b"\\u0000" in encoded or strict_json.may_hold_halves(encoded)
        return replaced_text.storable_json(value) if has_such else value

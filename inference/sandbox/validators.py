"""What a provider accepts, as tables of rules.

A rule looks at one value of the request and raises Invalid, naming the place and the kind of problem; each provider
puts that in its own words.
"""

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

Path = tuple[str | int, ...]
Rule = Callable[[Any, Path], None]
TYPES = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    list: "array",
    dict: "object",
    type(None): "null",
}


class Invalid(Exception):
    """`problem` is one of missing, unknown, type, value, low, high, short, long, pattern."""

    def __init__(self, path: Path, problem: str, expected: Any = None, got: Any = None) -> None:
        super().__init__(path, problem, expected, got)
        self.path, self.problem, self.expected, self.got = path, problem, expected, got

    def words(self) -> dict[str, Any]:
        """What a provider's sentence may mention."""
        values = map(repr, self.expected) if isinstance(self.expected, tuple) else ()
        return {
            "expected": self.expected,
            "got": self.got,
            "values": list(values),
            "name": self.path[-1] if self.path else "",
        }


def json_type(value: Any) -> str:
    return TYPES[type(value)]


def expect(value: Any, path: Path, *types: str) -> None:
    if json_type(value) not in types:
        raise Invalid(path, "type", types[0], json_type(value))


def anything(value: Any, path: Path) -> None:
    """Accept every JSON value."""


def flag(value: Any, path: Path) -> None:
    expect(value, path, "boolean")


def text(*, least: int = 0, most: int | None = None, pattern: str | None = None) -> Rule:
    def rule(value: Any, path: Path) -> None:
        expect(value, path, "string")
        check_length(value, path, least, most)
        if pattern and not re.fullmatch(pattern, value):
            raise Invalid(path, "pattern", pattern, value)

    return rule


def number(low: float | None = None, high: float | None = None) -> Rule:
    return bounded(("number", "integer"), low, high)


def integer(low: int | None = None, high: int | None = None) -> Rule:
    return bounded(("integer",), low, high)


def bounded(types: tuple[str, ...], low: float | None, high: float | None) -> Rule:
    def rule(value: Any, path: Path) -> None:
        expect(value, path, *types)
        if low is not None and value < low:
            raise Invalid(path, "low", low, value)
        if high is not None and value > high:
            raise Invalid(path, "high", high, value)

    return rule


def one_of(*values: Any) -> Rule:
    def rule(value: Any, path: Path) -> None:
        if not any(value == allowed and type(value) is type(allowed) for allowed in values):
            raise Invalid(path, "value", values, value)

    return rule


def array(of: Rule, *, least: int = 0, most: int | None = None) -> Rule:
    def rule(value: Any, path: Path) -> None:
        expect(value, path, "array")
        check_length(value, path, least, most)
        for index, item in enumerate(value):
            of(item, (*path, index))

    return rule


def record(fields: Mapping[str, Rule], required: Collection[str] = ()) -> Rule:
    def rule(value: Any, path: Path) -> None:
        expect(value, path, "object")
        for name in required:
            if name not in value:
                raise Invalid((*path, name), "missing")
        for name, item in value.items():
            if name not in fields:
                raise Invalid((*path, name), "unknown", got=item)
            fields[name](item, (*path, name))

    return rule


def mapping(of: Rule, *, most: int | None = None) -> Rule:
    def rule(value: Any, path: Path) -> None:
        expect(value, path, "object")
        check_length(value, path, 0, most)
        for name, item in value.items():
            of(item, (*path, name))

    return rule


def tagged(key: str, shapes: Mapping[str, Rule], default: str | None = None) -> Rule:
    """An object whose `key` says which shape it has."""

    def rule(value: Any, path: Path) -> None:
        expect(value, path, "object")
        tag = value.get(key, default)
        if tag is None:
            raise Invalid((*path, key), "missing")
        if not isinstance(tag, str) or tag not in shapes:
            raise Invalid((*path, key), "value", tuple(shapes), tag)
        shapes[tag](value, path)

    return rule


def typed(**rules: Rule) -> Rule:
    """A value whose JSON type says which rule it follows, as in `typed(string=text(), array=array(part))`."""

    def rule(value: Any, path: Path) -> None:
        expect(value, path, *rules)
        rules[json_type(value)](value, path)

    return rule


def nullable(of: Rule) -> Rule:
    return lambda value, path: None if value is None else of(value, path)


def check_length(value: Any, path: Path, least: int, most: int | None) -> None:
    if len(value) < least:
        raise Invalid(path, "short", least, value)
    if most is not None and len(value) > most:
        raise Invalid(path, "long", most, value)


def dotted(path: Path) -> str:
    return ".".join(map(str, path))


def bracketed(path: Path) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")

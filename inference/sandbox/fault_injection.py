"""Orders to misbehave: `[[…]]` in the last user message, and process-wide ones from `POST /control`. The package's
docstring lists them."""

import re
from dataclasses import dataclass, fields, replace
from typing import Any

DATE = re.compile(r"-\d{4}-\d{2}-\d{2}$")
BRACKETS = re.compile(r"(?<!\s)\s*\[\[([^\[\]]*)\]\]")  # from where blanks begin: a million of them are looked at once
KEPT_BY_ONCE = {"pace", "words", "think", "served", "gone", "rerouted", "tokens_in", "tokens_out", "cached"}


@dataclass(frozen=True)
class Orders:
    pace: float = 0  # milliseconds per word
    words: int | None = None
    think: int | None = None
    served: str | None = None
    gone: str = ""  # models the provider has no more, between commas
    rerouted: str = ""  # `asked:served`, between commas
    tokens_in: int | None = None
    tokens_out: int | None = None
    cached: int | None = None
    status: int | None = None
    retry_after: str | None = None
    quota: bool = False
    html: bool = False
    first_byte: float = 0  # seconds
    cut: int | None = None
    error: int | None = None
    hang: int | None = None
    garbage: int | None = None
    refuse: int | None = None
    no_usage: bool = False
    malformed_call: bool = False
    once: bool = False

    def has_gone(self, model: str) -> bool:
        return not {model, DATE.sub("", model)}.isdisjoint(self.gone.split(","))

    def served_for(self, model: str) -> str:
        others = dict(pair.partition(":")[::2] for pair in self.rerouted.split(",") if pair)
        return self.served or others.get(model, model)

    def without_faults(self) -> "Orders":
        return Orders(**{name: getattr(self, name) for name in KEPT_BY_ONCE})


READERS: dict[str, Any] = {
    "pace": float, "first_byte": float, "served": str, "gone": str, "rerouted": str, "retry_after": str,
    "quota": bool, "html": bool, "no_usage": bool, "malformed_call": bool, "once": bool,
}  # fmt: skip
NAMES = {field.name for field in fields(Orders)}


def read(fields: dict[str, Any], base: Orders | None = None) -> Orders:
    """Orders by name over `base`; `pace_ms` and `pace` are the same, null unsets. Raises ValueError naming what is
    not an order."""
    found: dict[str, Any] = {}
    for key, value in fields.items():
        name = key.replace("-", "_").removesuffix("_ms")
        if name not in NAMES:
            raise ValueError(f"no such order: {key}")
        found[name] = getattr(Orders(), name) if value is None else READERS.get(name, int)(value)
    return replace(base or Orders(), **found)


def split(prompt: str, base: Orders) -> tuple[str, Orders]:
    """The prompt without its brackets, and what they order. A bracket that is no order stays in the text."""
    orders = base

    def take(found: re.Match[str]) -> str:
        nonlocal orders
        try:
            orders = read(dict(parse_word(word) for word in found[1].split()), orders)
        except ValueError:
            return found[0]
        return ""

    return BRACKETS.sub(take, prompt).strip(), orders


def parse_word(word: str) -> tuple[str, str]:
    name, _, value = word.partition("=")
    is_switch = READERS.get(name.replace("-", "_")) is bool
    return name, "yes" if is_switch else value or "0"

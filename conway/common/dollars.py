"""Amounts as people type them: dollars, with a point before the cents. What could be read in two ways is refused."""

import re
from typing import Any

from django import forms

TYPED = re.compile(r"(?P<sign>[-−]?)\$?(?P<whole>[0-9]{1,15})(?:\.(?P<rest>[0-9]{1,2}))?", re.ASCII)


def cents_of(text: str) -> int | None:
    """None for what is no amount of whole cents: `50,00`, `1.005`, `1e3`."""
    if (found := TYPED.fullmatch(text.strip())) is None:
        return None
    cents = int(found["whole"]) * 100 + int((found["rest"] or "").ljust(2, "0"))
    return -cents if found["sign"] else cents


def typed(cents: int) -> str:
    whole, rest = divmod(abs(cents), 100)
    return f"{'-' if cents < 0 else ''}{whole}.{rest:02}"


class DollarsField(forms.CharField):
    """Typed and shown in dollars; its value is cents."""

    def __init__(self, *, least_cents: int = 1, most_cents: int = 10**12, **kwargs: Any) -> None:
        attrs = {"inputmode": "decimal", "autocomplete": "off", "size": 16}
        super().__init__(**{"max_length": 24, "widget": forms.TextInput(attrs=attrs), **kwargs})
        self.least_cents, self.most_cents = least_cents, most_cents

    def prepare_value(self, value: Any) -> Any:
        return typed(value) if isinstance(value, int) else value

    def clean(self, value: Any) -> int | None:
        if not (text := super().clean(value)):
            return None
        if (cents := cents_of(text)) is None:
            raise forms.ValidationError("Write dollars like 1250 or 1250.50: a point before the cents, and no comma.")
        if not self.least_cents <= cents <= self.most_cents:
            raise forms.ValidationError(f"Between ${typed(self.least_cents)} and ${typed(self.most_cents)}.")
        return cents

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(self.prepare_value(initial), data)

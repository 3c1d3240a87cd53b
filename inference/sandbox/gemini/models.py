"""The Gemini models served, and what each takes."""

from dataclasses import dataclass
from typing import Any

from ..refusals import Refused

INPUT_MAX, OUTPUT_MAX = 1_048_576, 65_536
FROM_LOW = ("LOW", "MEDIUM", "HIGH")


@dataclass(frozen=True)
class Model:
    """Either a range of thinking budgets (2.5) or a list of thinking levels (3)."""

    name: str
    budgets: tuple[int, int] | None = None
    levels: tuple[str, ...] = ()
    penalties: bool = False
    prefill: bool = True  # else a conversation must not end with the model's turn

    @property
    def is_third(self) -> bool:
        """Generation 3 signs its calls, gives them ids, and takes JSON mode beside tools."""
        return bool(self.levels)


MODELS = {
    model.name: model
    for model in (
        Model("gemini-4-hydrogen", levels=(*FROM_LOW, "XHIGH"), prefill=False),
        Model("gemini-4-argon", levels=FROM_LOW, prefill=False),
        Model("gemini-3.8-flash", levels=FROM_LOW, prefill=False),
        Model("gemini-3.5-flash-lite", levels=("MINIMAL", *FROM_LOW), prefill=False),
        Model("gemini-2.5-pro", budgets=(128, 32_768)),
        Model("gemini-2.5-flash", budgets=(0, 24_576)),
        Model("gemini-3.1-pro-preview", levels=FROM_LOW, penalties=True),
        Model("gemini-3-flash-preview", levels=("MINIMAL", *FROM_LOW), penalties=True),
    )
}


def known(name: str) -> Model:
    if name not in MODELS:
        raise Refused(
            404,
            "NOT_FOUND",
            f"models/{name} is not found for API version v1beta, or is not supported for generateContent.",
        )
    return MODELS[name]


def bad(message: str, details: Any = None) -> Refused:
    return Refused(400, "INVALID_ARGUMENT", message, details=details)

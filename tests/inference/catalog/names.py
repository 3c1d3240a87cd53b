"""What the names that were offered from the start answer, at dates when their providers have ended them.

`python -m tests.inference.catalog.names` writes docs/providers/models.md from the same rows that the test holds.
"""

import math
import os
from dataclasses import dataclass
from datetime import UTC, date, datetime
from fractions import Fraction
from pathlib import Path

import django

PAGE = Path(__file__).parents[3] / "docs" / "providers" / "models.md"
DATES = tuple(map(date.fromisoformat, ("2026-11-25", "2026-12-02", "2026-12-12", "2027-02-01")))

PROMPT, OUTPUT = 100_000, 2_000
ASKED = f"say 8 words [[tokens_in={PROMPT} tokens_out={OUTPUT}]]"

# When a provider answers 404 for what it calls a model, and what it answers another's name with.
GONE = {
    "gpt-5.2-codex": date(2026, 7, 23),
    "kimi-k2.5": date(2026, 8, 31),
    "claude-sonnet-4-5-20250929": date(2026, 11, 30),
    "gpt-5-mini": date(2026, 12, 11),
    "gpt-5-nano": date(2026, 12, 11),
    "claude-opus-4-5-20251101": date(2027, 1, 22),
}
REROUTED = {
    "gemini-2.5-pro": ("gemini-3.8-flash", date(2026, 12, 1)),
    "gemini-2.5-flash": ("gemini-3.5-flash-lite", date(2026, 12, 1)),
}

NAMES = (
    "gpt-5.2", "gpt-5.2-codex", "gpt-5-mini", "gpt-5-nano", "claude-opus-4.6", "claude-opus-4.5", "claude-sonnet-4.5",
    "claude-haiku-4.5", "gemini-2.5-pro", "gemini-2.5-flash", "gemini-3-pro", "gemini-3-flash", "kimi-k2.5",
    "qwen3-coder",
)  # fmt: skip


@dataclass(frozen=True)
class Served:
    """`by`: the model that served and was charged; without, the error names `offered`."""

    by: str = ""
    offered: str = ""

    def words(self, day: date) -> str:
        return f"`{self.by}`, {cents(self.by, day)} ¢" if self.by else f"404, offers `{self.offered}`"


# From which date on it is not the model itself any more: (date, what answers instead).
EXPECTED: dict[str, list[tuple[date, Served]]] = {
    "gpt-5.2-codex": [(date(2026, 7, 23), Served("gpt-5.3-codex"))],
    "gpt-5-mini": [(date(2026, 12, 11), Served("gpt-6-luna"))],
    "gpt-5-nano": [(date(2026, 12, 11), Served(offered="gpt-6-luna"))],
    "claude-opus-4.5": [(date(2027, 1, 22), Served("claude-opus-5.5"))],
    "claude-sonnet-4.5": [(date(2026, 11, 30), Served("claude-sonnet-5.5"))],
    "gemini-2.5-pro": [
        (date(2026, 12, 1), Served("gemini-3.8-flash")),
        (date(2027, 1, 1), Served(offered="gemini-3.8-flash")),
    ],
    "gemini-2.5-flash": [(date(2026, 12, 1), Served("gemini-3.5-flash-lite"))],
    "kimi-k2.5": [(date(2026, 8, 31), Served(offered="kimi-k2.6"))],
}


def expected(name: str, day: date) -> Served:
    found = [served for begins, served in EXPECTED.get(name, []) if begins <= day]
    return found[-1] if found else Served(name)


def cents(name: str, day: date) -> int:
    """What the row charges for `ASKED`, in fractions."""
    from inference.catalog import loading  # needs Django's apps

    row = loading.rows()[name]
    begun = [change["price"] for change in row.get("later", ()) if change["starts"] <= noon(day)]
    sheet = [row["price"], *begun][-1]
    tier = next((tier for tier in reversed(sheet.get("tiers", [])) if tier["above"] < PROMPT), sheet)
    usd = (Fraction(str(tier["input"])) * PROMPT + Fraction(str(tier["output"])) * OUTPUT) / 10**6
    return math.ceil(usd * 130)


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def gone(day: date) -> str:
    return ",".join(model for model, ends in GONE.items() if ends <= day)


def rerouted(day: date) -> str:
    return ",".join(f"{model}:{other}" for model, (other, begins) in REROUTED.items() if begins <= day)


def page() -> str:
    rows = [[f"`{name}`", *(expected(name, day).words(day) for day in DATES)] for name in NAMES]
    lines = [["asked for", *map(str, DATES)], ["---"] * (len(DATES) + 1), *rows]
    return HEAD + "".join(f"| {' | '.join(line)} |\n" for line in lines)


HEAD = """# What the first fourteen names answer

Providers end models; the names stay. Each cell is what serves a caller who has not agreed to dearer successors
([decisions/catalogue.md](../decisions/catalogue.md)), and what is charged for a prompt of 100,000 tokens and an answer
of 2,000. A 404 costs nothing and names the successor with its price; `x-conway-follow-successor: true` has it answer.

Made by `python -m tests.inference.catalog.names`; `tests/inference/catalog/test_names.py` asks every cell of a gateway
whose clock stands there.

"""

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "conway.settings")
    django.setup()
    PAGE.write_text(page())

"""Public price lists, read into one form: what others say that a model costs, so that staff can compare.

genai-prices   the Python package, where it is installed (a development dependency)
a JSON file    in the form of LiteLLM's price map, by its path

No list is fetched, and nothing is changed by what one says.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from importlib import import_module, metadata
from pathlib import Path
from typing import Any, Protocol

MILLION = Decimal(1_000_000)


@dataclass(frozen=True)
class ListedModel:
    """Of one model at one time. `tiers`: for prompts above so many tokens, USD per million tokens of each bucket."""

    tiers: Mapping[int, Mapping[str, Decimal]]
    max_input_tokens: int | None = None
    max_output_tokens: int | None = None
    retires_on: date | None = None


class PriceList(Protocol):
    name: str

    def find(self, provider: str, upstream_id: str, moment: datetime) -> ListedModel | None: ...


class GenaiPrices:
    """The package `genai-prices`. Raises ImportError where it is not installed."""

    PROVIDERS: Mapping[str, str] = {
        "openai": "openai", "anthropic": "anthropic", "gemini": "google", "moonshot": "moonshotai",
    }  # fmt: skip
    BUCKETS: Mapping[str, str] = {
        "input_mtok": "input", "cache_read_mtok": "cached", "cache_write_mtok": "write_5m",
        "cache_write_1h_mtok": "write_1h", "input_audio_mtok": "audio_in", "cache_audio_read_mtok": "audio_cached",
        "output_mtok": "output",
    }  # fmt: skip

    def __init__(self) -> None:
        self.providers = {found.id: found for found in import_module("genai_prices.data").providers}
        self.name = f"genai-prices {metadata.version('genai-prices')}"

    def find(self, provider: str, upstream_id: str, moment: datetime) -> ListedModel | None:
        listed = self.providers.get(self.PROVIDERS.get(provider, ""))
        model = listed and listed.find_model(upstream_id)
        if not model:
            return None
        prices = model.get_prices(moment)
        tiers: dict[int, dict[str, Decimal]] = {0: {}}
        for field, bucket in self.BUCKETS.items():
            price = getattr(prices, field, None)
            for above, value in [(0, getattr(price, "base", price)), *(
                (tier.start, tier.price) for tier in getattr(price, "tiers", ())
            )]:  # fmt: skip
                if value is not None:
                    tiers.setdefault(above, {})[bucket] = value
        return ListedModel(tiers)


class PriceMap:
    """A JSON file in the form of LiteLLM's `model_prices_and_context_window.json`: USD a token.

    Raises OSError, and ValueError for a file that is no such map.
    """

    PREFIXES: Mapping[str, Sequence[str]] = {
        "openai": ("",), "anthropic": ("",), "gemini": ("gemini/",), "moonshot": ("moonshot/",),
        "qwen": ("dashscope/",),
    }  # fmt: skip
    BUCKETS: Mapping[str, str] = {
        "input_cost_per_token": "input", "cache_read_input_token_cost": "cached",
        "cache_creation_input_token_cost": "write_5m", "cache_creation_input_token_cost_above_1hr": "write_1h",
        "input_cost_per_audio_token": "audio_in", "output_cost_per_token": "output",
    }  # fmt: skip

    def __init__(self, path: Path) -> None:
        self.models = json.loads(path.read_text(), parse_float=Decimal)
        if not isinstance(self.models, dict):
            raise ValueError(f"{path.name} is no map of models.")
        self.name = path.name

    def find(self, provider: str, upstream_id: str, moment: datetime) -> ListedModel | None:
        names = (prefix + upstream_id for prefix in self.PREFIXES.get(provider, ()))
        row = next((row for name in names if isinstance(row := self.models.get(name), dict)), None)
        if row is None:
            return None
        ends = row.get("deprecation_date")
        most = {name: row.get(name) for name in ("max_input_tokens", "max_output_tokens")}
        limits = {name: value if isinstance(value, int) else None for name, value in most.items()}
        return ListedModel(
            self.tiers(row), **limits, retires_on=date.fromisoformat(ends) if isinstance(ends, str) else None
        )

    def tiers(self, row: Mapping[str, Any]) -> dict[int, dict[str, Decimal]]:
        """`input_cost_per_token_above_200k_tokens` is a tier's."""
        tiers: dict[int, dict[str, Decimal]] = {}
        for field, bucket in self.BUCKETS.items():
            for name, value in row.items():
                above = 0 if name == field else tier_of(name.removeprefix(field)) if name.startswith(field) else None
                if above is not None and isinstance(value, int | Decimal):
                    tiers.setdefault(above, {})[bucket] = value * MILLION
        return tiers


def tier_of(suffix: str) -> int | None:
    """`_above_272k_tokens` → 272000; None for what is no tier of the standard price."""
    number = suffix.removeprefix("_above_").removesuffix("k_tokens")
    return int(number) * 1000 if suffix == f"_above_{number}k_tokens" and number.isdecimal() else None

"""The price list and the formula, written down a second time: what the meter's tokens must have cost."""

from fractions import Fraction
from math import ceil

Prices = tuple[str | None, ...]  # as BUCKETS has them

# USD per million tokens: input, cached, cache write 5m, cache write 1h, output (list prices of 2026-11-22)
PRICES: dict[str, Prices] = {
    "gpt-5.2": ("1.75", "0.175", None, None, "14"),
    "gpt-5.2-codex": ("1.75", "0.175", None, None, "14"),
    "gpt-5.3-codex": ("1.75", "0.175", None, None, "14"),
    "gpt-5-mini": ("0.25", "0.025", None, None, "2"),
    "gpt-5-nano": ("0.05", "0.005", None, None, "0.40"),
    "claude-opus-4.6": ("5", "0.50", "6.25", "10", "25"),
    "claude-opus-4.5, ten times as dear": ("50", None, None, None, "250"),
    "claude-opus-4.5": ("5", "0.50", "6.25", "10", "25"),
    "claude-sonnet-4.5": ("3", "0.30", "3.75", "6", "15"),
    "claude-haiku-4.5": ("1", "0.10", "1.25", "2", "5"),
    "gemini-2.5-pro": ("1.25", "0.125", None, None, "10"),
    "gemini-2.5-flash": ("0.30", "0.03", None, None, "2.50"),
    "gemini-3-flash": ("0.50", "0.05", None, None, "3"),
    "kimi-k2.5": ("0.60", "0.10", None, None, "3.00"),
    "qwen3-coder": ("1", "0.20", "1.25", None, "5"),
}
TIERS: dict[str, list[tuple[int, Prices]]] = {
    "gemini-2.5-pro": [(200_000, ("2.50", "0.25", None, None, "15"))],
    "qwen3-coder": [
        (32_000, ("1.8", "0.36", "2.25", None, "9")),
        (128_000, ("3", "0.60", "3.75", None, "15")),
        (256_000, ("6", "1.20", "7.50", None, "60")),
    ],
}
BUCKETS = ("input", "cached", "write_5m", "write_1h", "output")
MARKUP = Fraction(13, 10)


def cents(model: str, used: dict[str, int]) -> int:
    """ceil(cost × 100 × 1.3), in fractions."""
    prompt = sum(used[bucket] for bucket in BUCKETS[:-1])
    prices = PRICES[model]
    for above, dearer in TIERS.get(model, ()):
        prices = dearer if prompt > above else prices
    usd = sum(used[bucket] * Fraction(price or 0) for bucket, price in zip(BUCKETS, prices, strict=True)) / 1_000_000
    return ceil(usd * 100 * MARKUP)

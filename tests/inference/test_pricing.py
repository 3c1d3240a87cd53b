"""The formula and the price list: worked examples, and where floats go wrong."""

from decimal import Decimal
from fractions import Fraction
from math import ceil
from typing import Any

import pytest

from inference.catalog.pricing import InvalidSheet, PriceSheet, charged_cents
from inference.chat.usage import Usage

OPUS = {"input": "5", "cached": "0.50", "write_5m": "6.25", "write_1h": "10", "output": "25"}
GEMINI_PRO = {
    "input": "1.25",
    "cached": "0.125",
    "output": "10",
    "tiers": [{"above": 200_000, "input": "2.50", "cached": "0.25", "output": "15"}],
}
QWEN = {
    "input": "1",
    "cached": "0.20",
    "output": "5",
    "tiers": [{"above": 32_000, "input": "1.8", "cached": "0.36", "output": "9"}],
}
PRICES = [("5", "25"), ("1", "5"), ("3", "15"), ("0.25", "2"), ("1.75", "14"), ("0.05", "0.40"), ("0.60", "3")]

WORKED: list[tuple[dict[str, Any], Usage, str, int]] = [
    (
        {"input": "1.75", "cached": "0.175", "output": "14"},
        Usage(input=3_808, cached=8_192, output=1_500),
        "0.0290976",
        4,
    ),
    (OPUS, Usage(input=50, write_5m=4_000, write_1h=2_000, cached=100_000, output=800), "0.11525", 15),
    ({"input": "1", "output": "5"}, Usage(input=8, output=7), "0.000043", 1),
    ({"input": "0.50", "audio_in": "1.00", "output": "3"}, Usage(input=600, audio_in=500, output=840), "0.00332", 1),
    (GEMINI_PRO, Usage(input=200_000, cached=50_000, output=4_000), "0.5725", 75),
    (GEMINI_PRO, Usage(input=199_999, output=1_000), "0.25999875", 34),
    (GEMINI_PRO, Usage(input=200_000, output=1_000), "0.26", 34),
    (GEMINI_PRO, Usage(input=200_001, output=1_000), "0.5150025", 67),
    ({"input": "0.60", "cached": "0.10", "output": "3"}, Usage(input=7_440, cached=2_560, output=2_000), "0.01072", 2),
    (QWEN, Usage(input=30_000, cached=10_000, output=1_000), "0.0666", 9),
    ({"input": "3", "output": "15"}, Usage(input=1_200, output=430), "0.01005", 2),
    (OPUS, Usage(output=44_000), "1.10", 143),
]  # fmt: skip

VECTORS = [
    ("5", "25", 1_000, 11_800, 39), ("1", "5", 5_500, 18_900, 13), ("3", "15", 100_000, 0, 39),
    ("3", "15", 80_000, 4_000, 39), ("0.25", "2", 400_000, 100_000, 39), ("5", "25", 0, 44_000, 143),
]  # fmt: skip


@pytest.mark.parametrize(("sheet", "usage", "cost", "cents"), WORKED)
def test_the_worked_examples(sheet: dict[str, Any], usage: Usage, cost: str, cents: int) -> None:
    found = PriceSheet.of(sheet).cost_usd(usage)
    assert (found, charged_cents(found)) == (Decimal(cost), cents)


@pytest.mark.parametrize(("price_in", "price_out", "tokens_in", "tokens_out", "cents"), VECTORS)
def test_the_exact_vectors(price_in: str, price_out: str, tokens_in: int, tokens_out: int, cents: int) -> None:
    sheet = PriceSheet.of({"input": price_in, "output": price_out})
    assert charged_cents(sheet.cost_usd(Usage(input=tokens_in, output=tokens_out))) == cents


def float_traps() -> list[tuple[str, str, int, int]]:
    """Round token counts for which the formula in floats comes to another number of cents."""
    found = []
    for price_in, price_out in PRICES:
        for tokens_in in range(0, 1_000_001, 20_000):
            for tokens_out in range(0, 128_001, 2_000):
                usd = (tokens_in * float(price_in) + tokens_out * float(price_out)) / 1_000_000
                if ceil(usd * 100 * 1.3) != exact(price_in, price_out, tokens_in, tokens_out):
                    found.append((price_in, price_out, tokens_in, tokens_out))
    return found


def exact(price_in: str, price_out: str, tokens_in: int, tokens_out: int) -> int:
    return ceil((tokens_in * Fraction(price_in) + tokens_out * Fraction(price_out)) * 130 / 1_000_000)


def test_no_float_trap_catches_us() -> None:
    traps = float_traps()
    assert len(traps) >= 71
    for price_in, price_out, tokens_in, tokens_out in traps:
        sheet = PriceSheet.of({"input": price_in, "output": price_out})
        cents = charged_cents(sheet.cost_usd(Usage(input=tokens_in, output=tokens_out)))
        assert cents == exact(price_in, price_out, tokens_in, tokens_out)


def test_an_unpriced_bucket_costs_as_much_as_the_dearest() -> None:
    sheet = PriceSheet.of(OPUS)
    usage = Usage(audio_in=1_000_000)
    assert (sheet.cost_usd(usage), sheet.unpriced(usage)) == (Decimal(10), ["audio_in"])


def test_nothing_costs_nothing_and_anything_a_cent() -> None:
    sheet = PriceSheet.of({"input": "0.05", "output": "0.40"})
    assert charged_cents(sheet.cost_usd(Usage())) == 0
    assert charged_cents(sheet.cost_usd(Usage(input=1))) == 1


@pytest.mark.parametrize(
    "sheet",
    [
        {"input": "1"},
        {"input": 1.5, "output": "1"},
        {"input": "-1", "output": "1"},
        {"input": "NaN", "output": "1"},
        {"input": "0.0000001", "output": "1"},
        {"input": True, "output": "1"},
        {"input": "1", "output": "1", "outptu": "2"},
        {"input": "1", "output": "1", "tiers": [{"above": 5, "input": "1", "output": "1"}] * 2},
    ],
)
def test_a_sheet_nobody_could_be_charged_by_is_refused(sheet: dict[str, Any]) -> None:
    with pytest.raises(InvalidSheet):
        PriceSheet.of(sheet)


def test_what_a_bound_affords_never_costs_more() -> None:
    bound = PriceSheet.of(OPUS).bound(1_000, ("input", "write_1h"))
    for cents in range(2, 400, 7):
        tokens = bound.affordable_output(cents)
        assert bound.cents(tokens) <= cents < bound.cents(tokens + 1)

"""The tokenizer has its limits; a prompt that fills a context of a million tokens has to be counted all the same."""

import random

import pytest

from inference import tokens


@pytest.mark.parametrize("unit", ["word ", "x", " ", "日本語の文章。", "\U0001f469‍\U0001f680", "\n"])
def test_a_text_of_five_megabytes_is_counted_in_tokens(unit: str) -> None:
    times = 5_000_000 // len(unit.encode())
    assert tokens.count(unit * times) <= 2 * tokens.count(unit * 1000) * times // 1000


def test_cutting_costs_next_to_nothing() -> None:
    mixed = random.Random(4).choices(
        ["def f(x):\n    return 1\n", "The quick brown fox, ", "日本語。", "\t\n\n", "12345 "], k=20_000
    )
    text = "".join(mixed)
    assert len(text) > 10 * tokens.SLICE_CHARACTERS
    whole, cuts = len(tokens.o200k().encode_ordinary(text)), len(text) // tokens.SLICE_CHARACTERS
    assert whole <= tokens.count(text) <= whole + cuts


def test_what_cannot_be_encoded_is_counted_too() -> None:
    assert tokens.count("a\ud800b" * 20_000) > 20_000
    assert tokens.count("") == 0

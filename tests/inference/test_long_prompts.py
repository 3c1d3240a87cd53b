"""A prompt that fills a context of a million tokens is counted like any other, and soon."""

import random
import time

import bpe_openai
import pytest

from inference.billing import token_counting


@pytest.mark.parametrize("unit", ["word ", "x", " ", "日本語の文章。", "\U0001f469‍\U0001f680", "\n"])
def test_a_text_of_five_megabytes_is_counted_in_tokens(unit: str) -> None:
    times, began = 5_000_000 // len(unit.encode()), time.monotonic()
    assert token_counting.count(unit * times) <= 2 * token_counting.count(unit * 1000) * times // 1000
    assert time.monotonic() - began < 5


def test_it_counts_as_the_whole_package_does() -> None:
    """Of which we load the extension only."""
    pieces = ["def f(x):\n    return 1\n", "The quick brown fox, ", "日本語。", "\t\n\n", "12345 ", "\U0001f680"]
    text = "".join(random.Random(4).choices(pieces, k=5_000))
    assert token_counting.count(text) == len(bpe_openai.get_encoding("o200k_base").encode_ordinary(text))


def test_what_cannot_be_encoded_is_counted_too() -> None:
    assert token_counting.count("a\ud800b" * 20_000) > 20_000
    assert token_counting.count("") == 0

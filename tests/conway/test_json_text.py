"""What is written by the quick writer says what the standard library would say."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conway.common import json_text
from inference.chat import encoding
from inference.chat.structure import DEEPEST

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(VALUES)
def test_it_reads_back_as_what_was_written(value: object) -> None:
    assert json.loads(json_text.written(value, strict=True)) == value
    assert json.loads(whole := encoding.whole(value)) == value
    assert whole.isascii()


@pytest.mark.parametrize("number", [float("inf"), float("-inf"), float("nan")])
def test_strict_refuses_what_json_has_no_number_for(number: float) -> None:
    with pytest.raises(ValueError, match="Out of range"):
        json_text.written({"of": [number]}, strict=True)


def test_a_text_may_say_nan() -> None:
    assert json_text.written({"a": "NaN, -Infinity"}, strict=True) == b'{"a":"NaN, -Infinity"}'


def test_half_a_letter_is_told_as_a_value_error_and_written_whole_in_ascii() -> None:
    with pytest.raises(ValueError, match="surrogates not allowed"):
        json_text.written("\ud83d")
    assert encoding.whole("\ud83d") == b'"\\ud83d"'


def test_it_writes_as_deep_as_a_request_may_be() -> None:
    value: object = "end"
    for _ in range(2 * DEEPEST):
        value = [value]
    assert json.loads(json_text.written(value, strict=True)) == value

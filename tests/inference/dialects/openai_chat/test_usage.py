"""Usage into disjoint buckets."""

from typing import Any

import pytest

from inference.chat.usage import Usage
from inference.dialects.openai_chat import usage


def read(**said: Any) -> Usage:
    found = usage.read(said)
    assert found is not None
    return found


def test_openais_details_leave_the_plain_input() -> None:
    found = read(
        prompt_tokens=12_000,
        completion_tokens=1_500,
        prompt_tokens_details={"cached_tokens": 8_192, "audio_tokens": 100, "cache_write_tokens": 200},
        completion_tokens_details={"reasoning_tokens": 900},
    )
    assert found.buckets() == {"input": 3_508, "cached": 8_192, "write_5m": 200, "audio_in": 100, "output": 1_500}
    assert found.reasoning == 900


def test_moonshots_hits_stand_beside_the_totals() -> None:
    assert read(prompt_tokens=16, completion_tokens=15, total_tokens=31, cached_tokens=16).buckets() == {
        "cached": 16,
        "output": 15,
    }


def test_a_hit_told_twice_counts_once() -> None:
    found = read(
        prompt_tokens=208, completion_tokens=98, cached_tokens=200, prompt_tokens_details={"cached_tokens": 200}
    )
    assert found.buckets() == {"input": 8, "cached": 200, "output": 98}


def test_qwens_cache_writes_are_part_of_the_prompt() -> None:
    details = {
        "cached_tokens": 0,
        "cache_creation_input_tokens": 1_500,
        "cache_creation": {"ephemeral_5m_input_tokens": 1_500},
        "cache_type": "ephemeral",
    }
    assert read(prompt_tokens=1_600, completion_tokens=9, prompt_tokens_details=details).buckets() == {
        "input": 100,
        "write_5m": 1_500,
        "output": 9,
    }


def test_details_without_a_price_are_shown() -> None:
    details = {
        "accepted_prediction_tokens": 3,
        "rejected_prediction_tokens": 1,
        "audio_tokens": 2,
        "reasoning_tokens": 4,
        "secret": 5,
        "text_tokens": None,
    }
    shown = read(prompt_tokens=9, completion_tokens=10, completion_tokens_details=details).as_openai()[
        "completion_tokens_details"
    ]
    assert shown == {
        "reasoning_tokens": 4,
        "accepted_prediction_tokens": 3,
        "rejected_prediction_tokens": 1,
        "audio_tokens": 2,
    }


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"prompt_tokens": 5},
        {"completion_tokens": 5},
        {"prompt_tokens": None, "completion_tokens": 5},
        {"prompt_tokens": "5", "completion_tokens": 5},
        {"prompt_tokens": 10**30, "completion_tokens": 5},
    ],
)
def test_a_missing_total_is_no_zero(said: dict[str, Any]) -> None:
    assert usage.read(said) is None


def test_a_zero_is_a_zero_but_for_the_prompt() -> None:
    assert read(prompt_tokens=5, completion_tokens=0).output == 0
    assert usage.read({"prompt_tokens": 0, "completion_tokens": 5}) is None


def test_details_that_contradict_the_total_are_no_usage() -> None:
    details = {"prompt_tokens_details": {"cached_tokens": 20}}
    assert usage.read({"prompt_tokens": 10, "completion_tokens": 1, **details}) is None

"""Tokens in buckets."""

import pytest

from inference.chat.usage import Usage
from tests.inference.dialects.gemini.asking import Json, answer, broken, reply, streamed, text, usage


def read(**counts: object) -> Usage | None:
    return reply(answer(text("Hi"), finish="STOP", usageMetadata=counts)).facts.usage


def details(**tokens: int) -> list[Json]:
    return [{"modality": modality.upper(), "tokenCount": count} for modality, count in tokens.items()]


def test_prompt_and_tools_are_input_thoughts_are_output() -> None:
    counts = {
        "promptTokenCount": 100,
        "toolUsePromptTokenCount": 20,
        "candidatesTokenCount": 5,
        "thoughtsTokenCount": 7,
    }
    assert read(**counts) == Usage(input=120, output=12, reasoning=7)


def test_cached_tokens_are_part_of_the_prompt() -> None:
    counts = {"promptTokenCount": 250_000, "cachedContentTokenCount": 50_000, "candidatesTokenCount": 1_000}
    found = read(**counts, thoughtsTokenCount=3_000)
    assert found == Usage(input=200_000, cached=50_000, output=4_000, reasoning=3_000)
    assert found.prompt_tokens == 250_000


def test_audio_has_buckets_of_its_own() -> None:
    found = read(
        promptTokenCount=1100,
        promptTokensDetails=details(text=600, audio=500),
        cachedContentTokenCount=300,
        cacheTokensDetails=details(audio=200, text=100),
        candidatesTokenCount=200,
        thoughtsTokenCount=640,
    )
    assert found == Usage(input=500, cached=100, audio_in=300, audio_cached=200, output=840, reasoning=640)


def test_candidates_that_include_the_thoughts_are_not_added_again() -> None:
    found = read(promptTokenCount=61, candidatesTokenCount=258, thoughtsTokenCount=240, totalTokenCount=319)
    assert found == Usage(input=61, output=258, reasoning=240)


def test_numbers_that_contradict_each_other_are_no_usage() -> None:
    assert read(promptTokenCount=10, cachedContentTokenCount=20, candidatesTokenCount=1) is None


@pytest.mark.parametrize("count", [None, "12", 1.5, True, {}, 2**50])
def test_a_count_that_is_none_is_not_zero(count: object) -> None:
    assert read(promptTokenCount=count, candidatesTokenCount=1) is None


def test_missing_usage_stays_missing() -> None:
    facts = reply(answer(text("Hi"), finish="STOP")).facts
    assert facts.usage is None and facts.raw_usage is None


def test_snapshots_are_cumulative_and_fields_stay() -> None:
    first = answer(text("a"), **usage(10, 1, cachedContentTokenCount=4))
    _, facts = streamed(first, answer(text("b"), finish="STOP", **usage(10, 9, trafficType="ON_DEMAND")))
    assert facts.usage == Usage(input=6, cached=4, output=9)
    assert facts.raw_usage is not None and facts.raw_usage["trafficType"] == "ON_DEMAND"


def test_a_stream_that_broke_off_leaves_what_it_knew() -> None:
    _, facts, _ = broken(answer(text("a"), **usage(10, 1)), answer(text("b"), **usage(10, 3)))
    assert facts.usage == Usage(input=10, output=3)


def test_words_that_were_never_counted_were_not_free() -> None:
    facts = reply(answer(text("Hi"), finish="STOP", **usage(10, None, totalTokenCount=10))).facts
    assert facts.usage is None and facts.known_input == Usage(input=10)


def test_silence_costs_its_prompt_alone() -> None:
    facts = reply({"candidates": [{"finishReason": "SAFETY"}], **usage(8, None, totalTokenCount=8)}).facts
    assert facts.usage == Usage(input=8) and not facts.free

"""What no provider can have counted is no usage: the completion is estimated, never free, and nothing breaks."""

import json
from typing import Any

import pytest

from inference.chat.reply import Facts
from inference.dialects.anthropic import usage as anthropic
from inference.dialects.gemini import usage as gemini
from inference.dialects.openai_chat import usage as openai_chat
from inference.dialects.openai_responses import usage as openai_responses
from tests.attacks.measuring import listing, rendered, said
from tests.corpus.sdk_view import read

ABSURD = [-1, -(10**9), 1.5, "12", True, [], {}, 10**10, 2**63, 10**400, -0.5, float(10**300)]

# By language: how it is read, a good usage, and the counts in it that are priced.
LANGUAGES: dict[str, tuple[Any, dict[str, Any], list[str]]] = {
    "openai_chat": (
        openai_chat.read,
        {"prompt_tokens": 100, "completion_tokens": 10,
         "prompt_tokens_details": {"cached_tokens": 5, "audio_tokens": 5}},
        ["prompt_tokens", "completion_tokens", "prompt_tokens_details.cached_tokens",
         "prompt_tokens_details.audio_tokens"],
    ),
    "openai_responses": (
        openai_responses.read_usage,
        {"input_tokens": 100, "output_tokens": 10,
         "input_tokens_details": {"cached_tokens": 5, "cache_write_tokens": 5}},
        ["input_tokens", "output_tokens", "input_tokens_details.cached_tokens",
         "input_tokens_details.cache_write_tokens"],
    ),
    "anthropic": (
        anthropic.read,
        {"input_tokens": 100, "output_tokens": 10, "cache_read_input_tokens": 5, "cache_creation_input_tokens": 5},
        ["input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"],
    ),
    "gemini": (
        gemini.read,
        {
            "promptTokenCount": 100, "candidatesTokenCount": 10, "thoughtsTokenCount": 5, "cachedContentTokenCount": 5,
            "toolUsePromptTokenCount": 5, "promptTokensDetails": [{"modality": "AUDIO", "tokenCount": 5}],
        },
        ["promptTokenCount", "candidatesTokenCount", "thoughtsTokenCount", "cachedContentTokenCount",
         "toolUsePromptTokenCount", "promptTokensDetails.0.tokenCount"],
    ),
}  # fmt: skip
PRICED = [(language, name) for language, (_, _, names) in LANGUAGES.items() for name in names]


def with_count(good: dict[str, Any], name: str, count: Any) -> dict[str, Any]:
    told = json.loads(json.dumps(good))
    *way, last = name.split(".")
    held: Any = told
    for step in way:
        held = held[int(step) if step.isdigit() else step]
    held[last] = count
    return told


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_good_usage_is_read(language: str) -> None:
    reader, good, _ = LANGUAGES[language]
    assert reader(good).prompt_tokens >= 100


@pytest.mark.parametrize(("language", "name"), PRICED)
@pytest.mark.parametrize("count", ABSURD, ids=lambda count: str(count)[:12])
def test_a_count_that_is_none_is_no_usage(language: str, name: str, count: Any) -> None:
    reader, good, _ = LANGUAGES[language]
    assert reader(with_count(good, name, count)) is None


@pytest.mark.parametrize(("language", "name"), [at for at in PRICED if "cache" in at[1] and at[0] != "anthropic"])
def test_a_part_that_is_more_than_the_whole_is_no_usage(language: str, name: str) -> None:
    reader, good, _ = LANGUAGES[language]
    assert reader(with_count(good, name, 1_000)) is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_prompt_of_nothing_is_no_usage(language: str) -> None:
    reader, good, names = LANGUAGES[language]
    assert reader({names[0]: 0, names[1]: 10}) is None
    assert good


MODELS = {
    "openai_chat": "gpt-5.2",
    "openai_responses": "gpt-5.2-codex",
    "anthropic": "claude-haiku-4.5",
    "gemini": "gemini-3-flash",
}
REPLIES: dict[str, dict[str, Any]] = {
    "openai_chat": {"choices": [{"message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}]},
    "openai_responses": {
        "status": "completed",
        "output": [{"type": "message", "content": [{"type": "output_text", "text": "Hi"}]}],
    },
    "anthropic": {"type": "message", "content": [{"type": "text", "text": "Hi"}], "stop_reason": "end_turn"},
    "gemini": {"candidates": [{"content": {"parts": [{"text": "Hi"}]}, "finishReason": "STOP"}]},
}
NAMES = {"gemini": "usageMetadata"}


@pytest.mark.parametrize("count", ABSURD, ids=lambda count: str(count)[:12])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_reply_with_such_a_count_is_read_and_has_none(language: str, count: Any) -> None:
    _, good, names = LANGUAGES[language]
    told = {**REPLIES[language], NAMES.get(language, "usage"): with_count(good, names[1], count)}
    facts = facts_of(language, {"status": 200, "response": told})
    assert facts.usage is None and facts.raw_usage is not None


@pytest.mark.parametrize("count", [-5, 10**12, "7"])
@pytest.mark.parametrize("language", ["openai_chat", "gemini"])
def test_so_it_is_in_a_stream(language: str, count: Any) -> None:
    _, good, names = LANGUAGES[language]
    told = {NAMES.get(language, "usage"): with_count(good, names[0], count)}
    if language == "gemini":
        events = [{**REPLIES[language], **told}]
    else:
        choice = {"index": 0, "delta": {"content": "Hi"}, "finish_reason": "stop"}
        events = [{"choices": [choice]}, {"choices": [], **told}]
    sse = "".join(f"data: {json.dumps(event)}\n\n" for event in events) + "data: [DONE]\n\n" * (language != "gemini")
    assert facts_of(language, {"status": 200, "sse": sse}).usage is None


def facts_of(language: str, recorded: dict[str, Any]) -> Facts:
    asking = rendered(MODELS[language], {**said("hello"), "stream": "sse" in recorded})
    return read(listing(MODELS[language]).dialect, asking, recorded).facts

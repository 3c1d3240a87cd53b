"""Recorded answers of AI Studio and Vertex, read by us and, independently, by the plain reader below."""

import json
from pathlib import Path
from typing import Any

import pytest

from inference.chat.provider_error import ProviderError
from inference.chat.reply import Choice, Facts
from inference.dialects import gemini
from tests.each import of_each
from tests.inference.dialects.gemini.asking import Json, gathered, read, rendered

CORPUS = Path(__file__).parents[5] / "shared" / "corpus" / "cases" / "google"
CASES = sorted(CORPUS.glob("*.json"))
pytestmark = pytest.mark.skipif(not CASES, reason="the corpus of recorded traffic is not beside this repository")

# Cases that are not read as the documentation says, each with its reason.
EXCEPTIONS: dict[str, str] = {}

# HTTP status and Google's name for it → ours; what the body says may overrule it.
STATUSES = {400: 400, 401: 503, 403: 503, 404: 404, 429: 429, 500: 502, 503: 503}
OUR_KEY = ("API_KEY_INVALID", "User location is not supported")
GARBLED = {"MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS", "MALFORMED_RESPONSE"}
PLAIN = {"STOP": "stop", 1: "stop", "MAX_TOKENS": "length", 2: "length"}


def load(path: Path) -> Json:
    found: Json = json.loads(path.read_text())
    return found


def answers_of(case: Json) -> list[Json]:
    """The `GenerateContentResponse`s of a case, in order."""
    if "response" in case:
        found: list[Json] = case["response"] if isinstance(case["response"], list) else [case["response"]]
        return found
    return [json.loads(line[5:]) for line in case["sse"].split("\n") if line.startswith("data:")]


def expected(answers: list[Json]) -> Json | None:
    """The first candidate by the provider's documentation; None where there is no reply to give."""
    candidates = [one for told in answers for one in told.get("candidates", ()) if one.get("index", 0) == 0]
    parts = [part for one in candidates for part in one.get("content", {}).get("parts", ())]
    reasons = [one["finishReason"] for one in candidates if "finishReason" in one]
    blocked = [
        told["promptFeedback"]["blockReason"] for told in answers if told.get("promptFeedback", {}).get("blockReason")
    ]
    if any("error" in told for told in answers) or set(reasons) & GARBLED or not (reasons or blocked):
        return None
    texts = [part["text"] for part in parts if "text" in part and not part.get("thought")]
    calls = calls_of([part["functionCall"] for part in parts if "functionCall" in part])
    finish = PLAIN.get(reasons[-1], "content_filter") if reasons else "content_filter"
    if reasons and str(reasons[-1]).startswith("FAKE"):
        finish = "stop"
    return {
        "text": "".join(texts),
        "reasoning": "".join(part["text"] for part in parts if "text" in part and part.get("thought")),
        "signatures": [part["thoughtSignature"] for part in parts if "thoughtSignature" in part and is_named(part)],
        "calls": calls,
        "finish": "tool_calls" if calls and finish == "stop" else finish,
        "refusal": finish == "content_filter",  # and it says why
        "usage": usage_of(answers, is_output=bool("".join(texts) or calls)),
    }


def is_named(part: Json) -> bool:
    return "name" in part.get("functionCall", {})


def calls_of(said: list[Json]) -> list[tuple[str, Any]]:
    """Name and arguments. On Vertex a call may grow, text by text."""
    calls: list[tuple[str, Any]] = []
    for one in said:
        if "name" in one:
            calls.append((one["name"], one.get("args", {})))
        for piece in one.get("partialArgs", ()):
            grow(calls[-1][1], piece)
    return calls


def grow(args: Any, piece: Json) -> None:
    *way, last = piece["jsonPath"].removeprefix("$.").replace("[", ".[").split(".")
    value = piece.get("stringValue", piece.get("numberValue", piece.get("boolValue")))
    for step, following in zip(way, [*way, last][1:], strict=True):
        args = step_into(args, step, [] if following.startswith("[") else {})
    if last.startswith("["):
        step_into(args, last, "")
        args[int(last[1:-1])] += value
    else:
        args[last] = args.get(last, "") + value if isinstance(value, str) else value


def step_into(args: Any, step: str, empty: Any) -> Any:
    if not step.startswith("["):
        return args.setdefault(step, empty)
    index = int(step[1:-1])
    if index == len(args):
        args.append(empty)
    return args[index]


def usage_of(answers: list[Json], *, is_output: bool) -> tuple[int, ...] | None:
    """Plain, cached, audio, cached audio, output, thought; the last word on each counts."""
    said: Json = {}
    for told in answers:
        said |= told.get("usageMetadata", {})
    if "promptTokenCount" not in said:
        return None
    prompt, cached = said["promptTokenCount"], said.get("cachedContentTokenCount", 0)
    thoughts, output = said.get("thoughtsTokenCount", 0), said.get("candidatesTokenCount", 0)
    if is_output and not thoughts + output:
        return None
    audio, audio_cached = audio_of(said, "promptTokensDetails"), audio_of(said, "cacheTokensDetails")
    prompt += said.get("toolUsePromptTokenCount", 0)
    plain = prompt - audio - (cached - audio_cached)
    return plain, cached - audio_cached, audio - audio_cached, audio_cached, output + thoughts, thoughts


def audio_of(said: Json, details: str) -> int:
    return sum(one.get("tokenCount", 0) for one in said.get(details, ()) if one["modality"] == "AUDIO")


def found(choice: Choice, facts: Facts) -> Json:
    message, usage = choice.message, facts.usage
    calls = message.get("tool_calls", ())
    signatures = [call["extra_content"]["google"]["thought_signature"] for call in calls if "extra_content" in call]
    return {
        "text": message["content"] or "",
        "reasoning": message.get("reasoning_content", ""),
        "signatures": signatures,
        "calls": [(call["function"]["name"], json.loads(call["function"]["arguments"])) for call in calls],
        "finish": choice.finish_reason,
        "refusal": message["refusal"] is not None,
        "usage": usage
        and (usage.input, usage.cached, usage.audio_in, usage.audio_cached, usage.output, usage.reasoning or 0),
    }


@of_each("path", CASES, ids=lambda path: path.stem)
def test_it_reads_what_was_recorded(path: Path) -> None:
    case = load(path)
    if path.stem in EXCEPTIONS:
        pytest.xfail(EXCEPTIONS[path.stem])
    if case["status"] != 200:
        check_error(case)
    elif (due := expected(answers_of(case))) is None:
        with pytest.raises(ProviderError):
            heard(case)
    else:
        assert found(*heard(case)) == due


def heard(case: Json) -> tuple[Choice, Facts]:
    if "sse" in case:
        deltas, facts = read(case["sse"])
        assert sum(delta.finish_reason is not None for delta in deltas if delta.index == 0) == 1
        return gathered(deltas), facts
    reply = gemini.parse(case["response"], rendered())
    return reply.choices[0], reply.facts


def check_error(case: Json) -> None:
    body = case["response_text"] if "response_text" in case else json.dumps(case["response"])
    fault = gemini.fault(case["status"], {}, body.encode())
    assert fault.meaning.status == (503 if any(words in body for words in OUR_KEY) else STATUSES[case["status"]])
    if "response" in case:
        assert fault.said == case["response"]["error"]["message"]


def test_nearly_all_recorded_cases_are_right() -> None:
    recorded = [path for path in CASES if load(path)["recorded"]]
    assert sum(path.stem in EXCEPTIONS for path in recorded) <= len(recorded) * 0.02


@pytest.mark.parametrize("step", [1, 7, 1000])
@of_each("path", [path for path in CASES if "sse" in load(path)][::4], ids=lambda path: path.stem)
def test_it_does_not_matter_how_the_network_cuts_it(path: Path, step: int) -> None:
    case = load(path)
    if expected(answers_of(case)) is None:
        return
    (cut, facts), (whole, same_facts) = read(case["sse"], step=step), read(case["sse"])
    assert found(gathered(cut), facts) == found(gathered(whole), same_facts)
    assert [delta.fields.keys() for delta in cut] == [delta.fields.keys() for delta in whole]


@of_each("path", CASES, ids=lambda path: path.stem)
def test_a_reply_spread_as_a_stream_says_the_same(path: Path) -> None:
    """A JSON answer where a stream was asked for is told in deltas."""
    case = load(path)
    if case["status"] != 200 or "response" not in case or (due := expected(answers_of(case))) is None:
        return
    reply = gemini.parse(case["response"], rendered())
    assert found(gathered([delta for delta in reply.deltas() if delta.index == 0]), reply.facts) == due

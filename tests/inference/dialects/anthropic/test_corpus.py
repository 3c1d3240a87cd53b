"""Recorded answers of the Messages API, read by us and, independently, by the plain reader below."""

import json
from pathlib import Path
from typing import Any

import pytest

from inference.chat.provider_error import ProviderError
from inference.chat.reply import Facts
from inference.dialects import anthropic
from tests.each import of_each
from tests.inference.dialects.anthropic.claude import gathered, read, rendered

CORPUS = Path(__file__).parents[5] / "shared" / "corpus" / "cases" / "anthropic"
CASES = sorted(CORPUS.glob("*.json"))
pytestmark = pytest.mark.skipif(not CASES, reason="the corpus of recorded traffic is not beside this repository")

# Cases that are not read as the documentation says, each with its reason.
EXCEPTIONS: dict[str, str] = {}

STATUSES = {400: 400, 401: 503, 403: 503, 404: 404, 413: 413, 429: 503, 500: 502, 529: 503}
FINISHES = {"max_tokens": "length", "model_context_window_exceeded": "length", "refusal": "content_filter"}

Json = dict[str, Any]


def load(path: Path) -> Json:
    return json.loads(path.read_text())


def message_of(case: Json) -> Json:
    """The message a stream adds up to, by the event table of the provider's documentation."""
    if "response" in case:
        return case["response"]
    message: Json = {"content": [], "stop_reason": None, "usage": {}}
    fragments: dict[int, str] = {}
    for line in case["sse"].split("\n"):
        if not line.startswith("data:"):
            continue
        event = json.loads(line[5:])
        match event["type"]:
            case "message_start":
                message |= {**event["message"], "content": list(event["message"]["content"])}
            case "content_block_start":
                message["content"].append(dict(event["content_block"]))
            case "content_block_delta":
                grow(message["content"][event["index"]], event["delta"], fragments, event["index"])
            case "message_delta":
                message |= {name: value for name, value in event["delta"].items() if value is not None}
                told = {name: value for name, value in event["usage"].items() if value is not None}
                message["usage"] = {**message["usage"], **told}
    for index, whole in fragments.items():
        message["content"][index]["input"] = parsed(whole) if whole else {}
    return message


def grow(block: Json, delta: Json, fragments: dict[int, str], index: int) -> None:
    match delta["type"]:
        case "text_delta":
            block["text"] += delta["text"]
        case "thinking_delta":
            block["thinking"] += delta["thinking"]
        case "signature_delta":
            block["signature"] = delta["signature"]
        case "input_json_delta" if block["type"] == "tool_use" and not block["input"]:
            fragments[index] = fragments.get(index, "") + delta["partial_json"]


def parsed(arguments: str) -> Any:
    """A reply that met its limit may break off inside a call."""
    try:
        return json.loads(arguments)
    except ValueError:
        return arguments


def blocks(message: Json, kind: str) -> list[Json]:
    return [block for block in message["content"] if block["type"] == kind]


def believed(usage: tuple[int, ...]) -> tuple[int, ...] | None:
    """A prompt of nothing is no usage: nobody can be billed by it."""
    return usage if sum(usage[:4]) else None


def expected(message: Json) -> Json:
    calls = [(use["id"], use["name"], use["input"]) for use in blocks(message, "tool_use")]
    finish = FINISHES.get(message["stop_reason"], "tool_calls" if calls else "stop")
    usage = message["usage"]
    cached, written = usage.get("cache_read_input_tokens") or 0, usage.get("cache_creation_input_tokens") or 0
    hour = (usage.get("cache_creation") or {}).get("ephemeral_1h_input_tokens") or 0
    return {
        "text": "".join(block["text"] for block in blocks(message, "text")),
        "reasoning": "\n".join(block["thinking"] for block in blocks(message, "thinking") if block["thinking"]),
        "signatures": [block["signature"] for block in blocks(message, "thinking")],
        "calls": calls,
        "finish": finish,
        "model": message["model"],
        "usage": believed((usage["input_tokens"], cached, written - hour, hour, usage["output_tokens"])),
        "thought": (usage.get("output_tokens_details") or {}).get("thinking_tokens"),
    }


def found(choice: Any, facts: Facts) -> Json:
    message, usage = choice.message, facts.usage
    calls = [
        (call["id"], call["function"]["name"], call["function"]["arguments"]) for call in message.get("tool_calls", ())
    ]
    return {
        "text": message["content"] or "",
        "reasoning": message.get("reasoning_content", ""),
        "signatures": [
            block["signature"] for block in message.get("thinking_blocks", ()) if block["type"] == "thinking"
        ],
        "calls": [(call_id, name, parsed(arguments)) for call_id, name, arguments in calls],
        "finish": choice.finish_reason,
        "model": facts.model,
        "usage": usage and (usage.input, usage.cached, usage.write_5m, usage.write_1h, usage.output),
        "thought": usage and usage.reasoning,
    }


@of_each("path", CASES, ids=lambda path: path.stem)
def test_it_reads_what_was_recorded(path: Path) -> None:
    case = load(path)
    if path.stem in EXCEPTIONS:
        pytest.xfail(EXCEPTIONS[path.stem])
    if case["status"] != 200:
        check_error(case)
    elif "error" in case["tags"] or case.get("assembled"):
        with pytest.raises(ProviderError):
            read(case["sse"])
    elif "sse" in case:
        choices, facts = read(case["sse"])
        assert found(gathered(choices), facts) == expected(message_of(case))
    else:
        reply = anthropic.parse(case["response"], rendered())
        assert found(reply.choices[0], reply.facts) == expected(case["response"])


def check_error(case: Json) -> None:
    body = case["response_text"] if "response_text" in case else json.dumps(case["response"])
    headers = {name.lower(): value for name, value in case["response_headers"].items()}
    fault = anthropic.fault(case["status"], headers, body.encode())
    assert fault.meaning.status == STATUSES[case["status"]]
    assert fault.said == case["response"]["error"]["message"]


def test_nearly_all_recorded_cases_are_right() -> None:
    recorded = [path for path in CASES if load(path)["recorded"]]
    assert sum(path.stem in EXCEPTIONS for path in recorded) <= len(recorded) * 0.02


@pytest.mark.parametrize("step", [1, 7, 1000])
@of_each("path", [path for path in CASES if "sse" in load(path)][::4], ids=lambda path: path.stem)
def test_it_does_not_matter_how_the_network_cuts_it(path: Path, step: int) -> None:
    case = load(path)
    if case.get("assembled"):
        return
    assert read(case["sse"], step=step) == read(case["sse"])


@of_each("path", CASES, ids=lambda path: path.stem)
def test_a_reply_spread_as_a_stream_says_the_same(path: Path) -> None:
    """A JSON answer where a stream was asked for is told in deltas."""
    case = load(path)
    if case["status"] != 200 or "response" not in case:
        return
    reply = anthropic.parse(case["response"], rendered())
    assert found(gathered(list(reply.deltas())), reply.facts) == expected(case["response"])

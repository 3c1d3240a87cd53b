"""Recorded answers of OpenAI and those who speak like it, read by us and, independently, as plainly as one can."""

import json
from pathlib import Path
from typing import Any

import pytest

from inference.chat.provider_error import ProviderError
from inference.chat.provider_request import ProviderRequest
from inference.chat.reply import Facts, Gathered, Reply
from inference.dialects import openai_chat
from tests.each import of_each
from tests.inference.dialects.openai_chat.asking import ROOT, request, told

CORPUS = ROOT.parent / "shared" / "corpus" / "cases"
FOLDERS = ("openai", "moonshot", "qwen", "compat-kimi-qwen", "extra-azure-openai")
CASES = [path for folder in FOLDERS for path in sorted((CORPUS / folder).glob("*.json"))]
pytestmark = pytest.mark.skipif(not CASES, reason="the corpus of recorded traffic is not beside this repository")

# Cases that are not read as they stand, each with its reason.
EXCEPTIONS: dict[str, str] = {}

STATUSES = {400: 400, 401: 503, 403: 503, 404: 404, 429: 429}
CODES = {"insufficient_quota": 503, "engine_overloaded_error": 503, "model_decommissioned": 404}

Json = dict[str, Any]


def load(path: Path) -> Json:
    return json.loads(path.read_text())


def named(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


# --- the plain reading


def plain(case: Json) -> Json:
    """Of an answer that is a reply: its choices and the last usage that was told."""
    chunks = [case["response"]] if "response" in case else chunks_of(case["sse"])
    choices: dict[int, Json] = {}
    usage = None
    for chunk in chunks:
        assert not chunk.get("error"), "the stream tells of a failure"
        usage = chunk.get("usage") or usage
        for part in chunk.get("choices") or []:
            usage = usage or part.get("usage")
            add(choices.setdefault(part["index"], unspoken()), part)
    assert choices and all(choice["finish"] for choice in choices.values()), "the stream was cut"
    return {
        "choices": {index: finished(choice) for index, choice in choices.items()},
        "usage": usage and numbers(usage),
    }


def unspoken() -> Json:
    return {"text": "", "thought": "", "refusal": "", "calls": {}, "finish": None}


def chunks_of(sse: str) -> list[Json]:
    lines = [line[5:].strip() for line in sse.replace("\r", "").split("\n") if line.startswith("data:")]
    return [json.loads(line) for line in lines if line != "[DONE]"]


def add(choice: Json, part: Json) -> None:
    said = part.get("message") or part.get("delta") or {}
    choice["text"] += said.get("content") or ""
    choice["thought"] += said.get("reasoning_content") or said.get("reasoning") or ""
    choice["refusal"] += said.get("refusal") or ""
    choice["finish"] = choice["finish"] or part.get("finish_reason")
    calls = said.get("tool_calls") or ([{"function": said["function_call"]}] if said.get("function_call") else [])
    for position, call in enumerate(calls):
        known = choice["calls"].setdefault(call.get("index", position), {"id": "", "name": "", "asked": ""})
        tool = call.get("function") or call["custom"]
        known["id"] = known["id"] or call.get("id")
        known["name"] += tool.get("name") or ""
        known["asked"] += tool.get("arguments") or tool.get("input") or ""


def finished(choice: Json) -> Json:
    """Any call makes the finish `tool_calls`, unless the reply was cut or filtered."""
    finish = "tool_calls" if choice["finish"] == "function_call" else choice["finish"]
    calls = [(call["id"], call["name"], parsed(call["asked"])) for call in choice["calls"].values()]
    return {**choice, "finish": finish, "calls": calls}


def parsed(asked: str) -> Any:
    try:
        return json.loads(asked or "{}")
    except ValueError:
        return asked


def numbers(usage: Json) -> Json:
    """The buckets that are priced, and the reasoning that is shown."""
    prompt, completion = usage.get("prompt_tokens_details") or {}, usage.get("completion_tokens_details") or {}
    cached = prompt.get("cached_tokens") or usage.get("cached_tokens") or 0
    audio = prompt.get("audio_tokens") or 0
    write = prompt.get("cache_write_tokens") or prompt.get("cache_creation_input_tokens") or 0
    buckets = {"input": usage["prompt_tokens"] - cached - audio - write, "cached": cached, "audio_in": audio}
    buckets |= {"write_5m": write, "output": usage["completion_tokens"]}
    return {
        **{name: count for name, count in buckets.items() if count},
        "reasoning": completion.get("reasoning_tokens"),
    }


# --- our reading


def ours(case: Json) -> Json:
    reply = (
        openai_chat.parse(case["response"], ProviderRequest(request(), {}))
        if "response" in case
        else heard(case["sse"])
    )
    return {"choices": {choice.index: shown(choice) for choice in reply.choices}, "usage": used(reply.facts)}


def heard(sse: str) -> Reply:
    deltas, facts = told(sse.encode())
    gathered = Gathered()
    for delta in deltas:
        gathered.add(delta)
    return gathered.reply(facts)


def shown(choice: Any) -> Json:
    message = choice.message
    calls = [(call["id"], *call[call["type"]].values()) for call in message.get("tool_calls") or []]
    return {
        "text": message["content"] or "",
        "thought": message.get("reasoning_content") or "",
        "refusal": message["refusal"] or "",
        "calls": [(call_id, name, parsed(asked)) for call_id, name, asked in calls],
        "finish": choice.finish_reason,
    }


def used(facts: Facts) -> Json | None:
    return facts.usage and {**facts.usage.buckets(), "reasoning": facts.usage.reasoning}


# --- side by side


@of_each("path", [path for path in CASES if load(path)["status"] == 200], ids=named)
def test_a_recorded_reply_is_read_as_it_stands(path: Path) -> None:
    case = load(path)
    if named(path) in EXCEPTIONS:
        pytest.xfail(EXCEPTIONS[named(path)])
    try:
        expected = plain(case)
    except AssertionError:
        with pytest.raises(ProviderError):
            ours(case)
        return
    assert without_made_ids(ours(case), expected) == expected


def without_made_ids(read: Json, expected: Json) -> Json:
    """A call that came without an id has one of our making."""
    for index, choice in read["choices"].items():
        given = [call[0] for call in expected["choices"][index]["calls"]]
        choice["calls"] = [
            (call_id and call[0], *call[1:]) for call_id, call in zip(given, choice["calls"], strict=True)
        ]
    return read


@of_each("path", [path for path in CASES if load(path)["status"] == 200 and "response" in load(path)], ids=named)
def test_a_recorded_reply_told_as_a_stream_says_the_same(path: Path) -> None:
    reply = openai_chat.parse(load(path)["response"], ProviderRequest(request(), {}))
    gathered = Gathered()
    for delta in reply.deltas():
        gathered.add(delta)
    again = gathered.reply(reply.facts)
    assert [shown(choice) for choice in again.choices] == [shown(choice) for choice in reply.choices]


@of_each("path", [path for path in CASES if load(path)["status"] != 200], ids=named)
def test_a_recorded_failure_has_the_documented_status(path: Path) -> None:
    case = load(path)
    sent = case["sse"] if "sse" in case else case.get("response_text") or json.dumps(case["response"])
    headers = {name.lower(): value for name, value in (case["response_headers"] or {}).items()}
    fault = openai_chat.fault(case["status"], headers, sent.encode())
    error = (chunks_of(sent)[0] if "sse" in case else case["response"])["error"]
    assert fault.meaning.status == CODES.get(error.get("code") or error.get("type"), STATUSES[case["status"]])
    assert fault.said == error["message"]

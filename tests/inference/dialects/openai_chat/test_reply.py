"""JSON replies."""

from typing import Any

import pytest

from inference.chat.provider_error import ProviderError
from inference.chat.provider_request import ProviderRequest
from inference.dialects import openai_chat
from tests.inference.dialects.openai_chat.asking import Json, call, reply, request


def message(**fields: Any) -> Json:
    return {"role": "assistant", "content": "Hi", **fields}


def test_the_envelope_is_remembered() -> None:
    facts = reply(created=1795430000, system_fingerprint="fp_1", service_tier="default").facts
    assert (facts.model, facts.upstream_id, facts.created) == ("gpt-5.2", "chatcmpl-1", 1795430000)
    assert (facts.system_fingerprint, facts.service_tier) == ("fp_1", "default")


def test_a_message_is_rebuilt_from_what_is_known() -> None:
    annotation = {
        "type": "url_citation",
        "url_citation": {"url": "https://a.example", "title": "A", "start_index": 0, "end_index": 1},
    }
    given = message(
        refusal=None, annotations=[annotation], audio={"data": "x"}, provider_secret="x", reasoning_content="Hm."
    )
    assert reply(given).choices[0].message == message(refusal=None, annotations=[annotation], reasoning_content="Hm.")


@pytest.mark.parametrize(
    "thought",
    [
        {"reasoning": "Hm."},
        {"reasoning_content": "", "reasoning": "Hm."},
        {"reasoning": "Hm.", "reasoning_details": [{"type": "reasoning.text", "text": "Hm."}]},
        {
            "reasoning_details": [
                {"type": "reasoning.text", "text": "H"},
                {"type": "reasoning.summary", "summary": "m."},
                {"type": "reasoning.encrypted", "data": "x"},
            ]
        },
    ],
)
def test_a_thought_has_many_names(thought: Json) -> None:
    assert reply(message(**thought)).choices[0].message["reasoning_content"] == "Hm."


def test_calls_are_made_whole() -> None:
    given = [{"index": 0, **call("call_a", arguments="")}, call("", arguments=None), call("call_c", arguments={"a": 1})]
    calls = reply(message(content=None, tool_calls=given), finish="tool_calls").choices[0].message["tool_calls"]
    assert [each["function"]["arguments"] for each in calls] == ["{}", "{}", '{"a":1}']
    assert calls[0] == call("call_a", arguments="{}")
    assert calls[1]["id"].startswith("call_")
    assert len(calls[1]["id"]) == 29


def test_a_function_call_of_2023_is_a_tool_call() -> None:
    choice = reply(
        message(content=None, function_call={"name": "f", "arguments": "{}"}), finish="function_call"
    ).choices[0]
    assert choice.message["tool_calls"][0]["function"] == {"name": "f", "arguments": "{}"}
    assert choice.finish_reason == "tool_calls"


@pytest.mark.parametrize(
    ("said", "calls", "finish"),
    [
        ("stop", 0, "stop"),
        ("stop", 1, "stop"),  # a call forced by name, at OpenAI
        ("tool_calls", 1, "tool_calls"),
        ("function_call", 1, "tool_calls"),
        ("length", 1, "length"),
        ("content_filter", 1, "content_filter"),
        ("end_turn", 0, "stop"),
    ],
)
def test_the_finish_says_what_was_done(said: str, calls: int, finish: str) -> None:
    assert reply(message(tool_calls=[call()] * calls), finish=said).choices[0].finish_reason == finish


@pytest.mark.parametrize("finish", [None, "", "null"])
def test_a_choice_without_a_finish_was_cut_off(finish: str | None) -> None:
    with pytest.raises(ProviderError) as fault:
        reply(finish=finish)
    assert fault.value.code == "upstream_truncated"


def test_several_choices_keep_their_places() -> None:
    choices = [{"index": index, "message": message(content=str(index)), "finish_reason": "stop"} for index in (1, 0)]
    assert [(choice.index, choice.message["content"]) for choice in reply(choices=choices).choices] == [
        (1, "1"),
        (0, "0"),
    ]


def test_odds_are_relayed_and_a_bare_number_is_none() -> None:
    odds = {"content": [{"token": "a", "logprob": -0.1, "bytes": [97], "top_logprobs": []}], "refusal": None}
    choice = {"index": 0, "message": message(), "finish_reason": "stop"}
    assert reply(choices=[{**choice, "logprobs": odds}]).choices[0].logprobs == odds
    assert reply(choices=[{**choice, "logprobs": -1.7e-06}]).choices[0].logprobs is None


def test_an_error_with_status_200_is_a_failure() -> None:
    with pytest.raises(ProviderError) as fault:
        openai_chat.parse({"error": {"message": "Upstream said no", "code": 502}}, ProviderRequest(request(), {}))
    assert fault.value.meaning.status == 502


@pytest.mark.parametrize(
    "body", [{}, [], None, "text", {"choices": []}, {"choices": [None]}, {"choices": {"0": {}}}, {"choices": 5}]
)
def test_what_is_no_reply_is_a_fault(body: Any) -> None:
    with pytest.raises(ProviderError) as fault:
        openai_chat.parse(body, ProviderRequest(request(), {}))
    assert fault.value.code == "bad_upstream_response"

"""The fields of a request, besides its conversation."""

from typing import Any

import pytest

from inference.chat.invalid_request import InvalidRequest
from inference.dialects import anthropic
from tests.inference.dialects.anthropic.claude import Json, body, call, calling, rendered, result, text, tool, user

SONNET, OPUS, OPUS_4_5 = "claude-sonnet-4.5", "claude-opus-4.6", "claude-opus-4.5"
IGNORED = [
    "frequency_penalty",
    "logit_bias",
    "metadata",
    "prediction",
    "presence_penalty",
    "seed",
    "store",
    "verbosity",
]


def test_a_plain_request_is_nothing_more() -> None:
    sent = rendered(messages=[{"role": "system", "content": "Be brief."}, user("2^61-1 prime?")])
    assert sent.body == {
        "model": "claude-sonnet-4-5-20250929",
        "max_tokens": 64000,
        "stream": True,
        "system": [text("Be brief.")],
        "messages": [{"role": "user", "content": [text("2^61-1 prime?")]}],
        "service_tier": "standard_only",
    }
    assert sent.headers == {"anthropic-version": "2023-06-01"}
    assert (sent.ignored, sent.transforms) == ([], [])
    assert anthropic.path(sent.body["model"], stream=True) == "/v1/messages"


def test_what_only_tunes_is_left_out_and_named() -> None:
    tuning: Json = {
        "seed": 1,
        "logit_bias": {"1": 1},
        "presence_penalty": 1,
        "frequency_penalty": 1,
        "verbosity": "low",
    }
    tuning |= {"metadata": {"a": "b"}, "store": True, "prediction": {"type": "content", "content": "x"}}
    sent = rendered(**tuning)
    assert sent.ignored == IGNORED
    assert sent.body == body()


def test_nothing_unknown_is_forwarded() -> None:
    foreign = dict.fromkeys(["container", "mcp_servers", "inference_geo", "speed", "fallbacks"], "x")
    sent = rendered(**foreign)
    assert sent.body == body()
    assert set(sent.ignored) == set(foreign)


@pytest.mark.parametrize("name", ["web_search_options", "moderation", "audio"])
def test_what_would_change_the_reply_is_refused(name: str) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        rendered(**{name: {"x": 1}})
    assert refusal.value.param == name


def test_log_probabilities_are_refused() -> None:
    assert body(logprobs=False) == body()
    with pytest.raises(InvalidRequest):
        rendered(logprobs=True)


def test_a_limit_above_the_models_is_lowered_and_said() -> None:
    sent = rendered(max_tokens=1_000_000)
    assert sent.body["max_tokens"] == 64000
    assert sent.transforms == ["max_tokens_lowered"]


@pytest.mark.parametrize("field", ["user", "safety_identifier"])
def test_a_callers_own_id_is_hashed(field: str) -> None:
    assert body(**{field: "alice"})["metadata"] == {"user_id": "hash of alice"}


@pytest.mark.parametrize(
    ("stop", "sent", "ignored"),
    [("END", ["END"], []), (["a", "\n", ""], ["a"], ["stop"]), (" ", None, ["stop"]), ([], None, [])],
)
def test_blank_stops_are_left_out(stop: Any, sent: Any, ignored: list[str]) -> None:
    found = rendered(stop=stop)
    assert (found.body.get("stop_sequences"), found.ignored) == (sent, ignored)


@pytest.mark.parametrize(
    ("given", "sent", "ignored"),
    [
        ({"top_p": 0.9}, {"top_p": 0.9}, []),
        ({"temperature": 0, "top_p": 1}, {"temperature": 0}, []),
        ({"top_k": 5}, {"top_k": 5}, []),
        ({"temperature": 0.3, "reasoning_effort": "low"}, {}, ["temperature"]),
        ({"temperature": 1, "reasoning_effort": "low"}, {}, []),
        ({"top_p": 0.95, "reasoning_effort": "low"}, {"top_p": 0.95}, []),
        ({"temperature": 0.3, "top_p": 0.97, "reasoning_effort": "low"}, {"top_p": 0.97}, ["temperature"]),
        ({"top_p": 0.5, "reasoning_effort": "low"}, {}, ["top_p"]),
        ({"top_k": 5, "reasoning_effort": "low"}, {}, ["top_k"]),
    ],
)
def test_sampling_beside_itself_and_thinking(given: Json, sent: Json, ignored: list[str]) -> None:
    found = rendered(**given)
    assert {name: found.body[name] for name in ("temperature", "top_p", "top_k") if name in found.body} == sent
    assert found.ignored == ignored


# --- thinking


@pytest.mark.parametrize(
    ("model", "effort", "thinking", "level"),
    [
        (OPUS, "none", None, None),
        (OPUS, "minimal", {"type": "adaptive"}, "low"),
        (OPUS, "medium", {"type": "adaptive"}, "medium"),
        (OPUS, "xhigh", {"type": "adaptive"}, "max"),
        (OPUS_4_5, "low", {"type": "enabled", "budget_tokens": 2048}, "low"),
        (OPUS_4_5, "max", {"type": "enabled", "budget_tokens": 32768}, "high"),
        (SONNET, "none", None, None),
        (SONNET, "minimal", {"type": "enabled", "budget_tokens": 1024}, None),
        (SONNET, "medium", {"type": "enabled", "budget_tokens": 10000}, None),
    ],
)
def test_effort_is_a_budget_or_a_level(model: str, effort: str, thinking: Json | None, level: str | None) -> None:
    sent = body(model, reasoning_effort=effort)
    assert sent.get("thinking") == thinking
    assert sent.get("output_config") == ({"effort": level} if level else None)


def test_a_budget_stays_below_the_limit() -> None:
    assert body(reasoning_effort="high", max_tokens=2048)["thinking"]["budget_tokens"] == 1024
    assert rendered(reasoning_effort="high", max_tokens=4096).transforms == ["thinking_lowered"]
    assert rendered(reasoning_effort="high", max_tokens=2047).transforms == ["thinking_disabled"]
    assert rendered(reasoning_effort="high", limit=1024).transforms == ["thinking_disabled"]


@pytest.mark.parametrize("limit", [2048, 5121, 12_300, 64_000])
def test_a_limit_lowered_by_the_hold_leaves_room_for_an_answer_too(limit: int) -> None:
    sent = body(reasoning_effort="max", limit=limit)
    left = sent["max_tokens"] - sent["thinking"]["budget_tokens"]
    assert sent["max_tokens"] == limit and left >= max(1024, limit // 5)


@pytest.mark.parametrize(
    ("model", "given", "sent"),
    [
        (SONNET, {"type": "enabled", "budget_tokens": 5000}, {"type": "enabled", "budget_tokens": 5000}),
        (SONNET, {"type": "enabled"}, {"type": "enabled", "budget_tokens": 10000}),
        (SONNET, {"type": "adaptive"}, {"type": "enabled", "budget_tokens": 10000}),
        (SONNET, {"type": "disabled"}, None),
        (OPUS, {"type": "enabled", "budget_tokens": 5000}, {"type": "adaptive"}),
    ],
)
def test_claudes_own_field_takes_the_form_the_model_knows(model: str, given: Json, sent: Json | None) -> None:
    assert body(model, thinking=given).get("thinking") == sent


def test_claudes_own_field_wins_over_the_effort() -> None:
    assert "thinking" not in body(thinking={"type": "disabled"}, reasoning_effort="high")


# --- tools


def test_a_tool_is_flat() -> None:
    schema = {"type": "object", "properties": {"city": {"type": "string", "minLength": 1}}, "x-own": "x"}
    sent = body(tools=[tool(description="Weather", parameters=schema, strict=False)])
    assert sent["tools"] == [{"name": "get_weather", "description": "Weather", "input_schema": schema}]
    assert "tool_choice" not in sent


@pytest.mark.parametrize(
    ("choice", "parallel", "sent"),
    [
        ("auto", None, {"type": "auto"}),
        ("none", None, {"type": "none"}),
        ("none", False, {"type": "none"}),
        ("required", None, {"type": "any"}),
        ("required", False, {"type": "any", "disable_parallel_tool_use": True}),
        (None, False, {"type": "auto", "disable_parallel_tool_use": True}),
        (None, True, None),
        ({"type": "function", "function": {"name": "g"}}, None, {"type": "tool", "name": "g"}),
    ],
)
def test_the_choice_among_tools(choice: Any, parallel: bool | None, sent: Json | None) -> None:
    found = body(tools=[tool("f"), tool("g")], tool_choice=choice, parallel_tool_calls=parallel)
    assert found.get("tool_choice") == sent
    assert len(found["tools"]) == 2


@pytest.mark.parametrize(("mode", "sent"), [("auto", {"type": "auto"}), ("required", {"type": "any"})])
def test_only_allowed_tools_are_sent(mode: str, sent: Json) -> None:
    allowed = {"mode": mode, "tools": [{"type": "function", "function": {"name": "g"}}]}
    found = body(tools=[tool("f"), tool("g")], tool_choice={"type": "allowed_tools", "allowed_tools": allowed})
    assert [declared["name"] for declared in found["tools"]] == ["g"]
    assert found["tool_choice"] == sent


def test_a_choice_without_tools_is_dropped() -> None:
    assert body(tool_choice="auto", parallel_tool_calls=False) == body()


# --- JSON


def test_json_mode_is_an_instruction() -> None:
    sent = body(messages=[{"role": "system", "content": "S"}, user()], response_format={"type": "json_object"})
    assert sent["system"] == [text("S"), text("Reply with one valid JSON object and nothing else.")]
    assert "output_config" not in sent


def test_a_schema_and_an_effort_share_their_field() -> None:
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}, "description": "An X"}}
    sent = body(OPUS_4_5, response_format=form, reasoning_effort="low", tools=[tool()])
    assert sent["output_config"]["effort"] == "low"
    assert sent["output_config"]["format"]["schema"] == {
        "type": "object",
        "description": "An X",
        "additionalProperties": False,
    }


def test_without_a_schema_json_schema_is_json_mode() -> None:
    given = {"type": "json_schema", "json_schema": {"name": "x"}}
    assert body(response_format=given) == body(response_format={"type": "json_object"})


def test_a_format_without_its_object_is_refused() -> None:
    with pytest.raises(InvalidRequest) as refusal:
        rendered(response_format={"type": "json_schema"})
    assert refusal.value.param == "response_format"


# --- cache marks

SHORT, HOUR = {"type": "ephemeral"}, {"type": "ephemeral", "ttl": "1h"}


def marks(sent: Json) -> list[Json]:
    turns = [block for turn in sent["messages"] for block in turn["content"]]
    return [
        block["cache_control"]
        for block in sent.get("tools", []) + sent.get("system", []) + turns
        if "cache_control" in block
    ]


def marked(words: str, mark: Json = SHORT) -> Json:
    return {"type": "text", "text": words, "cache_control": mark}


def test_marks_stay_where_they_were() -> None:
    spoken = [{"role": "system", "content": [marked("S", HOUR)]}, {**user(), "cache_control": SHORT}]
    sent = body(messages=spoken, tools=[{**tool(), "cache_control": HOUR}])
    assert marks(sent) == [HOUR, HOUR, SHORT]
    assert sent["messages"][0]["content"] == [marked("Hello")]


def test_openais_breakpoint_is_a_short_mark() -> None:
    part = {"type": "text", "text": "A", "prompt_cache_breakpoint": {"mode": "explicit"}}
    assert marks(body(messages=[{"role": "user", "content": [part]}])) == [SHORT]


def test_only_the_last_four_marks_are_kept() -> None:
    sent = body(messages=[{"role": "user", "content": [marked(word) for word in "abcdef"]}])
    assert ["cache_control" in block for block in sent["messages"][0]["content"]] == [
        False,
        False,
        True,
        True,
        True,
        True,
    ]


def test_a_long_mark_after_a_short_one_is_shortened() -> None:
    parts = [marked("a", HOUR), marked("b"), marked("c", HOUR)]
    assert marks(body(messages=[{"role": "user", "content": parts}])) == [HOUR, SHORT, {**HOUR, "ttl": "5m"}]


def test_a_mark_in_a_result_is_the_results() -> None:
    history = [user(), calling(call("a")), result("a", [marked("19 C")])]
    last = body(messages=history)["messages"][-1]["content"][0]
    assert last["cache_control"] == SHORT
    assert last["content"] == [text("19 C")]


def test_a_message_mark_is_on_its_last_block_and_never_on_a_thought() -> None:
    thought = {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"}
    turn = calling(call("a"), content="Well", thinking_blocks=[thought], cache_control=SHORT)
    found = body(messages=[user(), turn, result("a")])["messages"][1]["content"]
    assert ["cache_control" in block for block in found] == [False, False, True]

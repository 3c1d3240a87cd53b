"""The fields of a request, provider by provider."""

from typing import Any

import pytest

from inference.chat.invalid_request import InvalidRequest
from tests.inference.dialects.openai_chat.asking import MODELS, body, changed, rendered, tool, user

SCHEMA = {
    "type": "json_schema",
    "json_schema": {"name": "city", "schema": {"type": "object", "properties": {"a": {"const": None}}}, "strict": True},
}


@pytest.mark.parametrize("model", MODELS)
def test_unknown_fields_stay_here_and_are_named(model: str) -> None:
    sent = rendered(model, mcp_servers=[{}], inference_geo="us", enable_thinking=True, cachedContent="x")
    assert set(sent.ignored) >= {"mcp_servers", "inference_geo", "enable_thinking", "cachedContent"}
    assert not set(sent.ignored) & set(sent.body)


def test_openai_keeps_nothing_and_knows_nobody() -> None:
    sent = body("gpt-5.2", user="bob@example.com", prompt_cache_key="chat-1")
    assert sent["store"] is False
    assert sent["service_tier"] == "default"
    assert sent["prompt_cache_retention"] == "in_memory"
    assert sent["safety_identifier"] == "hash of bob@example.com"
    assert sent["prompt_cache_key"] == "hash of chat-1"
    assert "user" not in sent


def test_storing_and_long_caching_are_ignored_by_name() -> None:
    sent = rendered("gpt-5.2", store=True, metadata={"a": "b"}, prompt_cache_retention="24h")
    assert sent.ignored == ["metadata", "prompt_cache_retention", "store"]
    assert sent.body["store"] is False
    assert "metadata" not in sent.body


def test_a_retention_of_memory_is_no_news() -> None:
    assert rendered("gpt-5-mini", prompt_cache_retention="in_memory").ignored == []
    assert "prompt_cache_retention" not in body("gpt-5-mini", prompt_cache_retention="in_memory")


def test_qwen_and_kimi_get_no_openai_fields() -> None:
    for model in ("kimi-k2.5", "qwen3-coder"):
        assert not {"store", "service_tier", "prompt_cache_retention", "user"} & set(body(model, user="bob"))
    assert body("kimi-k2.5", safety_identifier="bob", user="carol")["safety_identifier"] == "hash of bob"
    assert "safety_identifier" not in body("qwen3-coder", user="bob")


def test_gpt_5_2_takes_sampling_while_it_does_not_reason() -> None:
    assert body("gpt-5.2", temperature=0.3, top_p=0.5)["temperature"] == 0.3
    assert body("gpt-5.2", temperature=0.3, reasoning_effort="none")["temperature"] == 0.3
    sent = rendered("gpt-5.2", temperature=0.3, top_p=1, reasoning_effort="low")
    assert not {"temperature", "top_p"} & set(sent.body)
    assert sent.ignored == ["temperature"]


def test_qwens_temperature_stays_below_two() -> None:
    assert body("qwen3-coder", temperature=2)["temperature"] == 1.99
    assert body("qwen3-coder", temperature=1.5, top_p=0.9, top_k=20) | {"messages": []} == body("qwen3-coder") | {
        "messages": [],
        "temperature": 1.5,
        "top_p": 0.9,
        "top_k": 20,
    }


PASSED = {
    "n": 3,
    "seed": 7,
    "logprobs": True,
    "top_logprobs": 2,
    "verbosity": "low",
}


def test_openai_gets_the_rest_as_it_came() -> None:
    sent = body("gpt-5.2", **PASSED)
    assert {name: sent[name] for name in PASSED} == PASSED


TUNING = {
    "prediction": {"type": "content", "content": "x"},
    "logit_bias": {"5": -100},
    "stop": ["a"],
    "presence_penalty": 0.5,
    "frequency_penalty": -1.0,
}


@pytest.mark.parametrize("model", ["gpt-5.2", "gpt-5-mini", "gpt-5-nano"])
def test_what_gpt5_refuses_is_left_out_and_named(model: str) -> None:
    sent = rendered(model, **TUNING)
    assert sent.ignored == sorted(TUNING) and not sent.body.keys() & TUNING.keys()


def test_a_row_that_takes_it_gets_it() -> None:
    sent = body(changed("gpt-5.2", ignores=frozenset()), **TUNING)
    assert {name: sent[name] for name in TUNING} == TUNING
    assert isinstance(sent["logit_bias"]["5"], int)


@pytest.mark.parametrize(
    ("model", "given", "sent"),
    [
        ("gpt-5-mini", "none", "minimal"),
        ("gpt-5-nano", "max", "high"),
        ("gpt-5.2", "minimal", "low"),
        ("gpt-5.2", "max", "xhigh"),
    ],
)
def test_an_effort_the_model_lacks_is_the_nearest_it_has(model: str, given: str, sent: str) -> None:
    fitted = rendered(model, reasoning_effort=given)
    assert fitted.body["reasoning_effort"] == sent and fitted.transforms == ["reasoning_effort_fitted"]


def test_log_probabilities_are_named_where_the_model_reasons() -> None:
    sent = rendered("gpt-5-mini", logprobs=True, top_logprobs=2)
    assert sorted(sent.ignored) == ["logprobs", "top_logprobs"] and "logprobs" not in sent.body


def test_what_asks_for_nothing_is_left_out_in_silence() -> None:
    neutral = {
        "n": 1,
        "presence_penalty": 0,
        "frequency_penalty": 0,
        "logprobs": False,
        "logit_bias": {},
        "store": False,
    }
    for model in MODELS:
        assert rendered(model, **neutral).body == rendered(model).body
        assert rendered(model, **neutral).ignored == []


@pytest.mark.parametrize("field", ["logprobs", "top_logprobs", "audio", "web_search_options", "moderation"])
@pytest.mark.parametrize("model", ["kimi-k2.5", "qwen3-coder"])
def test_what_would_change_the_reply_is_refused(model: str, field: str) -> None:
    values: dict[str, Any] = {
        "logprobs": True,
        "top_logprobs": 3,
        "audio": {"voice": "a"},
        "web_search_options": {},
        "moderation": {},
    }
    with pytest.raises(InvalidRequest) as refused:
        body(model, **{field: values[field]})
    assert (refused.value.code, refused.value.param) == ("unsupported_parameter", field)


def test_kimi_ignores_what_it_would_refuse() -> None:
    given = {
        "seed": 1,
        "logit_bias": {"5": 1},
        "presence_penalty": 1,
        "frequency_penalty": 1,
        "verbosity": "low",
        "top_k": 3,
        "top_p": 0.9,
    }
    sent = rendered("kimi-k2.5", **given)
    assert sorted(sent.ignored) == sorted(given)
    assert set(sent.body) == {"model", "messages", "max_completion_tokens"}


def test_qwen_takes_seed_and_presence_but_no_frequency() -> None:
    sent = rendered("qwen3-coder", seed=1, presence_penalty=1, frequency_penalty=1, reasoning_effort="high")
    assert (sent.body["seed"], sent.body["presence_penalty"]) == (1, 1)
    assert sent.ignored == ["frequency_penalty", "reasoning_effort"]


@pytest.mark.parametrize(
    ("effort", "thinking"), [("none", "disabled"), ("minimal", "disabled"), ("low", "enabled"), ("max", "enabled")]
)
def test_kimis_effort_is_a_switch(effort: str, thinking: str) -> None:
    sent = body("kimi-k2.5", reasoning_effort=effort)
    assert sent["thinking"] == {"type": thinking}
    assert "reasoning_effort" not in sent


def test_openais_effort_passes() -> None:
    assert body("gpt-5-mini", reasoning_effort="minimal")["reasoning_effort"] == "minimal"
    assert "reasoning_effort" not in body("gpt-5-mini")


def test_kimis_length_is_always_sent() -> None:
    assert body("kimi-k2.5")["max_completion_tokens"] == 262_144
    assert "max_tokens" not in body("qwen3-coder")
    assert "max_completion_tokens" not in body("gpt-5.2")


def test_what_the_hold_buys_bounds_the_length() -> None:
    assert rendered("gpt-5.2", limit=500).body["max_completion_tokens"] == 500
    assert rendered("gpt-5.2", limit=500, max_tokens=400).body["max_completion_tokens"] == 400
    assert rendered("qwen3-coder", limit=500, max_tokens=900).body["max_tokens"] == 500


def test_kimis_stop_strings_are_short_and_few() -> None:
    assert body("kimi-k2.5", stop="END")["stop"] == "END"
    for stop in ("ü" * 17, list("abcdef")):
        with pytest.raises(InvalidRequest) as refused:
            body("kimi-k2.5", stop=stop)
        assert refused.value.param == "stop"
    assert body("qwen3-coder", stop=["x" * 40])["stop"] == ["x" * 40]


def test_an_empty_stop_stops_nothing() -> None:
    assert "stop" not in body("gpt-5.2", stop=[])
    assert "stop" not in body("gpt-5.2", stop="")


def test_obfuscation_is_openais_own() -> None:
    given = {"stream": True, "stream_options": {"include_obfuscation": False}}
    assert body("gpt-5.2", **given)["stream_options"] == {"include_usage": True, "include_obfuscation": False}
    assert body("kimi-k2.5", **given)["stream_options"] == {"include_usage": True}
    assert body("qwen3-coder", **given)["stream_options"] == {"include_usage": True}


def test_a_schema_passes_as_it_came() -> None:
    assert body("gpt-5.2", response_format=SCHEMA)["response_format"] == SCHEMA
    for model in ("gpt-5.2", "kimi-k2.5"):
        assert "response_format" not in body(model, response_format={"type": "text"})


def test_kimi_gets_a_schema_in_its_own_dialect() -> None:
    sent = body("kimi-k2.5", response_format=SCHEMA)["response_format"]["json_schema"]
    assert sent["strict"] is SCHEMA["json_schema"]["strict"]
    assert sent["schema"]["properties"] == {"a": {"enum": [None], "type": "null"}}


def test_qwen_cannot_be_held_to_a_schema() -> None:
    with pytest.raises(InvalidRequest) as refused:
        body("qwen3-coder", response_format=SCHEMA)
    assert refused.value.param == "response_format"


def test_a_schema_format_needs_its_schema() -> None:
    with pytest.raises(InvalidRequest) as refused:
        body("gpt-5.2", response_format={"type": "json_schema"})
    assert refused.value.code == "missing_required_parameter"


def test_qwen_hears_the_word_json() -> None:
    sent = rendered(
        "qwen3-coder",
        messages=[{"role": "system", "content": "Be brief."}, user("Say a")],
        response_format={"type": "json_object"},
    )
    assert [message["role"] for message in sent.body["messages"]] == ["system", "system", "user"]
    assert "JSON" in sent.body["messages"][1]["content"]
    assert sent.transforms == ["json_line_added"]


def test_who_says_json_is_left_alone() -> None:
    for model, text in (("qwen3-coder", "Answer in Json"), ("gpt-5.2", "Say a")):
        sent = rendered(model, messages=[user(text)], response_format={"type": "json_object"})
        assert sent.body["messages"] == [user(text)]
        assert sent.transforms == []


def test_parallel_calls_are_switched_where_there_is_a_switch() -> None:
    tools = [tool()]
    assert body("gpt-5.2", tools=tools, parallel_tool_calls=False)["parallel_tool_calls"] is False
    assert body("qwen3-coder", tools=tools, parallel_tool_calls=True)["parallel_tool_calls"] is True
    assert rendered("kimi-k2.5", tools=tools, parallel_tool_calls=False).ignored == ["parallel_tool_calls"]
    assert rendered("kimi-k2.5", tools=tools, parallel_tool_calls=True).ignored == []
    assert "parallel_tool_calls" not in body("gpt-5.2", parallel_tool_calls=False)


def test_a_field_that_staff_add_to_a_row_is_ignored_there() -> None:
    sent = rendered(changed("gpt-5.2", ignores=frozenset({"seed"})), seed=7)
    assert "seed" not in sent.body
    assert sent.ignored == ["seed"]

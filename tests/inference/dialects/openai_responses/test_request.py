import pytest

from inference.chat.invalid_request import InvalidRequest

from .asking import WEATHER, body, rendered, target


def test_case_01_either_length_becomes_max_output_tokens_and_the_newer_name_wins() -> None:
    assert body(max_tokens=100)["max_output_tokens"] == 100
    assert body(max_tokens=100, max_completion_tokens=200)["max_output_tokens"] == 200
    assert "max_output_tokens" not in body()


def test_case_02_a_fixed_temperature_is_left_out_and_named_unless_it_is_one() -> None:
    warm = rendered(temperature=0.7, top_p=1)
    assert "temperature" not in warm.body and warm.ignored == ["temperature"]
    assert rendered(temperature=1).ignored == []


def test_case_03_nulls_are_as_good_as_nothing() -> None:
    fields = ("stop", "tools", "tool_choice", "seed", "response_format", "store", "logprobs", "user", "stream_options")
    assert body(**dict.fromkeys(fields)) == body()


def test_sampling_is_free_where_a_model_takes_it_without_reasoning() -> None:
    to = target(sampling="when_not_reasoning", default_effort="none")
    assert rendered(temperature=0.2, top_p=0.5, to=to).body["temperature"] == 0.2
    assert rendered(temperature=0.2, reasoning_effort="low", to=to).ignored == ["temperature"]


def test_the_credit_lowers_the_length_and_never_raises_it() -> None:
    assert rendered(max_tokens=100, limit=50).body["max_output_tokens"] == 50
    assert rendered(max_tokens=100, limit=500).body["max_output_tokens"] == 100
    assert rendered(limit=500).body["max_output_tokens"] == 500


def test_a_length_below_the_least_the_api_takes_is_raised_and_told() -> None:
    short = rendered(max_tokens=5)
    assert short.body["max_output_tokens"] == 16
    assert short.transforms == ["output_limit_raised"]


def test_nothing_is_stored_and_reasoning_comes_back_sealed() -> None:
    asked = rendered(store=True, metadata={"a": "b"})
    assert asked.body["store"] is False
    assert asked.body["include"] == ["reasoning.encrypted_content"]
    assert sorted(asked.ignored) == ["metadata", "store"]


def test_a_model_that_does_not_reason_is_not_asked_for_sealed_thoughts() -> None:
    assert "include" not in rendered(to=target(thinking="none")).body


def test_tools_are_flat_and_strict_only_when_asked() -> None:
    strict = {"type": "function", "function": {**WEATHER["function"], "name": "exact", "strict": True}}
    loose, exact = body(tools=[WEATHER, strict])["tools"]
    assert loose == {"type": "function", **WEATHER["function"], "strict": False}
    assert exact["strict"] is True


def test_a_tool_without_parameters_takes_none() -> None:
    for parameters in ({}, {"parameters": None}, {"parameters": {}}):
        (tool,) = body(tools=[{"type": "function", "function": {"name": "now", **parameters}}])["tools"]
        assert tool["parameters"]["type"] == "object" and tool["parameters"]["properties"] == {}


@pytest.mark.parametrize(
    ("asked", "sent"),
    [
        ("auto", "auto"),
        ("none", "none"),
        ("required", "required"),
        ({"type": "function", "function": {"name": "weather"}}, {"type": "function", "name": "weather"}),
        (
            {
                "type": "allowed_tools",
                "allowed_tools": {
                    "mode": "required",
                    "tools": [{"type": "function", "function": {"name": "weather"}}],
                },
            },
            {"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "weather"}]},
        ),
    ],
)
def test_a_tool_choice_is_flat(asked: object, sent: object) -> None:
    assert body(tools=[WEATHER], tool_choice=asked)["tool_choice"] == sent


def test_parallel_calls_can_be_switched_off() -> None:
    assert body(tools=[WEATHER], parallel_tool_calls=False)["parallel_tool_calls"] is False
    assert "parallel_tool_calls" not in body(parallel_tool_calls=False)


def test_legacy_functions_become_tools() -> None:
    sent = body(functions=[WEATHER["function"]], function_call={"name": "weather"})
    assert sent["tools"][0]["name"] == "weather"
    assert sent["tool_choice"] == {"type": "function", "name": "weather"}


def test_a_json_schema_moves_into_the_text_format() -> None:
    schema = {"name": "city", "description": "one", "schema": {"type": "object"}, "strict": True}
    sent = body(response_format={"type": "json_schema", "json_schema": schema}, verbosity="low")
    assert sent["text"] == {"format": {"type": "json_schema", **schema}, "verbosity": "low"}


def test_a_schema_is_not_strict_unless_asked() -> None:
    form = {"type": "json_schema", "json_schema": {"name": "city", "schema": {}}}
    assert body(response_format=form)["text"]["format"]["strict"] is False


def test_json_objects_pass_and_plain_text_needs_no_format() -> None:
    assert body(response_format={"type": "json_object"})["text"] == {"format": {"type": "json_object"}}
    assert "text" not in body(response_format={"type": "text"})


def test_the_effort_passes_and_thoughts_are_summarised() -> None:
    assert body(reasoning_effort="xhigh")["reasoning"] == {"effort": "xhigh", "summary": "auto"}
    assert "reasoning" not in body()


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"n": 2}, "n"),
        ({"web_search_options": {}}, "web_search_options"),
        ({"modalities": ["text", "audio"]}, "modalities"),
        ({"service_tier": "flex"}, "service_tier"),
        ({"top_logprobs": 2}, "top_logprobs"),
    ],
)
def test_what_would_change_the_reply_or_its_price_is_refused(fields: dict[str, object], param: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        rendered(**fields)
    assert refused.value.param == param and refused.value.status == 400


def test_what_only_tunes_is_left_out_and_named() -> None:
    fields = {"seed": 1, "logit_bias": {"5": 1}, "presence_penalty": 1, "frequency_penalty": 1, "made_up": 1}
    asked = rendered(**fields, prediction={"type": "content", "content": "x"}, prompt_cache_retention="24h")
    assert set(asked.ignored) == {*fields, "prediction", "prompt_cache_retention"}
    assert not {*fields, "prediction"} & set(asked.body)
    assert asked.body["prompt_cache_retention"] == "in_memory"


def test_what_asks_for_nothing_is_not_named() -> None:
    assert rendered(n=1, presence_penalty=0, logit_bias={}, stop=[], store=False, logprobs=False).ignored == []


def test_callers_ids_are_hashed_and_the_tier_is_ours() -> None:
    sent = body(user="u", safety_identifier="s", prompt_cache_key="k", service_tier="auto")
    assert sent["safety_identifier"] == "hash-of-s" and "user" not in sent
    assert sent["prompt_cache_key"] == "hash-of-k"
    assert sent["service_tier"] == "default"
    assert body(user="u")["safety_identifier"] == "hash-of-u"


def test_cache_retention_is_named_where_leaving_it_out_would_mean_longer() -> None:
    asked = rendered(to=target(cache_retention="in_memory"), prompt_cache_retention="in_memory")
    assert asked.body["prompt_cache_retention"] == "in_memory" and asked.ignored == []


def test_log_probabilities_are_named_where_the_model_reasons() -> None:
    sent = rendered(logprobs=True, top_logprobs=3)
    assert sent.ignored == ["logprobs", "top_logprobs"] and "top_logprobs" not in sent.body


def test_log_probabilities_are_included_on_request() -> None:
    sent = body(logprobs=True, top_logprobs=3, to=target(sampling="free"))
    assert sent["include"] == ["reasoning.encrypted_content", "message.output_text.logprobs"]
    assert sent["top_logprobs"] == 3


def test_a_stream_is_asked_for_without_the_options_this_api_lacks() -> None:
    assert "stream" not in body()
    sent = body(stream=True, stream_options={"include_usage": True})
    assert sent["stream"] is True and "stream_options" not in sent
    sent = body(stream=True, stream_options={"include_obfuscation": False})
    assert sent["stream_options"] == {"include_obfuscation": False}

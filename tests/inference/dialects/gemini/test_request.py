"""Everything of a request that is neither message nor schema."""

import pytest

from inference.dialects import gemini
from tests.inference.dialects.gemini.asking import (
    FLASH,
    FLASH_3,
    MODELS,
    PRO,
    PRO_3,
    Json,
    body,
    config,
    refused,
    rendered,
    target,
    tool,
)


def choice(tool_choice: object, *tools: Json) -> Json | None:
    sent = body(tools=list(tools) or [tool("a"), tool("b")], tool_choice=tool_choice)
    return sent.get("toolConfig", {}).get("functionCallingConfig")


def allowed(mode: str, *names: str) -> Json:
    chosen = [{"type": "function", "function": {"name": name}} for name in names]
    return {"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": chosen}}


def test_the_path_names_the_model_and_the_manner() -> None:
    assert gemini.path("gemini-2.5-pro", stream=False) == "/v1beta/models/gemini-2.5-pro:generateContent"
    assert gemini.path("gemini-2.5-pro", stream=True) == "/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse"


@pytest.mark.parametrize("model", MODELS)
def test_a_plain_request_holds_nothing_but_its_words(model: str) -> None:
    assert body(model, stream=True, user="u1", safety_identifier="s") == body(model)
    assert body(model) == {"contents": [{"role": "user", "parts": [{"text": "Hello"}]}]}


def test_sampling_has_names_of_its_own() -> None:
    asked = {"temperature": 0.5, "top_p": 0, "top_k": 7, "seed": 3, "stop": ["a", "", "b"]}
    assert config(**asked) == {"temperature": 0.5, "topP": 0, "topK": 7, "seed": 3, "stopSequences": ["a", "b"]}


@pytest.mark.parametrize(("seed", "sent"), [(2**31 - 1, 2**31 - 1), (-(2**31), -(2**31)), (2**31, 0), (2**40 + 5, 5)])
def test_a_seed_is_folded_into_32_bits(seed: int, sent: int) -> None:
    assert config(seed=seed) == {"seed": sent}


def test_more_stops_than_five_are_refused() -> None:
    assert config(stop=list("abcde"))["stopSequences"] == list("abcde")
    assert refused(stop=list("abcdef")).param == "stop"


def test_penalties_are_told_as_ignored() -> None:
    assert rendered(presence_penalty=0, frequency_penalty=0).ignored == []
    sent = rendered(presence_penalty=1, frequency_penalty=0.5)
    assert sent.ignored == ["presence_penalty", "frequency_penalty"] and "generationConfig" not in sent.body


def test_what_gemini_lacks_is_told_as_ignored() -> None:
    sent = rendered(logit_bias={"1": 2}, verbosity="low", metadata={"a": "b"}, store=True, made_up=1)
    assert sorted(sent.ignored) == ["logit_bias", "made_up", "metadata", "store", "verbosity"]
    assert "generationConfig" not in sent.body


@pytest.mark.parametrize(
    ("asked", "limit", "sent"), [(None, None, None), (None, 50, 50), (100, None, 100), (100, 50, 50), (50, 100, 50)]
)
def test_the_lower_of_two_limits_is_sent(asked: int | None, limit: int | None, sent: int | None) -> None:
    found = rendered(limit=limit, max_tokens=asked).body.get("generationConfig", {})
    assert found.get("maxOutputTokens") == sent


def test_a_limit_above_the_models_is_lowered_to_it() -> None:
    sent = rendered(max_tokens=10**6)
    assert sent.body["generationConfig"] == {"maxOutputTokens": 65_536} and sent.transforms == ["max_tokens_lowered"]


@pytest.mark.parametrize(
    ("model", "effort", "thinking"),
    [
        (FLASH, "none", {"thinkingBudget": 0}),
        (FLASH, "minimal", {"thinkingBudget": 1024, "includeThoughts": True}),
        (FLASH, "max", {"thinkingBudget": 24576, "includeThoughts": True}),
        (PRO, "none", {"thinkingBudget": 128}),
        (PRO, "medium", {"thinkingBudget": 8192, "includeThoughts": True}),
        (PRO, "xhigh", {"thinkingBudget": 32768, "includeThoughts": True}),
        (PRO_3, "none", {"thinkingLevel": "LOW"}),
        (PRO_3, "medium", {"thinkingLevel": "MEDIUM", "includeThoughts": True}),
        (FLASH_3, "none", {"thinkingLevel": "MINIMAL"}),
        (FLASH_3, "xhigh", {"thinkingLevel": "HIGH", "includeThoughts": True}),
    ],
)
def test_an_effort_is_a_level_or_a_budget(model: str, effort: str, thinking: Json) -> None:
    assert config(model, reasoning_effort=effort) == {"thinkingConfig": thinking}


@pytest.mark.parametrize(
    ("model", "limit", "thinking"),
    [
        (FLASH, 10_000, {"thinkingBudget": 8000, "includeThoughts": True}),
        (FLASH, 2_000, {"thinkingBudget": 976, "includeThoughts": True}),
        (FLASH, 500, {"thinkingBudget": 0}),
        (FLASH, 1, {"thinkingBudget": 0}),
        (PRO, 50, {"thinkingBudget": 128, "includeThoughts": True}),
    ],
)
def test_a_budget_leaves_room_for_an_answer(model: str, limit: int, thinking: Json) -> None:
    sent = config(model, reasoning_effort="high", max_tokens=limit)
    assert sent == {"maxOutputTokens": limit, "thinkingConfig": thinking}


@pytest.mark.parametrize(
    ("asked", "sent"),
    [
        (None, None),
        ("auto", {"mode": "AUTO"}),
        ("none", {"mode": "NONE"}),
        ("required", {"mode": "ANY"}),
        ({"type": "function", "function": {"name": "b"}}, {"mode": "ANY", "allowedFunctionNames": ["b"]}),
        (allowed("auto", "b"), {"mode": "VALIDATED", "allowedFunctionNames": ["b"]}),
        (allowed("required", "a", "b"), {"mode": "ANY", "allowedFunctionNames": ["a", "b"]}),
    ],
)
def test_a_choice_among_tools_has_a_mode(asked: object, sent: Json | None) -> None:
    assert choice(asked) == sent


@pytest.mark.parametrize("asked", [None, "auto"])
def test_strict_tools_are_validated(asked: object) -> None:
    assert choice(asked, tool("a", strict=True), tool("b")) == {"mode": "VALIDATED"}
    assert choice("required", tool("a", strict=True)) == {"mode": "ANY"}


def test_a_choice_without_tools_is_dropped() -> None:
    assert body(tool_choice="auto") == body(tool_choice="none") == body()


def test_changed_names_are_chosen_by_their_new_name() -> None:
    assert choice({"type": "function", "function": {"name": "1a"}}, tool("1a")) == {
        "mode": "ANY",
        "allowedFunctionNames": ["_1a"],
    }


def test_a_description_goes_with_its_function() -> None:
    parameters = {"type": "object", "properties": {"city": {"type": "string"}}}
    sent = body(tools=[tool("a", description="Finds.", parameters=parameters, strict=True)])
    assert sent["tools"][0]["functionDeclarations"] == [
        {"name": "a", "description": "Finds.", "parametersJsonSchema": parameters}
    ]


def test_json_is_a_media_type() -> None:
    assert config(response_format={"type": "text"}) == {}
    assert config(response_format={"type": "json_object"}) == {"responseMimeType": "application/json"}


def test_the_description_of_a_format_goes_into_its_schema() -> None:
    named = {"name": "n", "description": "A point.", "schema": {"type": "object", "additionalProperties": False}}
    sent = config(response_format={"type": "json_schema", "json_schema": named})
    assert sent["responseJsonSchema"] == {"type": "object", "additionalProperties": False, "description": "A point."}


def test_a_request_can_be_rendered_again_with_less() -> None:
    asked = rendered(max_tokens=500).request
    assert gemini.render(asked, target(), limit=10).body["generationConfig"] == {"maxOutputTokens": 10}


@pytest.mark.parametrize("model", ["gemini-4-argon", "gemini-4-hydrogen", "gemini-3.8-flash", "gemini-3.5-flash-lite"])
def test_sampling_that_google_ignores_is_left_out_and_named(model: str) -> None:
    sent = rendered(model, temperature=0.2, top_p=0.5, top_k=5)
    assert sent.ignored == ["temperature", "top_p", "top_k"]
    assert "generationConfig" not in sent.body
    assert rendered(model, temperature=1).ignored == []

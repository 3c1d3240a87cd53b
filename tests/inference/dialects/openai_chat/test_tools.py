"""Tools, their names, and who chooses."""

from typing import Any

import pytest

from inference.chat.invalid_request import InvalidRequest
from tests.inference.dialects.openai_chat.asking import (
    Json,
    body,
    call,
    calling,
    chunk,
    messages,
    rendered,
    reply,
    result,
    streamed,
    tool,
    user,
)

TOOLS = [
    tool("weather", description="of a city", parameters={"type": "object", "properties": {}}, strict=True),
    tool("time"),
]


def named(name: str) -> Json:
    return {"type": "function", "function": {"name": name}}


def allowed(mode: str, *names: str) -> Json:
    return {"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": [named(name) for name in names]}}


def test_openai_gets_tools_as_they_came() -> None:
    assert body("gpt-5.2", tools=TOOLS)["tools"] == TOOLS
    assert "tool_choice" not in body("gpt-5.2", tools=TOOLS)


def test_kimi_is_not_strict_unless_asked() -> None:
    sent = body("kimi-k2.5", tools=TOOLS)["tools"]
    assert [each["function"]["strict"] for each in sent] == [True, False]


def test_qwen_does_not_know_strict() -> None:
    assert all("strict" not in each["function"] for each in body("qwen3-coder", tools=TOOLS)["tools"])


@pytest.mark.parametrize(
    "choice",
    ["auto", "none", "required", named("time"), allowed("auto", "time"), allowed("required", "time", "weather")],
)
def test_openai_is_told_the_choice_as_it_came(choice: Any) -> None:
    assert body("gpt-5.2", tools=TOOLS, tool_choice=choice)["tool_choice"] == choice


@pytest.mark.parametrize("model", ["kimi-k2.5", "qwen3-coder"])
@pytest.mark.parametrize(
    ("choice", "sent"),
    [("required", "required"), (named("time"), named("time")), (allowed("required", "time"), "required")],
)
def test_a_forced_call_is_sent_elsewhere_too(model: str, choice: Any, sent: Any) -> None:
    assert body(model, tools=TOOLS, tool_choice=choice)["tool_choice"] == sent


def test_kimis_thinking_gives_way_to_a_forced_call() -> None:
    sent = rendered("kimi-k2.5", tools=TOOLS, tool_choice="required", reasoning_effort="high")
    assert sent.body["thinking"] == {"type": "disabled"} and "thinking_disabled" in sent.transforms
    off = rendered("kimi-k2.5", tools=TOOLS, tool_choice="required", reasoning_effort="none")
    assert off.body["thinking"] == {"type": "disabled"} and "thinking_disabled" not in off.transforms


@pytest.mark.parametrize("model", ["kimi-k2.5", "qwen3-coder"])
def test_a_free_choice_passes_and_an_allowed_one_narrows(model: str) -> None:
    assert body(model, tools=TOOLS, tool_choice="none")["tool_choice"] == "none"
    sent = body(model, tools=TOOLS, tool_choice=allowed("auto", "time"))
    assert [each["function"]["name"] for each in sent["tools"]] == ["time"]
    assert sent["tool_choice"] == "auto"


def test_without_tools_there_is_no_choice() -> None:
    for model in ("gpt-5.2", "kimi-k2.5"):
        assert not {"tools", "tool_choice"} & set(body(model, tools=[], tool_choice="auto"))


def test_kimi_takes_128_tools() -> None:
    many = [tool(f"tool_{number}") for number in range(129)]
    with pytest.raises(InvalidRequest) as refused:
        body("kimi-k2.5", tools=many)
    assert refused.value.param == "tools"
    assert len(body("kimi-k2.5", tools=many[:128])["tools"]) == 128


def test_cache_marks_on_tools_are_named() -> None:
    assert rendered("qwen3-coder", tools=[{**tool(), "cache_control": {"type": "ephemeral"}}]).ignored == [
        "cache_control"
    ]


# Names


@pytest.mark.parametrize(
    ("name", "sent"), [("f", "f__"), ("ls", "ls_"), ("-x1", "_-x1"), ("3d_plot", "_3d_plot"), ("weather", "weather")]
)
def test_kimis_names_are_long_and_begin_with_a_letter(name: str, sent: str) -> None:
    assert body("kimi-k2.5", tools=[tool(name)])["tools"][0]["function"]["name"] == sent
    assert body("gpt-5.2", tools=[tool(name)])["tools"][0]["function"]["name"] == name


def test_two_names_never_become_one() -> None:
    sent = rendered("kimi-k2.5", tools=[tool("ls"), tool("ls_"), tool("ls__")])
    names = [each["function"]["name"] for each in sent.body["tools"]]
    assert len(set(names)) == 3
    assert sent.names == {names[0]: "ls"}


def test_the_caller_hears_the_name_he_gave() -> None:
    sent = rendered("kimi-k2.5", tools=[tool("ls")])
    whole = reply({"tool_calls": [call(name="ls_")]}, finish="tool_calls", names=dict(sent.names))
    told = streamed(
        chunk({"tool_calls": [{"index": 0, **call(name="ls_")}]}), chunk(finish="tool_calls"), names=dict(sent.names)
    )
    assert [each.choices[0].message["tool_calls"][0]["function"]["name"] for each in (whole, told)] == ["ls", "ls"]


def test_names_in_the_history_change_with_the_tools() -> None:
    sent = messages("kimi-k2.5", user(), calling(call(name="ls")), result(), tools=[tool("ls")])
    assert sent[1]["tool_calls"][0]["function"]["name"] == "ls_"


def test_a_name_no_provider_takes_is_mended_in_the_history() -> None:
    sent = messages(
        "gpt-5.2", user(), calling(call("a", name="default_api.ls"), call("b", name="")), result("a"), result("b")
    )
    assert [each["function"]["name"] for each in sent[1]["tool_calls"]] == ["default_api_ls", "_"]

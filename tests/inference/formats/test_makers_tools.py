"""Tools that Anthropic defines and the caller runs: Claude gets them as written, others refuse them by name."""

import json
from typing import Any

import pytest

from inference.api import chat, messages
from inference.billing import token_counting
from inference.billing.measure import Measure
from inference.chat.invalid_request import InvalidRequest
from tests.attacks.measuring import listing
from tests.inference.formats.test_named import claudes, rendered
from tests.inference.parameters import models

BASH = {"type": "bash_20250124", "name": "bash"}
SCREEN = {"type": "computer_20250124", "name": "computer", "display_width_px": 1024, "display_height_px": 768}
EDITOR = {"type": "text_editor_20250728", "name": "str_replace_based_edit_tool", "max_characters": 10_000}
MEMORY = {"type": "memory_20250818", "name": "memory", "input_examples": [{"command": "view", "path": "/memories"}]}
TOMORROWS = {"type": "computer_20991231", "name": "computer", "a_field_of_tomorrow": {"deep": [1, None]}}
ODD = {**BASH, "strict": True, "loose": 1, "input_schema": 2, "description": [], "input_examples": {}}
OWN = [ODD, BASH, SCREEN, EDITOR, MEMORY, TOMORROWS]
SEARCH = {"type": "web_search_20250305", "name": "web_search"}
CLAUDE, STRICT = "claude-sonnet-4.5", {"type": "object", "properties": {}, "additionalProperties": False}
OTHERS = [name for name in models() if not name.startswith("claude")]


def named(own: dict[str, Any]) -> str:
    return "odd" if own is ODD else str(own["type"])


@pytest.mark.parametrize("own", OWN, ids=named)
@pytest.mark.parametrize("mark", [{}, {"cache_control": {"type": "ephemeral", "ttl": "1h"}}], ids=["bare", "marked"])
def test_claude_gets_it_as_it_was_written(own: dict[str, Any], mark: dict[str, Any]) -> None:
    sent = claudes(CLAUDE, tools=[{**own, **mark}], tool_choice={"type": "tool", "name": own["name"]})
    assert sent.body["tools"] == [{**own, **mark}]
    assert sent.body["tool_choice"] == {"type": "tool", "name": own["name"]}
    assert (sent.ignored, sent.transforms) == ([], [])


def test_it_stands_among_others_in_its_place() -> None:
    read = {"name": "read", "input_schema": STRICT, "strict": True}
    sent = claudes(CLAUDE, tools=[read, {**BASH, "strict": True}, {**read, "name": "write"}]).body["tools"]
    assert [tool["name"] for tool in sent] == ["read", "bash", "write"]
    assert all(tool["strict"] for tool in sent) and "input_schema" not in sent[1]


@pytest.mark.parametrize("model", OTHERS)
@pytest.mark.parametrize("own", OWN, ids=named)
def test_another_model_refuses_it_with_the_remedy(model: str, own: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest) as refused:
        claudes(model, tools=[{"name": "read", "input_schema": STRICT}, own])
    said = refused.value.message
    assert said.startswith("tools.1: ") and own["type"] in said and "Claude model" in said and "input_schema" in said
    assert refused.value.param == "tools"


@pytest.mark.parametrize(
    "kind",
    ["web_search_20250305", "web_fetch_20260309", "code_execution_20260521", "tool_search_tool_regex_20251119",
     "mcp_toolset", "bash_code_execution_20250825", "computer_use_20250124", "memory_2025081", "bash_20250124 ", 7],
)  # fmt: skip
def test_what_anthropic_runs_is_refused_of_claude_too(kind: Any) -> None:
    with pytest.raises(InvalidRequest, match="not offered here"):
        claudes(CLAUDE, tools=[{"type": kind, "name": "x"}])


def test_what_would_have_anthropic_run_something_is_left_out_and_named() -> None:
    sent = claudes(CLAUDE, tools=[{**BASH, "allowed_callers": ["code_execution_20260120"], "defer_loading": True}])
    assert sent.body["tools"] == [BASH]
    assert sent.ignored == ["tools.allowed_callers", "tools.defer_loading"]


def test_no_caller_can_slip_a_hosted_tool_in_behind_a_name() -> None:
    hidden = {"makers_tools": {"search": {"maker": "anthropic", "raw": SEARCH}}}
    function = {"type": "function", "function": {"name": "search"}}
    said = [{"role": "user", "content": "hi"}]
    for format, tool in ((chat, function), (messages, {"name": "search", "input_schema": STRICT})):
        sent = rendered(format, CLAUDE, messages=said, max_tokens=9, tools=[tool], **hidden)
        assert "web_search" not in json.dumps(sent.body) and "makers_tools" in sent.ignored


@pytest.mark.parametrize(
    ("own", "beta", "is_sent"),
    [
        (SCREEN, "computer-use-2025-01-24", True),
        (TOMORROWS, "computer-use-2099-12-31", True),
        (MEMORY, "context-management-2025-06-27", True),
        (BASH, "computer-use-2025-01-24", False),
        (SCREEN, "context-1m-2025-08-07", False),
        (SCREEN, "computer-use-2025-01-24\r\nx: y", False),
    ],
)
def test_a_beta_goes_along_with_the_tool_that_waits_for_it(own: dict[str, Any], beta: str, is_sent: bool) -> None:
    sent = claudes(CLAUDE, tools=[own])
    assert [sent.switch_on(beta) for _ in range(2)] == [is_sent] * 2
    assert sent.headers.get("anthropic-beta") == (beta if is_sent else None)


def test_its_hidden_schema_is_within_the_bound() -> None:
    one, two = (measured(tools=tools) for tools in ([BASH], [BASH, SCREEN]))
    assert one.hidden == token_counting.TOOLS_TOKENS + token_counting.MAKERS_TOOL_TOKENS
    assert two.hidden - one.hidden == token_counting.MAKERS_TOOL_TOKENS
    assert two.bytes_bound is not None and two.bytes_bound == two.size + two.hidden


async def test_its_hidden_schema_is_counted_as_it_is_likely_billed() -> None:
    bare, *counted = [await measured(tools=tools).likely() for tools in ([], [BASH], [EDITOR], [SCREEN], [TOMORROWS])]
    own = [tokens - bare - token_counting.LIKELY_TOOLS_TOKENS for tokens in counted]
    assert all(0 < more - least < 100 for more, least in zip(own, [245, 700, 1_000, 1_000], strict=True)), own
    assert await measured(tools=[BASH, SCREEN]).likely() < await measured(tools=[BASH, SCREEN]).bound()


@pytest.mark.parametrize("place", ["a value", "a name", "deep"])
async def test_a_text_that_hides_in_one_is_paid_for(place: str) -> None:
    words = " ".join(f"word{number}" for number in range(2_000))
    hidden = {"a value": {"note": words}, "a name": {words: 1}, "deep": {"input_examples": [{"a": {words: [words]}}]}}
    bare, full = measured(tools=[BASH]), measured(tools=[{**BASH, **hidden[place]}])
    assert await full.bound() - await bare.bound() >= token_counting.count(words)


def test_a_mark_on_it_is_held_for() -> None:
    assert measured(tools=[{**BASH, "cache_control": {"type": "ephemeral"}}]).buckets == ("input", "write_5m")


def measured(**fields: Any) -> Measure:
    sent = claudes(CLAUDE, **fields)
    return Measure(sent, len(sent.encoded()), listing(CLAUDE), account=1)

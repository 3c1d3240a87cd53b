"""Nothing a caller asks for is lost in silence: every field × every model is sent, honoured, named or refused."""

import re

import pytest

from inference.chat import messages
from inference.chat.request import KNOWN_INSIDE, ChatRequest
from inference.chat.request_body import OURS
from inference.chat.unknown_fields import OF_INNER, OF_PART
from tests.inference.parameters import (
    PAGE,
    PROBES,
    SILENT,
    TRANSLATED,
    Probe,
    fate,
    holds,
    honoured_anyway,
    models,
    rendered,
    table,
)

OUR_OWN = {"model", "messages", "stream_options", *OURS}
# Values that the provider has other words for: what they become is tested with each dialect.
OTHER_WORDS = (
    "stream", "stop", "tools", "tool_choice", "tool_choice: required", "function_call", "functions", "user",
    "safety_identifier", "prompt_cache_key", "thinking: disabled", "tools.function.strict", "parallel_tool_calls",
    "max_completion_tokens", "max_tokens", "messages.partial", "tools of a flat form", "logprobs",
)  # fmt: skip


@pytest.mark.parametrize("model", models())
def test_no_field_is_lost_in_silence(model: str) -> None:
    assert {probe.name: lost for probe in PROBES if (lost := loss(model, probe))} == {}


def loss(model: str, probe: Probe) -> str:
    what, named = fate(model, probe)
    if what == SILENT and not honoured_anyway(model, probe.name):
        return "changes nothing and is not named"
    is_changed = what == TRANSLATED and probe.value is not None and not named and probe.name not in OTHER_WORDS
    if is_changed and not probe.name.startswith("reasoning_effort"):
        return "" if holds(rendered(model, probe.fields).body, probe.value) else "is changed and not named"
    return ""


def test_every_field_has_a_probe() -> None:
    probed = {probe.name.split(":")[0].split(",")[0].split(" ")[0] for probe in PROBES}
    tops = {name.split(".")[0] for name in probed}
    assert set(ChatRequest.model_fields) - OUR_OWN <= tops
    assert {place.split(".")[0] for place in KNOWN_INSIDE} - OUR_OWN <= tops


# Without these there is no message, part or call; and what a reply of ours carried comes back for its own provider
# alone, which loses nothing elsewhere (test_echo.py).
MEANING = {"role", "content", "type", "text", "id", "tool_call_id", "function", "arguments", "input", "data", "url",
           "format", "mode", "file_id", "custom"}  # fmt: skip
CARRIED = {"refusal", "reasoning_content", "thinking_blocks", "extra_content", "annotations", "audio", "index"}
OURS_TO_NOTE = {"order"}  # in which another format's turn was written; chat callers' own is named


def test_every_field_inside_a_message_has_a_probe() -> None:
    probed = {word for probe in PROBES for word in re.findall(r"[a-z_]+", f"{probe.name} {probe.fields}")}
    known = {*messages.Message.model_fields, *messages.ToolCall.model_fields}.union(*OF_PART.values())
    inside = known.union(*OF_INNER.values())
    assert inside - probed - MEANING - CARRIED == OURS_TO_NOTE


@pytest.mark.parametrize("model", models())
def test_a_field_of_ours_is_nobodys_to_set_and_named(model: str) -> None:
    for name in OURS:
        for value in ("high", True, {"a": ["b", "c"]}):
            before, after = rendered(model, {}), rendered(model, {name: value})
            assert (after.body, after.ignored) == (before.body, [*before.ignored, name])
            assert getattr(after.request, name) == getattr(before.request, name) or name == "unknown_inside"


def test_the_table_in_the_documentation_is_what_the_code_does() -> None:
    assert PAGE.read_text() == table(), "python -m tests.inference.parameters writes it anew"

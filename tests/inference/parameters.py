"""What each model does with each field of a request, asked of the code: `python -m tests.inference.parameters` writes
docs/providers/parameters.md.

A probe is a request with one field more than its neighbour without it. What became of the field is seen in the body.
"""

import json
import os
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import django

from inference.chat import suiting
from inference.chat.invalid_request import InvalidRequest
from inference.chat.provider_request import ProviderRequest, Target
from inference.chat.request import ChatRequest
from inference.chat.traits import Traits
from inference.dialects import DIALECTS, Dialect

Json = dict[str, Any]

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "providers" / "parameters.md"
SPEAKS = {"openai": "openai_chat", "moonshot": "openai_chat", "qwen": "openai_chat", "anthropic": "anthropic",
          "gemini": "gemini"}  # fmt: skip

HELLO = [{"role": "user", "content": "Hello"}]
PNG = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUg=="
PDF = "data:application/pdf;base64,JVBERi0xLjQK"
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
FUNCTION = {"name": "get_weather", "description": "of a city", "parameters": CITY}
TOOL: Json = {"type": "function", "function": FUNCTION}
TOOLS = {"tools": [TOOL]}
SCHEMA = {"type": "json_schema", "json_schema": {"name": "city", "schema": CITY}}
MAP = {"type": "object", "properties": {"m": {"type": "object", "additionalProperties": {"type": "integer"}}}}
GRAMMAR = {"type": "grammar", "grammar": {"syntax": "lark", "definition": "start: /x+/"}}

FORWARDED, TRANSLATED, NAMED, REFUSED, SILENT = "forwarded", "translated", "left out, named", "refused", "silent"


@dataclass(frozen=True)
class Probe:
    """`value` is what to look for in the body; `without` the request that lacks only this field."""

    name: str
    fields: Json
    value: Any = None
    without: Json = field(default_factory=dict)


def plain(name: str, value: Any, **without: Any) -> Probe:
    return Probe(name, {**without, name: value}, value, without)


def user(*parts: Json, **more: Any) -> Json:
    return {"messages": [{"role": "user", "content": list(parts) or "Hello", **more}]}


def part(name: str, given: Json, value: Any = None) -> Probe:
    text = {"type": "text", "text": "Hello"}
    is_text = "text" in given
    return Probe(name, user(given) if is_text else user(text, given), value, user(text))


def tool(name: str, value: Any, **function: Any) -> Probe:
    told = {**TOOL, "function": {**FUNCTION, **function}}
    return Probe(name, {"tools": [told]}, value, TOOLS)


def results(*content: Json) -> Json:
    call = {"id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": "{}"}}
    asked = {"role": "assistant", "content": None, "tool_calls": [call]}
    return {**TOOLS, "messages": [*HELLO, asked, {"role": "tool", "tool_call_id": "call_1", "content": list(content)}]}


def turn(**more: Any) -> Json:
    """A call and its answer; `call_…`, `answer_…` are fields of these."""
    call = {"id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": "{}"}}
    of_call = {name.removeprefix("call_"): value for name, value in more.items() if name.startswith("call_")}
    of_answer = {name.removeprefix("answer_"): value for name, value in more.items() if name.startswith("answer_")}
    asked = {"role": "assistant", "content": None, "tool_calls": [{**call, **of_call}]}
    return {
        **TOOLS,
        "messages": [*HELLO, asked, {"role": "tool", "tool_call_id": "call_1", "content": "7", **of_answer}],
    }


def file(**more: Any) -> Json:
    return user({"type": "file", "file": {"file_data": PDF, "filename": "a.pdf", **more}})


def spoken(**more: Any) -> Json:
    said = {"role": "assistant", "content": [{"type": "text", "text": "It is", **more}]}
    return {"messages": [*HELLO, said, {"role": "user", "content": "So?"}]}


PROBES = [
    plain("stream", True),
    Probe("stream_options.include_obfuscation", {"stream": True, "stream_options": {"include_obfuscation": True}}, True,
          {"stream": True}),
    plain("max_completion_tokens", 1234),
    plain("max_tokens", 1234),
    Probe("max_tokens beside max_completion_tokens", {"max_completion_tokens": 4321, "max_tokens": 1234}, 1234,
          {"max_completion_tokens": 4321}),
    Probe("max_tokens above the model's", {"max_tokens": 9_000_000}, 9_000_000),
    plain("temperature", 0.25),
    Probe("temperature: 2", {"temperature": 2}, 2),
    plain("top_p", 0.75),
    Probe("top_p beside temperature", {"temperature": 0.25, "top_p": 0.75}, 0.75, {"temperature": 0.25}),
    plain("top_k", 33),
    plain("n", 3),
    plain("stop", ["ENDING"]),
    plain("seed", 4711),
    Probe("seed of more than 32 bits", {"seed": 2**40 + 7}, 2**40 + 7),
    plain("logprobs", True),
    plain("top_logprobs", 4, logprobs=True),
    plain("logit_bias", {"99": 7}),
    plain("presence_penalty", 0.35),
    plain("frequency_penalty", 0.35),
    Probe("presence_penalty: 2", {"presence_penalty": 2}, 2),
    Probe("tools", TOOLS, "get_weather"),
    tool("tools.function.description", "elsewhere", description="elsewhere"),
    tool("tools.function.strict", True, strict=True, parameters={**CITY, "additionalProperties": False}),
    Probe("tools.cache_control", {"tools": [{**TOOL, "cache_control": {"type": "ephemeral"}}]}, {"type": "ephemeral"},
          TOOLS),
    Probe("tools.custom", {"tools": [{"type": "custom", "custom": {"name": "patch", "format": GRAMMAR}}]}, "patch"),
    Probe("tools of a flat form", {"tools": [{"type": "function", **FUNCTION}]}, "get_weather"),
    plain("tool_choice", "none", **TOOLS),
    Probe("tool_choice: required", {**TOOLS, "tool_choice": "required"}, "required", TOOLS),
    Probe("tool_choice, one tool", {**TOOLS, "tool_choice": {"type": "function", "function": {"name": "get_weather"}}},
          None, TOOLS),
    Probe("tool_choice: required, with thinking", {**TOOLS, "tool_choice": "required", "reasoning_effort": "high"},
          None, {**TOOLS, "reasoning_effort": "high"}),
    Probe("tool_choice: allowed_tools", {**TOOLS, "tool_choice": {"type": "allowed_tools", "allowed_tools": {
        "mode": "required", "tools": [{"type": "function", "function": {"name": "get_weather"}}]}}}, None, TOOLS),
    Probe("parallel_tool_calls", {**TOOLS, "parallel_tool_calls": False}, False, TOOLS),
    Probe("parallel_tool_calls without tools", {"parallel_tool_calls": False}),
    Probe("functions", {"functions": [FUNCTION]}, "get_weather"),
    Probe("function_call", {"functions": [FUNCTION], "function_call": "none"}, "none",
          {"functions": [FUNCTION]}),
    Probe("response_format: json_object", {"messages": [{"role": "user", "content": "JSON"}],
          "response_format": {"type": "json_object"}}, None, {"messages": [{"role": "user", "content": "JSON"}]}),
    Probe("response_format: json_schema", {"response_format": SCHEMA}, None),
    Probe("response_format, a map", {"response_format": {"type": "json_schema", "json_schema": {"name": "m",
          "schema": MAP}}}),
    *(Probe(f"reasoning_effort: {effort}", {"reasoning_effort": effort}, effort)
      for effort in ("none", "minimal", "low", "medium", "high", "xhigh", "max")),
    Probe("reasoning_effort: high, little room", {"reasoning_effort": "high", "max_tokens": 3000}, None,
          {"max_tokens": 3000}),
    plain("verbosity", "low"),
    Probe("thinking: disabled", {"thinking": {"type": "disabled"}}, "disabled"),
    Probe("thinking: between_tools", {"thinking": {"type": "between_tools"}}, "between_tools"),
    Probe("thinking: enabled", {"thinking": {"type": "enabled", "budget_tokens": 3333}}, 3333),
    plain("modalities", ["text", "audio"]),
    plain("audio", {"voice": "alloy", "format": "mp3"}),
    plain("prediction", {"type": "content", "content": "x"}),
    plain("web_search_options", {"search_context_size": "low"}),
    plain("moderation", {"model": "m"}),
    plain("metadata", {"a": "b"}),
    plain("store", True),
    plain("user", "u-77"),
    plain("safety_identifier", "s-77"),
    plain("prompt_cache_key", "k-77"),
    plain("prompt_cache_retention", "24h"),
    plain("prompt_cache_options", {"a": 1}),
    plain("service_tier", "flex"),
    Probe("a field nobody knows", {"made_up": 1}),
    Probe("messages.name", user(name="bob"), "bob", user()),
    Probe("messages.partial", {"messages": [*HELLO, {"role": "assistant", "content": "It is", "partial": True}]}, True,
          {"messages": [*HELLO, {"role": "assistant", "content": "It is"}]}),
    Probe("messages.cache_control", user(cache_control={"type": "ephemeral"}), {"type": "ephemeral"}, user()),
    Probe("messages, a field nobody knows", user(mood="gay"), "gay", user()),
    part("messages.content.cache_control", {"type": "text", "text": "Hello", "cache_control": {"type": "ephemeral"}},
         {"type": "ephemeral"}),
    part("messages.content.cache_control.ttl", {"type": "text", "text": "Hello",
         "cache_control": {"type": "ephemeral", "ttl": "1h"}}, "1h"),
    part("messages.content.prompt_cache_breakpoint", {"type": "text", "text": "Hello",
         "prompt_cache_breakpoint": {"mode": "explicit"}}),
    part("messages.content.prompt_cache_breakpoint.ttl", {"type": "text", "text": "Hello",
         "prompt_cache_breakpoint": {"mode": "explicit", "ttl": "12h"}}, "12h"),
    part("messages.content, a field nobody knows", {"type": "text", "text": "Hello", "mood": "gay"}, "gay"),
    part("image_url, data", {"type": "image_url", "image_url": {"url": PNG}}),
    part("image_url, https", {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}),
    Probe("image_url.detail", user({"type": "image_url", "image_url": {"url": PNG, "detail": "low"}}), "low",
          user({"type": "image_url", "image_url": {"url": PNG}})),
    part("input_audio: mp3", {"type": "input_audio", "input_audio": {"data": "SUQz", "format": "mp3"}}),
    part("input_audio: ogg", {"type": "input_audio", "input_audio": {"data": "T2dnUw==", "format": "ogg"}}),
    part("file, PDF", {"type": "file", "file": {"file_data": PDF, "filename": "a.pdf"}}),
    part("file, PDF as bare base64", {"type": "file", "file": {"file_data": "JVBERi0xLjQK", "filename": "a.pdf"}}),
    part("file, PDF by https", {"type": "file", "file": {"file_data": "https://example.com/a.pdf"}}),
    part("file, video", {"type": "file", "file": {"file_data": "data:video/mp4;base64,AAAA", "filename": "a.mp4"}}),
    Probe("messages.is_error", turn(answer_is_error=True), None, turn()),
    Probe("messages.tool_calls.cache_control", turn(call_cache_control={"type": "ephemeral"}), {"type": "ephemeral"},
          turn()),
    Probe("messages.content.citations", spoken(citations=[{"type": "char_location", "cited_text": "c"}]), None,
          spoken()),
    Probe("file.context", file(context="of 2024"), "of 2024", file()),
    Probe("file.citations", file(citations=True), None, file()),
    Probe("image in a tool's result", results({"type": "text", "text": "shot"},
          {"type": "image_url", "image_url": {"url": PNG}}), None, results({"type": "text", "text": "shot"})),
]  # fmt: skip


@cache
def models() -> dict[str, tuple[Dialect, Target]]:
    from inference.catalog import loading  # needs Django's apps

    found = {}
    for name, row in loading.rows().items():
        dialect = DIALECTS[row.get("dialect") or SPEAKS[row["provider"]]]
        traits = Traits.of(row["traits"])
        found[name] = dialect, Target(row["upstream_id"], traits, lambda value: f"hash of {value}", may_fetch=True)
    return found


def rendered(model: str, fields: Json) -> ProviderRequest:
    dialect, target = models()[model]
    request = ChatRequest.read(json.dumps({"model": model, "messages": HELLO, **fields}).encode())
    suiting.suit(request, target.traits, tool_media=dialect.TOOL_MEDIA)
    return dialect.render(request, target)


def fate(model: str, probe: Probe) -> tuple[str, list[str]]:
    """What becomes of a probe's field, and how it is named to the caller."""
    try:
        before, after = rendered(model, probe.without), rendered(model, probe.fields)
    except InvalidRequest:
        return REFUSED, []
    named = [name for name in after.ignored + after.transforms if name not in before.ignored + before.transforms]
    if after.body == before.body:
        is_left_out = any(name in after.ignored for name in named)
        return (NAMED if is_left_out else TRANSLATED if named else SILENT), named
    added = {name: value for name, value in probe.fields.items() if name not in probe.without}
    is_forwarded = bool(added) and all(after.body.get(name) == value for name, value in added.items())
    return (FORWARDED if is_forwarded and not named else TRANSLATED), named


def holds(body: Any, value: Any) -> bool:
    if body == value and isinstance(body, bool) == isinstance(value, bool):
        return True
    inner = body.values() if isinstance(body, dict) else body if isinstance(body, list) else ()
    return any(holds(each, value) for each in inner)


def table() -> str:
    names = list(models())
    lines = [
        "# What becomes of each field",
        "",
        "Written by `python -m tests.inference.parameters` from the code and the catalogue; a test compares it.",
        "",
        "* **forwarded**: sent to the provider under its own name;",
        "* **translated**: sent in the provider's own terms, or honoured by us; what was changed on the way is named in"
        " `x-conway-transforms` (in brackets);",
        "* **left out, named**: not sent, and named in `x-conway-ignored-params` (in brackets where the name differs);",
        "* **refused**: answered 400 before anything is sent.",
        "",
        f"| field | {' | '.join(names)} |",
        f"|---|{'---|' * len(names)}",
    ]
    for probe in PROBES:
        cells = [cell(model, probe) for model in names]
        lines.append(f"| {probe.name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def cell(model: str, probe: Probe) -> str:
    what, named = fate(model, probe)
    if what == SILENT and honoured_anyway(model, probe.name):
        return TRANSLATED
    other = [name for name in named if name != probe.name]
    return f"{what} ({', '.join(other)})" if other else what


# Fields that change nothing in the body: kind of model → field → why nothing is lost.
HONOURED_ANYWAY = {
    "claude": {
        "stream": "Claude is always asked for a stream",
        "thinking: disabled": "Claude thinks only when told to",
        "reasoning_effort: none": "Claude thinks only when told to",
        "messages.partial": "an assistant message at the end is always continued",
    },
    "qwen3.8": {
        "reasoning_effort: xhigh": "Qwen3.8 thinks as hard unasked",
    },
    "gemini": {
        "stream": "a stream has another address",
        "parallel_tool_calls": "of several calls we pass on the first",
    },
}


def honoured_anyway(model: str, name: str) -> bool:
    return name in HONOURED_ANYWAY.get(model.partition("-")[0], {})


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "conway.settings")
    django.setup()
    PAGE.write_text(table())

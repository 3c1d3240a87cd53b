"""What is wrong with a row's traits, in sentences: for the form of staff, and for the reviewed file."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

from pydantic import TypeAdapter, ValidationError

from inference.chat.request import ChatRequest
from inference.chat.traits import Traits

TRAITS = TypeAdapter(Traits)
AT_LEAST_ONE = ("context_tokens", "max_output_tokens", "max_input_tokens", "image_tokens", "page_tokens")
EFFORTS = {"none", "minimal", "low", "medium", "high", "xhigh", "max"}
IMAGES = {"data", "https", "fetched"}
# What may be ignored, dropped or rejected: fields of a request, and these inside of them.
INSIDE = {"cache_control", "image_url.detail", "stream_options.include_obfuscation", "stream_options.include_usage"}
# How a model thinks → the table that has to say how much.
TABLES = {"budget": "thinking_budgets", "level": "thinking_levels", "switch": "thinking_levels"}


def faults(row: Mapping[str, Any]) -> Iterator[str]:
    """Nothing of a row that may be offered."""
    if unknown := set(row) - {field.name for field in fields(Traits)}:
        yield f"There is no trait {', '.join(sorted(unknown))}."
        return
    try:
        TRAITS.validate_json(json.dumps(row), strict=True)
    except ValidationError as error:
        yield from (f"{'.'.join(str(step) for step in fault['loc'])}: {fault['msg']}." for fault in error.errors())
        return
    yield from limits(row)
    yield from words(row)
    yield from thinking(row)


def limits(row: Mapping[str, Any]) -> Iterator[str]:
    if wrong := [name for name in AT_LEAST_ONE if row.get(name) is not None and row[name] < 1]:
        yield f"{', '.join(wrong)}: at least 1."
    for name in ("max_input_tokens", "max_output_tokens"):
        if (row.get(name) or 0) > row["context_tokens"]:
            yield f"{name}: more than the {row['context_tokens']:,} tokens of the context."


def words(row: Mapping[str, Any]) -> Iterator[str]:
    """A slip in a name would do nothing, in silence."""
    if unknown := set(row.get("images", ())) - IMAGES:
        yield f"images: {', '.join(sorted(unknown))} is no way an image comes; there are {', '.join(sorted(IMAGES))}."
    for name in ("ignores", "drops", "rejects"):
        if unknown := set(row.get(name, ())) - set(ChatRequest.model_fields) - INSIDE:
            yield f"{name}: a request has no field {', '.join(sorted(unknown))}."


def thinking(row: Mapping[str, Any]) -> Iterator[str]:
    for name in ("efforts", "thinking_budgets", "thinking_levels"):
        if unknown := set(row.get(name, ())) - EFFORTS:
            yield f"{name}: there is no effort {', '.join(sorted(unknown))}."
    if row.get("default_effort") not in (None, *EFFORTS):
        yield f"default_effort: there is no effort {row['default_effort']}."
    table = TABLES.get(row.get("thinking", ""))
    if table is not None and not row.get(table):
        yield f"{table}: a model whose thinking is '{row['thinking']}' needs it, by effort."
    if wrong := [effort for effort, tokens in row.get("thinking_budgets", {}).items() if tokens < 0]:
        yield f"thinking_budgets: {', '.join(wrong)} is below 0."

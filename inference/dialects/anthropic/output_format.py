"""`response_format`: a schema the model is held to, or a word in the system prompt where there is none."""

import json
from typing import Any

from inference.chat.invalid_request import InvalidRequest
from inference.chat.provider_request import ProviderRequest
from inference.chat.request import ChatRequest
from inference.dialects import schemas as json_schemas
from inference.dialects.schemas import compiled

JSON_ONLY = "Reply with one valid JSON object and nothing else."
MATCHING = "Reply with one valid JSON value and nothing else. It must match this JSON Schema:\n"
PARAM = "response_format"
RULES = "claude_strict"


def wants_json(request: ChatRequest) -> bool:
    return request.response_format is not None and request.response_format.type != "text"


def asked_schema(request: ChatRequest) -> dict[str, Any] | None:
    """None also where `json_schema` comes without a schema to hold the reply to: OpenAI lets it out."""
    form = request.response_format
    if form is None or form.type != "json_schema":
        return None
    if form.json_schema is None:
        raise InvalidRequest("response_format.json_schema is missing.", param=PARAM, code="missing_required_parameter")
    described = {"description": form.json_schema.description} if form.json_schema.description else {}
    return {**described, **form.json_schema.schema_} if form.json_schema.schema_ else None


def is_unfenced(request: ChatRequest) -> bool:
    """Claude likes to put JSON that rests on an instruction into a code fence; held to a schema, it never does."""
    return wants_json(request)


def write(rendered: ProviderRequest) -> dict[str, Any]:
    """A schema that Claude cannot be held to (a map, recursion, too many options) is told in words, unless the caller
    asked for `strict`: a map held to it would always be empty.
    """
    request = rendered.request
    schema = asked_schema(request)
    if schema is None:
        return {}
    before = rendered.budget.has_fitted
    try:
        fitted = json_schemas.of_reply(schema, RULES, PARAM, rendered.budget)
        if excess := compiled.excess([fitted]):
            raise InvalidRequest(f"response_format: the schema has {excess}.", param=PARAM, code="unsupported_value")
    except InvalidRequest as refused:
        form = request.response_format
        if refused.code != "unsupported_value" or (form and form.json_schema and form.json_schema.strict):
            raise
        json_schemas.of_reply(schema, "claude", PARAM, rendered.budget)  # raises for what is no schema at all
        rendered.budget.has_fitted = before  # in words it is the caller's own
        rendered.transform("schema_in_words")
        return {}
    return {"format": {"type": "json_schema", "schema": fitted}}


def instruction(request: ChatRequest, form: dict[str, Any]) -> list[dict[str, Any]]:
    """What stands in for a schema that the reply is not held to."""
    if not wants_json(request) or form:
        return []
    schema = asked_schema(request)
    return [{"type": "text", "text": MATCHING + json.dumps(schema, ensure_ascii=False) if schema else JSON_ONLY}]


def schemas(form: dict[str, Any]) -> list[dict[str, Any]]:
    return [form["format"]["schema"]] if form else []

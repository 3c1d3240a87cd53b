"""`response_format`: a schema the model is held to, or a word in the system prompt where there is none."""

from typing import Any

from inference.chat.invalid_request import InvalidRequest
from inference.chat.request import ChatRequest
from inference.dialects.anthropic import schema

JSON_ONLY = "Reply with one valid JSON object and nothing else."
PARAM = "response_format"


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
    """JSON mode rests on an instruction alone here, and Claude likes to put its JSON into a code fence."""
    return wants_json(request) and asked_schema(request) is None


def instruction(request: ChatRequest) -> list[dict[str, Any]]:
    return [{"type": "text", "text": JSON_ONLY}] if is_unfenced(request) else []


def schemas(form: dict[str, Any]) -> list[dict[str, Any]]:
    return [form["format"]["schema"]] if form else []


def write(request: ChatRequest) -> dict[str, Any]:
    given = asked_schema(request)
    if given is None:
        return {}
    fitted = schema.fit(given, param=PARAM)
    if excess := schema.excess([fitted]):
        raise InvalidRequest(f"response_format: the schema has {excess}.", param=PARAM, code="unsupported_value")
    return {"format": {"type": "json_schema", "schema": fitted}}

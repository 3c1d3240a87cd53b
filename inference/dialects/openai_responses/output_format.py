"""`response_format` and `verbosity`, which are one field here."""

from typing import Any

from inference.chat.request import ChatRequest, JsonSchema


def write(request: ChatRequest) -> dict[str, Any]:
    form = request.response_format
    told: dict[str, Any] = {}
    if form is not None and form.json_schema is not None and form.type == "json_schema":
        told["format"] = json_schema(form.json_schema)
    elif form is not None and form.type == "json_object":
        told["format"] = {"type": "json_object"}
    if request.verbosity is not None:
        told["verbosity"] = request.verbosity
    return {"text": told} if told else {}


def json_schema(given: JsonSchema) -> dict[str, Any]:
    described = {"description": given.description} if given.description is not None else {}
    schema = {"schema": given.schema_ or {}, "strict": bool(given.strict)}
    return {"type": "json_schema", "name": given.name, **described, **schema}

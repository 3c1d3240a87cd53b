"""`response_format` and `verbosity`, which are one field here."""

from typing import Any

from inference.chat.provider_request import ProviderRequest
from inference.chat.request import JsonSchema
from inference.dialects import schemas


def write(rendered: ProviderRequest) -> dict[str, Any]:
    request = rendered.request
    form = request.response_format
    told: dict[str, Any] = {}
    if form is not None and form.json_schema is not None and form.type == "json_schema":
        told["format"] = json_schema(form.json_schema, rendered)
    elif form is not None and form.type == "json_object":
        told["format"] = {"type": "json_object"}
    if request.verbosity is not None:
        told["verbosity"] = request.verbosity
    return {"text": told} if told else {}


def json_schema(given: JsonSchema, rendered: ProviderRequest) -> dict[str, Any]:
    fitted = schemas.of_reply(given.schema_ or {}, "openai", "response_format", rendered.budget)
    described = {"description": given.description} if given.description is not None else {}
    schema = {"schema": fitted, "strict": bool(given.strict)}
    return {"type": "json_schema", "name": given.name, **described, **schema}

"""`response_format` and `verbosity`, which are one field here."""

from typing import Any

from inference.chat.provider_request import ProviderRequest
from inference.chat.request import JsonSchema
from inference.dialects import schemas
from inference.dialects.openai_responses.tools import LONGEST_NAME
from inference.dialects.tool_names import fitted


def write(rendered: ProviderRequest) -> dict[str, Any]:
    request = rendered.request
    form = request.response_format
    text: dict[str, Any] = {}
    if form is not None and form.json_schema is not None and form.type == "json_schema":
        text["format"] = json_schema(form.json_schema, rendered)
    elif form is not None and form.type == "json_object":
        text["format"] = {"type": "json_object"}
    if request.verbosity is not None:
        text["verbosity"] = request.verbosity
    return {"text": text} if text else {}


def json_schema(form: JsonSchema, rendered: ProviderRequest) -> dict[str, Any]:
    schema = schemas.of_reply(form.schema_ or {}, "openai", "response_format", rendered.budget)
    described = {"description": form.description} if form.description is not None else {}
    held = {"schema": schema, "strict": bool(form.strict)}
    return {"type": "json_schema", "name": fitted(form.name, LONGEST_NAME), **described, **held}

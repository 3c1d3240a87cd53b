"""`response_format`: JSON by its media type, with a schema where one is given (docs/providers/gemini.md)."""

from typing import Any

from inference.chat.invalid_request import InvalidRequest, unsupported
from inference.chat.provider_request import ProviderRequest
from inference.chat.traits import Traits
from inference.dialects import schemas

PARAM = "response_format"
JSON = {"responseMimeType": "application/json"}


def write(rendered: ProviderRequest, traits: Traits) -> dict[str, Any]:
    request = rendered.request
    form = request.response_format
    if form is None or form.type == "text":
        return {}
    if request.tools and not traits.json_with_tools:
        raise unsupported("This model gives either JSON output or tool calls; leave out one of them.", param=PARAM)
    if form.type == "json_object":
        return dict(JSON)
    if form.json_schema is None:
        raise InvalidRequest("response_format.json_schema is missing.", param=PARAM, code="missing_required_parameter")
    if not form.json_schema.schema_:
        return dict(JSON)
    described = {"description": form.json_schema.description} if form.json_schema.description else {}
    schema = {**described, **form.json_schema.schema_}
    return {**JSON, "responseJsonSchema": schemas.of_reply(schema, "gemini", PARAM, rendered.budget)}

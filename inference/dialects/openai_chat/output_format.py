"""`response_format`: passed on as it came, where the model takes it."""

from typing import Any

from inference.chat.invalid_request import InvalidRequest, unsupported
from inference.chat.provider_request import ProviderRequest
from inference.chat.request import ChatRequest
from inference.chat.traits import Traits
from inference.dialects import schemas
from inference.dialects.tool_names import fitted

LONGEST_NAME = 64
Body = dict[str, Any]

NO_SCHEMA = "This model cannot be held to a schema; ask for json_object and describe the schema in a message."
JSON_LINE = "Reply with one valid JSON object and nothing else."


def write(rendered: ProviderRequest, traits: Traits) -> Body:
    request = rendered.request
    wanted = request.response_format
    if wanted is None or wanted.type == "text":
        return {}
    if wanted.type == "json_object":
        return {"response_format": {"type": "json_object"}}
    if not traits.json_schema:
        raise unsupported(NO_SCHEMA, param="response_format", value=True)
    if (form := wanted.json_schema) is None:
        raise missing("response_format.json_schema")
    schema = form.schema_ and schemas.of_reply(form.schema_, traits.schema_rules, "response_format", rendered.budget)
    name = fitted(form.name, LONGEST_NAME)
    fields = {"name": name, "description": form.description, "schema": schema, "strict": form.strict}
    json_schema = {name: value for name, value in fields.items() if value is not None}
    return {"response_format": {"type": "json_schema", "json_schema": json_schema}}


def missing(name: str) -> InvalidRequest:
    text = f"Missing required parameter: '{name}'."
    return InvalidRequest(text, param=name.partition(".")[0], code="missing_required_parameter")


def remind(rendered: ProviderRequest, messages: list[Body], traits: Traits) -> None:
    """Some providers refuse JSON mode in a conversation that does not say the word."""
    request = rendered.request
    if traits.json_word_needed and wants_json(request) and not says_json(request):
        rendered.transform("json_line_added")
        messages.insert(end_of_head(messages), {"role": "system", "content": JSON_LINE})


def wants_json(request: ChatRequest) -> bool:
    return request.response_format is not None and request.response_format.type == "json_object"


def says_json(request: ChatRequest) -> bool:
    return any("json" in message.text.lower() for message in request.messages)


def end_of_head(messages: list[Body]) -> int:
    spoken = (index for index, message in enumerate(messages) if message["role"] != "system")
    return next(spoken, len(messages))

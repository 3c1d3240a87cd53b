"""The longer parts of the inference API's OpenAPI document: a completion's request, both forms of answer, headers."""

from typing import Any

from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema
from ninja.operation import Operation

from inference.chat.request import ChatRequest
from inference.chat.request_body import OURS

CHOICES = ["auto", "none", "required", "any", "tool", "function", "custom", "allowed_tools"]
REF = "#/components/schemas/{model}"

DESCRIPTION = """
OpenAI's chat completions for the models of five providers, paid from prepaid credits: point any OpenAI SDK here.

Send `Authorization: Bearer` and an API key (`cnwy_k_…`) or an access token. Keys, sign-in, balance and history are
described in [accounts and credits](/v1/accounts-and-credits/docs).
"""


class DocumentedAPI(NinjaAPI):
    """Completions are read and written without ninja's schemas, so their components are added here."""

    made: OpenAPISchema | None = None

    def get_openapi_schema(self, **kwargs: Any) -> OpenAPISchema:
        """Made once: it takes a tenth of a second."""
        if self.made is None:
            self.made = super().get_openapi_schema(**kwargs)
            self.made["components"]["schemas"].update(components())
        return self.made

    def get_openapi_operation_id(self, operation: Operation) -> str:
        return operation.view_func.__name__


def components() -> dict[str, Any]:
    request = ChatRequest.model_json_schema(ref_template=REF)
    parts = request.pop("$defs")
    for name in OURS:  # not the caller's
        del request["properties"][name]
    del parts["Message"]["properties"]["order"]
    take_client_shapes(request, parts)
    request |= {
        "title": "CreateCompletion",
        "description": "OpenAI's fields. What a model cannot honour is a 400, or left out and named in "
        "`x-conway-ignored-params` where the reply stays the same kind.",
        "examples": [{"model": "gpt-5-mini", "messages": [{"role": "user", "content": "Hello"}], "stream": True}],
    }
    return {**parts, "CreateCompletion": request, "Completion": COMPLETION, "CompletionChunk": CHUNK, "Usage": USAGE}


def take_client_shapes(request: dict[str, Any], parts: dict[str, Any]) -> None:
    """What chat/client_shapes.py brings to OpenAI's own form: flat and custom tools, choices as objects, `input`."""
    request["required"] = ["model"]
    request["properties"]["input"] = described("In place of `messages`, as the Responses API has it.")
    for name in ("Tool", "ToolCall"):
        parts[name]["required"] = [field for field in parts[name]["required"] if field != "function"]
    tool = parts["Tool"]
    tool["required"] = [field for field in tool["required"] if field != "type"]  # a function, where nothing is said
    tool["properties"]["type"] = {"anyOf": [tool["properties"]["type"], {"type": "null"}]}
    tool["properties"] |= {name: {} for name in ("name", "description", "parameters", "strict", "format")}
    words = {"type": "object", "properties": {"type": {"enum": CHOICES}}, "required": ["type"]}
    request["properties"]["tool_choice"]["anyOf"].append(words)


def ref(name: str) -> dict[str, str]:
    return {"$ref": REF.format(model=name)}


def described(text: str, **schema: Any) -> dict[str, Any]:
    return {**schema, "description": text}


def record(required: tuple[str, ...], **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required)}


TEXT, WHOLE = {"type": "string"}, {"type": "integer"}
TEXT_OR_NULL = {"type": ["string", "null"]}
ANY_OBJECT = {"type": "object", "additionalProperties": True}

USAGE = record(
    ("prompt_tokens", "completion_tokens", "total_tokens"),
    prompt_tokens=WHOLE,
    completion_tokens=WHOLE,
    total_tokens=WHOLE,
    prompt_tokens_details=ANY_OBJECT,
    completion_tokens_details=ANY_OBJECT,
    cost_usd=described("The exact cost before the markup.", **TEXT),
    charged_cents=WHOLE,
)
MESSAGE = record(
    ("role",),
    role={"const": "assistant"},
    content=TEXT_OR_NULL,
    refusal=TEXT_OR_NULL,
    reasoning_content=described("What the model thought, where its provider shows it.", **TEXT_OR_NULL),
    tool_calls={"type": "array", "items": ANY_OBJECT},
    thinking_blocks=described("Claude's signed thinking; may be sent back.", type="array", items=ANY_OBJECT),
)
ID = described("The completion's id, and its receipt's number.", **TEXT)
COMPLETION = record(
    ("id", "object", "created", "model", "choices", "usage"),
    id=ID,
    object={"const": "chat.completion"},
    created=WHOLE,
    model=described("What the provider says it served.", **TEXT),
    choices={
        "type": "array",
        "items": record(
            ("index", "message", "finish_reason"), index=WHOLE, message=MESSAGE, finish_reason=TEXT, logprobs={}
        ),
    },
    usage=ref("Usage"),
)
CHUNK = record(
    ("id", "object", "created", "model", "choices"),
    id=ID,
    object={"const": "chat.completion.chunk"},
    created=WHOLE,
    model=TEXT,
    choices={
        "type": "array",
        "items": record(
            ("index", "delta", "finish_reason"), index=WHOLE, delta=ANY_OBJECT, finish_reason=TEXT_OR_NULL, logprobs={}
        ),
    },
    usage={"anyOf": [ref("Usage"), {"type": "null"}]},
)

MAX_COST = {
    "in": "header",
    "name": "x-conway-max-cost-cents",
    "required": False,
    "schema": {"type": "string", "pattern": "^[0-9]{1,12}$"},
    "description": "Holds at most so many cents: the output is limited to what they buy.",
}
FOLLOW_SUCCESSOR = {
    "in": "header",
    "name": "x-conway-follow-successor",
    "required": False,
    "schema": {"type": "string", "enum": ["true", "false", "1", "0"]},
    "description": "Whether a dearer successor may answer for a model that is over. Absent: the account's setting.",
}
IDEMPOTENCY_KEY = {
    "in": "header",
    "name": "idempotency-key",
    "required": False,
    "schema": {"type": "string", "maxLength": 255},
    "description": "A second request with the same key is 409, neither sent nor charged.",
}
ASKED = {"requestBody": {"required": True, "content": {"application/json": {"schema": ref("CreateCompletion")}}}}

SENT_HEADERS = {
    "x-request-id": "Name it when you ask us about this answer.",
    "x-conway-cost-usd": "JSON replies: the exact cost before the markup.",
    "x-conway-charged-cents": "JSON replies: what was charged.",
    "x-conway-balance-cents": "JSON replies: the balance it left.",
    "x-conway-model-redirect": "`old -> new`: a successor answered for a model that is over, at its own price.",
    "x-conway-max-tokens": "The output limit that was sent, where the credit bought less than was asked.",
    "x-conway-ignored-params": "Parameters the model cannot honour, left out.",
    "x-conway-transforms": "What was changed so that the provider takes it.",
    "x-conway-upstream-id": "The provider's own id of its answer.",
    "x-conway-settlement": "`pending`: charged when the database is back.",
    "x-conway-sandbox": "`true`: the answer is simulated.",
}
STREAM = """Server-sent events. `data` is a CompletionChunk as JSON; the last is `[DONE]`, sent when the charge is
booked. A failure in the middle is an object with `error`. Lines that begin with a colon keep the connection alive."""
EVENT = record(("data",), data=described(STREAM, **TEXT))
COMPLETED = {
    "description": "The completion, or its stream.",
    "headers": {name: described(text, schema=TEXT) for name, text in SENT_HEADERS.items()},
    "content": {
        "application/json": {"schema": ref("Completion")},
        "text/event-stream": {"schema": EVENT},
    },
}

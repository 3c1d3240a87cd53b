"""Responses and Messages in the OpenAPI document: the fields that are read, and the shape of what is answered."""

from typing import Any

from inference.api.openapi import (
    ANY_OBJECT,
    COMPLETED,
    IDEMPOTENCY_KEY,
    MAX_COST,
    TEXT,
    TEXT_OR_NULL,
    WHOLE,
    described,
    record,
)

Schema = dict[str, Any]

OBJECTS = {"type": "array", "items": ANY_OBJECT}
TEXT_OR_OBJECTS = {"anyOf": [{"type": "string", "minLength": 1}, {"type": "array", "items": ANY_OBJECT, "minItems": 1}]}
MODEL = described("As `GET /v1/models` lists it, or by its provider's name.", type="string", minLength=1)
MONEY = {"cost_usd": described("The exact cost before the markup.", **TEXT), "charged_cents": WHOLE}

MESSAGES = record(
    ("model", "max_tokens", "messages"),
    model=MODEL,
    max_tokens={"type": "integer", "minimum": 1, "maximum": 128_000},
    messages={"type": "array", "minItems": 1, "items": record(("role", "content"), role=TEXT, content=TEXT_OR_OBJECTS)},
    system=TEXT_OR_OBJECTS,
    stream={"type": "boolean"},
    tools=OBJECTS,
    tool_choice=ANY_OBJECT,
    thinking=ANY_OBJECT,
    output_config=ANY_OBJECT,
    stop_sequences={"type": "array", "items": TEXT},
    temperature={"type": "number", "minimum": 0, "maximum": 1},
    top_p={"type": "number", "minimum": 0, "maximum": 1},
    top_k={"type": "integer", "minimum": 1},
    metadata=ANY_OBJECT,
    context_management=described("Ignored, and named in `x-conway-transforms`.", **ANY_OBJECT),
)
MESSAGE = record(
    ("id", "type", "role", "model", "content", "stop_reason", "usage"),
    id=described("The completion's id, and its receipt's number.", **TEXT),
    type={"const": "message"},
    role={"const": "assistant"},
    model=TEXT,
    content=OBJECTS,
    stop_reason=TEXT_OR_NULL,
    stop_sequence=TEXT_OR_NULL,
    usage={**record(("input_tokens", "output_tokens"), input_tokens=WHOLE, output_tokens=WHOLE, **MONEY)},
)
RESPONSES = record(
    ("model", "input"),
    model=MODEL,
    input=TEXT_OR_OBJECTS,
    instructions=TEXT_OR_NULL,
    stream={"type": "boolean"},
    tools=OBJECTS,
    tool_choice={"anyOf": [TEXT, ANY_OBJECT]},
    reasoning=ANY_OBJECT,
    text=ANY_OBJECT,
    max_output_tokens={"type": "integer", "minimum": 1, "maximum": 128_000},
    parallel_tool_calls={"type": "boolean"},
    include={"type": "array", "items": TEXT},
    store=described("Answered as false: nothing is stored.", type="boolean"),
    temperature={"type": "number", "minimum": 0, "maximum": 2},
    top_p={"type": "number", "minimum": 0, "maximum": 1},
    metadata=ANY_OBJECT,
    prompt_cache_key=TEXT,
)
RESPONSE = record(
    ("id", "object", "created_at", "model", "status", "output", "usage"),
    id=described("The completion's id, and its receipt's number.", **TEXT),
    object={"const": "response"},
    created_at=WHOLE,
    model=TEXT,
    status=TEXT,
    output=OBJECTS,
    store={"const": False},
    usage=record(
        ("input_tokens", "output_tokens", "total_tokens"),
        input_tokens=WHOLE,
        output_tokens=WHOLE,
        total_tokens=WHOLE,
        **MONEY,
    ),
)
EVENTS = "Server-sent events, named and ordered as {}'s; the last is sent when the charge is booked."


def completes(request_schema: Schema, whole: Schema, whose: str) -> Schema:
    """What an operation documents beside its errors."""
    event = record(("data",), event=TEXT, data=described(EVENTS.format(whose), **TEXT))
    content = {"application/json": {"schema": whole}, "text/event-stream": {"schema": event}}
    return {
        "security": [{"HeaderAuth": []}],
        "parameters": [MAX_COST, IDEMPOTENCY_KEY],
        "responses": {200: {**COMPLETED, "content": content}},
        **takes(request_schema),
    }


def counts(request_schema: Schema, **also: Schema) -> Schema:
    whole = record(("input_tokens",), input_tokens=WHOLE, **also)
    answered = {"description": "The prompt's tokens, counted.", "content": {"application/json": {"schema": whole}}}
    required = [name for name in request_schema["required"] if name != "max_tokens"]
    return {
        "security": [{"HeaderAuth": []}],
        "responses": {200: answered},
        **takes({**request_schema, "required": required}),
    }


def takes(request_schema: Schema) -> Schema:
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": request_schema}}}}

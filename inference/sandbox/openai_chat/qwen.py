"""Alibaba's Qwen coder in compatible mode: text only, no thinking, errors in an SSE frame when a stream was
asked for."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ..cache import PromptCache
from ..neutral_request import Ask, Usage
from ..refusals import Refused
from ..replies import Choice, Reply
from ..tool_choice import Call
from ..validators import (
    Invalid,
    Rule,
    anything,
    array,
    flag,
    integer,
    nullable,
    number,
    one_of,
    record,
    tagged,
    text,
    typed,
)
from ..word_tokens import pieces
from . import fields
from .conversation import check_companions, check_tool_messages, check_word_json, understood
from .error_messages import in_openais_words
from .qwen_cache_control import CACHE_MIN, check_marks, parameter, prompt_blocks
from .wire import ChatWire, sse

MODELS = ("qwen3-coder-plus", "qwen3-coder-flash")
OUTPUT_MAX, INPUT_MAX = 65_536, 997_952

NAME = text(pattern=fields.FUNCTION_NAME)
CACHED = record({"type": one_of("ephemeral")}, ["type"])
CONTENT = fields.content(text=record({"type": anything, "text": text(), "cache_control": CACHED}, ["text"]))


def below(limit: float) -> Rule:
    inside = number(0)

    def rule(value: Any, path: tuple[str | int, ...]) -> None:
        inside(value, path)
        if value >= limit:
            raise Invalid(path, "high", f"below {limit}", value)

    return rule


MESSAGE = tagged(
    "role",
    {
        "system": record({"role": anything, "content": CONTENT}, ["content"]),
        "user": record({"role": anything, "content": CONTENT}, ["content"]),
        "assistant": record(
            {"role": anything, "content": CONTENT, "tool_calls": fields.tool_calls(NAME), "partial": flag}, ["content"]
        ),
        "tool": record(
            {"role": anything, "content": CONTENT, "tool_call_id": text(least=1)}, ["content", "tool_call_id"]
        ),
    },
)
FIELDS = {
    "model": text(least=1),
    "messages": array(MESSAGE, least=1),
    "stream": flag,
    "stream_options": nullable(fields.STREAM_OPTIONS),
    "max_tokens": integer(1, OUTPUT_MAX),
    "temperature": below(2),
    "top_p": number(0, 1),
    "top_k": integer(0),
    "presence_penalty": number(-2, 2),
    "seed": integer(0, 2**31 - 1),
    "stop": typed(string=text(), array=array(text())),
    "n": integer(1, 1),
    "tools": fields.tools(NAME, 128),
    "tool_choice": typed(string=text(), object=fields.NAMED_CHOICE),
    "parallel_tool_calls": flag,
    "response_format": tagged("type", {name: rule for name, rule in fields.FORMATS.items() if name != "json_schema"}),
}

REQUEST = record(FIELDS, ["model", "messages"])


class Qwen(ChatWire):
    provider = "qwen"

    def __init__(self, cache: PromptCache) -> None:
        self.cache = cache

    faults = {
        400: ("invalid_request_error", "invalid_parameter_error", "The request was not valid."),
        401: ("invalid_request_error", "invalid_api_key", "Incorrect API key provided."),
        403: ("access_denied", "access_denied", "Access denied."),
        404: ("invalid_request_error", "model_not_found", "The model does not exist or you do not have access to it."),
        429: ("limit_requests", "limit_requests", "You exceeded your current requests list."),
        500: ("internal_error", "internal_error", "An internal error has occured, please try again later."),
        503: ("service_unavailable", "service_unavailable", "The service is temporarily unavailable."),
    }

    def check_shape(self, body: Any) -> None:
        REQUEST(body, ())

    def complaint(self, invalid: Invalid) -> Refused:
        if invalid.problem == "value" and invalid.path[-1] == "type" and "content" in invalid.path:
            return parameter("This model only supports text content.")
        return parameter(f"<400> InternalError.Algo.InvalidParameter: {in_openais_words(invalid).message}")

    def quota(self) -> Refused:
        return Refused(
            400, "Arrearage", "Access denied, please make sure your account is in good standing.", code="Arrearage"
        )

    def blocked(self) -> Refused:
        return Refused(
            400,
            "data_inspection_failed",
            "Input data may contain inappropriate content.",
            code="data_inspection_failed",
        )

    def error_body(self, refused: Refused, serial: int) -> dict[str, Any]:
        return {**super().error_body(refused, serial), "request_id": f"sandbox-{serial}"}

    def error(self, refused: Refused, serial: int, streamed: bool) -> tuple[str, bytes]:
        if streamed and refused.status == 400:
            return "text/event-stream;charset=UTF-8", sse(self.error_body(refused, serial)).data
        return super().error(refused, serial, streamed)

    def headers(self, serial: int) -> dict[str, str]:
        return {"x-request-id": f"sandbox-{serial}"}

    def checked(self, body: dict[str, Any]) -> Ask:
        if body["model"] not in MODELS:
            raise Refused(
                404,
                "invalid_request_error",
                f"The model `{body['model']}` does not exist or you do not have access to it.",
                code="model_not_found",
            )
        choice = body.get("tool_choice", "auto")
        if isinstance(choice, str) and choice not in ("auto", "none", "required"):
            raise parameter("<400> InternalError.Algo.InvalidParameter: The tool_choice parameter is not known.")
        check_companions(body, {"stream_options": "stream"})
        check_marks(body["messages"])
        try:
            check_tool_messages(body["messages"])
            check_word_json(body)
        except Refused as refused:
            raise parameter(f"<400> InternalError.Algo.InvalidParameter: {refused.message}") from None
        ask = understood(body, body["model"], thinks=False, limit=body.get("max_tokens"))
        if ask.input.prompt > INPUT_MAX:
            raise parameter(
                f"<400> InternalError.Algo.InvalidParameter: Range of input length should be [1, {INPUT_MAX}]"
            )
        usage, prefixes = self.cache.measure(body["model"], prompt_blocks(body), CACHE_MIN)
        return replace(ask, input=usage if prefixes else ask.input).then(lambda: self.cache.keep(prefixes))

    def envelope(self, reply: Reply, kind: str) -> dict[str, Any]:
        return {
            **super().envelope(reply, kind),
            "system_fingerprint": None,
            **({"usage": None} if kind.endswith("chunk") else {}),
        }

    def choice(self, reply: Reply, choice: Choice, index: int) -> dict[str, Any]:
        whole = super().choice(reply, choice, index)
        whole["message"]["content"] = choice.text
        return {**whole, "logprobs": None}

    def usage(self, usage: Usage) -> dict[str, Any]:
        """What an explicit mark wrote is part of the prompt, as what it read."""
        whole = super().usage(usage)
        if usage.write_5m:
            split = {"ephemeral_5m_input_tokens": usage.write_5m}
            written = {
                "cache_creation": split,
                "cache_creation_input_tokens": usage.write_5m,
                "cache_type": "ephemeral",
            }
            whole["prompt_tokens_details"] |= written
        return whole

    def opening(self, choice: Choice) -> dict[str, Any]:
        return {"role": "assistant", "content": "" if choice.words or not choice.calls else None}

    def call_deltas(self, reply: Reply, call: Call, index: int, nth: int) -> Iterator[dict[str, Any]]:
        """The first fragment rides with the name, later ones have empty ids and names, the last null arguments."""
        first, *rest = pieces(json.dumps(call.arguments, ensure_ascii=False))
        yield {
            "id": self.call_id(reply, call, index, nth),
            "type": "function",
            "function": {"name": call.name, "arguments": first},
        }
        yield from ({"id": "", "type": "function", "function": {"name": "", "arguments": piece}} for piece in rest)
        yield {"id": "", "type": "function", "function": {"arguments": None}}

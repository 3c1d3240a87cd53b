"""Alibaba's Qwen in compatible mode, errors in an SSE frame when a stream was asked for. The coder takes text only and
does not think; the 3.8 models see, and think unless told not to, beyond what `max_tokens` bounds."""

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

CODERS = ("qwen3-coder-plus", "qwen3-coder-flash")
THINKERS = ("qwen3.8-max", "qwen3.8-flash")
OUTPUT_MAX, INPUT_MAX = 65_536, 997_952
THINKERS_OUTPUT_MAX, THINKERS_INPUT_MAX, THINKING_MAX = 131_072, 991_808, 262_144
EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")

NAME = text(pattern=fields.FUNCTION_NAME)
CACHED = record({"type": one_of("ephemeral")}, ["type"])
TEXT_PART = record({"type": anything, "text": text(), "cache_control": CACHED}, ["text"])
IMAGE_URL = record({"url": text(pattern=r"(https?://|data:image/)(.|\n)+")}, ["url"])
CONTENT = fields.content(text=TEXT_PART)
SEEN = fields.content(text=TEXT_PART, image_url=record({"type": anything, "image_url": IMAGE_URL}, ["image_url"]))


def below(limit: float) -> Rule:
    inside = number(0)

    def rule(value: Any, path: tuple[str | int, ...]) -> None:
        inside(value, path)
        if value >= limit:
            raise Invalid(path, "high", f"below {limit}", value)

    return rule


ROLES = {
    "system": record({"role": anything, "content": CONTENT}, ["content"]),
    "user": record({"role": anything, "content": CONTENT}, ["content"]),
    "assistant": record(
        {"role": anything, "content": CONTENT, "tool_calls": fields.tool_calls(NAME), "partial": flag}, ["content"]
    ),
    "tool": record({"role": anything, "content": CONTENT, "tool_call_id": text(least=1)}, ["content", "tool_call_id"]),
}
SEEING_ROLES = {**ROLES, "user": record({"role": anything, "content": SEEN}, ["content"])}
FIELDS = {
    "model": text(least=1),
    "messages": array(tagged("role", ROLES), least=1),
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
THINKERS_REQUEST = record(
    {
        **FIELDS,
        "messages": array(tagged("role", SEEING_ROLES), least=1),
        "max_tokens": integer(1, THINKERS_OUTPUT_MAX),
        "enable_thinking": flag,
        "thinking_budget": integer(1, THINKING_MAX),
        "reasoning_effort": one_of(*EFFORTS),
        "response_format": tagged("type", fields.FORMATS),
    },
    ["model", "messages"],
)


class Qwen(ChatWire):
    provider = "qwen"
    thinking_field = "reasoning_content"

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
        is_thinker = isinstance(body, dict) and body.get("model") in THINKERS
        (THINKERS_REQUEST if is_thinker else REQUEST)(body, ())

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
        if body["model"] not in CODERS + THINKERS:
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
        thinks = check_thinking(body)
        ask = understood(body, body["model"], thinks=thinks, limit=body.get("max_tokens"))
        if thinks:
            ask = replace(ask, thinking_limit=body.get("thinking_budget", THINKING_MAX))
        most = THINKERS_INPUT_MAX if body["model"] in THINKERS else INPUT_MAX
        if ask.input.prompt > most:
            raise parameter(f"<400> InternalError.Algo.InvalidParameter: Range of input length should be [1, {most}]")
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
        if usage.thinking:
            whole["completion_tokens_details"] = {"reasoning_tokens": usage.thinking}
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


def check_thinking(body: dict[str, Any]) -> bool:
    """Whether it will think."""
    thinks = body["model"] in THINKERS and body.get("enable_thinking") is not False
    thinks = thinks and body.get("reasoning_effort") != "none"
    if "reasoning_effort" in body and "thinking_budget" in body:
        raise parameter(
            "<400> InternalError.Algo.InvalidParameter: reasoning_effort and thinking_budget cannot be set together"
        )
    if thinks and body.get("tool_choice", "auto") not in ("auto", "none"):
        raise parameter(
            "<400> InternalError.Algo.InvalidParameter: The tool_choice parameter does not support being set to "
            "required or object in thinking mode"
        )
    return thinks

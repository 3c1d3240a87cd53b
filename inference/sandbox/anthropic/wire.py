"""How Messages answers: one JSON object, named events, errors with a type."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ..asks import Ask, Usage
from ..cache import PromptCache
from ..calls import Call
from ..exchange import Frame, Incoming
from ..refusals import Refused
from ..replies import CALLS, LENGTH, MALFORMED, REFUSED, STOP, STOP_STRING, Choice, Reply
from ..shapes import Invalid
from ..tokens import count, pieces
from . import fields
from .conversation import prompt_blocks, understood
from .models import bad, known
from .rules import check
from .thinking import signature
from .wording import complaint

VERSIONS = {"2023-06-01": (), "2026-10-21": ("temperature", "top_p", "top_k")}  # version → fields it no longer takes
FINISH = {
    STOP: "end_turn",
    STOP_STRING: "stop_sequence",
    LENGTH: "max_tokens",
    CALLS: "tool_use",
    REFUSED: "refusal",
    MALFORMED: "end_turn",
}
FAULTS = {
    400: ("invalid_request_error", "The request was not valid."),
    401: ("authentication_error", "invalid x-api-key"),
    402: ("billing_error", "Your credit balance is too low to access the Anthropic API."),
    403: ("permission_error", "Your API key does not have permission to use the specified resource."),
    404: ("not_found_error", "Not found"),
    409: ("conflict_error", "The request conflicts with the current state of the resource."),
    413: ("request_too_large", "Request exceeds the maximum size"),
    429: ("rate_limit_error", "This request would exceed your organization's rate limit."),
    500: ("api_error", "Internal server error"),
    504: ("timeout_error", "Request timed out"),
    529: ("overloaded_error", "Overloaded"),
}


class Anthropic:
    provider = "anthropic"
    free_refusals = True

    def __init__(self, cache: PromptCache) -> None:
        self.cache = cache

    # requests

    def authenticate(self, headers: Mapping[str, str]) -> None:
        key = headers.get("x-api-key") or headers.get("authorization", "").removeprefix("Bearer ")
        if not key:
            raise Refused(401, "authentication_error", "x-api-key header is required")
        if key == "wrong":
            raise self.fault(401)
        if headers.get("anthropic-version") not in VERSIONS:
            raise bad(
                "anthropic-version: header is required"
                if "anthropic-version" not in headers
                else f'anthropic-version: "{headers["anthropic-version"]}" is not a valid version'
            )

    def read(self, body: Any, incoming: Incoming) -> Ask:
        try:
            fields.REQUEST(body, ())
        except Invalid as invalid:
            raise complaint(invalid) from None
        for field in VERSIONS[incoming.headers["anthropic-version"]]:
            if field in body:
                raise bad(f"{field}: Extra inputs are not permitted")
        model = known(body["model"])
        check(body, model)
        usage, prefixes = self.cache.measure(model.served, prompt_blocks(body), model.cache_min)
        if usage.prompt > model.context:
            raise bad(f"prompt is too long: {usage.prompt} tokens > {model.context} maximum")
        return understood(body, model, usage).then(lambda: self.cache.keep(prefixes))

    # replies

    def whole(self, reply: Reply) -> dict[str, Any]:
        message = {**self.opening(reply), "content": content(reply), **ending(reply.first)}
        return message if reply.usage is None else {**message, "usage": usage_at_end(reply.usage, whole=True)}

    def opening(self, reply: Reply) -> dict[str, Any]:
        return {
            "id": reply.id("msg_"),
            "type": "message",
            "role": "assistant",
            "model": reply.model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "stop_details": None,
        }

    def frames(self, reply: Reply) -> Iterator[Frame]:
        usage = {} if reply.usage is None else {"usage": usage_at_start(reply.usage)}
        yield event("message_start", {"message": {**self.opening(reply), **usage}})
        yield event("ping")
        for index, block in enumerate(content(reply)):
            yield event(
                "content_block_start",
                {"index": index, "content_block": emptied(block)},
                tokens=int(block["type"] == "tool_use"),
            )
            for delta, tokens in deltas(block, reply.first):
                yield event(
                    "content_block_delta", {"index": index, "delta": delta}, words=int(tokens > 0), tokens=tokens
                )
            yield event("content_block_stop", {"index": index})
        final = {} if reply.usage is None else {"usage": usage_at_end(reply.usage)}
        yield event("message_delta", {"delta": ending(reply.first), **final})
        yield event("message_stop")

    # errors

    def not_json(self) -> Refused:
        return bad("The request body is not valid JSON")

    def fault(self, status: int) -> Refused:
        kind, message = FAULTS.get(status, ("api_error", f"The server answered {status}."))
        return Refused(status, kind, message)

    def quota(self) -> Refused:
        return self.fault(402)

    def blocked(self) -> Refused | None:
        return None

    def error(self, refused: Refused, serial: int, streamed: bool) -> tuple[str, bytes]:
        error = {"type": refused.kind, "message": refused.message}
        return "application/json", json.dumps(
            {"type": "error", "error": error, "request_id": f"req_sandbox_{serial}"}
        ).encode()

    def error_frame(self, serial: int) -> bytes:
        return event(
            "error",
            {"error": {"type": "overloaded_error", "message": "Overloaded"}, "request_id": f"req_sandbox_{serial}"},
        ).data

    def headers(self, serial: int) -> dict[str, str]:
        return {"request-id": f"req_sandbox_{serial}"}


def event(name: str, fields: Mapping[str, Any] = {}, words: int = 0, tokens: int = 0) -> Frame:
    return Frame(
        f"event: {name}\ndata: {json.dumps({'type': name, **fields}, ensure_ascii=False)}\n\n".encode(), words, tokens
    )


def content(reply: Reply) -> list[dict[str, Any]]:
    choice = reply.first
    blocks: list[dict[str, Any]] = []
    if choice.thinking:
        shown = (reply.ask.body.get("thinking") or {}).get("display") != "omitted"
        blocks.append(
            {
                "type": "thinking",
                "thinking": choice.thought if shown else "",
                "signature": signature(choice.thought if shown else ""),
            }
        )
    if choice.words:
        blocks.append({"type": "text", "text": choice.text})
    return blocks + [use(reply, call, nth) for nth, call in enumerate(choice.calls)]


def use(reply: Reply, call: Call, nth: int) -> dict[str, Any]:
    return {"type": "tool_use", "id": reply.id("toolu_", nth), "name": call.name, "input": call.arguments}


def emptied(block: dict[str, Any]) -> dict[str, Any]:
    return {**block, **{key: type(block[key])() for key in ("text", "thinking", "signature", "input") if key in block}}


def deltas(block: dict[str, Any], choice: Choice) -> Iterator[tuple[dict[str, Any], int]]:
    match block["type"]:
        case "thinking":
            for word in pieces(block["thinking"]):
                yield {"type": "thinking_delta", "thinking": word}, count(word)
            yield {"type": "signature_delta", "signature": block["signature"]}, 0
        case "text":
            for word in choice.words:
                yield {"type": "text_delta", "text": word}, count(word)
        case "tool_use":
            yield {"type": "input_json_delta", "partial_json": ""}, 0
            for piece in pieces(json.dumps(block["input"], ensure_ascii=False)) if block["input"] else ():
                yield {"type": "input_json_delta", "partial_json": piece}, count(piece)


def ending(choice: Choice) -> dict[str, Any]:
    ending: dict[str, Any] = {"stop_reason": FINISH[choice.finish], "stop_sequence": choice.stop, "stop_details": None}
    if choice.finish == REFUSED:
        ending["stop_details"] = {
            "type": "refusal",
            "category": "general_harms",
            "explanation": "The sandbox was told to refuse.",
        }
    return ending


def usage_at_start(usage: Usage) -> dict[str, Any]:
    split = {"ephemeral_5m_input_tokens": usage.write_5m, "ephemeral_1h_input_tokens": usage.write_1h}
    return {**input_usage(usage), "cache_creation": split, "output_tokens": 1, "service_tier": "standard"}


def usage_at_end(usage: Usage, *, whole: bool = False) -> dict[str, Any]:
    thinking = {"output_tokens_details": {"thinking_tokens": usage.thinking}} if usage.thinking else {}
    return {**(usage_at_start(usage) if whole else input_usage(usage)), "output_tokens": usage.output, **thinking}


def input_usage(usage: Usage) -> dict[str, int]:
    return {
        "input_tokens": usage.input,
        "cache_creation_input_tokens": usage.write_5m + usage.write_1h,
        "cache_read_input_tokens": usage.cached,
    }

"""How Messages answers: one JSON object, named events, errors with a type."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ..cache import PromptCache
from ..neutral_request import Ask
from ..protocol import Frame, Incoming
from ..refusals import Refused
from ..replies import Reply
from ..validators import Invalid
from . import fields, own_tools
from .blocks import content, deltas, emptied, ending, usage_at_end, usage_at_start
from .conversation import prompt_blocks, understood
from .error_messages import complaint
from .models import bad, known
from .rules import check

VERSIONS = {"2023-06-01": (), "2026-10-21": ("temperature", "top_p", "top_k")}  # version → fields it no longer takes
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
        own_tools.check_betas(body, incoming.headers)
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

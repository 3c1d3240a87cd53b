"""How generateContent answers: candidates of parts, each streamed chunk a whole response of its own."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ..neutral_request import Ask, Usage
from ..protocol import Frame, Incoming
from ..refusals import Refused
from ..replies import CALLS, LENGTH, MALFORMED, REFUSED, STOP, STOP_STRING, Reply
from ..validators import Invalid
from ..word_tokens import count_words
from . import fields
from .conversation import understood
from .error_messages import GOOGLE, complaint
from .models import INPUT_MAX, bad, known
from .names import camelled
from .parts import Piece, joined, pieces_of, shows_thoughts, so_far, usage_metadata
from .rules import check

FINISH = {
    STOP: "STOP",
    STOP_STRING: "STOP",
    LENGTH: "MAX_TOKENS",
    CALLS: "STOP",
    REFUSED: "SAFETY",
    MALFORMED: "MALFORMED_FUNCTION_CALL",
}
FINISH_MESSAGE = {CALLS: "Model generated function call(s).", MALFORMED: "Malformed function call: print(default_api."}
FAULTS = {
    400: ("INVALID_ARGUMENT", "Request contains an invalid argument."),
    401: ("UNAUTHENTICATED", "Request had invalid authentication credentials."),
    402: ("RESOURCE_EXHAUSTED", "Your prepaid credit is used up."),
    403: ("PERMISSION_DENIED", "The caller does not have permission"),
    404: ("NOT_FOUND", "Requested entity was not found."),
    429: ("RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota)."),
    499: ("CANCELLED", "The operation was cancelled."),
    500: ("INTERNAL", "An internal error has occurred."),
    503: ("UNAVAILABLE", "The model is overloaded. Please try again later."),
    504: ("DEADLINE_EXCEEDED", "Deadline expired before operation could complete."),
}
BAD_KEY = [
    {
        "@type": f"{GOOGLE}ErrorInfo",
        "reason": "API_KEY_INVALID",
        "domain": "googleapis.com",
        "metadata": {"service": "generativelanguage.googleapis.com"},
    }
]
PER_DAY = [
    {
        "@type": f"{GOOGLE}QuotaFailure",
        "violations": [
            {
                "quotaMetric": "generativelanguage.googleapis.com/generate_requests",
                "quotaId": "GenerateRequestsPerDayPerProjectPerModel",
            }
        ],
    }
]


class Gemini:
    provider = "gemini"
    free_refusals = True

    # requests

    def authenticate(self, headers: Mapping[str, str]) -> None:
        key = headers.get("x-goog-api-key")
        if not key:
            raise Refused(
                403,
                "PERMISSION_DENIED",
                "Method doesn't allow unregistered callers (callers without established identity).",
            )
        if key == "wrong":
            raise bad("API key not valid. Please pass a valid API key.", BAD_KEY)

    def read(self, body: Any, incoming: Incoming) -> Ask:
        model = known(incoming.model)
        if incoming.stream and "alt=sse" not in incoming.query.split("&"):
            raise bad("The sandbox streams with alt=sse only.")
        body = camelled(body)
        try:
            fields.REQUEST(body, ())
        except Invalid as invalid:
            raise complaint(invalid) from None
        check(body, model)
        ask = understood(body, model, stream=incoming.stream)
        if ask.input.prompt > INPUT_MAX:
            raise bad(
                f"The input token count ({ask.input.prompt}) exceeds the maximum number of tokens allowed "
                f"({INPUT_MAX})."
            )
        return ask

    # replies

    def whole(self, reply: Reply) -> dict[str, Any]:
        if reply.is_bare_refusal:
            return self.blocked_prompt(reply)
        parts = joined([part for piece in pieces_of(reply) for part in piece.parts])
        return self.response(reply, self.candidate(reply, parts, finished=True), reply.usage)

    def frames(self, reply: Reply) -> Iterator[Frame]:
        if reply.is_bare_refusal:
            yield sse(self.blocked_prompt(reply))
            return
        pieces = pieces_of(reply) or [Piece([])]
        made = 0 if shows_thoughts(reply) else count_words(reply.first.thinking)
        for nth, piece in enumerate(pieces):
            finished = nth == len(pieces) - 1
            tokens = piece.tokens + (made if nth == 0 else 0)
            made += piece.tokens
            usage = reply.usage if finished or reply.usage is None else so_far(reply.usage, made)
            yield sse(
                self.response(reply, self.candidate(reply, piece.parts, finished=finished), usage), piece.words, tokens
            )

    def candidate(self, reply: Reply, parts: list[dict[str, Any]], *, finished: bool) -> dict[str, Any]:
        content = {"parts": parts, "role": "model"} if parts else {"role": "model"}
        finish = reply.first.finish
        ending = {
            "finishReason": FINISH[finish],
            **({"finishMessage": FINISH_MESSAGE[finish]} if finish in FINISH_MESSAGE else {}),
        }
        return {"content": content, **(ending if finished else {}), "index": 0}

    def response(self, reply: Reply, candidate: dict[str, Any], usage: Usage | None) -> dict[str, Any]:
        metadata = {"usageMetadata": usage_metadata(usage)} if usage else {}
        return {
            "candidates": [candidate],
            **metadata,
            "modelVersion": reply.model,
            "responseId": reply.id("", length=22),
        }

    def blocked_prompt(self, reply: Reply) -> dict[str, Any]:
        metadata = {"usageMetadata": usage_metadata(reply.usage)} if reply.usage else {}
        return {
            "promptFeedback": {"blockReason": "SAFETY"},
            **metadata,
            "modelVersion": reply.model,
            "responseId": reply.id("", length=22),
        }

    # errors

    def not_json(self) -> Refused:
        return bad("Invalid JSON payload received. Unexpected end of string.")

    def fault(self, status: int) -> Refused:
        kind, message = FAULTS.get(status, ("UNKNOWN", f"The server answered {status}."))
        return Refused(status, kind, message)

    def quota(self) -> Refused:
        return Refused(
            429,
            "RESOURCE_EXHAUSTED",
            "You exceeded your current quota, please check your plan and billing details.",
            details=PER_DAY,
        )

    def blocked(self) -> Refused | None:
        return None

    def error(self, refused: Refused, serial: int, streamed: bool) -> tuple[str, bytes]:
        """A stream's error comes as an array of one. `retry-after` is no header here but a RetryInfo."""
        wait = refused.headers.pop("retry-after", None)
        details = [
            *(refused.details or []),
            *([{"@type": f"{GOOGLE}RetryInfo", "retryDelay": f"{wait}s"}] if wait else []),
        ]
        error = {
            "code": refused.status,
            "message": refused.message,
            "status": refused.kind,
            **({"details": details} if details else {}),
        }
        return "application/json; charset=UTF-8", json.dumps(
            [{"error": error}] if streamed else {"error": error}
        ).encode()

    def error_frame(self, serial: int) -> bytes:
        fault = self.fault(503)
        return sse({"error": {"code": fault.status, "message": fault.message, "status": fault.kind}}).data

    def headers(self, serial: int) -> dict[str, str]:
        return {"server": "scaffolding on HTTPServer2"}


def sse(value: dict[str, Any], words: int = 0, tokens: int = 0) -> Frame:
    return Frame(f"data: {json.dumps(value, ensure_ascii=False)}\r\n\r\n".encode(), words, tokens)

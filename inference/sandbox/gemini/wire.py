"""How generateContent answers: candidates of parts, each streamed chunk a whole response of its own."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..asks import Ask, Usage
from ..exchange import Frame, Incoming
from ..refusals import Refused
from ..replies import CALLS, LENGTH, MALFORMED, REFUSED, STOP, STOP_STRING, Reply, call_tokens
from ..shapes import Invalid
from ..tokens import count, count_words
from . import fields
from .conversation import understood
from .models import INPUT_MAX, MODELS, bad, known
from .names import camelled
from .rules import check
from .signatures import signature
from .wording import GOOGLE, complaint

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


@dataclass(frozen=True)
class Piece:
    """Parts that come in one chunk, the words they show and the tokens they cost."""

    parts: list[dict[str, Any]]
    words: int = 0
    tokens: int = 0


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
                f"The input token count ({ask.input.prompt}) exceeds the maximum number of tokens allowed ({INPUT_MAX})."
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


def shows_thoughts(reply: Reply) -> bool:
    shown: bool = reply.ask.body.get("generationConfig", {}).get("thinkingConfig", {}).get("includeThoughts", False)
    return shown


def pieces_of(reply: Reply) -> list[Piece]:
    """Generation 3 sends each call alone and ends with an empty, signed text; 2.5 sends all calls at once."""
    choice, third = reply.first, MODELS[reply.ask.model].is_third
    thoughts = (
        [Piece([{"text": word, "thought": True}], 1, count(word)) for word in choice.thinking]
        if shows_thoughts(reply)
        else []
    )
    texts = [Piece([{"text": word}], 1, count(word)) for word in choice.words]
    calls = [Piece([call_part(reply, nth, third=third)], 1, call_tokens(call)) for nth, call in enumerate(choice.calls)]
    if not third:
        together = [
            Piece([part for call in calls for part in call.parts], len(calls), sum(call.tokens for call in calls))
        ]
        return [*thoughts, *texts, *(together if calls else [])]
    end = {"text": ""} if calls or not texts else {"text": "", "thoughtSignature": signature(reply.seed[:16])}
    return [*thoughts, *texts, *calls, Piece([end])]


def call_part(reply: Reply, nth: int, *, third: bool) -> dict[str, Any]:
    call = reply.first.calls[nth]
    body = {"name": call.name, "args": call.arguments, **({"id": reply.id("", nth, length=8)} if third else {})}
    signed = nth == 0 and (third or bool(reply.first.thinking))
    return {"functionCall": body, **({"thoughtSignature": signature(reply.seed[:16])} if signed else {})}


def joined(parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Neighbouring texts of one kind become one part; the signature of an empty last one stays."""
    whole: list[dict[str, Any]] = []
    for part in parts:
        if whole and "text" in part and "text" in whole[-1] and part.get("thought") == whole[-1].get("thought"):
            whole[-1] = {**whole[-1], **part, "text": whole[-1]["text"] + part["text"]}
        elif part.get("text") != "" or "thoughtSignature" in part:
            whole.append(part)
    return whole


def so_far(usage: Usage, made: int) -> Usage:
    return Usage(usage.input, usage.cached, 0, 0, min(made, usage.output), min(made, usage.thinking))


def usage_metadata(usage: Usage) -> dict[str, Any]:
    """Thoughts stand beside the candidates' tokens, not inside them; cached ones are part of the prompt."""
    counts = {
        "promptTokenCount": usage.prompt,
        "candidatesTokenCount": usage.output - usage.thinking,
        "totalTokenCount": usage.prompt + usage.output,
    }
    cached = {
        "cachedContentTokenCount": usage.cached,
        "cacheTokensDetails": [{"modality": "TEXT", "tokenCount": usage.cached}],
    }
    return {
        **{name: number for name, number in counts.items() if number or name != "candidatesTokenCount"},
        **(cached if usage.cached else {}),
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": usage.prompt}],
        **({"thoughtsTokenCount": usage.thinking} if usage.thinking else {}),
    }

"""Moonshot's Kimi: sampling is fixed, thinking is on unless switched off, and comes back as `reasoning_content`."""

from collections.abc import Mapping
from typing import Any

from ..neutral_request import Ask, Usage
from ..refusals import Refused
from ..replies import Reply
from ..tool_choice import Call
from ..validators import Invalid, anything, array, flag, integer, nullable, number, one_of, record, tagged, text, typed
from . import fields, mfjs
from .conversation import bad, check_companions, check_named_choice, check_tool_messages, parts_text, understood
from .error_messages import in_openais_words
from .wire import ChatWire

CONTEXTS = {"kimi-k2.5": 262_144, "kimi-k2.6": 262_144, "kimi-k3": 1_048_576, "kimi-k3.1-pro": 1_048_576}
ALWAYS_THINK = ("kimi-k3", "kimi-k3.1-pro")  # with these efforts, and tools may be forced meanwhile
EFFORTS = ("low", "high", "max")
STOP_BYTES_MAX = 32
FIXED = {"temperature": 1, "top_p": 0.95, "n": 1, "presence_penalty": 0, "frequency_penalty": 0}
FIXED_WITHOUT_THINKING = {**FIXED, "temperature": 0.6}

NAME = text(pattern=r"[a-zA-Z_][a-zA-Z0-9-_]{2,63}")
SPOKEN = {"role": anything, "name": text()}
WORDS = fields.content(text=fields.TEXT_PART)
STOP = text(least=1)
MESSAGE = tagged(
    "role",
    {
        "system": record({**SPOKEN, "content": WORDS}, ["content"]),
        "user": record(
            {**SPOKEN, "content": fields.content(text=fields.TEXT_PART, image_url=fields.IMAGE_PART)}, ["content"]
        ),
        "assistant": record(
            {
                **SPOKEN,
                "content": nullable(WORDS),
                "tool_calls": fields.tool_calls(NAME),
                "reasoning_content": text(),
                "partial": flag,
            }
        ),
        "tool": record({**SPOKEN, "content": WORDS, "tool_call_id": text(least=1)}, ["content", "tool_call_id"]),
    },
)
FIELDS = {
    "model": text(least=1),
    "messages": array(MESSAGE, least=1),
    "stream": flag,
    "stream_options": fields.STREAM_OPTIONS,
    "max_completion_tokens": integer(1),
    "max_tokens": integer(1),
    "temperature": number(0, 1),
    "top_p": number(0, 1),
    "n": integer(1),
    "presence_penalty": number(-2, 2),
    "frequency_penalty": number(-2, 2),
    "stop": typed(string=STOP, array=array(STOP, most=5)),
    "tools": fields.tools(NAME, 128, strict=flag),
    "tool_choice": typed(string=text(), object=fields.NAMED_CHOICE),
    "response_format": tagged("type", fields.FORMATS),
    "thinking": record({"type": one_of("enabled", "disabled")}, ["type"]),
    "reasoning_effort": text(),
    "prompt_cache_key": text(),
    "safety_identifier": text(),
}

REQUEST = record(FIELDS, ["model", "messages"])


class Moonshot(ChatWire):
    provider = "moonshot"
    thinking_field = "reasoning_content"
    faults = {
        400: ("invalid_request_error", None, "Invalid request"),
        401: ("invalid_authentication_error", None, "Invalid Authentication"),
        403: ("permission_denied_error", None, "Your account does not have permission for this resource"),
        404: ("resource_not_found_error", None, "Not found the model or Permission denied"),
        429: (
            "rate_limit_reached_error",
            None,
            "Your account request reached max request per minute, please try again after 1 seconds",
        ),
        500: ("server_error", None, "The server had an error while processing your request"),
        503: ("engine_overloaded_error", None, "The engine is currently overloaded, please try again later"),
    }

    def check_shape(self, body: Any) -> None:
        REQUEST(body, ())

    def complaint(self, invalid: Invalid) -> Refused:
        return bad(f"Invalid request: {in_openais_words(invalid).message}")

    def quota(self) -> Refused:
        return Refused(
            429,
            "exceeded_current_quota_error",
            "Your account is suspended due to insufficient balance, please recharge your account or check "
            "your plan and billing details",
        )

    def blocked(self) -> Refused:
        return Refused(400, "content_filter", "The request was rejected because it was considered high risk")

    def error_body(self, refused: Refused, serial: int) -> dict[str, Any]:
        return {"error": {"message": refused.message, "type": refused.kind}}

    def headers(self, serial: int) -> dict[str, str]:
        return {"msh-request-id": f"sandbox-{serial}"}

    def checked(self, body: dict[str, Any]) -> Ask:
        context = CONTEXTS.get(body["model"])
        if context is None:
            raise Refused(404, "resource_not_found_error", f"Not found the model {body['model']} or Permission denied")
        thinks = (body.get("thinking") or {}).get("type") != "disabled"
        check_effort(body)
        check_sampling(body, FIXED if thinks else FIXED_WITHOUT_THINKING)
        check_companions(body, {"stream_options": "stream", "tool_choice": "tools"})
        check_choice(body, thinks)
        check_named_choice(body)
        mfjs.check_functions(body.get("tools") or [])
        mfjs.check_reply(body.get("response_format") or {})
        check_stops(body)
        check_messages(body["messages"], thinks)
        check_tool_messages(body["messages"])
        ask = understood(
            body, body["model"], thinks=thinks, limit=body.get("max_completion_tokens") or body.get("max_tokens")
        )
        if ask.input.prompt + (ask.limit or 0) > context + context:
            raise bad(f"Invalid request: Your request exceeded model token limit: {context}")
        return ask

    def envelope(self, reply: Reply, kind: str) -> dict[str, Any]:
        return {
            **super().envelope(reply, kind),
            **({"system_fingerprint": "fpv0_5a4db0c5"} if kind.endswith("chunk") else {}),
        }

    def call_id(self, reply: Reply, call: Call, index: int, nth: int) -> str:
        """Kimi's ids name the function and count the conversation's calls; other providers refuse the dot and the
        colon."""
        before = sum(len(message.get("tool_calls") or ()) for message in reply.ask.body["messages"])
        return f"functions.{call.name}:{before + nth}"

    def usage(self, usage: Usage) -> dict[str, Any]:
        """Cached tokens stand beside the totals here."""
        plain = {name: count for name, count in super().usage(usage).items() if name != "prompt_tokens_details"}
        thinking = {"completion_tokens_details": {"reasoning_tokens": usage.thinking}} if usage.thinking else {}
        return {**plain, **({"cached_tokens": usage.cached} if usage.cached else {}), **thinking}

    def beside_delta(self, reply: Reply, delta: dict[str, Any], finish: str | None) -> dict[str, Any]:
        """The finish chunk's choice carries the usage, asked for or not."""
        return {"usage": self.usage(reply.usage)} if finish and reply.usage else {}


def check_sampling(body: Mapping[str, Any], fixed: Mapping[str, float]) -> None:
    for field, value in fixed.items():
        if body.get(field, value) != value:
            raise bad(f"invalid {field}: only {value} is allowed for this model")


def check_effort(body: Mapping[str, Any]) -> None:
    effort = body.get("reasoning_effort")
    if body["model"] not in ALWAYS_THINK and effort is not None:
        raise bad("Invalid request: reasoning_effort is not supported by this model")
    if body["model"] in ALWAYS_THINK and "thinking" in body:
        raise bad("Invalid request: thinking cannot be set for this model")
    if effort is not None and effort not in EFFORTS:
        raise bad(f"Invalid request: reasoning_effort {effort!r} is not one of {', '.join(EFFORTS)}")


def check_choice(body: Mapping[str, Any], thinks: bool) -> None:
    choice = body.get("tool_choice", "auto")
    if choice not in ("auto", "none") and thinks and body["model"] not in ALWAYS_THINK:
        raise bad(f"Invalid request: tool_choice {choice!r} is incompatible with thinking enabled")
    if isinstance(choice, str) and choice not in ("auto", "none", "required"):
        raise bad(f"Invalid request: tool_choice {choice!r} is unknown")


def check_stops(body: Mapping[str, Any]) -> None:
    stop = body.get("stop", [])
    for each in [stop] if isinstance(stop, str) else stop:
        if len(each.encode()) > STOP_BYTES_MAX:
            raise bad(f"Invalid request: stop must be at most {STOP_BYTES_MAX} bytes")


def check_messages(messages: list[dict[str, Any]], thinks: bool) -> None:
    for index, message in enumerate(messages):
        calls, role = message.get("tool_calls"), message["role"]
        if not calls and role != "tool" and not parts_text(message.get("content")) and not images(message):
            raise bad(f"Invalid request: the message at position {index} with role '{role}' must not be empty")
        if calls and thinks and not message.get("reasoning_content"):
            raise bad(
                f"thinking is enabled but reasoning_content is missing in assistant tool call message at index {index}"
            )
        for url in images(message):
            if not url.startswith(("data:image/", "ms://")):
                raise bad("Invalid request: unsupported image url: only base64 data and ms:// files are accepted")


def images(message: dict[str, Any]) -> list[str]:
    content = message.get("content")
    parts = content if isinstance(content, list) else []
    return [part["image_url"]["url"] for part in parts if part["type"] == "image_url"]

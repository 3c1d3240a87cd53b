"""OpenAI, Chat Completions: the GPT-5 rules."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..asks import Ask, Usage
from ..exchange import Frame
from ..refusals import Refused
from ..replies import Choice, Reply
from ..shapes import (
    Invalid,
    anything,
    array,
    flag,
    integer,
    mapping,
    nullable,
    number,
    one_of,
    record,
    tagged,
    text,
    typed,
)
from . import fields
from .conversation import bad, check_companions, check_named_choice, check_tool_messages, check_word_json, understood
from .strict import check_functions, check_response_schema
from .wire import ChatWire, sse
from .wording import in_openais_words

OUTPUT_MAX, INPUT_MAX = 128_000, 272_000
ALWAYS = ("minimal", "low", "medium", "high")


@dataclass(frozen=True)
class Model:
    served: str
    efforts: tuple[str, ...]
    default: str
    chat: bool = True


GPT_5_2 = Model("gpt-5.2-2025-12-11", ("none", "low", "medium", "high", "xhigh"), "none")
MODELS = {
    "gpt-5.2": GPT_5_2,
    "gpt-5.2-2025-12-11": GPT_5_2,
    "gpt-5-mini": Model("gpt-5-mini-2025-08-07", ALWAYS, "medium"),
    "gpt-5-nano": Model("gpt-5-nano-2025-08-07", ALWAYS, "medium"),
    "gpt-5.2-codex": Model("gpt-5.2-codex", ("low", "medium", "high", "xhigh"), "medium", chat=False),
    "gpt-5.3-codex": Model("gpt-5.3-codex", ("low", "medium", "high", "xhigh"), "medium", chat=False),
}
UNSUPPORTED = (
    "max_tokens",
    "stop",
    "logit_bias",
    "presence_penalty",
    "frequency_penalty",
    "prediction",
    "audio",
    "modalities",
    "web_search_options",
)
SAMPLING = ("temperature", "top_p", "logprobs", "top_logprobs")

NAME = text(pattern=fields.FUNCTION_NAME)
SPOKEN = {"role": anything, "name": text()}
WORDS = fields.content(text=fields.TEXT_PART)
MESSAGE = tagged("role", {
    "developer": record({**SPOKEN, "content": WORDS}, ["content"]),
    "system": record({**SPOKEN, "content": WORDS}, ["content"]),
    "user": record({**SPOKEN, "content": fields.content(text=fields.TEXT_PART, image_url=fields.IMAGE_PART, input_audio=fields.AUDIO_PART, file=fields.FILE_PART)}, ["content"]),
    "assistant": record({**SPOKEN, "content": nullable(fields.content(text=fields.TEXT_PART, refusal=fields.REFUSAL_PART)), "refusal": nullable(text()),
                         "tool_calls": fields.tool_calls(NAME), "audio": nullable(anything), "function_call": nullable(anything)}),
    "tool": record({"role": anything, "content": WORDS, "tool_call_id": text(least=1)}, ["content", "tool_call_id"]),
})  # fmt: skip
ALLOWED_TOOLS = record(
    {
        "type": anything,
        "allowed_tools": record(
            {"mode": one_of("auto", "required"), "tools": array(fields.NAMED_CHOICE, least=1)}, ["mode", "tools"]
        ),
    },
    ["allowed_tools"],
)
FIELDS = {
    "model": text(least=1),
    "messages": array(MESSAGE, least=1),
    "stream": nullable(flag),
    "stream_options": nullable(record({"include_usage": flag, "include_obfuscation": flag})),
    "max_completion_tokens": nullable(integer(1)),
    "max_tokens": nullable(integer(1)),
    "temperature": nullable(number(0, 2)),
    "top_p": nullable(number(0, 1)),
    "n": nullable(integer(1, 128)),
    "stop": nullable(typed(string=text(), array=array(text(), least=1, most=4))),
    "seed": nullable(integer()),
    "logprobs": nullable(flag),
    "top_logprobs": nullable(integer(0, 20)),
    "logit_bias": nullable(mapping(number(-100, 100))),
    "presence_penalty": nullable(number(-2, 2)),
    "frequency_penalty": nullable(number(-2, 2)),
    "tools": fields.tools(NAME, 128, strict=nullable(flag)),
    "tool_choice": typed(
        string=one_of("none", "auto", "required"),
        object=tagged("type", {"function": fields.NAMED_CHOICE, "allowed_tools": ALLOWED_TOOLS}),
    ),
    "parallel_tool_calls": flag,
    "response_format": tagged("type", fields.FORMATS),
    "reasoning_effort": nullable(text()),
    "verbosity": nullable(one_of("low", "medium", "high")),
    "modalities": nullable(anything),
    "audio": nullable(anything),
    "prediction": nullable(anything),
    "web_search_options": anything,
    "metadata": nullable(mapping(text(most=512), most=16)),
    "store": nullable(flag),
    "user": text(),
    "safety_identifier": text(most=64),
    "prompt_cache_key": text(),
    "prompt_cache_retention": nullable(one_of("in_memory", "24h")),
    "service_tier": nullable(one_of("auto", "default", "flex", "scale", "priority")),
}
COMPANIONS = {
    "stream_options": "stream",
    "tool_choice": "tools",
    "parallel_tool_calls": "tools",
    "top_logprobs": "logprobs",
    "metadata": "store",
}

REQUEST = record(FIELDS, ["model", "messages"])


class OpenAI(ChatWire):
    provider = "openai"
    faults = {
        400: ("invalid_request_error", None, "The request was not valid."),
        401: ("invalid_request_error", "invalid_api_key", "Incorrect API key provided: wr***ng. You can find your API key at https://platform.openai.com/account/api-keys."),
        403: ("invalid_request_error", "unsupported_country_region_territory", "Country, region, or territory not supported"),
        404: ("invalid_request_error", "model_not_found", "The model does not exist or you do not have access to it."),
        413: ("invalid_request_error", "request_too_large", "Request body too large."),
        429: ("requests", "rate_limit_exceeded", "Rate limit reached on requests per min (RPM): Limit 500, Used 500, Requested 1. Please try again in 120ms."),
        500: ("server_error", None, "The server had an error while processing your request. Sorry about that!"),
        502: ("server_error", None, "Bad gateway."),
        503: ("server_error", None, "The engine is currently overloaded, please try again later"),
        504: ("server_error", None, "Gateway timeout."),
    }  # fmt: skip

    def check_shape(self, body: Any) -> None:
        REQUEST(body, ())

    def complaint(self, invalid: Invalid) -> Refused:
        return in_openais_words(invalid)

    def quota(self) -> Refused:
        return Refused(
            429,
            "insufficient_quota",
            "You exceeded your current quota, please check your plan and billing details.",
            code="insufficient_quota",
        )

    def checked(self, body: dict[str, Any]) -> Ask:
        model = known(body["model"])
        if not model.chat:
            raise bad("This model is only supported in v1/responses and not in v1/chat/completions.", "model")
        effort = check_model_rules(body, model)
        check_companions(body, COMPANIONS)
        check_named_choice(body)
        check_tool_messages(body["messages"])
        check_word_json(body)
        check_functions(body.get("tools") or [])
        check_response_schema(body.get("response_format") or {})
        ask = understood(body, model.served, thinks=effort != "none", limit=body.get("max_completion_tokens"))
        return fits(ask)

    def envelope(self, reply: Reply, kind: str) -> dict[str, Any]:
        return {**super().envelope(reply, kind), "service_tier": "default", "system_fingerprint": None}

    def choice(self, reply: Reply, choice: Choice, index: int) -> dict[str, Any]:
        whole = super().choice(reply, choice, index)
        whole["message"] |= {"refusal": None, "annotations": []}
        return {**whole, "logprobs": logprobs(choice.words) if reply.ask.body.get("logprobs") else None}

    def usage(self, usage: Usage) -> dict[str, Any]:
        return {**super().usage(usage), "prompt_tokens_details": {"cached_tokens": usage.cached, "audio_tokens": 0}, "completion_tokens_details": {
            "reasoning_tokens": usage.thinking, "audio_tokens": 0, "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0}}  # fmt: skip

    def chunk(self, reply: Reply, envelope: dict[str, Any], index: int, delta: dict[str, Any], *, finish: str | None = None, words: int = 0, tokens: int = 0) -> Frame:  # fmt: skip
        """As everywhere, with the random padding that hides a chunk's length, and `usage: null` when usage is to come."""
        options = reply.ask.body.get("stream_options") or {}
        choice: dict[str, Any] = {"index": index, "delta": delta, "finish_reason": finish}
        if reply.ask.body.get("logprobs"):
            choice["logprobs"] = logprobs([delta["content"]]) if delta.get("content") else None
        value: dict[str, Any] = {**envelope, "choices": [choice]}
        if options.get("include_usage"):
            value["usage"] = None
        if options.get("include_obfuscation") is not False:
            value["obfuscation"] = "x" * (16 - len(str(delta.get("content"))) % 16)
        return sse(value, words, tokens)


def known(name: str) -> Model:
    if name not in MODELS:
        raise Refused(
            404,
            "invalid_request_error",
            f"The model `{name}` does not exist or you do not have access to it.",
            code="model_not_found",
        )
    return MODELS[name]


def check_model_rules(body: Mapping[str, Any], model: Model) -> str:
    """The effort that holds, after refusing what GPT-5 does not take."""
    for field in UNSUPPORTED:
        if body.get(field) is not None:
            hint = " Use 'max_completion_tokens' instead." if field == "max_tokens" else ""
            raise bad(
                f"Unsupported parameter: '{field}' is not supported with this model.{hint}",
                field,
                "unsupported_parameter",
            )
    effort = body.get("reasoning_effort") or model.default
    if effort not in model.efforts:
        raise bad(
            f"Unsupported value: 'reasoning_effort' does not support '{effort}' with this model. Supported values are: {', '.join(map(repr, model.efforts))}.",
            "reasoning_effort",
            "unsupported_value",
        )
    for field in SAMPLING if effort != "none" else ():
        if body.get(field) is not None and not (field == "temperature" and body[field] == 1 and model is not GPT_5_2):
            raise bad(
                f"Unsupported value: '{field}' does not support {body[field]} with this model.",
                field,
                "unsupported_value",
            )
    if (body.get("max_completion_tokens") or 0) > OUTPUT_MAX:
        raise bad(
            f"max_tokens is too large: {body['max_completion_tokens']}. This model supports at most {OUTPUT_MAX} completion tokens.",
            "max_completion_tokens",
            "invalid_value",
        )
    return str(effort)


def fits(ask: Ask) -> Ask:
    if ask.input.prompt > INPUT_MAX:
        raise bad(
            f"Your input exceeds the context window of this model: {INPUT_MAX} tokens, {ask.input.prompt} given.",
            "messages",
            "context_length_exceeded",
        )
    return ask


def logprobs(words: list[str]) -> dict[str, Any]:
    return {
        "content": [
            {"token": word, "logprob": -0.01, "bytes": list(word.encode()), "top_logprobs": []} for word in words
        ],
        "refusal": None,
    }

"""OpenAI: the rules of Chat Completions, and what it adds to every answer."""

from typing import Any

from ..neutral_request import Ask, Usage
from ..refusals import Refused
from ..replies import Choice, Reply
from ..validators import Invalid
from .conversation import bad, check_companions, check_named_choice, check_tool_messages, check_word_json, understood
from .error_messages import in_openais_words
from .gpt5 import check_model_rules, fits, known
from .openai_fields import REQUEST
from .strict import check_functions, check_response_schema
from .wire import ChatWire

COMPANIONS = {
    "stream_options": "stream",
    "tool_choice": "tools",
    "parallel_tool_calls": "tools",
    "top_logprobs": "logprobs",
    "metadata": "store",
}


class OpenAI(ChatWire):
    provider = "openai"
    faults = {
        400: ("invalid_request_error", None, "The request was not valid."),
        401: (
            "invalid_request_error",
            "invalid_api_key",
            "Incorrect API key provided: wr***ng. You can find your API key at "
            "https://platform.openai.com/account/api-keys.",
        ),
        403: (
            "invalid_request_error",
            "unsupported_country_region_territory",
            "Country, region, or territory not supported",
        ),
        404: ("invalid_request_error", "model_not_found", "The model does not exist or you do not have access to it."),
        413: ("invalid_request_error", "request_too_large", "Request body too large."),
        429: (
            "requests",
            "rate_limit_exceeded",
            "Rate limit reached on requests per min (RPM): Limit 500, Used 500, Requested 1. Please try "
            "again in 120ms.",
        ),
        500: ("server_error", None, "The server had an error while processing your request. Sorry about that!"),
        502: ("server_error", None, "Bad gateway."),
        503: ("server_error", None, "The engine is currently overloaded, please try again later"),
        504: ("server_error", None, "Gateway timeout."),
    }

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
        return fits(ask, model)

    def envelope(self, reply: Reply, kind: str) -> dict[str, Any]:
        return {**super().envelope(reply, kind), "service_tier": "default", "system_fingerprint": None}

    def choice(self, reply: Reply, choice: Choice, index: int) -> dict[str, Any]:
        whole = super().choice(reply, choice, index)
        whole["message"] |= {"refusal": None, "annotations": []}
        return {**whole, "logprobs": logprobs(choice.words) if reply.ask.body.get("logprobs") else None}

    def usage(self, usage: Usage) -> dict[str, Any]:
        return {
            **super().usage(usage),
            "prompt_tokens_details": {
                "cached_tokens": usage.cached,
                "audio_tokens": 0,
                **({"cache_write_tokens": usage.write_5m} if usage.write_5m else {}),
            },
            "completion_tokens_details": {
                "reasoning_tokens": usage.thinking,
                "audio_tokens": 0,
                "accepted_prediction_tokens": 0,
                "rejected_prediction_tokens": 0,
            },
        }

    def beside_delta(self, reply: Reply, delta: dict[str, Any], finish: str | None) -> dict[str, Any]:
        if not reply.ask.body.get("logprobs"):
            return {}
        return {"logprobs": logprobs([delta["content"]]) if delta.get("content") else None}

    def beside_choices(self, reply: Reply, delta: dict[str, Any]) -> dict[str, Any]:
        """Random padding hides a chunk's length; `usage: null` says that usage is to come."""
        options = reply.ask.body.get("stream_options") or {}
        usage = {"usage": None} if options.get("include_usage") else {}
        if options.get("include_obfuscation") is False:
            return usage
        return {**usage, "obfuscation": "x" * (16 - len(str(delta.get("content"))) % 16)}


def logprobs(words: list[str]) -> dict[str, Any]:
    return {
        "content": [
            {"token": word, "logprob": -0.01, "bytes": list(word.encode()), "top_logprobs": []} for word in words
        ],
        "refusal": None,
    }

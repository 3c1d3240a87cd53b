"""What Anthropic's failures mean (docs/providers/anthropic.md)."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from inference.chat import provider_error as meanings
from inference.chat.provider_error import ErrorKind, ProviderError, by_status
from inference.dialects import failures
from inference.dialects.untrusted_json import string

BY_TYPE = {
    "invalid_request_error": meanings.BAD_REQUEST,
    "authentication_error": meanings.KEY_REFUSED,
    "permission_error": meanings.KEY_REFUSED,
    "billing_error": meanings.QUOTA_EXHAUSTED,
    "not_found_error": meanings.NO_SUCH_MODEL,
    "conflict_error": meanings.CONFLICT,
    "request_too_large": meanings.TOO_LARGE,
    "rate_limit_error": meanings.RATE_LIMITED,
    "api_error": meanings.UPSTREAM_ERROR,
    "timeout_error": replace(meanings.UPSTREAM_TIMEOUT, retries=1),
    "overloaded_error": meanings.OVERLOADED,
}
# A bad request is not always the caller's, and a rate limit not always soon over: the words tell.
SPENT = (re.compile(r"credit balance|usage limits?\b|spend(?:ing)? limit", re.I), meanings.QUOTA_EXHAUSTED)
BY_WORDS = {
    meanings.BAD_REQUEST: (
        (re.compile(r"prompt is too long|exceed context limit", re.I), meanings.TOO_LONG),
        SPENT,
        (failures.FILTERED, meanings.FILTERED),
        (failures.NO_MODEL, meanings.NO_SUCH_MODEL),
    ),
    meanings.RATE_LIMITED: (SPENT,),
}
# "messages.3.content.0: …" begins with Anthropic's field; callers know OpenAI's.
FIELD = re.compile(r"([a-z_]+)\b")
PARAMS = {
    "messages": "messages", "system": "messages", "prompt": "messages", "input": "messages",
    "tools": "tools", "tool_choice": "tool_choice", "output_config": "response_format", "thinking": "reasoning_effort",
    "max_tokens": "max_tokens", "stop_sequences": "stop", "temperature": "temperature", "top_p": "top_p",
    "top_k": "top_k", "metadata": "user", "model": "model",
}  # fmt: skip


def fault(status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
    answer = failures.read(body)
    found = understood(failures.error_of(answer), by_status(status), status)
    found.upstream_status = status
    found.upstream_id = failures.request_id(answer)
    found.retry_after = failures.wait(headers)
    return found


def fault_in_reply(body: Any) -> ProviderError:
    """An error event in a stream, or a 200 that is no message."""
    error = failures.error_of(body)
    found = understood(error, meanings.UPSTREAM_ERROR if error else meanings.BAD_RESPONSE)
    found.upstream_id = failures.request_id(body)
    return found


def understood(error: dict[str, Any], otherwise: ErrorKind, status: int | None = None) -> ProviderError:
    sentence = failures.sentence(error)
    meaning = BY_TYPE.get(string(error.get("type")) or "", otherwise)
    if meaning is meanings.BAD_REQUEST and status in meanings.BY_STATUS:
        meaning = otherwise  # hosts in the likeness of OpenAI give a 401 the type of a 400
    meaning = next((meant for words, meant in BY_WORDS.get(meaning, ()) if words.search(sentence)), meaning)
    return ProviderError(meaning, sentence, param=param(sentence) if meaning.relays else None, raw=error or None)


def param(sentence: str) -> str | None:
    field = FIELD.match(sentence)
    return PARAMS.get(field[1]) if field else None

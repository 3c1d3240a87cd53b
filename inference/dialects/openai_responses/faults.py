"""What a failure means: OpenAI's table is Chat Completions' too; here it is read from events and responses as well."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from inference.chat.provider_error import BAD_REQUEST, NO_SUCH_MODEL, UPSTREAM_ERROR, ProviderError
from inference.dialects import failures
from inference.dialects.openai_chat import faults as openai
from inference.dialects.untrusted_json import mapping, string

# A failed response has a code and no status: these are about the request, an unknown one is a failure.
ABOUT_THE_REQUEST = re.compile("invalid_|unsupported_|image_|empty_image|failed_to_download_image")
# This API's field → the caller's; the first that fits.
PARAMS = {
    "input": "messages",
    "text.verbosity": "verbosity",
    "text": "response_format",
    "max_output_tokens": "max_completion_tokens",
    "reasoning": "reasoning_effort",
}


def fault(status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
    """What an answer that is not 2xx means. `headers` have lower-case names."""
    failed = openai.fault(status, headers, body)
    if status == 404 and failed.param not in (None, "model"):
        failed.meaning = replace(BAD_REQUEST, status=404)  # an item of the conversation is gone, not the model
    if status == 400 and failed.meaning is NO_SUCH_MODEL and not failures.NO_MODEL.search(failed.said):
        failed.meaning = replace(BAD_REQUEST, alert=True)  # the model is there, but not in this API
    failed.param = callers_param(failed.param)
    return failed


def said_in_stream(event: Mapping[str, Any]) -> ProviderError:
    """An `error` event, with its error inside or laid flat; a failed response."""
    error = mapping(event.get("error")) or {name: event.get(name) for name in ("code", "message", "param")}
    failed = openai.in_reply({"error": error}) or ProviderError(UPSTREAM_ERROR, raw=error)
    if failed.meaning is UPSTREAM_ERROR and ABOUT_THE_REQUEST.match(string(error.get("code")) or ""):
        failed.meaning = BAD_REQUEST
    failed.param = callers_param(failed.param)
    failed.retry_after = failures.wait({}, failed.said)
    return failed


def callers_param(param: str | None) -> str | None:
    for theirs, ours in PARAMS.items():
        if param is not None and re.match(rf"{re.escape(theirs)}\b", param):
            return ours
    return param

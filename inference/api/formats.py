"""Which format is spoken where: the addresses that take a completion's body, and what they do with it."""

import re
from collections.abc import Awaitable, Callable, Mapping

from django.http import HttpRequest, HttpResponse

from accounts.authentication import Caller
from conway.common.errors import ApiError, new_request_id
from inference.api import chat, counting, messages, responses
from inference.chat.format import Format
from inference.completion import handler
from inference.completion.answers import Answer

Does = Callable[[Format, Mapping[str, str], bytes, Caller], Awaitable[Answer]]

COMPLETIONS: dict[str, Format] = {
    "/v1/chat/completions": chat,
    "/v1/messages": messages,
    "/v1/responses": responses,
    "/chat/completions": chat,  # a base URL without /v1 is the commonest slip in setting a client up
}
COUNTS: dict[str, Format] = {
    "/v1/messages/count_tokens": messages,
    "/v1/responses/input_tokens": responses,
}
AT: dict[str, tuple[Format, Does]] = {
    **{path: (format, handler.complete) for path, format in COMPLETIONS.items()},
    **{path: (format, counting.count) for path, format in COUNTS.items()},
}
ANTHROPICS = re.compile(r"/messages(?:/|$)")


def spoken(request: HttpRequest) -> Format:
    """The format to answer in at any other address of ours: Anthropic's clients say who they are."""
    return messages if "anthropic-version" in request.headers or ANTHROPICS.search(request.path_info) else chat


def response(failed: ApiError, request: HttpRequest) -> HttpResponse:
    """The failure as an answer in the caller's format."""
    request_id = getattr(request, "request_id", None) or new_request_id()
    answer = failed.response(request_id)
    answer.content = spoken(request).error(failed, request_id)
    return answer

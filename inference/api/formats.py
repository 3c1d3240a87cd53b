"""Which format is spoken where: the addresses that take a completion's body, and what they do with it."""

from collections.abc import Awaitable, Callable, Mapping

from accounts.authentication import Caller
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

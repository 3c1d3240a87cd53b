"""An answer on its way out: a status, headers, and a body that is whole or comes in pieces."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from conway.common.errors import ApiError
from inference.chat.format import Format
from inference.completion.channel import Channel

JSON_HEADERS = {"content-type": "application/json"}
STREAM_HEADERS = {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache",
    "x-accel-buffering": "no",
}


@dataclass(slots=True)
class Answer:
    """`body` is whole, or an iterator whose closing says that the client has left."""

    status: int
    headers: dict[str, str]
    body: bytes | AsyncIterator[bytes]
    channel: Channel | None = None  # of a stream: who can write straight to the client says so there


def refusal(format: Format, error: ApiError, request_id: str, **begun: str) -> Answer:
    """In the caller's format. `begun`: headers of a completion that had begun."""
    headers = {**begun, **JSON_HEADERS, **error.headers, **format.headers(request_id), "x-request-id": request_id}
    return Answer(error.status, headers, format.error(error, request_id))

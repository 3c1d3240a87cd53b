"""What a caller speaks: the seam between the API's formats (inference/api/chat, responses, messages) and a completion.

A format reads a body into the neutral form and writes the neutral reply. Admission, the task, settlement, providers
and receipts know this file and no format.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from conway.common.errors import ApiError
from inference.chat.reply import Delta, Facts, Reply
from inference.chat.request import ChatRequest
from inference.chat.usage import Usage


@dataclass(slots=True)
class Shown:
    """What a caller is told at the end: the usage that was charged, and (after the books have it) the money."""

    usage: Usage
    money: Mapping[str, Any] = field(default_factory=dict)


class Writer(Protocol):
    """One reply on its way to its caller. Lives as long as the reply."""

    def begin(self, facts: Facts) -> None:
        """Begins the reply, when the provider has said what it serves. Does nothing the second time."""

    def events(self, deltas: list[Delta]) -> bytes:
        """What these deltas of a stream are in the caller's format."""

    def note(self, deltas: list[Delta]) -> None:
        """The same of a reply that is sent whole: kept until then."""

    def end(self, finishes: list[Delta], shown: Shown) -> bytes:
        """The last bytes of a stream that came to its end."""

    def fault(self, error: ApiError, request_id: str) -> bytes:
        """The last bytes of a stream that broke off. Nothing in it may look like an end."""

    def whole(self, reply: Callable[[], Reply], shown: Shown) -> bytes:
        """The JSON reply. `reply` puts Chat Completions' message together, for whoever needs it."""


class Format(Protocol):
    """A module, so that it goes to another process by its name."""

    NAME: str  # for counts and logs
    ID_PREFIX: str  # of a completion's id, which is its receipt's number too
    KEEP_ALIVE: bytes  # in a silence of a stream
    NAMES: Mapping[str, str]  # of fields: the neutral form's → the caller's, where they differ

    def read(self, body: bytes, *, on_loop: bool = False) -> ChatRequest:
        """Raises `InvalidRequest` with a sentence the caller can act on, and, `on_loop`, `TooMuchHere`."""

    def betas(self, headers: Mapping[str, str]) -> list[str]:
        """What a request's headers ask a provider to switch on, by name."""

    def writer(self, id: str, request: ChatRequest, model: str) -> Writer:
        """`model`: what the reply names where its provider does not say."""

    def error(self, error: ApiError, request_id: str) -> bytes:
        """The body of an answer of 400 or above."""

    def counted(self, tokens: int) -> bytes:
        """How long a prompt is, where the format can ask for that."""

    def headers(self, request_id: str) -> Mapping[str, str]:
        """That every answer in this format carries."""


def in_words_of(format: Format, error: ApiError) -> ApiError:
    """A failure that names a field names the caller's."""
    named = error.param and format.NAMES.get(error.param)
    if not named:
        return error
    return error.about(named.partition(".")[0], re.sub(rf"^{re.escape(error.param or '')}\b", named, error.message))

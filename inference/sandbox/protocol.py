"""What an exchange asks of a provider's format."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from .neutral_request import Ask
from .refusals import Refused
from .replies import Reply


@dataclass(frozen=True)
class Incoming:
    """An HTTP request as a wire sees it. `model` and `stream` are from the path where a provider puts them there."""

    path: str
    headers: dict[str, str]
    body: bytes
    query: str = ""
    model: str = ""
    stream: bool = False


class Frame(NamedTuple):
    """A piece of a stream: its bytes, the words it shows and the tokens it costs."""

    data: bytes
    words: int = 0
    tokens: int = 0


class Wire(Protocol):
    """A provider's format. Nothing here does I/O; `authenticate` and `read` raise Refused."""

    provider: str
    free_refusals: bool  # a refusal before any output costs nothing

    def authenticate(self, headers: Mapping[str, str]) -> None: ...
    def read(self, body: Any, incoming: Incoming) -> Ask: ...
    def whole(self, reply: Reply) -> dict[str, Any]: ...
    def frames(self, reply: Reply) -> Iterator[Frame]: ...
    def not_json(self) -> Refused: ...
    def fault(self, status: int) -> Refused: ...
    def quota(self) -> Refused: ...
    def blocked(self) -> Refused | None: ...
    def error(self, refused: Refused, serial: int, streamed: bool) -> tuple[str, bytes]: ...
    def error_frame(self, serial: int) -> bytes: ...
    def headers(self, serial: int) -> dict[str, str]: ...

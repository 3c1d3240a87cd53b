"""What a provider answers instead of a completion."""

from typing import Any


class Refused(Exception):
    """`kind` is the provider's own word for the error (its `type` or `status`); the wire puts it into the provider's
    form."""

    def __init__(
        self,
        status: int,
        kind: str,
        message: str,
        *,
        param: str | None = None,
        code: str | None = None,
        headers: dict[str, str] | None = None,
        details: Any = None,
    ) -> None:
        super().__init__(message)
        self.status, self.kind, self.message, self.param, self.code = status, kind, message, param, code
        self.headers, self.details = headers or {}, details


class RawAnswer(Exception):
    """A body that is not in the provider's form at all: an edge's HTML page, or bytes that mean nothing."""

    def __init__(self, status: int, content_type: str, body: bytes) -> None:
        super().__init__(status)
        self.status, self.content_type, self.body = status, content_type, body

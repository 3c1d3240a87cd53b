"""A request that must not be sent on, answered 400 (or 404) before any upstream call."""

LONGEST = 1000  # characters


class InvalidRequest(Exception):
    """`param` is the top-level field of the request at fault; `code` is one of docs/site/errors.md."""

    def __init__(
        self, message: str, *, param: str | None = None, code: str = "invalid_value", status: int = 400
    ) -> None:
        # Callers' own names are quoted in it, and those may be as long as a request.
        self.message = message if len(message) <= LONGEST else message[:LONGEST] + "…"
        super().__init__(self.message)
        self.param = param
        self.code = code
        self.status = status


def unsupported(feature: str, *, param: str, value: bool = False) -> InvalidRequest:
    """The model or its provider lacks what was asked, and leaving it out would change the reply."""
    return InvalidRequest(feature, param=param, code="unsupported_value" if value else "unsupported_parameter")


def refuse_unless(condition: bool, sentence: str, *, param: str = "messages") -> None:
    """Raises `InvalidRequest` for a value that the model does not take."""
    if not condition:
        raise unsupported(sentence, param=param, value=True)

"""What Anthropic's own SDK types say of a request body."""

from collections.abc import Iterator
from typing import Any

from anthropic.types.message_create_params import MessageCreateParamsStreaming
from pydantic import ConfigDict, TypeAdapter, with_config

Strictly = with_config(ConfigDict(strict=True))(MessageCreateParamsStreaming)
PARAMS = TypeAdapter(Strictly)


def taken(body: dict[str, Any]) -> Any:
    """The body as the types understand it: without the fields they do not know. Raises `ValidationError`."""
    return read_out(PARAMS.validate_python(body))


def read_out(value: Any) -> Any:
    """Pydantic checks an `Iterable` only when it is iterated."""
    if isinstance(value, dict):
        return {name: read_out(inner) for name, inner in value.items()}
    if isinstance(value, list | Iterator) or type(value).__name__ == "ValidatorIterator":
        return [read_out(inner) for inner in value]
    return value

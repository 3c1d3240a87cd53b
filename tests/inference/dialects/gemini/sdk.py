"""What Google's own SDK types say of a request body."""

from typing import Any

from google.genai import types

FIELDS = {
    "contents": types.Content,
    "systemInstruction": types.Content,
    "tools": types.Tool,
    "toolConfig": types.ToolConfig,
    "generationConfig": types.GenerationConfig,
}
BYTES = ("data", "thoughtSignature")  # the types write them in the alphabet of URLs


def taken(body: dict[str, Any]) -> dict[str, Any]:
    """The body as the types understand it. Raises `ValidationError`, also for a field they do not know."""
    return {name: read_out(FIELDS[name], value) for name, value in body.items()}


def read_out(kind: Any, value: Any) -> Any:
    if isinstance(value, list):
        return [read_out(kind, inner) for inner in value]
    return plain(kind.model_validate(value).model_dump(mode="json", by_alias=True, exclude_unset=True))


def plain(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        return {name: plain(inner, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    return value.replace("-", "+").replace("_", "/") if name in BYTES and isinstance(value, str) else value

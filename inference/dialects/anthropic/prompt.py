"""What of a Messages request is no text (chat/prompt.py). A document that is sent as text is text."""

from typing import Any

from inference.chat.prompt import SEALED, Declared, Look, Media, Rule, by_type, settings


def source_of(kind: Any) -> Look:
    def source(value: Any) -> Rule | None:
        match value:
            case {"type": "base64", "media_type": str(declared), "data": str(data)}:
                return Media(kind, data, declared)
            case {"type": "url", "url": str(address)}:
                return Media(kind, address)
        return None

    return source


def block(value: Any) -> Rule | None:
    return read_block(value)


read_block = by_type(
    {
        "image": {"source": source_of("image")},
        "document": {"source": source_of("file")},
        "thinking": {"signature": SEALED},
        "redacted_thinking": {"data": SEALED},
        "tool_result": {"content": {"*": block}},
    }
)


def tool(value: Any) -> Rule | None:
    """Of Anthropic's own tools a caller names the fields."""
    return {} if isinstance(value, dict) and "input_schema" in value else None


PROMPT: Declared = {
    **settings(
        "model", "max_tokens", "stream", "temperature", "top_p", "top_k", "thinking", "metadata", "service_tier"
    ),
    "system": {"*": block},
    "messages": {"*": {"content": {"*": block}}},
    "tools": {"*": tool},
    "tool_choice": {},
    "output_config": {"format": {}},
}

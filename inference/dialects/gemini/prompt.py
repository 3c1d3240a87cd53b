"""What of a `generateContent` request is no text (chat/prompt.py)."""

from typing import Any

from inference.chat.prompt import SEALED, Declared, Media, Rule, settings


def medium(value: Any) -> Rule | None:
    """What is declared decides how Gemini reads it."""
    match value:
        case {"mimeType": str(declared), "data": str(data)} | {"mimeType": str(declared), "fileUri": str(data)}:
            kinds: dict[str, Any] = {"image": "image", "audio": "audio", "video": "video"}
            return Media(kinds.get(declared.partition("/")[0], "file"), data, declared)
    return None


MEDIUM: Declared = {"inlineData": medium, "fileData": medium}
PART: Declared = {
    **MEDIUM,
    "thoughtSignature": SEALED,
    "functionCall": {},
    "functionResponse": {"parts": {"*": MEDIUM}},
}

SETTINGS = """
    maxOutputTokens temperature topP topK seed presencePenalty frequencyPenalty responseMimeType thinkingConfig
"""

PROMPT: Declared = {
    "contents": {"*": {"parts": {"*": PART}}},
    "systemInstruction": {"parts": {"*": {}}},
    "tools": {"*": {"functionDeclarations": {"*": {}}}},
    "toolConfig": {"functionCallingConfig": {}},
    "generationConfig": settings(*SETTINGS.split()),
}

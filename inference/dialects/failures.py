"""What a failed answer says, in whatever shape a provider, a proxy or a web framework put it.

{"error": {"message": …}}   {"error": "…"}   {"message": …}   {"detail": [{"msg": …}]}   [{"error": …}]   plain text
"""

import re
from collections.abc import Mapping
from typing import Any

from pydantic_core import from_json

from inference.dialects.untrusted_json import mapping, string

SENTENCES = ("message", "Message", "msg", "detail", "error_msg", "error_message", "error_description", "error", "title",
             "reason")  # fmt: skip
BARE = (
    "message",
    "Message",
    "msg",
    "detail",
    "error_msg",
    "error_message",
    "errors",
)  # an error without an `error` around it
BESIDE = ("message", "error_description", "error_msg", "error_message")  # what tells more than a bare `error`
ANSWERS = ("choices", "content", "candidates", "output")
DEEPEST = 4
LONGEST_TEXT = 500

# In every provider's words, that what was asked or answered is not allowed.
FILTERED = re.compile(
    r"content[ _]filter|content (?:management )?policy|usage polic(?:y|ies)|safety (?:system|filter|polic)"
    r"|considered high risk|inappropriate content|prohibited content|flagged as potentially",
    re.I,
)
# In every provider's words, that it has no such model, or has it no more: not all say so by 404 or a code.
IS_OVER = (
    r"(?:does not exist|(?:is |was )?not (?:exist|found)|(?:is )?no longer (?:available|supported|served|offered)"
    r"|(?:has been|was|is) (?:deprecated|retired|discontinued|shut ?down|decommissioned|removed|sunset))"
)
# What a provider quotes may be its caller's words, and these must not end a model or a key for everybody.
BEFORE_QUOTES = r"\A[^'\"`]{0,100}?"
NO_MODEL = re.compile(
    rf"{BEFORE_QUOTES}\b(?:models?[/: ]{{1,2}}(?:[`'\"]?[\w.-][\w./:-]{{0,99}}[`'\"]?,? )?{IS_OVER}"
    r"|(?:no such|unknown|not found the) model\b)",
    re.I,
)
SAID_TO_WAIT = re.compile(r"try again (?:in|after) (?:(\d{1,3})m)?(\d{1,6}(?:\.\d{1,6})?) ?(ms|s)", re.I)
DECIMAL = re.compile(r"\d{1,9}(?:\.\d{1,6})?")
SCALES = {"ms": 0.001, "s": 1.0}


def read(body: bytes) -> Any:
    """JSON, JSON in an SSE frame (Qwen), or a text; None for an edge's HTML and for what is nothing to read."""
    text = body.decode("utf-8", "replace").strip()
    framed = "\n".join(line[5:].strip() for line in text.splitlines() if line.startswith("data:"))
    for candidate in (text, framed):
        try:
            return from_json(candidate)
        except ValueError:
            continue
    is_words = bool(text) and not text.startswith("<") and "\ufffd" not in text and text.replace("\n", "").isprintable()
    return text[:LONGEST_TEXT] if is_words else None


def error_of(body: Any, depth: int = 0) -> dict[str, Any]:
    """The error object with its `message`, wherever it stands; empty where there is none."""
    if isinstance(body, list) and body and depth < DEEPEST:
        return error_of(body[0], depth + 1)
    if isinstance(body, str):
        return {"message": body} if body else {}
    fields, error = mapping(body), mapping(body).get("error")
    if isinstance(error, dict) and error:
        inner = error_of(error, depth + 1) if depth < DEEPEST and isinstance(error.get("error"), dict) else {}
        return inner or {**error, "message": sentence(error)}
    if isinstance(error, str) and error:
        beside = sentence({name: fields.get(name) for name in BESIDE})
        return {**fields, "message": beside or sentence(error)}
    is_bare = any(fields.get(name) for name in BARE) and not any(fields.get(name) for name in ANSWERS)
    return {**fields, "message": sentence(fields)} if is_bare else {}


def sentence(error: Any, depth: int = 0) -> str:
    """What it says to a reader; JSON in a text is another provider's error, handed on."""
    if depth > DEEPEST:
        return ""
    if isinstance(error, str):
        return (sentence(handed_on(error), depth + 1) if error.lstrip().startswith("{") else "") or error
    if isinstance(error, list):
        return next((text for item in error if (text := sentence(item, depth + 1))), "")
    if not isinstance(error, dict):
        return ""
    values = (error.get(name) for name in (*SENTENCES, "errors"))
    return next((text for value in values if (text := sentence(value, depth + 1))), "")


def handed_on(text: str) -> Any:
    try:
        return from_json(text)
    except ValueError:
        return None


def request_id(body: Any) -> str | None:
    """The provider's own number for the request, where an error names it."""
    values = (mapping(body).get("request_id"), mapping(mapping(body).get("error")).get("request_id"))
    return next((found for value in values if (found := string(value)) and found.isprintable()), None)


def wait(headers: Mapping[str, str], message: str = "") -> float | None:
    """Seconds, from the headers or from OpenAI's sentence. A date has become seconds where there is a clock
    (upstream/client.py).
    """
    for name, scale in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        if DECIMAL.fullmatch(text := headers.get(name, "").strip()):
            return float(text) * scale
    if words := SAID_TO_WAIT.search(message):
        return int(words[1] or 0) * 60 + float(words[2]) * SCALES[words[3].lower()]
    return None

"""What a text carries besides its words, in the form of Chat Completions: citations and log probabilities."""

from collections.abc import Mapping
from typing import Any

from inference.dialects.untrusted_json import number, objects, string


def url_citation(annotation: Mapping[str, Any], start: int) -> dict[str, Any] | None:
    """Offsets count from the start of the content here, of its part there. Cited files are not the caller's."""
    url, first, last = (
        string(annotation.get("url")),
        number(annotation.get("start_index")),
        number(annotation.get("end_index")),
    )
    if annotation.get("type") != "url_citation" or url is None or first is None or last is None:
        return None
    title = string(annotation.get("title")) or ""
    citation = {"url": url, "title": title, "start_index": start + first, "end_index": start + last}
    return {"type": "url_citation", "url_citation": citation}


def chat_logprobs(value: Any) -> dict[str, Any] | None:
    tokens = [{**logprob(token), "top_logprobs": tops(token)} for token in objects(value)]
    return {"content": tokens, "refusal": None} if tokens else None


def tops(token: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [logprob(other) for other in objects(token.get("top_logprobs"))]


def logprob(token: Mapping[str, Any]) -> dict[str, Any]:
    chance = token.get("logprob")
    return {
        "token": string(token.get("token")) or "",
        "logprob": chance if isinstance(chance, int | float) else -9999.0,
        "bytes": token.get("bytes") if isinstance(token.get("bytes"), list) else None,
    }

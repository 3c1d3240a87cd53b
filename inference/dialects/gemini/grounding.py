"""What a reply rests on, as OpenAI's annotations. Gemini counts UTF-8 bytes, OpenAI characters."""

from typing import Any

from inference.dialects.untrusted_json import mapping, number, objects, string


def annotations(grounding: Any, content: str) -> list[dict[str, Any]]:
    """One for each page that supports a segment of the content."""
    metadata = mapping(grounding)
    chunks = metadata.get("groundingChunks")
    pages = [mapping(mapping(chunk).get("web")) for chunk in chunks] if isinstance(chunks, list) else []
    written = content.encode("utf-8", "replace")
    return [
        citation(page, *span(mapping(support.get("segment")), written))
        for support in objects(metadata.get("groundingSupports"))
        for page in supporting(support, pages)
    ]


def supporting(support: dict[str, Any], pages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    given = support.get("groundingChunkIndices")
    indices = [number(index) for index in given] if isinstance(given, list) else []
    found = [pages[index] for index in indices if index is not None and 0 <= index < len(pages)]
    return [page for page in found if string(page.get("uri"))]


def span(segment: dict[str, Any], written: bytes) -> tuple[int, int]:
    """Google leaves out a start of zero."""
    return characters(written, segment.get("startIndex")), characters(written, segment.get("endIndex"))


def characters(written: bytes, end: Any) -> int:
    return len(written[: max(0, number(end) or 0)].decode("utf-8", "ignore"))


def citation(page: dict[str, Any], start: int, end: int) -> dict[str, Any]:
    about = {"url": page["uri"], "title": string(page.get("title")) or "", "start_index": start, "end_index": end}
    return {"type": "url_citation", "url_citation": about}

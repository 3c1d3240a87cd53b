"""Content parts as content blocks (docs/providers/anthropic.md)."""

from collections.abc import Iterable
from typing import Any

from inference.chat import media
from inference.chat.invalid_request import InvalidRequest, refuse_unless
from inference.chat.messages import AnyPart, CacheMark, FilePart, ImagePart, RefusalPart, TextPart, words
from inference.chat.traits import Traits

Block = dict[str, Any]

IMAGES = ("image/jpeg", "image/png", "image/gif", "image/webp")
PDF = "application/pdf"


def text(words: str, mark: CacheMark | None = None) -> Block:
    return marked({"type": "text", "text": words}, mark)


def texts(parts: Iterable[AnyPart]) -> list[Block]:
    """Where only words are allowed. Blank text is refused by Claude, and says nothing."""
    return [cited(text(content, part.cache_mark), part) for part in parts if (content := words(part)).strip()]


def cited(block: Block, part: AnyPart) -> Block:
    """With what Claude said it had from where, as it said it."""
    citations = part.citations if isinstance(part, TextPart) else None
    if isinstance(citations, list) and citations and all(isinstance(each, dict) for each in citations):
        block["citations"] = citations
    return block


def contents(parts: Iterable[AnyPart], at: str, traits: Traits) -> list[Block]:
    blocks: list[Block] = []
    for number, part in enumerate(parts):
        match part:
            case TextPart() | RefusalPart():
                blocks += texts([part])
            case ImagePart():
                blocks.append(marked(image(part.image_url.url, f"{at}.content[{number}]", traits), part.cache_mark))
            case FilePart():
                blocks.append(marked(document(part, f"{at}.content[{number}]", traits), part.cache_mark))
            case _:
                refuse_unless(False, f"{at}.content[{number}]: this model does not take '{part.type}'.")
    return blocks


def image(url: str, at: str, traits: Traits) -> Block:
    if media.is_data_url(url):
        refuse_unless("data" in traits.images, f"{at}: this model does not take images.")
        found = media.read_data_url(url, at=at)
        refuse_unless(found.media_type in IMAGES, f"{at}: images must be JPEG, PNG, GIF or WebP.")
        return {"type": "image", "source": base64_source(found)}
    if media.scheme(url) != "https":
        raise InvalidRequest(
            f"{at}: image URLs begin with https: or data:.", param="messages", code="invalid_image_url"
        )
    if "https" not in traits.images:
        raise InvalidRequest(f"{at}: send the image as a data URL.", param="messages", code="unsupported_image_url")
    return {"type": "image", "source": {"type": "url", "url": url}}


def document(part: FilePart, at: str, traits: Traits) -> Block:
    refuse_unless(traits.documents, f"{at}: this model does not take files.")
    data = part.file.file_data or ""
    block: Block = {"type": "document"}
    if media.scheme(data) == "https":
        block["source"] = {"type": "url", "url": data}  # Claude fetches PDF, and nothing else
    else:
        found = media.read_file(data, part.file.filename, at=at)
        if found.media_type in IMAGES:
            return {"type": "image", "source": base64_source(found)}
        block["source"] = document_source(found, at)
    about = {"title": part.file.filename, "context": part.file.context}
    block |= {name: value for name, value in about.items() if isinstance(value, str) and value}
    return block | ({"citations": {"enabled": True}} if part.file.citations is True else {})


def document_source(found: media.Media, at: str) -> dict[str, str]:
    if found.media_type == PDF:
        return base64_source(found)
    refuse_unless(found.media_type.startswith("text/"), f"{at}: files must be PDF or plain text.")
    return {"type": "text", "media_type": "text/plain", "data": found.content.decode("utf-8", "replace")}


def base64_source(found: media.Media) -> dict[str, str]:
    return {"type": "base64", "media_type": found.media_type, "data": found.data}


def marked(block: Block, mark: CacheMark | None) -> Block:
    if mark is not None:
        block["cache_control"] = mark.model_dump(exclude_none=True)
    return block


def marked_last(blocks: list[Block], mark: CacheMark | None) -> list[Block]:
    """A mark on a whole message is a mark on its last block."""
    if blocks and mark is not None:
        marked(blocks[-1], mark)
    return blocks

"""Content parts as input parts."""

import mimetypes
from typing import Any

from inference.chat import media
from inference.chat.invalid_request import InvalidRequest
from inference.chat.messages import AnyPart, FilePart, ImagePart, TextPart
from inference.chat.traits import Traits


def contents(parts: list[AnyPart], at: str, traits: Traits) -> list[dict[str, Any]]:
    written = [content(part, traits, f"{at}.content[{number}]") for number, part in enumerate(parts)]
    return written or [{"type": "input_text", "text": ""}]


def content(part: AnyPart, traits: Traits, at: str) -> dict[str, Any]:
    match part:
        case TextPart():
            return {"type": "input_text", "text": part.text}
        case ImagePart():
            return image(part, traits, at)
        case FilePart() if traits.documents and not media.SOUND_OR_FILM.match(part.file.file_data or ""):
            return document(part)
    raise unsupported_part(part, at)


def unsupported_part(part: AnyPart, at: str) -> InvalidRequest:
    sentence = f"{at}: this model does not take a part of type '{part.type}'."
    return InvalidRequest(sentence, param="messages", code="unsupported_value")


def image(part: ImagePart, traits: Traits, at: str) -> dict[str, Any]:
    url = part.image_url.url
    if not traits.images:
        raise unsupported_part(part, at)
    if ("data" if media.is_data_url(url) else media.scheme(url)) not in traits.images:
        sentence = f"{at}: an image must be an https URL or a data URL."
        raise InvalidRequest(sentence, param="messages", code="invalid_image_url")
    return {"type": "input_image", "image_url": url, "detail": part.image_url.detail or "auto"}


def document(part: FilePart) -> dict[str, Any]:
    content = part.file.file_data or ""
    if media.scheme(content) == "https":
        return {"type": "input_file", "file_url": content}
    if not media.is_data_url(content):
        content = media.data_url(media.read_file(content, part.file.filename))
    return {"type": "input_file", "filename": part.file.filename or default_name(content), "file_data": content}


def default_name(content: str) -> str:
    """The API wants a name, and reads the kind of the file from its ending."""
    declared, _, data = media.split_data_url(content)
    kind = "application/pdf" if data is None else declared
    return "file" + (mimetypes.guess_extension(kind) or "")

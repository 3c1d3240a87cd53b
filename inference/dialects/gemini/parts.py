"""Content parts. Media travel inside the request, or Google fetches them by https (docs/providers/gemini.md)."""

import mimetypes
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from inference.chat import media
from inference.chat.invalid_request import InvalidRequest, refuse_unless
from inference.chat.messages import AnyPart, AudioPart, FilePart, ImagePart, words
from inference.chat.traits import Traits

Part = dict[str, Any]

# https://ai.google.dev/gemini-api/docs/image-understanding, …/document-processing, …/audio, …/video-understanding;
# other text is sent as plain
IMAGES = ("image/png", "image/jpeg", "image/webp", "image/heic", "image/heif", "image/gif")
PDF = "application/pdf"
TEXTS = ("text/plain", "text/html", "text/css", "text/csv", "text/markdown", "text/xml")
AUDIO = {
    "wav": "audio/wav",
    "mp3": "audio/mpeg",
    "aac": "audio/aac",
    "aiff": "audio/aiff",
    "flac": "audio/flac",
    "ogg": "audio/ogg",
}
SPOKEN = (*AUDIO.values(), "audio/mp3", "audio/x-wav", "audio/x-aiff", "audio/x-flac")
SEEN = ("video/mp4", "video/mpeg", "video/mov", "video/quicktime", "video/avi", "video/x-msvideo", "video/x-flv",
        "video/mpg", "video/webm", "video/wmv", "video/x-ms-wmv", "video/3gpp")  # fmt: skip
SAME = {"audio/x-wav": "audio/wav", "audio/x-aiff": "audio/aiff", "audio/x-flac": "audio/flac",
        "video/quicktime": "video/mov", "video/x-msvideo": "video/avi", "video/x-ms-wmv": "video/wmv"}  # fmt: skip


def texts(parts: Iterable[AnyPart]) -> list[Part]:
    """Where only words are allowed. Empty text is no part."""
    return [{"text": text} for part in parts if (text := words(part))]


def contents(parts: Iterable[AnyPart], at: str, traits: Traits) -> list[Part]:
    found: list[Part] = []
    for number, part in enumerate(parts):
        match part:
            case ImagePart():
                found.append(image(part.image_url.url, f"{at}.content[{number}]", traits))
            case AudioPart():
                found.append(audio(part, f"{at}.content[{number}]", traits))
            case FilePart():
                found.append(document(part, f"{at}.content[{number}]", traits))
            case _:
                found += texts([part])
    return found


def image(url: str, at: str, traits: Traits) -> Part:
    refuse_unless(bool(traits.images), f"{at}: this model does not take images.")
    if media.is_data_url(url):
        found = media.read_data_url(url, at=at)
        refuse_unless(found.media_type in IMAGES, f"{at}: images must be PNG, JPEG, WebP, HEIC or HEIF.")
        return inline(found.media_type, found.data)
    if media.scheme(url) != "https":
        raise InvalidRequest(
            f"{at}: image URLs begin with https: or data:.", param="messages", code="invalid_image_url"
        )
    if "https" not in traits.images:
        sentence = f"{at}: this model does not fetch images; send the image as a data URL."
        raise InvalidRequest(sentence, param="messages", code="unsupported_image_url")
    named = by_name(url)
    return fetched(named if named in IMAGES else "image/jpeg", url)


def audio(part: AudioPart, at: str, traits: Traits) -> Part:
    refuse_unless(traits.audio, f"{at}: this model does not take audio.")
    kind = AUDIO[part.input_audio.format]
    return inline(kind, media.read_base64(part.input_audio.data, kind, at=at).data)


def document(part: FilePart, at: str, traits: Traits) -> Part:
    refuse_unless(traits.documents, f"{at}: this model does not take files.")
    data = part.file.file_data or ""
    if media.scheme(data) == "https" and "https" in traits.images:
        named = by_name(part.file.filename or "") or by_name(data) or PDF
        refuse_unless(named in (PDF, *IMAGES), f"{at}: by URL this model reads PDF and images; send the rest as data.")
        return fetched(named, data)
    found = media.read_file(data, part.file.filename, at=at)
    kind = SAME.get(found.media_type, found.media_type)
    if kind.startswith("text/"):
        return inline(kind if kind in TEXTS else "text/plain", found.data)
    refuse_unless(traits.audio or kind not in SPOKEN, f"{at}: this model does not take audio.")
    refuse_unless(traits.video or kind not in SEEN, f"{at}: this model does not take video.")
    known = (PDF, *IMAGES, *SPOKEN, *SEEN)
    refuse_unless(kind in known, f"{at}: files must be PDF, text, an image, audio or video.")
    return inline(kind, found.data)


def by_name(url: str) -> str | None:
    """What the end of a URL says is behind it."""
    return mimetypes.guess_type(urlsplit(url).path)[0]


def inline(media_type: str, data: str) -> Part:
    return {"inlineData": {"mimeType": media_type, "data": data}}


def fetched(media_type: str, url: str) -> Part:
    """The type is told, so that what costs more than was held for it (a film, for a picture) is not taken for one."""
    return {"fileData": {"mimeType": media_type, "fileUri": url}}

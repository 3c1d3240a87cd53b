"""Content parts (translation.md 2.3). Gemini fetches nothing for us: media travel inside the request."""

from collections.abc import Iterable
from typing import Any

from inference.chat import media
from inference.chat.invalid_request import InvalidRequest, refuse_unless
from inference.chat.messages import AnyPart, AudioPart, FilePart, ImagePart, words
from inference.chat.traits import Traits

Part = dict[str, Any]

# https://ai.google.dev/gemini-api/docs/image-understanding, …/document-processing; other text is sent as plain
IMAGES = ("image/png", "image/jpeg", "image/webp", "image/heic", "image/heif")
PDF = "application/pdf"
TEXTS = ("text/plain", "text/html", "text/css", "text/csv", "text/markdown", "text/xml")
AUDIO = {"wav": "audio/wav", "mp3": "audio/mpeg"}


def texts(given: Iterable[AnyPart]) -> list[Part]:
    """Where only words are allowed. Empty text is no part."""
    return [{"text": said} for part in given if (said := words(part))]


def contents(given: Iterable[AnyPart], at: str, traits: Traits) -> list[Part]:
    found: list[Part] = []
    for number, part in enumerate(given):
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
    sentence = f"{at}: this model does not fetch images; send the image as a data URL."
    raise InvalidRequest(sentence, param="messages", code="unsupported_image_url")


def audio(part: AudioPart, at: str, traits: Traits) -> Part:
    refuse_unless(traits.audio, f"{at}: this model does not take audio.")
    kind = AUDIO[part.input_audio.format]
    return inline(kind, media.read_base64(part.input_audio.data, kind, at=at).data)


def document(part: FilePart, at: str, traits: Traits) -> Part:
    refuse_unless(traits.documents, f"{at}: this model does not take files.")
    found = media.read_data_url(part.file.file_data or "", at=at)
    if found.media_type.startswith("text/"):
        return inline(found.media_type if found.media_type in TEXTS else "text/plain", found.data)
    refuse_unless(found.media_type == PDF or found.media_type in IMAGES, f"{at}: files must be PDF, text or an image.")
    return inline(found.media_type, found.data)


def inline(media_type: str, data: str) -> Part:
    return {"inlineData": {"mimeType": media_type, "data": data}}

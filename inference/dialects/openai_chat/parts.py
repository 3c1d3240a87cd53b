"""The parts of a message's content (docs/providers/)."""

import re
from collections.abc import Callable
from typing import Any

from inference.chat import media
from inference.chat.invalid_request import InvalidRequest, refuse_unless, unsupported
from inference.chat.messages import AnyPart, AudioPart, FilePart, ImagePart, RefusalPart, TextPart
from inference.chat.traits import Traits

Body = dict[str, Any]

SPOKEN = ("wav", "mp3")
MOST_FETCHED = 8
PLAIN = re.compile(r"data:image/(?!jpg\b)[a-z.+-]+;base64,[A-Za-z0-9+/]")


def written(part: AnyPart, traits: Traits, at: str, to_fetch: list[Body] | None = None) -> Body:
    """Raises `InvalidRequest` for what the model does not take. `to_fetch`: where images that we fetch are noted."""
    if (
        to_fetch is not None
        and "fetched" in traits.images
        and isinstance(part, ImagePart)
        and media.scheme(part.image_url.url) == "https"
    ):
        url: Body = {"url": part.image_url.url}
        to_fetch.append(url)
        refuse_unless(len(to_fetch) <= MOST_FETCHED, f"{at}: this model takes at most {MOST_FETCHED} images by https.")
        return {"type": "image_url", "image_url": url}
    return WRITERS[part.type](part, traits, at)


def text(part: TextPart, traits: Traits, at: str) -> Body:
    mark = {"cache_control": {"type": "ephemeral"}} if traits.cache_marks and part.cache_mark else {}
    return {"type": "text", "text": part.text, **mark}


def image(part: ImagePart, traits: Traits, at: str) -> Body:
    check_image(part.image_url.url, traits, at)
    url: Body = {"url": plain(part.image_url.url, at)}
    if part.image_url.detail is not None and "image_url.detail" not in traits.drops:
        url["detail"] = part.image_url.detail
    return {"type": "image_url", "image_url": url}


def plain(url: str, at: str) -> str:
    """Data URLs in the one form that every server reads; most come so, and are not decoded here."""
    if not media.is_data_url(url) or PLAIN.match(url):
        return url
    found = media.read_data_url(url, at=at)
    return f"data:{found.media_type};base64,{found.data}"


def check_image(url: str, traits: Traits, at: str) -> None:
    scheme = media.scheme(url)
    if not traits.images:
        raise text_only(at)
    if scheme not in ("data", "https"):
        raise InvalidRequest(
            f"{at}: an image must be a data URL or come by https.", param="messages", code="invalid_image_url"
        )
    if scheme not in traits.images:
        raise InvalidRequest(
            f"{at}: this model's provider does not fetch images; send the image as a data URL.",
            param="messages",
            code="unsupported_image_url",
        )


def audio(part: AudioPart, traits: Traits, at: str) -> Body:
    if not traits.audio:
        raise unsupported(f"{at}: this model does not hear audio.", param="messages", value=True)
    if part.input_audio.format not in SPOKEN:
        raise unsupported(f"{at}: this model hears audio as {' or '.join(SPOKEN)}.", param="messages", value=True)
    return {"type": "input_audio", "input_audio": {"data": part.input_audio.data, "format": part.input_audio.format}}


def file(part: FilePart, traits: Traits, at: str) -> Body:
    if not traits.documents:
        raise unsupported(f"{at}: this model does not read files; send their text.", param="messages", value=True)
    named = {} if part.file.filename is None else {"filename": part.file.filename}
    data = part.file.file_data or ""
    if media.scheme(data) in ("http", "https"):
        raise unsupported(f"{at}: this model reads no files by URL; send file_data.", param="messages", value=True)
    refuse_unless(not media.SOUND_OR_FILM.match(data), f"{at}: this model takes no audio or video as a file.")
    if not media.is_data_url(data):
        data = media.data_url(media.read_file(data, part.file.filename, at=at))
    return {"type": "file", "file": {**named, "file_data": data}}


def refusal(part: RefusalPart, traits: Traits, at: str) -> Body:
    return {"type": "refusal", "refusal": part.refusal} if traits.refusals else {"type": "text", "text": part.refusal}


def text_only(at: str) -> InvalidRequest:
    return unsupported(f"{at}: this model takes text only.", param="messages", value=True)


WRITERS: dict[str, Callable[[Any, Traits, str], Body]] = {
    "text": text,
    "image_url": image,
    "input_audio": audio,
    "file": file,
    "refusal": refusal,
}

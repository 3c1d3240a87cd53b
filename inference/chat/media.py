"""Images, documents and audio inside a request: data URLs, and what is really in them."""

import base64
import mimetypes
import re
from dataclasses import dataclass

from inference.chat.invalid_request import InvalidRequest

SPACE = b" \t\n\r\f\v"
ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
SOUND_OR_FILM = re.compile("data:(?:audio|video)/", re.I)
HEAD = 64  # characters: enough for the first bytes to show what something is
SAME = {"image/jpg": "image/jpeg", "image/pjpeg": "image/jpeg"}
# The first bytes decide: Claude refuses an image whose declared type is not its own.
MAGIC = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"ID3", "audio/mpeg"),
    (b"OggS", "audio/ogg"),
    (b"fLaC", "audio/flac"),
    (b"\x1aE\xdf\xa3", "video/webm"),
)


RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}


@dataclass(frozen=True, slots=True)
class Media:
    """`data` is base64 without white space; `media_type` is what the bytes say, else what was declared."""

    media_type: str
    data: str

    @property
    def content(self) -> bytes:
        return base64.b64decode(self.data)


def is_data_url(url: str) -> bool:
    return url[:5].lower() == "data:"


def split_data_url(url: str) -> tuple[str, str, str | None]:
    """The declared type, the parameters after it, and the data; None where the URL is none of data."""
    head, comma, data = url.partition(",")
    declared, semicolon, parameters = head[5:].partition(";")
    return declared.strip().lower(), semicolon + parameters, data if comma and is_data_url(url) else None


def scheme(url: str) -> str:
    return url.partition(":")[0].lower()


def read_data_url(url: str, *, at: str = "messages") -> Media:
    """Raises `InvalidRequest` where it is not base64 of something (RFC 2397; `;base64` is required)."""
    declared, parameters, data = split_data_url(url)
    if data is None or ";base64" not in parameters.lower():
        raise InvalidRequest(
            f"{at}: a data URL must look like data:image/png;base64,….", param="messages", code="invalid_data_url"
        )
    return read_base64(data, declared, at=at)


def read_base64(text: str, declared: str, *, at: str = "messages") -> Media:
    """Looks at every character and decodes the first few: a decoded copy of 30 MB would be made to be thrown away."""
    payload = text.encode("utf-8", "replace").translate(None, delete=SPACE)
    payload += b"=" * (-len(payload) % 4)
    digits = payload.rstrip(b"=")
    if len(payload) - len(digits) > 2 or digits.translate(None, delete=ALPHABET):
        raise InvalidRequest(f"{at}: the data is not valid base64.", param="messages", code="invalid_data_url")
    if not digits:
        raise InvalidRequest(f"{at}: the data URL is empty.", param="messages", code="invalid_data_url")
    content = base64.b64decode(payload[:HEAD])
    return Media(real_type(content, SAME.get(declared, declared)), payload.decode())


def read_file(data: str, filename: str | None, *, at: str = "messages") -> Media:
    """`file_data` as a data URL, or as base64 alone, whose kind its first bytes tell, or else its name."""
    if is_data_url(data):
        return read_data_url(data, at=at)
    if len(scheme(data)) < len(data):
        sentence = f"{at}: file_data must be base64 or a data URL; this model reads no file from such a URL."
        raise InvalidRequest(sentence, param="messages", code="invalid_data_url")
    return read_base64(data, mimetypes.guess_type(filename or "")[0] or "", at=at)


def data_url(found: Media) -> str:
    return f"data:{found.media_type};base64,{found.data}"


def real_type(content: bytes, declared: str) -> str:
    if content[:4] == b"RIFF" and content[8:12] in RIFF:
        return RIFF[content[8:12]]
    if content[4:8] == b"ftyp" and not declared.startswith(("image/", "audio/", "video/")):
        return "video/mp4"
    return next(
        (media_type for magic, media_type in MAGIC if content.startswith(magic)), declared or "application/octet-stream"
    )

"""What media inside a prompt cost at most, and likely: by the provider's formula, or the most it takes of their kind.

What is really in a file decides, not what it is called: a text is counted as text, a PDF by its pages, and where nobody
can say (encrypted, broken, of a kind we do not know, or at an address), it may fill the model's window.
"""

import asyncio
import re
from base64 import b64decode
from codecs import getincrementaldecoder
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from inference.billing import documents
from inference.chat import media
from inference.chat.prompt import Media
from inference.chat.traits import Traits

TOKENS_PER_SECOND = 32  # of audio
LEAST_BYTES_PER_SECOND = 1_000  # 8 kbit/s, the lowest rate of MP3
LIKELY_PAGE_BYTES = 20_000  # of a document whose pages we could not count
HEAD = 1_400  # characters of base64: where a PDF must begin
WAVE_HEAD = 1_400_000
SLICE = 65_536
AT_ONCE = 200  # media looked at before others go on: 2 ms

FOREIGN = re.compile(r"[^A-Za-z0-9+/]+")
BASE64_HEAD = re.compile(r"[A-Za-z0-9+/=\s]+")
PDF = "application/pdf"
# Silence takes as many bytes as speech in these; in others next to none. What OpenAI hears is one of these two.
STEADY = ("", "audio/wav", "audio/x-wav", "audio/mpeg", "audio/mp3")
TEXTS = ("text/", "application/json", "application/xml")


@dataclass(slots=True)
class Found:
    """`is_heard`: some of it may be billed as audio; a film has sound, too."""

    most: int = 0
    likely: int = 0
    is_heard: bool = False

    def add(self, most: int, likely: int | None = None) -> None:
        self.most += most
        self.likely += most if likely is None else likely


@dataclass(frozen=True)
class Content:
    """`encoded` is base64; `is_known` false: it is elsewhere, or in no form that we can read."""

    encoded: str
    declared: str
    is_known: bool = True

    @cached_property
    def head(self) -> bytes:
        return b"".join(decoded(self.encoded[:HEAD]))

    @property
    def size(self) -> int:
        return len(self.encoded) * 3 // 4

    @property
    def is_pdf(self) -> bool:
        return self.is_known and (self.declared == PDF or b"%PDF-" in self.head)

    @property
    def is_image(self) -> bool:
        return self.is_known and media.real_type(self.head, "").startswith("image/")

    @property
    def may_be_text(self) -> bool:
        return self.is_known and not (self.is_pdf or self.is_image)


def content(one: Media) -> Content:
    if media.is_data_url(one.data):
        head, _, data = one.data.partition(",")
        declared = head[5:].partition(";")[0].strip().lower()
        return Content(data, declared, is_known="base64" in head.lower())
    declared = one.declared.partition(";")[0].strip().lower()
    return Content(one.data, declared, is_known=bool(BASE64_HEAD.fullmatch(one.data[:HEAD])))


def text_of(media: Media) -> Iterator[str] | None:
    """A file's text in pieces; None where it cannot be text."""
    if media.kind != "file" or not (held := content(media)).may_be_text:
        return None
    return written(held)


def written(held: Content) -> Iterator[str]:
    """Raises `UnicodeDecodeError` for what is not declared to be text and is none."""
    decoder = getincrementaldecoder("utf-8")("replace" if held.declared.startswith(TEXTS) else "strict")
    for piece in decoded(held.encoded):
        yield decoder.decode(piece)
    decoder.decode(b"", True)


def decoded(encoded: str) -> Iterator[bytes]:
    """Decodes base64 as the most lenient reader does: what is none is skipped."""
    left = ""
    for begin in range(0, len(encoded), SLICE):
        clean = left + FOREIGN.sub("", encoded[begin : begin + SLICE])
        whole = len(clean) - len(clean) % 4
        left = clean[whole:]
        yield b64decode(clean[:whole])
    yield b64decode(left + "=" * (-len(left) % 4)) if len(left) > 1 else b""


async def measured(media: list[Media], traits: Traits, most: int, account: int) -> Found:
    found, pdfs = Found(), list[Content]()
    for at, one in enumerate(media, 1):
        if at % AT_ONCE == 0:
            await asyncio.sleep(0)
        held = content(one)
        found.is_heard |= one.kind in ("audio", "video")
        if one.kind == "image" or (one.kind == "file" and held.is_image):
            found.add(traits.image_tokens)
        elif one.kind == "audio":
            found.add(audio_tokens(held, most), min(most, held.size * TOKENS_PER_SECOND // LEAST_BYTES_PER_SECOND))
        elif one.kind == "video":  # its bytes do not tell how long it lasts
            found.add(most, likely_pages(held, traits))
        elif held.is_pdf:
            pdfs.append(held)
        else:
            found.add(most, likely_pages(held, traits))
    for held, pages in zip(pdfs, await documents.pages([pdf.encoded for pdf in pdfs], account), strict=True):
        if pages is None:
            found.add(most, likely_pages(held, traits))
        else:
            apart = 0 if held.declared == PDF else held.size
            found.add(pages.number * traits.page_tokens + pages.excess + apart, pages.number * traits.page_tokens)
    return found


def likely_pages(held: Content, traits: Traits) -> int:
    return (1 + held.size // LIKELY_PAGE_BYTES) * traits.page_tokens


def audio_tokens(held: Content, most: int) -> int:
    """Counts audio by its length, which a WAV file says: a second of it may have a few bytes only."""
    if held.declared not in STEADY:
        return most
    is_mp3 = held.head[:3] == b"ID3" or held.head[:1] == b"\xff"
    rate = wave_rate(held) if held.head[:4] == b"RIFF" else LEAST_BYTES_PER_SECOND * is_mp3
    return min(most, -(-held.size * TOKENS_PER_SECOND // rate)) if rate and held.is_known else most


def wave_rate(held: Content) -> int:
    """Bytes a second, the lowest of those its format chunks allow; 0 where there is none."""
    beginning = b"".join(decoded(held.encoded[:WAVE_HEAD]))
    rates = [
        min(little(beginning, at + 16, 4), little(beginning, at + 12, 4) * align)
        for at in (chunk.start() for chunk in re.finditer(rb"fmt ", beginning))
        if (align := little(beginning, at + 20, 2))
    ]
    return min(rates, default=0)


def little(held: bytes, at: int, size: int) -> int:
    return int.from_bytes(held[at : at + size], "little")

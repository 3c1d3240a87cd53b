"""What media may cost at most, before anything is sent: where the bytes do not tell, the largest prompt is held for."""

import base64
from typing import Any

import pytest

from inference.billing.token_counting import media_bound, reachable_buckets
from inference.chat.messages import Audio, AudioPart, File, FilePart
from inference.chat.request import ChatRequest
from inference.chat.traits import Traits

TRAITS = Traits(context_tokens=1_000_000, max_output_tokens=1, images=frozenset({"data", "https"}))
MP4 = b"\0\0\0\x18ftypmp42" + b"\0" * 40


def file(data: str, name: str | None = None) -> FilePart:
    return FilePart(type="file", file=File(file_data=data, filename=name))


def encoded(content: bytes, kind: str | None = None) -> str:
    text = base64.b64encode(content).decode()
    return f"data:{kind};base64,{text}" if kind else text


def sound(content: bytes, form: Any) -> AudioPart:
    return AudioPart(type="input_audio", input_audio=Audio(data=encoded(content), format=form))


@pytest.mark.parametrize(
    "part",
    [
        file("https://example.com/a.pdf"),
        file(encoded(MP4, "video/mp4")),
        file(encoded(MP4, "application/pdf")),
        file(encoded(MP4, "text/plain")),
        file(encoded(MP4)),
        file(encoded(b"OggS" + b"\0" * 60)),
        sound(b"OggS" + b"\0" * 60, "ogg"),
        sound(b"fLaC" + b"\0" * 60, "flac"),
        sound(MP4, "wav"),
        sound(b"OggS" + b"\0" * 60, "mp3"),
    ],
)
def test_what_no_byte_tells_is_the_largest_prompt(part: Any) -> None:
    assert media_bound(part, TRAITS) == 1_000_000


def test_what_bytes_tell_is_counted() -> None:
    assert media_bound(file(encoded(b"%PDF-1.4" + b"\0" * 50_000, "application/pdf")), TRAITS) == 3 * TRAITS.page_tokens
    assert 45_000 <= media_bound(file(encoded(b"word " * 9_000, "text/plain")), TRAITS) < 45_100
    assert media_bound(file(encoded(b"word " * 9_000)), TRAITS) >= 45_000
    assert media_bound(sound(b"RIFF\0\0\0\0WAVE" + b"\0" * 3_000, "wav"), TRAITS) == 100


@pytest.mark.parametrize("data", [encoded(MP4, "video/mp4"), encoded(b"ID3" + b"\0" * 60, "audio/mpeg"), encoded(MP4)])
def test_a_film_and_a_sound_may_be_billed_as_audio(data: str) -> None:
    message = {"role": "user", "content": [{"type": "file", "file": {"file_data": data}}]}
    request = ChatRequest.model_validate({"model": "m", "messages": [message]})
    assert "audio_in" in reachable_buckets(request)

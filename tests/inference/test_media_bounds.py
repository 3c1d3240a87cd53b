"""What media may cost at most, before anything is sent: where the bytes do not tell, the largest prompt is held for."""

import asyncio
import base64
from typing import Any

import pytest

from tests.attacks.measuring import Json, bound, file_part, listing, measure

GEMINI, KIMI = "gemini-3-flash", "kimi-k2.5"
MP4 = b"\0\0\0\x18ftypmp42" + b"\0" * 40
OGG = b"OggS" + b"\0" * 60
PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"\0" * 40).decode()


def encoded(content: bytes, kind: str | None = None) -> str:
    text = base64.b64encode(content).decode()
    return f"data:{kind};base64,{text}" if kind else text


def file(content: bytes, kind: str | None = None, name: str = "a") -> Json:
    return file_part(encoded(content, kind), name)


def sound(content: bytes, form: str) -> Json:
    return {"type": "input_audio", "input_audio": {"data": encoded(content), "format": form}}


def showing(*parts: Json, **fields: Any) -> Json:
    return {"messages": [{"role": "user", "content": list(parts)}], **fields}


@pytest.mark.parametrize(
    "part",
    [
        file_part("https://example.com/a.pdf"),
        file(MP4, "video/mp4"),
        file(MP4, "application/octet-stream"),
        file(MP4),
        file(b"%PDF-1.4 in a film", "video/webm"),
        file(b"only letters", "video/mp4"),
        file(OGG),
        file(b"fLaC" + b"\0" * 60, name="a.wav"),
        file(b"\xff\xf1" + b"\0" * 60, name="a.aac"),
        sound(OGG, "ogg"),
        sound(b"\xff\xf1" + b"\0" * 60, "aac"),
        sound(b"ID3" + b"\0" * 60, "flac"),
        sound(OGG, "mp3"),
        sound(MP4, "wav"),
    ],
)
def test_what_no_byte_tells_is_the_largest_prompt(part: Json) -> None:
    assert bound(GEMINI, showing(part)) == listing(GEMINI).traits.context_tokens


def test_what_bytes_tell_is_counted() -> None:
    traits = listing(GEMINI).traits
    assert bound(GEMINI, showing(sound(b"RIFF\0\0\0\0WAVE" + b"\0" * 3_000, "wav"))) == traits.context_tokens
    assert bound(GEMINI, showing(sound(b"ID3" + b"\0" * 3_000, "mp3"))) < 200
    image = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
    assert 0 <= bound(GEMINI, showing(image)) - traits.image_tokens < 100


@pytest.mark.parametrize("part", [file(MP4, "video/mp4"), file(b"ID3" + b"\0" * 60, "audio/mpeg"), sound(OGG, "ogg")])
def test_a_film_and_a_sound_may_be_billed_as_audio(part: Json) -> None:
    assert "audio_in" in buckets(showing(part))
    assert "audio_in" not in buckets(showing(file(b"words", "text/plain")))


def buckets(asked: Json) -> tuple[str, ...]:
    found = measure(GEMINI, asked)
    asyncio.run(found.take())
    return found.buckets


def test_a_sound_behind_more_text_than_fits_may_be_billed_as_audio() -> None:
    text = {"type": "text", "text": "aë " * 800_000}
    assert "audio_in" in buckets(showing(text, sound(OGG, "ogg")))


@pytest.mark.parametrize("model", [GEMINI, "gemini-2.5-pro", KIMI, "gpt-5.2", "claude-haiku-4.5", "gpt-5.2-codex"])
def test_a_picture_in_a_tools_result_is_a_picture(model: str) -> None:
    call = {"id": "c", "type": "function", "function": {"name": "get", "arguments": "{}"}}
    picture = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG * 3000}"}}

    def results(*parts: Json) -> Json:
        result = {"role": "tool", "tool_call_id": "c", "content": list(parts)}
        return {"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "tool_calls": [call]}, result]}

    shown, words = bound(model, results(picture)), bound(model, results({"type": "text", "text": "y"}))
    assert abs(shown - words - listing(model).traits.image_tokens) < 50


def test_a_picture_that_we_fetch_is_held_for() -> None:
    image = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
    found = measure(KIMI, showing(image, image))
    assert found.rendered.to_fetch and asyncio.run(found.bound()) >= 2 * listing(KIMI).traits.image_tokens


def test_what_a_schema_grows_by_is_held_for() -> None:
    """Kimi is told the types that an untyped property may have."""
    parameters = {"type": "object", "properties": {f"p{number}": {} for number in range(50)}}
    tools = [{"type": "function", "function": {"name": "get", "parameters": parameters}}]
    grown, given = (bound(model, showing({"type": "text", "text": "x"}, tools=tools)) for model in (KIMI, "gpt-5.2"))
    assert grown > given + 50 * 20

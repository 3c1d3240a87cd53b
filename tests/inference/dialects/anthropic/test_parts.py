"""Images and files inside a message."""

import base64

import pytest

from inference.chat.invalid_request import InvalidRequest
from tests.inference.dialects.anthropic.claude import Json, messages
from tests.inference.media_samples import GIF, JPEG, PDF, PNG, WAV, WEBP, data_url


def sent(part: Json) -> Json:
    (turn,) = messages("claude-sonnet-4.5", {"role": "user", "content": [part]})
    return turn["content"][0]


def image(url: str) -> Json:
    return {"type": "image_url", "image_url": {"url": url, "detail": "high"}}


def file(url: str, **fields: str) -> Json:
    return {"type": "file", "file": {"file_data": url, **fields}}


@pytest.mark.parametrize(
    ("declared", "content", "media_type"),
    [
        ("image/png", PNG, "image/png"),
        ("image/jpg", JPEG, "image/jpeg"),
        ("image/png", JPEG, "image/jpeg"),
        ("image/gif", GIF, "image/gif"),
        ("image/webp", WEBP, "image/webp"),
    ],
)
def test_an_image_is_what_its_bytes_say(declared: str, content: bytes, media_type: str) -> None:
    source = {"type": "base64", "media_type": media_type, "data": base64.b64encode(content).decode()}
    assert sent(image(data_url(declared, content))) == {"type": "image", "source": source}


def test_an_https_image_is_left_to_claude() -> None:
    source = {"type": "url", "url": "HTTPS://images.example/a.png"}
    assert sent(image("HTTPS://images.example/a.png")) == {"type": "image", "source": source}


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://169.254.169.254/latest", "invalid_image_url"),
        ("file:///etc/passwd", "invalid_image_url"),
        ("", "invalid_image_url"),
        ("data:image/png,plain", "invalid_data_url"),
        ("data:image/png;base64,@@@", "invalid_data_url"),
        (data_url("image/bmp", b"BM1234"), "unsupported_value"),
    ],
)
def test_other_images_are_refused(url: str, code: str) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        sent(image(url))
    assert (refusal.value.param, refusal.value.code) == ("messages", code)


def test_a_pdf_is_a_document() -> None:
    source = {"type": "base64", "media_type": "application/pdf", "data": base64.b64encode(PDF).decode()}
    found = sent(file(data_url("application/pdf", PDF), filename="a.pdf"))
    assert found == {"type": "document", "title": "a.pdf", "source": source}


def test_text_is_a_document_in_words() -> None:
    found = sent(file(data_url("text/markdown", "# Über".encode())))
    assert found == {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "# Über"}}


@pytest.mark.parametrize(
    "part",
    [
        file(data_url("application/zip", b"PK")),
        {"type": "input_audio", "input_audio": {"data": base64.b64encode(WAV).decode(), "format": "wav"}},
    ],
)
def test_other_files_and_audio_are_refused(part: Json) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        sent(part)
    assert refusal.value.code == "unsupported_value"

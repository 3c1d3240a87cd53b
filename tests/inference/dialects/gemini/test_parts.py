"""Media inside a request."""

import base64

import pytest

from tests.inference.dialects.gemini.asking import Json, contents, image, refused, user
from tests.inference.media_samples import GIF, JPEG, PDF, PNG, WAV, WEBP, data_url


def file(url: str) -> Json:
    return {"type": "file", "file": {"filename": "a", "file_data": url}}


def inline(part: Json) -> Json:
    found: Json = contents(user([part]))[0]["parts"][0]["inlineData"]
    return found


@pytest.mark.parametrize(
    ("url", "media_type"),
    [
        (data_url("image/png", PNG), "image/png"),
        (data_url("image/png", JPEG), "image/jpeg"),
        (data_url("image/webp", WEBP), "image/webp"),
        (data_url("image/heic", b"heic"), "image/heic"),
    ],
)
def test_images_are_sent_as_what_they_are(url: str, media_type: str) -> None:
    assert inline(image(url)) == {"mimeType": media_type, "data": url.partition(",")[2]}
    assert inline(file(url))["mimeType"] == media_type


@pytest.mark.parametrize("url", [data_url("image/svg+xml", b"<svg/>"), data_url("image/tiff", b"II*")])
def test_images_gemini_cannot_see_are_refused(url: str) -> None:
    assert refused(messages=[user([image(url)])]).code == "unsupported_value"


@pytest.mark.parametrize(
    ("declared", "content", "sent"),
    [
        ("application/pdf", PDF, "application/pdf"),
        ("text/markdown", b"# A", "text/markdown"),
        ("text/x-haskell", b"main", "text/plain"),
    ],
)
def test_documents_are_sent_inline(declared: str, content: bytes, sent: str) -> None:
    assert inline(file(data_url(declared, content))) == {"mimeType": sent, "data": base64.b64encode(content).decode()}


@pytest.mark.parametrize("kind", ["video/mp4", "audio/mpeg", "image/gif"])
def test_films_and_sounds_are_sent_inline(kind: str) -> None:
    assert inline(file(data_url(kind, GIF if kind == "image/gif" else b"abc")))["mimeType"] == kind


@pytest.mark.parametrize("declared", ["video/x-unheard", "application/zip"])
def test_files_nobody_priced_are_refused(declared: str) -> None:
    assert refused(messages=[user([file(data_url(declared, b"abc"))])]).code == "unsupported_value"


@pytest.mark.parametrize(("form", "sent"), [("wav", "audio/wav"), ("mp3", "audio/mpeg")])
def test_audio_is_sent_under_its_media_type(form: str, sent: str) -> None:
    spoken = {"type": "input_audio", "input_audio": {"data": base64.b64encode(WAV).decode(), "format": form}}
    assert inline(spoken)["mimeType"] == sent


def test_words_and_pictures_keep_their_order() -> None:
    parts = contents(
        user([{"type": "text", "text": "a"}, image(data_url("image/png", PNG)), {"type": "text", "text": "b"}])
    )
    assert [next(iter(part)) for part in parts[0]["parts"]] == ["text", "inlineData", "text"]

import base64

import pytest

from inference.chat import media
from inference.chat.invalid_request import InvalidRequest

PNG = b"\x89PNG\r\n\x1a\n rest"
CODED = base64.b64encode(PNG).decode()


@pytest.mark.parametrize(
    "url",
    [
        f"data:image/png;base64,{CODED}",
        f"DATA:IMAGE/PNG;BASE64,{CODED}",
        f"data:image/png;charset=utf-8;base64,{CODED}",
        f"data:image/jpeg;base64,{CODED}",
        f"data:;base64,{CODED}",
        f"data:image/png;base64,{CODED[:8]}\n {CODED[8:]}\r\n",
        f"data:image/png;base64,{CODED.rstrip('=')}",
    ],
)
def test_a_data_url_is_what_its_bytes_say(url: str) -> None:
    found = media.read_data_url(url)
    assert (found.media_type, found.content) == ("image/png", PNG)


@pytest.mark.parametrize(
    ("content", "declared", "kind"),
    [
        (b"\xff\xd8\xff\xe0", "image/jpg", "image/jpeg"),
        (b"GIF89a....", "", "image/gif"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/png", "image/webp"),
        (b"%PDF-1.7", "text/plain", "application/pdf"),
        (b"hello", "image/jpg", "image/jpeg"),
        (b"hello", "text/plain", "text/plain"),
        (b"hello", "", "application/octet-stream"),
    ],
)
def test_the_first_bytes_decide(content: bytes, declared: str, kind: str) -> None:
    assert media.read_base64(base64.b64encode(content).decode(), declared).media_type == kind


@pytest.mark.parametrize(
    "url",
    [
        "",
        "data:",
        "data:image/png",
        "data:image/png,plain",
        "data:image/png;base64",
        "data:image/png;base64,",
        "data:image/png;base64,!!!!",
        "data:image/png;base64,A",
        "data:image/png;base64,AA=A",
        "https://a.example",
    ],
)
def test_what_is_no_data_url_is_refused(url: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        media.read_data_url(url, at="messages[0]")
    assert refused.value.code == "invalid_data_url" and refused.value.message.startswith("messages[0]")


def test_schemes_are_told_apart() -> None:
    assert media.is_data_url("DaTa:x") and not media.is_data_url("https://data:")
    assert (media.scheme("HTTPS://a"), media.scheme("nothing")) == ("https", "nothing")

"""The smallest files of each kind, and the parts of a message that carry them."""

import base64

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
GIF = base64.b64decode("R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==")
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00\xff\xd9"
WEBP = b"RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00/\x00\x00\x00\x10\x07\x10\x11\x11\x88\x88\xfe\x07\x00"
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
WAV = (
    b"RIFF$\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00"
    b"\x40\x1f\x00\x00\x80\x3e\x00\x00\x02\x00\x10\x00data\x00\x00\x00\x00"
)


def data_url(media_type: str, content: bytes) -> str:
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"


DATA_IMAGES = [
    data_url("image/png", PNG),
    data_url("image/gif", GIF),
    data_url("image/jpeg", JPEG),
    data_url("image/webp", WEBP),
    data_url("image/jpg", JPEG),
    data_url("image/png", JPEG),  # what is declared and what is inside may differ
    data_url("image/png;charset=utf-8", PNG).replace("data:", "DATA:"),
]
HTTPS_IMAGES = ["https://images.example/a.png", "https://images.example/b?size=2&x=ü"]


FILE_PART = {"type": "file", "file": {"filename": "a.pdf", "file_data": data_url("application/pdf", PDF)}}
AUDIO_PART = {"type": "input_audio", "input_audio": {"data": base64.b64encode(WAV).decode(), "format": "wav"}}

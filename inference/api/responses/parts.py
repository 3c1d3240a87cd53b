"""Content of items as parts of the neutral form."""

from collections.abc import Callable
from typing import Any

from inference.api import expecting
from inference.chat.invalid_request import InvalidRequest

Part = dict[str, Any]


def contents(value: Any, at: str) -> str | list[Part]:
    if isinstance(value, str):
        return value
    items = enumerate(expecting.items(value, at))
    return [part(expecting.mapping(each, f"{at}[{number}]"), f"{at}[{number}]") for number, each in items]


def part(fields: Part, at: str) -> Part:
    read: Callable[[Part, str], Part] = expecting.one_of(fields.get("type"), KINDS, f"{at}.type")
    return read(fields, at)


def text(fields: Part, at: str) -> Part:
    return {"type": "text", "text": expecting.text(fields.get("text"), f"{at}.text")}


def refusal(fields: Part, at: str) -> Part:
    return {"type": "refusal", "refusal": expecting.text(fields.get("refusal"), f"{at}.refusal")}


def image(fields: Part, at: str) -> Part:
    if fields.get("image_url") is None and fields.get("file_id") is not None:
        raise no_file_ids(at)
    url = expecting.text(fields.get("image_url"), f"{at}.image_url")
    return {"type": "image_url", "image_url": {"url": url, "detail": fields.get("detail")}}


def file(fields: Part, at: str) -> Part:
    if fields.get("file_id") is not None:
        raise no_file_ids(at)
    data = fields.get("file_data") if fields.get("file_data") is not None else fields.get("file_url")
    file_fields = {"file_data": expecting.text(data, f"{at}.file_data"), "filename": fields.get("filename")}
    return {"type": "file", "file": file_fields}


def audio(fields: Part, at: str) -> Part:
    return {"type": "input_audio", "input_audio": expecting.mapping(fields.get("input_audio"), f"{at}.input_audio")}


def no_file_ids(at: str) -> InvalidRequest:
    sentence = f"{at}: file ids are not supported, for files are not stored here; send the data."
    return InvalidRequest(sentence, param="input", code="unsupported_value")


KINDS: dict[str, Callable[[Part, str], Part]] = {
    "input_text": text,
    "output_text": text,
    "text": text,
    "refusal": refusal,
    "input_image": image,
    "input_file": file,
    "input_audio": audio,
}

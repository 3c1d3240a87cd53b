"""Content of items as parts of the neutral form."""

from collections.abc import Callable
from typing import Any

from inference.api import expecting
from inference.chat.invalid_request import InvalidRequest

Part = dict[str, Any]


def contents(value: Any, at: str) -> str | list[Part]:
    if isinstance(value, str):
        return value
    given = enumerate(expecting.items(value, at))
    return [part(expecting.mapping(each, f"{at}[{number}]"), f"{at}[{number}]") for number, each in given]


def part(given: Part, at: str) -> Part:
    read: Callable[[Part, str], Part] = expecting.one_of(given.get("type"), KINDS, f"{at}.type")
    return read(given, at)


def text(given: Part, at: str) -> Part:
    return {"type": "text", "text": expecting.text(given.get("text"), f"{at}.text")}


def refusal(given: Part, at: str) -> Part:
    return {"type": "refusal", "refusal": expecting.text(given.get("refusal"), f"{at}.refusal")}


def image(given: Part, at: str) -> Part:
    if given.get("image_url") is None and given.get("file_id") is not None:
        raise no_file_ids(at)
    url = expecting.text(given.get("image_url"), f"{at}.image_url")
    return {"type": "image_url", "image_url": {"url": url, "detail": given.get("detail")}}


def file(given: Part, at: str) -> Part:
    if given.get("file_id") is not None:
        raise no_file_ids(at)
    data = given.get("file_data") if given.get("file_data") is not None else given.get("file_url")
    told = {"file_data": expecting.text(data, f"{at}.file_data"), "filename": given.get("filename")}
    return {"type": "file", "file": told}


def audio(given: Part, at: str) -> Part:
    return {"type": "input_audio", "input_audio": expecting.mapping(given.get("input_audio"), f"{at}.input_audio")}


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

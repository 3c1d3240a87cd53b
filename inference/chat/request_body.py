"""The body of a request becomes the fields of a chat completion, whichever format it came in."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from inference.chat import client_shapes, replaced_text, strict_json, structure, validation_messages
from inference.chat.budget import Budget, TooMuchHere
from inference.chat.invalid_request import InvalidRequest

VALUES_ON_LOOP = 4_000  # a few milliseconds' work
REQUIRED = ("model", "messages")
# Fields of a request that no caller sets.
OURS = (
    *("legacy", "unknown_inside", "rewritten", "is_adopted", "effort", "reasoning_summary", "echo", "names"),
    "makers_tools",
)


@dataclass(slots=True)
class Adopted:
    """A request's fields as Chat Completions has them, and ours beside those. `ignored` and `transforms` name what it
    asked for and does not get, and gets otherwise.
    """

    fields: dict[str, Any]
    ignored: list[str] = field(default_factory=list)
    transforms: list[str] = field(default_factory=list)
    names: dict[str, tuple[str, str]] = field(default_factory=dict)  # a tool's → its namespace and its name there
    is_foreign: bool = True  # it says things in another provider's way, whichever its model is
    echo: dict[str, Any] = field(default_factory=dict)  # what a reply in that format repeats of its request


Adopt = Callable[[dict[str, Any], Budget], Adopted]


def read(body: bytes, *, on_loop: bool, adopt: Adopt | None) -> Adopted:
    """Raises `InvalidRequest`, and, `on_loop`, `TooMuchHere`."""
    fields, values = counted_object(body, on_loop=on_loop)
    structure.check_fields(fields)
    reserved = [name for name in OURS if fields.pop(name, None) is not None]
    adopted = adopt(fields, Budget.of(on_loop=on_loop)) if adopt is not None else Adopted(fields, is_foreign=False)
    adopted.ignored = reserved + adopted.ignored
    client_shapes.settle(adopted.fields)
    structure.check(adopted.fields, values)
    structure.check_text(len(body), adopted.fields)
    if replaced_text.mend(adopted.fields, body):
        adopted.transforms.append("text_mended")
    check_required(adopted.fields)
    if validation_messages.may_hold_nul(body):
        validation_messages.refuse_nul(adopted.fields)
    return adopted


def counted_object(body: bytes, *, on_loop: bool) -> tuple[dict[str, Any], int]:
    """The object of a body, and how many JSON values it holds."""
    if on_loop:  # a small body: it may be read before it is counted
        fields = json_object(body)
        if (values := structure.counted(fields, body, VALUES_ON_LOOP)) > VALUES_ON_LOOP:
            raise TooMuchHere
        return fields, values
    if (values := structure.values(body, structure.MOST_VALUES)) > structure.MOST_VALUES:
        raise structure.too_many("JSON values", structure.MOST_VALUES)
    return json_object(body), values


def json_object(body: bytes) -> dict[str, Any]:
    try:
        value = strict_json.read(body, halves=True)
    except strict_json.TooDeep as error:
        raise InvalidRequest(f"The request is {error}.", code=structure.CODE) from error
    except ValueError as error:
        raise InvalidRequest(f"The request body is not valid JSON: {error}.", code="invalid_json") from error
    if not isinstance(value, dict):
        raise InvalidRequest("The request body must be a JSON object.", code="invalid_json")
    return value


def check_required(fields: dict[str, Any]) -> None:
    for name in REQUIRED:
        if not fields.get(name):
            raise InvalidRequest(
                f"Missing required parameter: '{name}'.", param=name, code="missing_required_parameter"
            )

"""Whether OpenAI's own types take a body. They are typed dicts: what they do not know, they must not hold either."""

from collections.abc import Iterable
from functools import cache
from typing import Any, Union, get_args, get_origin

from openai.types.responses import (
    CustomToolParam,
    EasyInputMessageParam,
    FunctionToolParam,
    ResponseCustomToolCallOutputParam,
    ResponseCustomToolCallParam,
    ResponseFunctionToolCallParam,
    ResponseReasoningItemParam,
)
from openai.types.responses.response_create_params import (
    ResponseCreateParamsNonStreaming,
    ResponseCreateParamsStreaming,
)
from openai.types.responses.response_input_item_param import FunctionCallOutput
from pydantic import TypeAdapter
from typing_extensions import get_type_hints, is_typeddict

ITEMS = {
    "message": EasyInputMessageParam,
    "function_call": ResponseFunctionToolCallParam,
    "function_call_output": FunctionCallOutput,
    "reasoning": ResponseReasoningItemParam,
    "custom_tool_call": ResponseCustomToolCallParam,
    "custom_tool_call_output": ResponseCustomToolCallOutputParam,
}


def check(body: dict[str, Any]) -> None:
    """Raises where the types do not take it."""
    params = ResponseCreateParamsStreaming if body.get("stream") else ResponseCreateParamsNonStreaming
    exhaust(adapter(params).validate_python(body))
    refuse_strangers(body, params)
    for item in body["input"]:
        exhaust(adapter(ITEMS[item["type"]]).validate_python(item))
        refuse_strangers(item, ITEMS[item["type"]])
    for tool in body.get("tools", ()):
        kind = CustomToolParam if tool["type"] == "custom" else FunctionToolParam
        exhaust(adapter(kind).validate_python(tool))
        refuse_strangers(tool, kind)


@cache
def adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def exhaust(value: Any) -> None:
    """pydantic checks an `Iterable` only as it is read."""
    for inner in value.values() if isinstance(value, dict) else () if isinstance(value, str) else value:
        if isinstance(inner, Iterable):
            exhaust(inner)


def refuse_strangers(given: Any, kind: Any) -> None:
    """Every name of the body is one the types have, at any depth where they name one form only."""
    if not (is_typeddict(kind) and isinstance(given, dict)):
        return
    hints = get_type_hints(kind)
    assert set(given) <= set(hints), f"{kind.__name__} has no {set(given) - set(hints)}"
    for name, value in given.items():
        for form in forms(hints[name]):
            refuse_strangers(value, form)


def forms(hint: Any) -> list[Any]:
    arms = [arm for arm in get_args(hint) if arm is not type(None)] if get_origin(hint) is Union else [hint]
    return arms if len(arms) == 1 else []

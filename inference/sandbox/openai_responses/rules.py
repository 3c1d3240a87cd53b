"""The rules of a Responses request that no single field can tell."""

import base64
import binascii
import hashlib
from typing import Any

from ..openai_chat.conversation import bad
from ..openai_chat.gpt5 import OUTPUT_MAX, Model, check_retention
from ..openai_chat.strict import check_function, check_strict
from .conversation import item_text, items

Body = dict[str, Any]
MARK = b"sandbox reasoning "


def check(body: Body, model: Model) -> str:
    """The effort that holds, when nothing is wrong."""
    effort = check_effort(body, model)
    check_retention(body, model)
    check_limit(body)
    check_calls(items(body))
    check_reasoning(body)
    check_tools(body)
    check_format(body)
    if body.get("previous_response_id"):
        raise bad(
            f"Previous response with id '{body['previous_response_id']}' not found.",
            "previous_response_id",
            "previous_response_not_found",
        )
    return effort


def check_effort(body: Body, model: Model) -> str:
    effort: str = (body.get("reasoning") or {}).get("effort") or model.default
    if effort not in model.efforts:
        raise bad(
            f"Unsupported value: '{effort}' is not supported with this model. Supported values are: "
            f"{', '.join(map(repr, model.efforts))}.",
            "reasoning.effort",
            "unsupported_value",
        )
    for field in ("temperature", "top_p", "top_logprobs") if effort != "none" else ():
        if body.get(field) is not None:
            raise bad(f"Unsupported parameter: '{field}' is not supported with this model.", field)
    return effort


def check_limit(body: Body) -> None:
    if (body.get("max_output_tokens") or 0) > OUTPUT_MAX:
        raise bad(
            f"Invalid 'max_output_tokens': integer above maximum value. Expected a value <= {OUTPUT_MAX}, "
            f"but got {body['max_output_tokens']} instead.",
            "max_output_tokens",
            "integer_above_max_value",
        )


def check_calls(input_items: list[Body]) -> None:
    calls: list[str] = []
    answers: list[str] = []
    for item in input_items:
        if item.get("type") in ("function_call", "custom_tool_call"):
            calls.append(item["call_id"])
        if item.get("type") in ("function_call_output", "custom_tool_call_output"):
            if item["call_id"] not in calls:
                raise bad(f"No tool call found for function call output with call_id {item['call_id']}.", "input")
            answers.append(item["call_id"])
    for call in calls:
        if call not in answers:
            raise bad(f"No tool output found for function call {call}.", "input")


def check_reasoning(body: Body) -> None:
    """Nothing is stored here: a reasoning item must carry its own encrypted content, unchanged, and something must
    follow it."""
    input_items = items(body)
    for index, item in enumerate(input_items):
        if item.get("type") != "reasoning":
            continue
        if not item.get("encrypted_content"):
            raise bad(
                f"Item with id '{item['id']}' not found. Items are not persisted when `store` is set to false.", "input"
            )
        if not is_ours(item["encrypted_content"]):
            raise bad(
                f"The encrypted content for item {item['id']} could not be verified.", None, "invalid_encrypted_content"
            )
        if index == len(input_items) - 1 or input_items[index + 1].get("role", "assistant") != "assistant":
            raise bad(
                f"Item '{item['id']}' of type 'reasoning' was provided without its required following item.", "input"
            )


def encrypted(item_id: str) -> str:
    return base64.b64encode(MARK + hashlib.sha256(item_id.encode()).digest()).decode()


def is_ours(content: str) -> bool:
    try:
        return base64.b64decode(content, validate=True).startswith(MARK)
    except (binascii.Error, ValueError):
        return False


def check_tools(body: Body) -> None:
    names = [tool["name"] for tool in body.get("tools", ())]
    for index, tool in enumerate(body.get("tools", ())):
        if tool["type"] == "function":
            check_function(tool, f"tools[{index}].parameters")
    choice = body.get("tool_choice", "auto")
    if choice == "required" and not names:
        raise bad("Tool choice 'required' must be specified with 'tools' parameter.", "tool_choice")
    wanted = (
        [choice]
        if isinstance(choice, dict) and "name" in choice
        else choice.get("tools", [])
        if isinstance(choice, dict)
        else []
    )
    for each in wanted:
        if each["name"] not in names:
            raise bad(f"Tool choice 'function' not found in 'tools' parameter: {each['name']}.", "tool_choice")


def check_format(body: Body) -> None:
    format = body.get("text", {}).get("format", {})
    if format.get("strict"):
        check_strict(
            format["schema"],
            f"Invalid schema for response_format '{format['name']}': ",
            "text.format.schema",
            "invalid_json_schema",
        )
    if format.get("type") == "json_object" and not any("json" in item_text(item).lower() for item in items(body)):
        raise bad(
            "Response input messages must contain the word 'json' in some form to use 'text.format' of type "
            "'json_object'.",
            "input",
        )

"""A Responses request in plain words."""

from typing import Any

from ..neutral_request import AUTO, Ask, Tool, Usage
from ..word_tokens import count, count_json, count_media

Body = dict[str, Any]


def items(body: Body) -> list[Body]:
    input = body["input"]
    return [{"type": "message", "role": "user", "content": input}] if isinstance(input, str) else input


def understood(body: Body, model: str, *, thinks: bool) -> Ask:
    input_items = items(body)
    format = body.get("text", {}).get("format", {})
    choice = body.get("tool_choice") or AUTO
    return Ask(
        model=model,
        prompt=last_user_text(input_items),
        input=Usage(input=count_input(body)),
        results=trailing_results(input_items),
        tools=tuple(
            Tool(tool["name"], tool.get("parameters") or {})
            for tool in body.get("tools", ())
            if tool["type"] == "function"
        ),
        choice=choice if isinstance(choice, str) else choice.get("name") or choice["mode"],
        allowed=tuple(tool["name"] for tool in choice.get("tools", ())) if isinstance(choice, dict) else (),
        parallel=body.get("parallel_tool_calls") is not False,
        thinks=thinks,
        limit=body.get("max_output_tokens"),
        json=format.get("type") == "json_object",
        schema=format.get("schema"),
        stream=bool(body.get("stream")),
        user=body.get("safety_identifier") or body.get("user"),
        body=body,
    )


def item_text(item: Body) -> str:
    content = item.get("content") or item.get("output") or ""
    return (
        content
        if isinstance(content, str)
        else "\n".join(part.get("text") or part.get("refusal") or "" for part in content)
    )


def last_user_text(input_items: list[Body]) -> str:
    return next((item_text(item) for item in reversed(input_items) if item.get("role") == "user"), "")


def trailing_results(input_items: list[Body]) -> tuple[str, ...]:
    results: list[str] = []
    for item in reversed(input_items):
        if item.get("type") not in ("function_call_output", "custom_tool_call_output"):
            break
        results.insert(0, item_text(item))
    return tuple(results)


def count_input(body: Body) -> int:
    input_items = items(body)
    spoken = count(body.get("instructions") or "") + sum(count(item_text(item)) for item in input_items)
    called = sum(1 + count(item["arguments"]) for item in input_items if item.get("type") == "function_call")
    parts = [part for item in input_items if isinstance(item.get("content"), list) for part in item["content"]]
    media = sum(
        count_media(part.get("image_url") or part.get("file_data") or "")
        for part in parts
        if part["type"] in ("input_image", "input_file")
    )
    return max(1, spoken + called + media + count_json(body.get("tools")))

"""The rules between messages, and a chat request put into plain words."""

from collections.abc import Mapping
from typing import Any

from ..neutral_request import AUTO, REQUIRED, Ask, Tool, Usage
from ..refusals import Refused
from ..word_tokens import count, count_json, count_media

Message = dict[str, Any]
UNASKED = "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'."
UNANSWERED = (
    "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The "
    "following tool_call_ids did not have response messages: "
)


def check_tool_messages(messages: list[Message]) -> None:
    """Every call is answered, directly and once, and nothing else is. Raises Refused in OpenAI's words."""
    open_calls: set[str] = set()
    for index, message in enumerate(messages):
        if message["role"] == "tool":
            if message["tool_call_id"] not in open_calls:
                raise bad(UNASKED, f"messages.[{index}].role")
            open_calls.discard(message["tool_call_id"])
        elif open_calls:
            raise unanswered(open_calls, index)
        else:
            open_calls = {call["id"] for call in message.get("tool_calls") or []}
    if open_calls:
        raise unanswered(open_calls, len(messages))


def unanswered(calls: set[str], index: int) -> Refused:
    return bad(UNANSWERED + ", ".join(sorted(calls)), f"messages.[{index}].role")


def check_companions(body: Mapping[str, Any], companions: Mapping[str, str]) -> None:
    for field, needed in companions.items():
        if body.get(field) is not None and not body.get(needed):
            raise bad(f"Invalid value for '{field}': '{field}' is only allowed when '{needed}' is specified.", field)


def check_named_choice(body: Mapping[str, Any]) -> None:
    choice = body.get("tool_choice")
    names = [tool[tool["type"]]["name"] for tool in body.get("tools") or []]
    kind = choice.get("type") if isinstance(choice, dict) else None
    for name in [choice[kind]["name"]] if isinstance(choice, dict) and kind in ("function", "custom") else []:
        if name not in names:
            raise bad(f"Tool choice '{name}' not found in 'tools' parameter.", "tool_choice")


def check_word_json(body: Mapping[str, Any]) -> None:
    if (body.get("response_format") or {}).get("type") == "json_object" and "json" not in " ".join(
        texts(body["messages"])
    ).lower():
        raise bad(
            "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.",
            "messages",
        )


def bad(message: str, param: str | None = None, code: str | None = None) -> Refused:
    return Refused(400, "invalid_request_error", message, param=param, code=code)


def understood(body: Mapping[str, Any], model: str, *, thinks: bool, limit: int | None) -> Ask:
    messages = body["messages"]
    choice = body.get("tool_choice") or AUTO
    format = body.get("response_format") or {}
    schema = (format.get("json_schema") or {}).get("schema", {}) if format.get("type") == "json_schema" else None
    stop = body.get("stop") or ()
    return Ask(
        model=model,
        prompt=last_user_text(messages),
        input=Usage(input=count_input(body)),
        results=trailing_results(messages),
        tools=tuple(
            Tool(tool["function"]["name"], tool["function"].get("parameters") or {})
            for tool in body.get("tools") or ()
            if tool["type"] == "function"  # a custom tool is taken, and never called here
        ),
        choice=choice if isinstance(choice, str) else chosen(choice),
        allowed=tuple(tool[tool["type"]]["name"] for tool in allowed(choice).get("tools", ())),
        parallel=body.get("parallel_tool_calls") is not False,
        thinks=thinks,
        limit=limit,
        stops=(stop,) if isinstance(stop, str) else tuple(stop),
        json=format.get("type") == "json_object",
        schema=schema,
        choices=body.get("n") or 1,
        stream=bool(body.get("stream")),
        user=body.get("safety_identifier") or body.get("user"),
        body=dict(body),
    )


def allowed(choice: Any) -> dict[str, Any]:
    found: dict[str, Any] = choice.get("allowed_tools", {}) if isinstance(choice, dict) else {}
    return found


def chosen(choice: dict[str, Any]) -> str:
    named = choice.get("function") or choice.get("custom")
    name: str = named["name"] if named else allowed(choice).get("mode", REQUIRED)
    return name


def parts_text(content: Any) -> str:
    if isinstance(content, list):
        return "\n".join(part.get("text") or part.get("refusal") or "" for part in content)
    return content or ""


def texts(messages: list[Message]) -> list[str]:
    return [parts_text(message.get("content")) for message in messages]


def last_user_text(messages: list[Message]) -> str:
    return next((parts_text(message["content"]) for message in reversed(messages) if message["role"] == "user"), "")


def trailing_results(messages: list[Message]) -> tuple[str, ...]:
    """The tool results after the last assistant message, unless the user has spoken since."""
    results: list[str] = []
    for message in reversed(messages):
        if message["role"] != "tool":
            break
        results.insert(0, parts_text(message["content"]))
    return tuple(results)


def count_input(body: Mapping[str, Any]) -> int:
    messages = body["messages"]
    spoken = sum(count(text) for text in texts(messages))
    called = sum(
        count_json(message.get("tool_calls")) + count(message.get("reasoning_content") or "") for message in messages
    )
    media = sum(
        count_media(str(part))
        for message in messages
        for part in message.get("content") or ()
        if isinstance(part, dict) and "text" not in part
    )
    return max(1, spoken + called + media + count_json(body.get("tools")))

"""Whether the messages of a request fit together.

OpenAI checks this itself; Claude and Gemini would refuse with messages that name ids the caller never saw.
"""

from collections import deque
from collections.abc import Iterable

from inference.chat.invalid_request import InvalidRequest
from inference.chat.messages import Message, ToolCall

# role → the part types it may hold (images in tool results are an extension for Claude)
PARTS = {
    "system": {"text"},
    "developer": {"text"},
    "user": {"text", "image_url", "input_audio", "file"},
    "assistant": {"text", "refusal"},
    "tool": {"text", "image_url", "file"},
    "function": {"text"},
}
ANSWERED_ABOVE = "See the answer above."
NEEDS_CONTENT = ("system", "developer", "user", "tool")


def check(messages: list[Message]) -> None:
    waiting: dict[str, bool] = {}  # call ids of the latest assistant turn → answered
    for index, message in enumerate(messages):
        check_message(index, message)
        if message.role == "tool":
            check_answer(index, message, waiting)
        else:
            refuse_unanswered(index, waiting)
            waiting = {call.id: False for call in message.calls}
            if len(waiting) < len(message.calls):
                raise invalid_tool_message(f"messages[{index}]: two tool calls have the same id.")
    refuse_unanswered(len(messages), waiting)


def check_message(index: int, message: Message) -> None:
    if message.content is None and message.role in NEEDS_CONTENT:
        raise InvalidRequest(
            f"messages[{index}].content is missing.", param="messages", code="missing_required_parameter"
        )
    if isinstance(message.content, list):
        for number, part in enumerate(message.content):
            if part.type not in PARTS[message.role]:
                raise InvalidRequest(
                    f"messages[{index}].content[{number}]: a {message.role} message cannot hold '{part.type}'.",
                    param="messages",
                )
            if part.type == "file" and part.file.file_id:
                raise InvalidRequest(
                    f"messages[{index}].content[{number}]: file ids are not supported; send file_data.",
                    param="messages",
                    code="unsupported_value",
                )
            if part.type == "file" and not part.file.file_data:
                raise InvalidRequest(
                    f"messages[{index}].content[{number}].file.file_data is missing.",
                    param="messages",
                    code="missing_required_parameter",
                )
    if message.calls and message.role != "assistant":
        raise InvalidRequest(f"messages[{index}]: only assistant messages have tool_calls.", param="messages")
    if message.audio is not None and message.role == "assistant":
        raise InvalidRequest(f"messages[{index}].audio is not supported.", param="messages", code="unsupported_value")


def check_answer(index: int, message: Message, waiting: dict[str, bool]) -> None:
    call_id = message.tool_call_id
    if call_id is None:
        raise InvalidRequest(
            f"messages[{index}].tool_call_id is missing.", param="messages", code="missing_required_parameter"
        )
    if call_id not in waiting:
        raise invalid_tool_message(
            f"messages[{index}]: tool_call_id '{call_id}' does not match any tool call"
            " of the preceding assistant message."
        )
    if waiting[call_id]:
        raise invalid_tool_message(f"messages[{index}]: tool_call_id '{call_id}' is answered twice.")
    waiting[call_id] = True


def refuse_unanswered(index: int, waiting: dict[str, bool]) -> None:
    if missing := [call_id for call_id, answered in waiting.items() if not answered]:
        raise invalid_tool_message(f"messages[{index - 1}]: no tool message answers tool call '{missing[0]}'.")


def make_call_ids_distinct(messages: list[Message]) -> bool:
    """Whether calls of one message shared an id, as some models write them. Answers belong to them in their order; a
    client that keeps its results by id has one for all, to which the others' answers point.
    """
    is_changed = False
    waiting: dict[str, deque[str]] = {}  # an id given twice → those it became
    answered: set[str] = set()  # ids whose call has one answer
    mended: list[Message] = []
    for message in messages:
        if message.role == "tool":
            call_id = message.tool_call_id or ""
            if left := waiting.get(call_id):
                message.tool_call_id = left.popleft()
                answered.add(call_id)
            mended.append(message)
            continue
        mended += owed(waiting, answered)
        waiting, answered = make_distinct(message), set()
        is_changed = is_changed or bool(waiting)
        mended.append(message)
    messages[:] = mended + owed(waiting, answered)
    return is_changed


def owed(waiting: dict[str, deque[str]], answered: set[str]) -> list[Message]:
    missing = [call_id for first, left in waiting.items() if first in answered for call_id in left]
    return [Message(role="tool", tool_call_id=call_id, content=ANSWERED_ABOVE) for call_id in missing]


def make_distinct(message: Message) -> dict[str, deque[str]]:
    """Gives the calls of one message ids of their own: the id given twice → those it became."""
    taken = {call.id for call in message.calls}
    if len(taken) == len(message.calls):
        return {}
    became: dict[str, deque[str]] = {}
    numbers = dict.fromkeys(taken, 0)
    for call in message.calls:
        first = call.id
        while numbers[first] and call.id in taken:
            numbers[first] += 1
            call.id = f"{first}-{numbers[first]}"
        numbers[first] = numbers[first] or 1
        taken.add(call.id)
        became.setdefault(first, deque()).append(call.id)
    return became


def invalid_tool_message(text: str) -> InvalidRequest:
    return InvalidRequest(text, param="messages", code="invalid_tool_message")


def adopt_legacy_calls(messages: list[Message]) -> None:
    """`function_call` and role `function`, as OpenAI wrote them until 2023, become a tool call and its answer."""
    open_calls: dict[str | None, list[str]] = {}  # a function's name → the ids of its calls, the latest last
    for index, message in enumerate(messages):
        if message.function_call is not None and not message.calls:
            call_id = f"call_{index}_{message.function_call.name}"
            message.tool_calls = [ToolCall(id=call_id, function=message.function_call)]
            message.function_call = None
            open_calls.setdefault(message.tool_calls[0].function.name, []).append(call_id)
        if message.role == "function":
            message.role = "tool"
            message.content = message.content or ""
            message.tool_call_id = answered(open_calls, message.name, index)


def answered(open_calls: dict[str | None, list[str]], name: str | None, index: int) -> str:
    if waiting := open_calls.get(name):
        return waiting.pop()
    raise invalid_tool_message(f"messages[{index}]: no function call named '{name}' is waiting for an answer.")


def last_user(messages: Iterable[Message]) -> int:
    """The index of the last message a person wrote; what follows is the current turn (-1: none)."""
    return max((index for index, message in enumerate(messages) if message.role == "user"), default=-1)

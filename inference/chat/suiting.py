"""What one model's language has no word for and another's way can say: a request is suited to its model before its
dialect renders it. Whatever is changed here is named to the caller.
"""

import json
from typing import Literal

from inference.chat.messages import AnyPart, ImagePart, Message, TextPart
from inference.chat.request import ChatRequest, ResponseFormat
from inference.chat.tools import AllowedTools, NamedChoice
from inference.chat.traits import Traits

Effort = Literal["low", "medium", "high"]

# Tokens of a thinking budget, at most → the effort that other models would make for it.
EFFORTS: tuple[tuple[int, Effort], ...] = ((2_048, "low"), (12_000, "medium"), (10**9, "high"))
UNSTATED: Effort = "medium"  # of a caller who wants thinking and does not say how much
TOOLS_SHOW = "What the tool of call {id} shows:"
CALL_ONE = "Call one of the tools now; do not answer in words."
CALL_THIS = "Call the tool '{name}' now; do not answer in words."
ANSWER_ONLY = "Reply with one JSON object that follows this JSON Schema, and with nothing else:\n"


def suit(request: ChatRequest, traits: Traits, *, tool_media: bool) -> None:
    """`tool_media`: whether tools may answer with images and files. Does nothing the second time."""
    if request.is_adopted and "thinking" in traits.ignores:
        suit_effort(request)
    if not tool_media:
        move_media(request, but=() if request.is_adopted else (ImagePart,))
    if not traits.json_schema:
        instruct_schema(request)
    if request.must_call and not traits.forced_tools:
        instruct_call(request)


def suit_effort(request: ChatRequest) -> None:
    """Thinking that was asked for in Claude's words, in those of a model that has an effort."""
    thinking, request.thinking = request.thinking, None
    if request.reasoning_effort is not None:
        return
    if thinking is None:
        request.reasoning_effort = request.effort
    elif thinking.is_off:
        request.reasoning_effort = "none"  # or the least there is, which the model's dialect knows
    else:
        budget = thinking.budget_tokens
        if budget is not None:
            request.unknown_inside.append("thinking.budget_tokens")
        by_budget = UNSTATED if budget is None else next(effort for most, effort in EFFORTS if budget <= most)
        request.reasoning_effort = request.effort or by_budget
        request.reasoning_summary = "auto"  # Claude would show what it thinks


def move_media(request: ChatRequest, *, but: tuple[type[AnyPart], ...]) -> None:
    """Images and files that a tool answered with, into what the user says next, for models whose tools answer text.
    `but`: what the dialect itself finds a place for.
    """
    messages: list[Message] = []
    waiting: list[AnyPart] = []
    for message in request.messages:
        if message.role != "tool" and waiting:
            messages.append(Message(role="user", content=waiting))
            waiting = []
        messages.append(message)
        if message.role == "tool":
            waiting += taken_out(message, but)
    if waiting:
        messages.append(Message(role="user", content=waiting))
    if len(messages) > len(request.messages):
        request.messages = messages
        request.rewritten.append("tool_media_moved")


def taken_out(message: Message, but: tuple[type[AnyPart], ...]) -> list[AnyPart]:
    media = [part for part in message.parts if not isinstance(part, (TextPart, *but))]
    if not media:
        return []
    texts: list[AnyPart] = [part for part in message.parts if isinstance(part, (TextPart, *but))]
    head = TextPart(type="text", text=TOOLS_SHOW.format(id=message.tool_call_id))
    message.content = texts or [TextPart(type="text", text="(shown below)")]
    return [head, *media]


def instruct_schema(request: ChatRequest) -> None:
    """A model that is held to no schema is told it, and held to JSON."""
    form = request.response_format
    if form is None or form.type != "json_schema" or form.json_schema is None:
        return
    described = {"description": form.json_schema.description} if form.json_schema.description else {}
    schema = {**described, **(form.json_schema.schema_ or {})}
    text = ANSWER_ONLY + json.dumps(schema, ensure_ascii=False, separators=(",", ":"))
    request.messages = [Message(role="system", content=text), *request.messages]
    request.response_format = ResponseFormat(type="json_object")
    request.rewritten.append("json_schema_as_instruction")


def instruct_call(request: ChatRequest) -> None:
    """A model that cannot be forced to call a tool is told to: the choice is free, and the words stand last, so that
    nothing before them changes, to which thoughts and the provider's cache are bound.
    """
    text = CALL_THIS.format(name=request.forced_tool) if request.forced_tool else CALL_ONE
    narrowed = request.allowed_tools and AllowedTools(mode="auto", tools=request.allowed_tools.tools)
    request.tool_choice = NamedChoice(type="allowed_tools", allowed_tools=narrowed) if narrowed else "auto"
    place = len(request.messages)
    while place and request.messages[place - 1].role == "assistant":  # what it begins with goes on from where it ends
        place -= 1
    request.messages = [
        *request.messages[:place],
        Message(role="system", content=text),
        *request.messages[place:],
    ]
    request.rewritten.append("tool_choice_as_instruction")

"""Messages become a system instruction and turns of `user` and `model` (docs/providers/gemini.md).

Gemini insists: the first turn is the user's, the answers to calls follow them at once, as many and in the same order,
each naming its function.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from inference.chat.budget import Budget
from inference.chat.messages import TOOL_FAILED, ImagePart, Message, ToolCall
from inference.chat.provider_request import ProviderRequest
from inference.chat.request import ChatRequest
from inference.chat.traits import Traits
from inference.dialects.gemini import parts, signatures
from inference.dialects.gemini.names import sent_name
from inference.dialects.gemini.parts import Part
from inference.dialects.untrusted_json import call_arguments, strict_json

SYSTEM = ("system", "developer")
PLACEHOLDER = "."
CONTINUE = "Continue."


def write(
    rendered: ProviderRequest, traits: Traits, names: Mapping[str, str]
) -> tuple[list[Part], list[dict[str, Any]]]:
    """The instruction's parts, and at least one turn, of which the first is the user's."""
    system, turns = Turns(traits, names, rendered.budget).write(rendered.request)
    if turns[-1]["role"] == "model" and not traits.assistant_last:
        turns.append(turn("user", [{"text": CONTINUE}]))
        rendered.transform("continue_appended")
    return system, turns


@dataclass(frozen=True, slots=True)
class Turns:
    """Of one conversation. `names`: the caller's name of a declared function → ours."""

    traits: Traits
    names: Mapping[str, str]
    budget: Budget

    def write(self, request: ChatRequest) -> tuple[list[Part], list[dict[str, Any]]]:
        system = [part for message in request.messages if message.role in SYSTEM for part in parts.texts(message.parts)]
        turns = self.spoken(request.messages)
        if not turns and system:
            turns = [turn("user", [system.pop()])]
        if not turns or turns[0]["role"] != "user":
            turns.insert(0, turn("user", [{"text": PLACEHOLDER}]))
        return system, turns

    def spoken(self, messages: list[Message]) -> list[dict[str, Any]]:
        turns: list[dict[str, Any]] = []
        calls: list[ToolCall] = []
        for role, group in groupby(enumerate(messages), key=lambda numbered: numbered[1].role):
            match role:
                case "system" | "developer":
                    continue
                case "tool":
                    add(turns, "user", self.answers(calls, group))
                case "assistant":
                    for _, message in group:
                        add(turns, "model", self.said(message))
                        calls = message.calls
                case _:
                    for index, message in group:
                        add(turns, "user", parts.contents(message.parts, f"messages[{index}]", self.traits))
        return turns

    def said(self, message: Message) -> list[Part]:
        refusal = [{"text": message.refusal}] if message.refusal else []
        texts = parts.texts(message.parts) + refusal
        if signature := signatures.of(message.extra_content):
            texts = texts or [{"text": ""}]
            texts[-1]["thoughtSignature"] = signature
        calls = [self.call(call) for call in message.calls]
        if self.traits.signatures:
            signatures.sign_first(calls)
        return texts + calls

    def call(self, call: ToolCall) -> Part:
        arguments = call_arguments(call.function.arguments, self.budget)
        part: Part = {"functionCall": {**self.named(call), "args": arguments}}
        signature = signatures.of(call.extra_content)
        return {**part, "thoughtSignature": signature} if signature else part

    def answers(self, calls: list[ToolCall], results: Iterable[tuple[int, Message]]) -> list[Part]:
        """Gemini 3 takes pictures inside an answer, 2.5 beside all answers."""
        by_call_id = {message.tool_call_id: (index, message) for index, message in results}
        written, beside = [], []
        for call in calls:
            index, message = by_call_id[call.id]
            answer: dict[str, Any] = {**self.named(call), "response": response(message, self.budget)}
            pictures = [part for part in message.parts if isinstance(part, ImagePart)]
            shown = parts.contents(pictures, f"messages[{index}]", self.traits)
            if shown and self.traits.tool_images == "in_place":
                answer["parts"] = shown
            elif shown:
                beside += [{"text": f"From the result of {answer['name']}:"}, *shown]
            written.append({"functionResponse": answer})
        return written + beside

    def named(self, call: ToolCall) -> dict[str, str]:
        return {"id": call.id, "name": sent_name(call.function.name, self.names)}


def turn(role: str, held: list[Part]) -> dict[str, Any]:
    return {"role": role, "parts": held}


def add(turns: list[dict[str, Any]], role: str, held: list[Part]) -> None:
    """Neighbours of one role are one turn; their texts stay apart, since a signature is bound to its own."""
    if held and turns and turns[-1]["role"] == role:
        turns[-1]["parts"] += held
    elif held:
        turns.append(turn(role, held))


def response(message: Message, budget: Budget) -> dict[str, Any]:
    """An object stays one; anything else a tool says is text to Gemini. What failed stands under `error`."""
    text = message.text
    try:
        value = strict_json(text, budget)
    except (ValueError, RecursionError):
        value = None
    if message.is_error is True:
        return {"error": value if isinstance(value, dict) else text or TOOL_FAILED}
    return value if isinstance(value, dict) else {"output": text}

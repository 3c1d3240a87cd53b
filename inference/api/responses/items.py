"""Items of callers as messages of the neutral form.

What a model wrote lies in items of their own: reasoning, messages, calls. Those that follow each other are one
assistant's message, which remembers their order; the answers of its calls come next, wherever a caller put them.
"""

from collections import deque
from collections.abc import Callable
from typing import Any

from inference.api import expecting, sealed
from inference.api.responses import parts
from inference.api.responses.tools import DECLARING, within
from inference.chat.budget import Budget
from inference.chat.invalid_request import InvalidRequest
from inference.chat.request_body import Adopted

Item = dict[str, Any]
Message = dict[str, Any]

OUTPUTS = ("function_call_output", "custom_tool_call_output")
BY_REFERENCE = "items are not stored here, so a reference leads nowhere. Send the item itself."


class Items:
    def __init__(self, adopted: Adopted, budget: Budget) -> None:
        self.adopted = adopted
        self.budget = budget
        self.made: list[Message] = []
        self.turn: Assistant | None = None
        self.outputs: dict[str, deque[tuple[Item, str]]] = {}

    def messages(self, value: Any) -> list[Message]:
        if isinstance(value, str):
            return [{"role": "user", "content": value}]
        items = [expecting.mapping(item, f"input[{at}]") for at, item in enumerate(expecting.items(value, "input"))]
        for at, item in enumerate(items):
            if item.get("type") in OUTPUTS:
                call_id = expecting.text(item.get("call_id"), f"input[{at}].call_id")
                self.outputs.setdefault(call_id, deque()).append((item, f"input[{at}]"))
        for at, item in enumerate(items):
            self.take(item, f"input[{at}]")
        self.close()
        return self.made

    def take(self, item: Item, at: str) -> None:
        kind = item.get("type") or ("message" if "role" in item else None)
        if kind in OUTPUTS:
            self.close()
            for output in self.answers(item["call_id"]):  # of a call that was never made: refused further on
                self.made.append(output)
        elif kind == "message" and item.get("role") != "assistant":
            self.close()
            self.made.append(self.message(item, at))
        elif isinstance(kind, str) and (read := KINDS.get(kind)) is not None:
            self.turn = self.turn or Assistant(self.budget)
            read(self.turn, item, at)
        elif kind == "item_reference":
            raise InvalidRequest(f"{at}: {BY_REFERENCE}", param="input", code="unsupported_value")
        elif isinstance(kind, str) and kind in DECLARING:
            pass  # tools.py has read it
        elif isinstance(kind, str):
            expecting.note(self.adopted.transforms, f"{kind}_dropped")
        else:
            raise expecting.missing(f"{at}.type")

    def message(self, item: Item, at: str) -> Message:
        role = expecting.text(item.get("role"), f"{at}.role")
        return {"role": role, "content": parts.contents(item.get("content"), f"{at}.content")}

    def close(self) -> None:
        if self.turn is None:
            return
        turn, self.turn = self.turn, None
        if turn.is_bare:
            return
        self.made.append(turn.message())
        for call in turn.calls:
            self.made += self.answers(call["id"], most=1)

    def answers(self, call_id: str, most: int | None = None) -> list[Message]:
        waiting = self.outputs.get(call_id, deque())
        count = len(waiting) if most is None else min(most, len(waiting))
        return [self.answer(*waiting.popleft()) for _ in range(count)]

    def answer(self, item: Item, at: str) -> Message:
        output = item.get("output")
        content = parts.contents("" if output is None else output, f"{at}.output")
        return {"role": "tool", "tool_call_id": item["call_id"], "content": content}


class Assistant:
    """One assistant's message, item by item."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.texts: list[dict[str, Any]] = []
        self.thoughts: list[dict[str, Any]] = []
        self.calls: list[dict[str, Any]] = []
        self.order: list[tuple[str, int]] = []
        self.steps: list[dict[str, Any]] = []  # as OpenAI's models made them
        self.words: list[str] = []
        self.carried: dict[str, Any] = {}

    @property
    def is_bare(self) -> bool:
        """Thoughts alone: whatever they led to was cut off."""
        return not (self.texts or self.calls)

    def said(self, item: Item, at: str) -> None:
        found = parts.contents(item.get("content"), f"{at}.content")
        texts = [{"type": "text", "text": found}] if isinstance(found, str) else found
        length = 0
        for part in texts:
            self.order.append(("text", len(self.texts)))
            self.texts.append(part)
            length += len(part.get("text") or part.get("refusal") or "")
        self.steps.append({"type": "message", "phase": item.get("phase"), "length": length})

    def thought(self, item: Item, at: str) -> None:
        summary = item.get("summary")
        parts = expecting.items([] if summary is None else summary, f"{at}.summary")
        words = [part.get("text") for part in parts if isinstance(part, dict)]
        self.words += [word for word in words if isinstance(word, str) and word]
        seal = item.get("encrypted_content")
        if not isinstance(seal, str) or not sealed.is_ours(seal):
            self.steps.append(item)
            return
        for block in sealed.unseal(seal, self.budget, self.carried):
            self.order.append(("thinking", len(self.thoughts)))
            self.thoughts.append(block)

    def function_call(self, item: Item, at: str) -> None:
        arguments = item.get("arguments")
        text = expecting.text("" if arguments is None else arguments, f"{at}.arguments")
        name = within(item.get("namespace"), expecting.text(item.get("name"), f"{at}.name"))
        self.call(item, at, {"function": {"name": name, "arguments": text}})

    def custom_call(self, item: Item, at: str) -> None:
        text = expecting.text(item.get("input"), f"{at}.input")
        name = within(item.get("namespace"), expecting.text(item.get("name"), f"{at}.name"))
        custom = {"name": name, "input": text}
        self.call(item, at, {"type": "custom", "custom": custom})

    def call(self, item: Item, at: str, call: dict[str, Any]) -> None:
        call_id = expecting.text(item.get("call_id"), f"{at}.call_id")
        self.order.append(("call", len(self.calls)))
        self.calls.append({"id": call_id, **call})
        self.steps.append({"type": "function_call", "call_id": call_id})

    def message(self) -> Message:
        sealed.give_back(self.carried, self.calls)
        if any(step["type"] == "reasoning" or step.get("phase") for step in self.steps):
            self.carried["openai"] = {"output": self.steps}
        return {
            "role": "assistant",
            "content": self.texts,
            "tool_calls": self.calls or None,
            "thinking_blocks": self.thoughts or None,
            "reasoning_content": "\n".join(self.words) or None,
            "order": self.order,
            "extra_content": self.carried or None,
        }


KINDS: dict[str, Callable[[Assistant, Item, str], None]] = {
    "message": Assistant.said,
    "reasoning": Assistant.thought,
    "function_call": Assistant.function_call,
    "custom_tool_call": Assistant.custom_call,
}

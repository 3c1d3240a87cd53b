"""Turns of callers as messages of the neutral form.

A user's turn holds the results of calls and what the user says: a message for each result, and one for the rest. An
assistant's turn is one message that remembers the order of its thinking, texts and calls, so that Claude gets back
what Claude wrote.
"""

from dataclasses import dataclass
from typing import Any

from inference.api import expecting, sealed
from inference.api.messages import content
from inference.chat.budget import Budget
from inference.chat.encoding import dumps
from inference.chat.request_body import Adopted

Block = dict[str, Any]
Message = dict[str, Any]

PAGES = "web_search_result_location"  # of a search whose results are not sent on


@dataclass(slots=True)
class Turns:
    adopted: Adopted
    budget: Budget

    def system(self, value: Any, at: str = "system") -> list[Message]:
        parts = [] if value is None else content.parts(value, at, self.adopted.transforms)
        return [{"role": "system", "content": parts}] if parts else []

    def spoken(self, value: Any) -> list[Message]:
        messages: list[Message] = []
        for number, item in enumerate(expecting.items(value, "messages")):
            at = f"messages.{number}"
            turn = expecting.mapping(item, at)
            match turn.get("role"):
                case "user":
                    messages += self.user(turn.get("content"), f"{at}.content")
                case "assistant":
                    messages.append(self.assistant(turn.get("content"), f"{at}.content"))
                case "system":
                    messages += self.system(turn.get("content"), f"{at}.content")
                case _:
                    raise expecting.wrong(f"{at}.role", "this must be 'user', 'assistant' or 'system'.")
        return messages

    def user(self, value: Any, at: str) -> list[Message]:
        if isinstance(value, str):
            return [{"role": "user", "content": value}]
        results: list[Message] = []
        parts: list[content.Part] = []
        for number, item in enumerate(expecting.items(value, at)):
            block = expecting.mapping(item, f"{at}.{number}")
            if block.get("type") == "tool_result":
                results.append(self.result(block, f"{at}.{number}"))
            else:
                parts += content.part(block, f"{at}.{number}", self.adopted.transforms)
        return results + ([{"role": "user", "content": parts}] if parts or not results else [])

    def result(self, block: Block, at: str) -> Message:
        value = block.get("content")
        text = value if isinstance(value, str) or value is None else self.parts(value, f"{at}.content")
        return {
            "role": "tool",
            "tool_call_id": expecting.text(block.get("tool_use_id"), f"{at}.tool_use_id"),
            "content": text or "",
            "is_error": block.get("is_error") or None,
            "cache_control": block.get("cache_control"),
        }

    def parts(self, value: Any, at: str) -> list[content.Part]:
        return content.parts(value, at, self.adopted.transforms)

    def assistant(self, value: Any, at: str) -> Message:
        if isinstance(value, str):
            return {"role": "assistant", "content": value}
        turn = Assistant(self)
        for number, item in enumerate(expecting.items(value, at)):
            block = expecting.mapping(item, f"{at}.{number}")
            turn.take(block, f"{at}.{number}")
        return turn.message()


class Assistant:
    """One assistant's turn, block by block."""

    def __init__(self, turns: Turns) -> None:
        self.turns = turns
        self.texts: list[Block] = []
        self.thoughts: list[Block] = []
        self.calls: list[Block] = []
        self.order: list[tuple[str, int]] = []
        self.carried: dict[str, Any] = {}

    def take(self, block: Block, at: str) -> None:
        match block.get("type"):
            case "text":
                self.text(block, at)
            case "thinking":
                thought = expecting.text(block.get("thinking"), f"{at}.thinking")
                signature = block.get("signature")
                self.think({"type": "thinking", "thinking": thought, "signature": signature}, signature)
            case "redacted_thinking":
                hidden = expecting.text(block.get("data"), f"{at}.data")
                self.think({"type": "redacted_thinking", "data": hidden}, hidden)
            case "tool_use":
                self.call(block, at)
            case "compaction":
                self.text({"type": "text", "text": block.get("content") or ""}, at)
            case str(kind):
                expecting.note(self.turns.adopted.transforms, f"{kind}_dropped")
            case _:
                raise expecting.missing(f"{at}.type")

    def text(self, block: Block, at: str) -> None:
        """Blank text is refused by Claude, which may have written it."""
        part: Block = {"type": "text", "text": expecting.text(block.get("text"), f"{at}.text")}
        part["cache_control"] = block.get("cache_control")
        citations = block.get("citations")
        cited = [each for each in expecting.items(citations or [], f"{at}.citations") if isinstance(each, dict)]
        if cited := [each for each in cited if each.get("type") != PAGES]:
            part["citations"] = cited
        self.order.append(("text", len(self.texts)))
        self.texts.append(part)

    def think(self, block: Block, seal: Any) -> None:
        if sealed.is_ours(seal):
            sealed.unseal(seal, self.turns.budget, self.carried)
            if block["type"] == "redacted_thinking":
                return
            block["signature"] = None
        self.order.append(("thinking", len(self.thoughts)))
        self.thoughts.append(block)

    def call(self, block: Block, at: str) -> None:
        input = block.get("input")
        arguments = dumps(expecting.mapping({} if input is None else input, f"{at}.input"))
        self.order.append(("call", len(self.calls)))
        self.calls.append(
            {
                "id": expecting.text(block.get("id"), f"{at}.id"),
                "function": {"name": expecting.text(block.get("name"), f"{at}.name"), "arguments": arguments},
                "cache_control": block.get("cache_control"),
            }
        )

    def message(self) -> Message:
        words = [block["thinking"] for block in self.thoughts if block.get("thinking")]
        sealed.give_back(self.carried, self.calls)
        return {
            "role": "assistant",
            "content": self.texts,
            "tool_calls": self.calls or None,
            "thinking_blocks": self.thoughts or None,
            "reasoning_content": "\n".join(words) or None,
            "order": self.order,
            "extra_content": self.carried or None,
        }

"""The messages of a request, as the model's provider wants them (translation.md 2.2, 2.5, 2.11)."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from inference.chat.invalid_request import InvalidRequest, unsupported
from inference.chat.messages import Message, ToolCall
from inference.chat.provider_request import ProviderRequest
from inference.chat.traits import Traits
from inference.dialects.openai_chat import parts, thinking
from inference.dialects.untrusted_json import RAW_ARGUMENTS, call_arguments

Body = dict[str, Any]
Content = str | list[Body] | None

MOST_CACHE_MARKS = 4
# Kimi counts an empty reasoning as a missing one.
NO_REASONING = " "


def write(rendered: ProviderRequest, traits: Traits, sent_names: dict[str, str]) -> list[Body]:
    """Raises `InvalidRequest`."""
    request = rendered.request
    written = Writer(traits, sent_names, rendered, thinking.is_on(request, traits)).write(request.messages)
    if not written:
        raise InvalidRequest("The messages are all empty.", param="messages")
    return written


@dataclass(slots=True)
class Writer:
    """`sent_names` maps tool names to those the provider takes; `thinks`: whether the model reasons in this request."""

    traits: Traits
    sent_names: dict[str, str]
    rendered: ProviderRequest
    thinks: bool

    def write(self, messages: list[Message]) -> list[Body]:
        written = [
            body
            for index, message in enumerate(messages)
            if (body := self.message(message, f"messages[{index}]")) is not None
        ]
        if self.traits.cache_marks:
            keep_last_marks(written)
        return written

    def message(self, message: Message, at: str) -> Body | None:
        """None where the provider refuses a message as empty."""
        role = "system" if message.role == "developer" and not self.traits.developer_role else message.role
        self.name_lost_marks(message)
        content = self.content(message, at)
        match role:
            case "tool":
                return {
                    "role": role,
                    "tool_call_id": self.call_id(message.tool_call_id or ""),
                    "content": content or "",
                }
            case "assistant":
                body = self.assistant(message, content)
            case _:
                body = {"role": role, "content": "" if content is None else content}
        if message.name is not None and self.traits.message_names:
            body["name"] = message.name
        is_empty = not (body.get("content") or body.get("tool_calls"))
        return None if is_empty and self.traits.empty_content == "drop" else body

    def assistant(self, message: Message, content: Content) -> Body:
        body: Body = {"role": "assistant", "content": content}
        if message.refusal is not None and self.traits.refusals:
            body["refusal"] = message.refusal
        elif message.refusal and not content:
            body["content"] = message.refusal
        if body["content"] is None and self.traits.empty_content != "pass":
            body["content"] = ""
        if message.calls:
            body["tool_calls"] = [self.call(call) for call in message.calls]
        if self.traits.echoes_reasoning and (reasoning := self.reasoning(message)):
            body["reasoning_content"] = reasoning
        return body

    def reasoning(self, message: Message) -> str | None:
        """Kimi answers 400 to a call without its thought; where the client deleted it, a placeholder does."""
        return message.reasoning_content or (NO_REASONING if message.calls and self.thinks else None)

    def call(self, call: ToolCall) -> Body:
        name = self.sent_names.get(call.function.name, call.function.name)
        arguments = call.function.arguments or "{}"
        if self.traits.object_arguments:
            arguments = object_text(arguments)
        return {"id": self.call_id(call.id), "type": "function", "function": {"name": name, "arguments": arguments}}

    def call_id(self, call_id: str) -> str:
        """Cut where it is too long for the provider, alike in the call and in its answer."""
        longest = self.traits.longest_call_id
        if longest is None or len(call_id) <= longest:
            return call_id
        digest = hashlib.sha256(call_id.encode("utf-8", "replace")).hexdigest()[:8]
        return f"{call_id[: longest - 9]}-{digest}"

    def content(self, message: Message, at: str) -> Content:
        if message.content is None or (isinstance(message.content, str) and not self.is_marked(message)):
            return message.content
        if message.role == "tool" and any(part.type == "image_url" for part in message.parts):
            raise unsupported(f"{at}: this model takes no images in tool results.", param="messages", value=True)
        written = [
            parts.written(part, self.traits, f"{at}.content[{number}]") for number, part in enumerate(message.parts)
        ]
        if self.traits.cache_marks and message.cache_control and written:
            written[-1]["cache_control"] = {"type": "ephemeral"}
        if self.traits.text_only:
            return self.joined(written, at)
        return [body for body in written if self.traits.empty_content != "drop" or body.get("text") != ""] or ""

    def joined(self, written: list[Body], at: str) -> Content:
        """One string, for a model that takes no parts; a cache mark needs a part to stand on."""
        if any(body["type"] != "text" for body in written):
            raise parts.text_only(at)
        if any("cache_control" in body for body in written):
            return [body for body in written if body["text"]] or ""
        return "".join(body["text"] for body in written)

    def is_marked(self, message: Message) -> bool:
        return self.traits.cache_marks and message.cache_control is not None

    def name_lost_marks(self, message: Message) -> None:
        if self.traits.cache_marks:
            return
        parts = message.content if isinstance(message.content, list) else []
        if message.cache_control or any(part.cache_control for part in parts):
            self.rendered.ignore("cache_control")
        if any(part.prompt_cache_breakpoint for part in parts):
            self.rendered.ignore("prompt_cache_breakpoint")


def object_text(arguments: str) -> str:
    """As the model wrote it, where that is an object."""
    value = call_arguments(arguments)
    return json.dumps(value, ensure_ascii=False) if RAW_ARGUMENTS in value else arguments


def keep_last_marks(messages: list[Body]) -> None:
    """More marks than the provider counts are a 400; the last ones cover most."""
    contents = [message["content"] for message in messages if isinstance(message["content"], list)]
    marked = [part for content in contents for part in content if "cache_control" in part]
    for part in marked[:-MOST_CACHE_MARKS]:
        del part["cache_control"]

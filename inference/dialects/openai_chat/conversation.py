"""The messages of a request, as the model's provider wants them (docs/providers/)."""

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from inference.chat.budget import Budget
from inference.chat.invalid_request import InvalidRequest
from inference.chat.messages import Message, ToolCall
from inference.chat.provider_request import ProviderRequest, Target
from inference.chat.traits import Traits
from inference.dialects.openai_chat import parts, thinking
from inference.dialects.untrusted_json import RAW_ARGUMENTS, call_arguments

Body = dict[str, Any]
Content = str | list[Body] | None

MOST_CACHE_MARKS = 4
# Kimi counts an empty reasoning as a missing one.
NO_REASONING = " "
PLACEHOLDER = "."


def write(rendered: ProviderRequest, target: Target, sent_names: dict[str, str]) -> list[Body]:
    """Raises `InvalidRequest`."""
    request, traits = rendered.request, target.traits
    to_fetch = rendered.to_fetch if target.may_fetch else None
    thinks = thinking.is_on(request, traits)
    written = Writer(traits, sent_names, rendered, thinks, to_fetch).write(request.messages)
    if not written:
        raise InvalidRequest("The messages are all empty.", param="messages")
    return written


@dataclass(slots=True)
class Writer:
    """`sent_names` maps tool names to those the provider takes; `thinks`: whether the model reasons in this request;
    `to_fetch`: where images that we fetch are noted; `pictures`: of tool results, to be shown after them.
    """

    traits: Traits
    sent_names: dict[str, str]
    rendered: ProviderRequest
    thinks: bool
    to_fetch: list[Body] | None = None
    pictures: list[Body] = field(default_factory=list)

    def write(self, messages: list[Message]) -> list[Body]:
        written: list[Body] = []
        for index, message in enumerate(messages):
            if message.role != "tool":
                self.show_pictures(written)
            if (body := self.message(message, f"messages[{index}]")) is not None:
                written.append(body)
        self.show_pictures(written)
        if self.traits.needs_user and not any(body["role"] == "user" for body in written):
            add_user(written)
        if self.traits.partial and messages[-1].partial and written and written[-1]["role"] == "assistant":
            written[-1]["partial"] = True
        if self.traits.cache_marks and keep_last_marks(written):
            self.rendered.transform("cache_marks_dropped")
        return written

    def show_pictures(self, written: list[Body]) -> None:
        """OpenAI's advice for tools that make images: the user shows them, after all results."""
        if self.pictures:
            written.append({"role": "user", "content": self.pictures})
            self.rendered.transform("tool_images_moved")
            self.pictures = []

    def message(self, message: Message, at: str) -> Body | None:
        """None where the provider refuses a message as empty."""
        role = "system" if message.role == "developer" and not self.traits.developer_role else message.role
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
        says_all = message.calls or "refusal" in body
        if body["content"] is None and (self.traits.empty_content != "pass" or not says_all):
            body["content"] = ""  # OpenAI, too, wants a text where there is nothing else
        if message.calls:
            body["tool_calls"] = [self.call(call) for call in message.calls]
        if self.traits.echoes_reasoning and (reasoning := self.reasoning(message)):
            body["reasoning_content"] = reasoning
        return body

    def reasoning(self, message: Message) -> str | None:
        """Kimi answers 400 to a call without its thought; where the client deleted it, a placeholder does."""
        return message.reasoning_content or (NO_REASONING if message.calls and self.thinks else None)

    def call(self, call: ToolCall) -> Body:
        if call.custom is not None and self.traits.custom_tools:
            custom = {**call.custom.model_dump(), "name": self.sent_names.get(call.custom.name, call.custom.name)}
            return {"id": self.call_id(call.id), "type": "custom", "custom": custom}
        name = self.sent_names.get(call.function.name, call.function.name)
        arguments = call.function.arguments or "{}"
        if self.traits.object_arguments:
            arguments = object_text(arguments, self.rendered.budget)
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
        written = [
            parts.written(part, self.traits, f"{at}.content[{number}]", self.to_fetch)
            for number, part in enumerate(message.parts)
        ]
        if message.role == "tool":
            written = self.without_pictures(message, written)
        if self.traits.cache_marks and message.cache_control and written:
            written[-1]["cache_control"] = {"type": "ephemeral"}
        if self.traits.text_only:
            return self.joined(written, at)
        return [body for body in written if self.traits.empty_content != "drop" or body.get("text") != ""] or ""

    def without_pictures(self, message: Message, written: list[Body]) -> list[Body]:
        shown = [body for body in written if body["type"] == "image_url"]
        if not shown or self.traits.text_only:
            return written
        self.pictures += [{"type": "text", "text": f"From the result of {message.tool_call_id}:"}, *shown]
        left = [body for body in written if body["type"] != "image_url"]
        return left or [{"type": "text", "text": "See the image below."}]

    def joined(self, written: list[Body], at: str) -> Content:
        """One string, for a model that takes no parts; a cache mark needs a part to stand on."""
        if any(body["type"] != "text" for body in written):
            raise parts.text_only(at)
        if any("cache_control" in body for body in written):
            return [body for body in written if body["text"]] or ""
        return "".join(body["text"] for body in written)

    def is_marked(self, message: Message) -> bool:
        return self.traits.cache_marks and message.cache_control is not None


def add_user(written: list[Body]) -> None:
    """Qwen: "messages do not contain elements with the role of user". Instructions alone are what the user says."""
    head = next((index for index, body in enumerate(written) if body["role"] != "system"), len(written))
    if head == len(written) and written:
        written[-1]["role"] = "user"
    else:
        written.insert(head, {"role": "user", "content": PLACEHOLDER})


def object_text(arguments: str, budget: Budget) -> str:
    """As the model wrote it, where that is an object."""
    value = call_arguments(arguments, budget)
    return arguments if value and RAW_ARGUMENTS not in value else json.dumps(value, ensure_ascii=False)


def keep_last_marks(messages: list[Body]) -> bool:
    """Whether there were more than the provider counts, which is a 400; the last ones cover most."""
    contents = [message["content"] for message in messages if isinstance(message["content"], list)]
    marked = [part for content in contents for part in content if "cache_control" in part]
    for part in marked[:-MOST_CACHE_MARKS]:
        del part["cache_control"]
    return len(marked) > MOST_CACHE_MARKS

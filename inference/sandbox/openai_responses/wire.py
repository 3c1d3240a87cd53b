"""How Responses answers: a list of items, and for a stream an event for everything that happens to each."""

import json
from collections.abc import Iterator
from typing import Any

from ..neutral_request import Ask, Usage
from ..openai_chat.gpt5 import fits, known
from ..openai_chat.openai import OpenAI
from ..openai_chat.wire import CREATED
from ..protocol import Frame
from ..replies import LENGTH, REFUSED, Reply
from ..word_tokens import count, count_words, pieces
from .conversation import understood
from .fields import REQUEST
from .rules import check, encrypted

Item = dict[str, Any]
INCOMPLETE = {LENGTH: "max_output_tokens", REFUSED: "content_filter"}
ECHOED: dict[str, Any] = {
    "instructions": None, "max_output_tokens": None, "parallel_tool_calls": True, "previous_response_id": None,
    "store": True, "temperature": 1.0, "top_p": 1.0, "tool_choice": "auto", "tools": [], "truncation": "disabled",
    "metadata": {}, "text": {"format": {"type": "text"}},
}  # fmt: skip


class Responses(OpenAI):
    """OpenAI's keys, models and errors with another body."""

    def check_shape(self, body: Any) -> None:
        REQUEST(body, ())

    def checked(self, body: dict[str, Any]) -> Ask:
        model = known(body["model"])
        effort = check(body, model)
        return fits(understood(body, model.served, thinks=effort != "none"), model)

    def whole(self, reply: Reply) -> dict[str, Any]:
        return self.state(reply, output_items(reply), done=True)

    def state(self, reply: Reply, output: list[Item], *, done: bool) -> dict[str, Any]:
        """The response object, as it stands at the beginning or at the end."""
        reason = INCOMPLETE.get(reply.first.finish) if done else None
        body = reply.ask.body
        return {
            "id": reply.id("resp_", length=48),
            "object": "response",
            "created_at": CREATED,
            "status": "in_progress" if not done else "incomplete" if reason else "completed",
            "background": False,
            "error": None,
            "incomplete_details": {"reason": reason} if reason else None,
            "model": reply.model,
            "output": output,
            **{name: default if body.get(name) is None else body[name] for name, default in ECHOED.items()},
            "reasoning": {"effort": None, "summary": None, **(body.get("reasoning") or {})},
            "service_tier": "default" if done else "auto",
            "usage": usage_counts(reply.usage) if done and reply.usage else None,
        }

    def frames(self, reply: Reply) -> Iterator[Frame]:
        items = output_items(reply)
        steps: list[tuple[dict[str, Any], int, int]] = [
            ({"type": f"response.{name}", "response": self.state(reply, [], done=False)}, 0, 0)
            for name in ("created", "in_progress")
        ]
        for index, item in enumerate(items):
            steps += item_steps(reply, item, index)
        end = self.state(reply, items, done=True)
        steps.append(({"type": f"response.{end['status']}", "response": end}, 0, 0))
        for number, (event, words, tokens) in enumerate(steps):
            yield sse({"type": event.pop("type"), "sequence_number": number, **event}, words, tokens)

    def error_frame(self, serial: int) -> bytes:
        message = self.fault(500).message
        return sse(
            {"type": "error", "sequence_number": 0, "code": "server_error", "message": message, "param": None}
        ).data


def sse(event: dict[str, Any], words: int = 0, tokens: int = 0) -> Frame:
    return Frame(f"event: {event['type']}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n".encode(), words, tokens)


def output_items(reply: Reply) -> list[Item]:
    choice = reply.first
    status = "incomplete" if choice.finish in INCOMPLETE else "completed"
    items = [reasoning_item(reply)] if choice.thinking else []
    if choice.words:
        part = {"type": "output_text", "text": choice.text, "annotations": [], "logprobs": []}
        items.append(
            {"id": reply.id("msg_"), "type": "message", "status": status, "role": "assistant", "content": [part]}
        )
    for nth, call in enumerate(choice.calls):
        arguments = json.dumps(call.arguments, ensure_ascii=False)
        items.append(
            {
                "id": reply.id("fc_", nth),
                "type": "function_call",
                "status": "completed",
                "call_id": reply.id("call_", nth),
                "name": call.name,
                "arguments": arguments,
            }
        )
    return items


def reasoning_item(reply: Reply) -> Item:
    body, item_id = reply.ask.body, reply.id("rs_")
    summary = (
        [{"type": "summary_text", "text": reply.first.thought}] if (body.get("reasoning") or {}).get("summary") else []
    )
    kept = (
        {"encrypted_content": encrypted(item_id)}
        if "reasoning.encrypted_content" in (body.get("include") or ())
        else {}
    )
    return {"id": item_id, "type": "reasoning", "summary": summary, **kept}


def item_steps(reply: Reply, item: Item, index: int) -> Iterator[tuple[dict[str, Any], int, int]]:
    place = {"item_id": item["id"], "output_index": index}
    added, inner = {
        "reasoning": lambda: ({**item, "summary": []}, summary_steps(reply, item, place)),
        "message": lambda: ({**item, "content": [], "status": "in_progress"}, text_steps(reply, item, place)),
        "function_call": lambda: ({**item, "arguments": "", "status": "in_progress"}, argument_steps(item, place)),
    }[item["type"]]()
    yield (
        {"type": "response.output_item.added", "output_index": index, "item": added},
        0,
        int(item["type"] == "function_call"),
    )
    yield from inner
    hidden = count_words(reply.first.thinking) if item["type"] == "reasoning" and not item["summary"] else 0
    yield {"type": "response.output_item.done", "output_index": index, "item": item}, 0, hidden


def summary_steps(reply: Reply, item: Item, place: dict[str, Any]) -> Iterator[tuple[dict[str, Any], int, int]]:
    for nth, part in enumerate(item["summary"]):
        here = {**place, "summary_index": nth}
        yield {"type": "response.reasoning_summary_part.added", **here, "part": {**part, "text": ""}}, 0, 0
        for word in reply.first.thinking:
            yield {"type": "response.reasoning_summary_text.delta", **here, "delta": word}, 1, count(word)
        yield {"type": "response.reasoning_summary_text.done", **here, "text": part["text"]}, 0, 0
        yield {"type": "response.reasoning_summary_part.done", **here, "part": part}, 0, 0


def text_steps(reply: Reply, item: Item, place: dict[str, Any]) -> Iterator[tuple[dict[str, Any], int, int]]:
    part, here = item["content"][0], {**place, "content_index": 0}
    yield {"type": "response.content_part.added", **here, "part": {**part, "text": ""}}, 0, 0
    for word in reply.first.words:
        yield {"type": "response.output_text.delta", **here, "delta": word, "logprobs": []}, 1, count(word)
    yield {"type": "response.output_text.done", **here, "text": part["text"], "logprobs": []}, 0, 0
    yield {"type": "response.content_part.done", **here, "part": part}, 0, 0


def argument_steps(item: Item, place: dict[str, Any]) -> Iterator[tuple[dict[str, Any], int, int]]:
    for piece in pieces(item["arguments"]):
        yield (
            {"type": "response.function_call_arguments.delta", **place, "delta": piece},
            1,
            count(piece) if item["arguments"] != "{}" else 0,
        )
    yield (
        {
            "type": "response.function_call_arguments.done",
            **place,
            "name": item["name"],
            "arguments": item["arguments"],
        },
        0,
        0,
    )


def usage_counts(usage: Usage) -> dict[str, Any]:
    return {
        "input_tokens": usage.prompt,
        "input_tokens_details": {
            "cached_tokens": usage.cached,
            **({"cache_write_tokens": usage.write_5m} if usage.write_5m else {}),
        },
        "output_tokens": usage.output,
        "output_tokens_details": {"reasoning_tokens": usage.thinking},
        "total_tokens": usage.prompt + usage.output,
    }

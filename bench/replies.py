"""What the measuring upstream says, in the four languages of providers: the head of a stream, a word, its end.

A word carries the moment it was said (`monotonic`, which all processes of a machine share), so that whoever reads it
knows how late it is.
"""

import json
import re
import time
from dataclasses import dataclass

SAID = re.compile(rb"w(\d+\.\d{6}) ")
WHEN = "w0000000.000000 "  # of a word, to be filled in
NTH = "900900"  # the same, of what counts with each: as long as what it becomes
CHAT, MESSAGES, RESPONSES, GEMINI = "chat/completions", "messages", "responses", "gemini"
FACTS = {"id": "chatcmpl-bench", "created": 1_795_430_000, "model": "gpt-5-mini-2025-08-07"}
USAGE = {"prompt_tokens": 12, "completion_tokens": 100, "total_tokens": 112}


def now() -> bytes:
    return b"w%014.6f " % (time.monotonic() % 10_000_000)


def lateness(data: bytes) -> list[float]:
    """Seconds since each word in it was said."""
    at = time.monotonic() % 10_000_000
    return [at - float(said) for said in SAID.findall(data)]


@dataclass(frozen=True)
class Reply:
    """Pieces of a chunked body; `word` holds `WHEN`."""

    first: bytes
    word: bytes
    last: bytes

    def said_now(self, nth: int = 0) -> bytes:
        return self.word.replace(WHEN.encode(), now()).replace(NTH.encode(), b"%06d" % (nth + 100_000))


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def unchunked(body: bytes) -> bytes:
    found = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        found, body = found + body[: int(size, 16)], body[int(size, 16) + 2 :]
    return found


def event(value: object, name: str = "", ends: bytes = b"\n\n") -> bytes:
    named = f"event: {name}\n".encode() if name else b""
    return chunk(named + b"data: " + json.dumps(value, separators=(",", ":")).encode() + ends)


def named(**value: object) -> bytes:
    return event(value, str(value["type"]))


def chat(choices: list[object], **more: object) -> bytes:
    return event({**FACTS, "object": "chat.completion.chunk", "choices": choices, "usage": None, **more})


def choice(delta: object, finish: str | None = None) -> list[object]:
    return [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}]


def of_chat() -> Reply:
    last = chat(choice({}, "stop")) + chat([], usage=USAGE) + chunk(b"data: [DONE]\n\n")
    return Reply(chat(choice({"role": "assistant", "content": ""})), chat(choice({"content": WHEN})), last)


def of_messages() -> Reply:
    usage = {"input_tokens": 12, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0, "output_tokens": 1}
    message: dict[str, object] = {
        "id": "msg_bench", "type": "message", "role": "assistant", "model": "claude-haiku-4-5-20251001", "content": [],
        "stop_reason": None, "stop_sequence": None, "usage": usage,
    }  # fmt: skip
    text = {"type": "text", "text": ""}
    first = named(type="message_start", message=message) + named(
        type="content_block_start", index=0, content_block=text
    )
    word = named(type="content_block_delta", index=0, delta={"type": "text_delta", "text": WHEN})
    end = {"stop_reason": "end_turn", "stop_sequence": None}
    last = named(type="content_block_stop", index=0) + named(
        type="message_delta", delta=end, usage={**usage, "output_tokens": 100}
    )
    return Reply(first, word, last + named(type="message_stop"))


def of_gemini() -> Reply:
    def said(text: str, **more: object) -> bytes:
        candidate = {"content": {"parts": [{"text": text}], "role": "model"}, "index": 0, **more}
        usage = {"promptTokenCount": 12, "candidatesTokenCount": int(NTH), "totalTokenCount": int(NTH)}
        facts = {"modelVersion": "gemini-2.5-flash", "responseId": "bench"}
        return event({"candidates": [candidate], "usageMetadata": usage, **facts}, ends=b"\r\n\r\n")

    return Reply(b"", said(WHEN), said("end", finishReason="STOP"))


def of_responses() -> Reply:
    response: dict[str, object] = {
        "id": "resp_bench", "object": "response", "created_at": 1_795_430_000, "status": "in_progress", "error": None,
        "incomplete_details": None, "model": "gpt-5.2-codex", "output": [], "usage": None,
    }  # fmt: skip
    usage = {"input_tokens": 12, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": 100,
             "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 112}  # fmt: skip
    item = {"id": "msg_bench", "type": "message", "status": "in_progress", "role": "assistant", "content": []}
    where = {"item_id": "msg_bench", "output_index": 0, "content_index": 0}
    part = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
    whole = {**item, "status": "completed", "content": [{**part, "text": "words"}]}
    first = (
        named(type="response.created", sequence_number=0, response=response)
        + named(type="response.output_item.added", sequence_number=1, output_index=0, item=item)
        + named(type="response.content_part.added", sequence_number=2, part=part, **where)
    )
    word = named(type="response.output_text.delta", sequence_number=int(NTH), delta=WHEN, logprobs=[], **where)
    last = (
        named(type="response.output_text.done", sequence_number=4, text="words", logprobs=[], **where)
        + named(type="response.content_part.done", sequence_number=5, part={**part, "text": "words"}, **where)
        + named(type="response.output_item.done", sequence_number=6, output_index=0, item=whole)
    )
    done = {**response, "status": "completed", "output": [whole], "usage": usage}
    return Reply(first, word, last + named(type="response.completed", sequence_number=7, response=done))


def whole() -> bytes:
    message = {"role": "assistant", "content": "word " * 100, "refusal": None}
    choices = [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}]
    body = json.dumps({**FACTS, "object": "chat.completion", "choices": choices, "usage": USAGE}).encode()
    return b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)


STREAM_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
STREAM_END = b"0\r\n\r\n"
WHOLE = whole()
# By the end of the address that is asked.
REPLIES = {b"/chat/completions": of_chat(), b"/messages": of_messages(), b"/responses": of_responses()}
OTHER = of_gemini()


def reply_to(path: bytes) -> Reply:
    return next((reply for end, reply in REPLIES.items() if path.endswith(end)), OTHER)

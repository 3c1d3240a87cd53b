"""A provider of OpenAI's format: JSON at once; a stream's chunks at once, or one every so many milliseconds.

    python -m bench.upstream          prints its port

The request's model says which: `gpt-5-mini` 100 chunks at once, `gpt-5-nano` 50 chunks, one every 20 ms.
"""

import asyncio
import json
import re

LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
USAGE = {"prompt_tokens": 12, "completion_tokens": 100, "total_tokens": 112}
FACTS = {"id": "chatcmpl-bench", "created": 1_795_430_000, "model": "gpt-5-mini-2025-08-07"}
PACES = {b"gpt-5-mini": (100, 0.0), b"gpt-5-nano": (50, 0.02)}


def event(choices: list[object], **more: object) -> bytes:
    chunk = {**FACTS, "object": "chat.completion.chunk", "choices": choices, "usage": None, **more}
    data = b"data: " + json.dumps(chunk).encode() + b"\n\n"
    return b"%x\r\n%s\r\n" % (len(data), data)


def choice(delta: object, finish: str | None = None) -> list[object]:
    return [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}]


def whole() -> bytes:
    message = {"role": "assistant", "content": "word " * 100, "refusal": None}
    choices = [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}]
    body = json.dumps({**FACTS, "object": "chat.completion", "choices": choices, "usage": USAGE}).encode()
    return b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)


STREAM_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
FIRST = event(choice({"role": "assistant", "content": ""}))
WORD = event(choice({"content": "word "}))
DONE = b"data: [DONE]\n\n"
LAST = event(choice({}, "stop")) + event([], usage=USAGE) + b"%x\r\n%s\r\n0\r\n\r\n" % (len(DONE), DONE)
WHOLE = whole()


class Provider(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport, self.buffer = transport, b""

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, ended, body = self.buffer.partition(b"\r\n\r\n")
        length = LENGTH.search(head)
        if ended and length and len(body) >= int(length[1]):
            self.buffer = b""
            self.answer(body)

    def answer(self, body: bytes) -> None:
        if b'"stream":true' not in body and b'"stream": true' not in body:
            self.transport.write(WHOLE)
            return
        words, pace = next(given for model, given in PACES.items() if model in body)
        if pace:
            self.task = asyncio.ensure_future(self.say(words, pace))
        else:
            self.transport.write(STREAM_HEAD + FIRST + WORD * words + LAST)

    async def say(self, words: int, pace: float) -> None:
        self.transport.write(STREAM_HEAD + FIRST)
        for _ in range(words):
            await asyncio.sleep(pace)
            self.transport.write(WORD)
        self.transport.write(LAST)


async def main() -> None:
    server = await asyncio.get_running_loop().create_server(Provider, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())

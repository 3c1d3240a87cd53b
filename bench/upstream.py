"""A provider of any of the four languages: JSON at once (OpenAI's only); a stream's words at once, or one by one.

    python -m bench.upstream          prints its port

What is asked says how many and how fast: "50 words, one every 20 ms", whatever the model.
"""

import asyncio
import re

from bench import replies
from bench.processes import raise_descriptors
from bench.replies import Reply

LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
ORDER = re.compile(rb"(\d+) words, one every (\d+) ms")
STREAMS = re.compile(rb'"stream": ?true')


class Provider(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport, self.buffer = transport, b""
        self.task: asyncio.Task[None] | None = None

    def connection_lost(self, error: Exception | None) -> None:
        if self.task:
            self.task.cancel()

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, ended, body = self.buffer.partition(b"\r\n\r\n")
        length = LENGTH.search(head)
        if ended and length and len(body) >= int(length[1]):
            self.buffer = b""
            self.answer(head.split(b" ", 2)[1], body)

    def answer(self, target: bytes, body: bytes) -> None:
        path = target.partition(b"?")[0]
        if not STREAMS.search(body) and not path.endswith(b":streamGenerateContent"):
            self.transport.write(replies.WHOLE)
            return
        order = ORDER.search(body)
        words, pace = (int(order[1]), int(order[2]) / 1000) if order else (100, 0)
        reply = replies.reply_to(path)
        if pace:
            self.task = asyncio.ensure_future(self.say(reply, words, pace))
        else:
            told = reply.first + reply.said_now() * words + reply.last
            self.transport.write(replies.STREAM_HEAD + told + replies.STREAM_END)

    async def say(self, reply: Reply, words: int, pace: float) -> None:
        self.transport.write(replies.STREAM_HEAD + reply.first)
        for _ in range(words):
            await asyncio.sleep(pace)
            self.transport.write(reply.said_now())
        self.transport.write(reply.last + replies.STREAM_END)


async def main() -> None:
    raise_descriptors()
    server = await asyncio.get_running_loop().create_server(Provider, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())

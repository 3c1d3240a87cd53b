"""A request's body between the socket and the application: what came waits here, bounded, until it is asked for."""

import asyncio
from collections.abc import Mapping
from typing import Any

MOST_WAITING_BYTES = 256 * 1024  # unasked, of a body that the application reads as it comes


class Body:
    """`channel` reads from the client's socket. A `streamed` body is not read until the application asks for it."""

    def __init__(self, channel: Any, *, streamed: bool) -> None:
        self.channel, self.streamed = channel, streamed
        self.pieces: list[bytes] = []
        self.waiting = 0
        self.asked = self.paused = self.ended = self.handed_over = self.gone = False
        self.continue_wanted = False  # the client waits for `100 Continue` before it sends anything
        self.news = asyncio.Event()

    # The socket's side

    def feed(self, data: bytes) -> None:
        self.pieces.append(data)
        self.waiting += len(data)
        self.news.set()

    def end(self) -> None:
        self.ended = True
        self.news.set()

    def disconnect(self) -> None:
        """The client has left, or was answered."""
        self.gone = True
        self.pieces.clear()
        self.news.set()

    def hold_back(self) -> None:
        """Pauses reading where enough of the body waits; called after each read of one that is not here yet."""
        if self.streamed and not self.paused and (not self.asked or self.waiting > MOST_WAITING_BYTES):
            self.paused = True
            self.channel.stop_reading()

    # The application's side

    async def receive(self) -> Mapping[str, Any]:
        """ASGI's."""
        if not self.ended:
            self.ask()
        while not (self.pieces or self.gone or (self.ended and not self.handed_over)):
            self.news.clear()
            await self.news.wait()
        if self.gone:
            return {"type": "http.disconnect"}
        data = b"".join(self.pieces)
        self.pieces.clear()
        self.waiting = 0
        self.handed_over = self.ended
        return {"type": "http.request", "body": data, "more_body": not self.ended}

    def ask(self) -> None:
        self.asked = True
        if self.continue_wanted and not self.pieces:
            self.continue_wanted = False
            self.channel.say_continue()
        if self.paused and not self.gone:
            self.paused = False
            self.channel.read_on()

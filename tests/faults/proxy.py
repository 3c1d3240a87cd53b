"""A wire between the gateway and PostgreSQL that loses acknowledgements: a statement arrives, its answer never does."""

import asyncio
import threading
from collections.abc import Callable
from urllib.parse import urlsplit

SETTLING = b"INSERT INTO inference_completion"
ADMITTING = b"INSERT INTO credits_hold"


class Proxy:
    """Runs on a thread of its own. `lose(times, of)`: so many answers to statements with these bytes are lost."""

    def __init__(self, database_url: str) -> None:
        parts = urlsplit(database_url)
        self.behind, self.path = (parts.hostname, parts.port), parts.path
        self.login = f"{parts.username}:{parts.password}"
        self.wanted, self.of, self.lost, self.prepared = 0, SETTLING, 0, set[bytes]()
        self.loop = asyncio.new_event_loop()
        self.listening = threading.Event()
        threading.Thread(target=self.run, daemon=True).start()
        self.listening.wait(10)

    @property
    def url(self) -> str:
        return f"postgresql://{self.login}@127.0.0.1:{self.port}{self.path}"

    def lose(self, times: int, of: bytes = SETTLING) -> None:
        self.of, self.wanted = of, times

    def run(self) -> None:
        asyncio.set_event_loop(self.loop)
        server = self.loop.run_until_complete(asyncio.start_server(self.connect, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        self.listening.set()
        self.loop.run_forever()

    async def connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        below = Link(self, writer)
        try:
            theirs, ours = await asyncio.open_connection(*self.behind)
            await asyncio.gather(pump(reader, ours, below.statement), pump(theirs, writer, below.answer))
        except OSError:
            pass
        finally:
            writer.close()


class Link:
    """One connection. A statement is known by its text when it is parsed, and by its name from then on."""

    def __init__(self, proxy: Proxy, client: asyncio.StreamWriter) -> None:
        self.proxy, self.client, self.names, self.doomed = proxy, client, set[bytes](), False

    def statement(self, data: bytes) -> bytes:
        if self.proxy.of in data and data[:1] == b"P":  # Parse: length, name, text
            length = int.from_bytes(data[1:5], "big")
            self.names |= {data[5:].split(b"\0")[0]} - {b""}
            if data[1 + length :][:1] == b"B":  # and Bind: it is not only prepared but carried out
                self.doom()
        elif any(b"\0" + name + b"\0" in data for name in self.names):
            self.doom()
        return data

    def doom(self) -> None:
        if self.proxy.wanted > 0:
            self.proxy.wanted -= 1
            self.doomed = True

    def answer(self, data: bytes) -> bytes:
        """The statement was carried out: its answer shows that. The client sees only a connection that is gone."""
        if self.doomed and b"C\0" in data:  # CommandComplete
            self.proxy.lost += 1
            self.client.transport.abort()
            return b""
        return b"" if self.doomed else data


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seen: Callable[[bytes], bytes]) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(seen(data))
            await writer.drain()
    finally:
        writer.close()

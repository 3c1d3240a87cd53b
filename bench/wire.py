"""What a request to a provider costs this process, by each way there: `python -m bench.wire`.

JSON, 100 chunks at once, 50 chunks 20 ms apart; 16 at a time, on loopback. The ways take turns; CPU ms a request, the
median and the least of the rounds.
"""

import argparse
import asyncio
import os
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp
import httpx2 as httpx
import uvloop

from bench.stage import running
from inference.upstream.wire import Wire

AT_ONCE = 16
SHAPES = {
    "JSON": (b'{"model": "gpt-5-mini", "stream": false}', 1600),
    "100 chunks at once": (b'{"model": "gpt-5-mini", "stream": true}', 800),
    "50 chunks, paced": (b'{"model": "gpt-5-mini", "stream": true, "asked": "50 words, one every 20 ms"}', 32),
}
PATIENCE = {"timeout": {"connect": 5, "read": None, "write": None, "pool": None}}

Send = Callable[[httpx.Request], Awaitable[httpx.Response]]


class OverAiohttp(httpx.AsyncBaseTransport):
    """aiohttp's client under httpx's types: what our own was held against (docs/decisions/completions.md)."""

    def __init__(self) -> None:
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=15)
        self.session = aiohttp.ClientSession(
            connector=connector, cookie_jar=aiohttp.DummyCookieJar(), read_bufsize=2**18, auto_decompress=False,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=5),
        )  # fmt: skip

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await self.session.request(
            request.method,
            str(request.url),
            data=request.content,
            headers=request.headers.multi_items(),
            allow_redirects=False,
        )
        return httpx.Response(answer.status, headers=answer.raw_headers, stream=Pieces(answer))

    async def aclose(self) -> None:
        await self.session.close()


class Pieces(httpx.AsyncByteStream):
    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self.answer = answer

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self.answer.content.iter_any()

    async def aclose(self) -> None:
        self.answer.release()


async def ask(send: Send, url: httpx.URL, body: bytes) -> None:
    headers = {"content-type": "application/json", "authorization": "Bearer key", "accept-encoding": "identity"}
    request = httpx.Request("POST", url, content=body, headers=headers, extensions=PATIENCE)
    response = await send(request)
    stream = response.stream
    assert isinstance(stream, httpx.AsyncByteStream)
    size = sum([len(read) async for read in stream])
    await stream.aclose()
    if response.status_code != 200 or size < 500:
        raise SystemExit(f"{response.status_code}, {size} bytes")


async def cost(send: Send, url: httpx.URL, body: bytes, requests: int) -> float:
    """CPU ms a request."""
    left = iter(range(requests))

    async def client() -> None:
        for _ in left:
            await ask(send, url, body)

    begun = time.process_time()
    await asyncio.gather(*[client() for _ in range(AT_ONCE)])
    return (time.process_time() - begun) * 1000 / requests


async def measured(url: httpx.URL, rounds: int) -> None:
    transports = {"aiohttp": OverAiohttp(), "wire": Wire()}
    client = httpx.AsyncClient(transport=Wire(), timeout=None, trust_env=False)
    ways: dict[str, Send] = {name: transport.handle_async_request for name, transport in transports.items()}
    ways["wire under httpx's client"] = lambda request: client.send(request, stream=True)
    for shape, (body, requests) in SHAPES.items():
        found: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(rounds + 1):  # the first warms up
            for name, send in ways.items():
                found[name].append(await cost(send, url, body, requests))
        for name, costs in found.items():
            print(f"{shape:20} {name:27} {statistics.median(costs[1:]):6.3f} {min(costs[1:]):6.3f}", flush=True)
    for transport in transports.values():
        await transport.aclose()
    await client.aclose()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.wire", description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with running("-m", "bench.upstream", environment=dict(os.environ)) as upstream:
        url = httpx.URL(f"http://127.0.0.1:{upstream.said}/v1/chat/completions")
        uvloop.run(measured(url, options.rounds))


if __name__ == "__main__":
    main()

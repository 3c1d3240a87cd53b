"""The wire to the providers: one shared pool, with a bounded share for each. The only file that knows httpx.

A provider that hangs fills its own share only; a full share is 503 at once, not a queue (`ProviderError(BUSY)`).
An account gets another connection while it has fewer than are free: alone it may have half of a provider's, of n
accounts each an (n+1)th, so there is always room for who has none.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import lru_cache

import aiohttp
import httpx2 as httpx
from django.conf import settings
from httpx_aiohttp.httpx2 import AiohttpTransport

from inference.chat.provider_error import (
    BAD_RESPONSE,
    BUSY,
    FIRST_BYTE_TIMEOUT,
    SHARE_IN_USE,
    TRUNCATED,
    UNREACHABLE,
    ErrorKind,
    ProviderError,
)
from inference.upstream.idle_timeout import IdleTimeout
from inference.upstream.providers import Provider

CONNECT_SECONDS = 5
FIRST_BYTE_SECONDS = settings.CONWAY_FIRST_BYTE_SECONDS  # of a stream
BETWEEN_BYTES_SECONDS = settings.CONWAY_BETWEEN_BYTES_SECONDS
JSON_SECONDS = settings.CONWAY_JSON_SECONDS
KEPT_SECONDS = 15  # an idle connection; providers close theirs after a minute or more
ERROR_BODY_BYTES = 64 * 1024
JSON_BODY_BYTES = 64 * 1024 * 1024

SILENCE = ErrorKind(504, "upstream_timeout")

_clients: dict[asyncio.AbstractEventLoop, httpx.AsyncClient] = {}
_open: Counter[str] = Counter()
_open_of: Counter[tuple[str, int]] = Counter()  # provider, account


@dataclass(slots=True)
class Response:
    """An answer whose body is still on its way. Network trouble while reading is a `ProviderError`."""

    status: int
    headers: Mapping[str, str]
    raw: httpx.Response
    is_stream: bool

    async def reads(self) -> AsyncIterator[bytes]:
        """The body as it comes; a provider that pauses too long has broken off. Time the reader takes does not
        count.
        """
        patience = IdleTimeout()
        patience.begin(FIRST_BYTE_SECONDS)
        try:
            async for read in self.raw.aiter_raw():
                patience.end()
                yield read
                patience.begin(BETWEEN_BYTES_SECONDS)
        except asyncio.CancelledError as error:
            if patience.cancelled_by_us():
                raise ProviderError(SILENCE, "No byte came in time.") from error
            raise
        except (httpx.HTTPError, aiohttp.ClientError, OSError) as error:
            raise ProviderError(TRUNCATED, str(error)) from error
        finally:
            patience.close()

    async def read(self, most: int = JSON_BODY_BYTES) -> bytes:
        body = bytearray()
        async for read in self.reads():
            body += read
            if len(body) > most:
                raise ProviderError(BAD_RESPONSE, "The answer is larger than any reply.")
        return bytes(body)


def client() -> httpx.AsyncClient:
    loop = asyncio.get_running_loop()
    if (found := _clients.get(loop)) is None:
        for gone in [old for old in _clients if old.is_closed()]:
            del _clients[gone]
        found = _clients[loop] = httpx.AsyncClient(
            transport=AiohttpTransport(client=session), timeout=None, trust_env=False
        )
    return found


def session() -> aiohttp.ClientSession:
    """Without cookies: one caller's must never reach another's request."""
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=KEPT_SECONDS)
    return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar(), read_bufsize=2**18)


async def close() -> None:
    if (found := _clients.pop(asyncio.get_running_loop(), None)) is not None:
        await found.aclose()


@asynccontextmanager
async def post(
    provider: Provider, path: str, body: bytes, headers: Mapping[str, str], *, stream: bool, account: int
) -> AsyncIterator[Response]:
    """Raises `ProviderError` where no answer came; what an answer means is its dialect's to say."""
    with connection_of(provider.name, account):
        raw = await send(provider, path, body, headers, FIRST_BYTE_SECONDS if stream else JSON_SECONDS)
        try:
            kind = raw.headers.get("content-type", "")
            yield Response(raw.status_code, raw.headers, raw, "event-stream" in kind)
        finally:
            await raw.aclose()


@contextmanager
def connection_of(provider: str, account: int) -> Iterator[None]:
    """One of the provider's connections, unless there is none or the account has its share."""
    free, mine = settings.CONWAY_PROVIDER_CONNECTIONS - _open[provider], _open_of[provider, account]
    if free <= 0:
        raise ProviderError(BUSY)
    if mine >= free:
        raise ProviderError(SHARE_IN_USE)
    _open[provider] += 1
    _open_of[provider, account] += 1
    try:
        yield
    finally:
        _open[provider] -= 1
        _open_of[provider, account] -= 1
        if not _open_of[provider, account]:
            del _open_of[provider, account]


@lru_cache
def address(url: str) -> httpx.URL:
    """Parsing one costs as much as a tenth of a request; there are few."""
    return httpx.URL(url)


async def send(
    provider: Provider, path: str, body: bytes, headers: Mapping[str, str], seconds: float
) -> httpx.Response:
    # aiohttp forgets the body's length when httpx hands it over as a stream; content as bytes keeps it
    request = httpx.Request(
        "POST",
        address(provider.base_url + path),
        content=body,
        headers=provider.headers({"content-type": "application/json", **headers}),
        extensions={"timeout": {"connect": CONNECT_SECONDS, "read": None, "write": None, "pool": None}},
    )
    try:
        async with asyncio.timeout(seconds):
            return await client().send(request, stream=True)
    except TimeoutError as error:
        raise ProviderError(FIRST_BYTE_TIMEOUT, f"No answer within {seconds} s.") from error
    except (httpx.HTTPError, aiohttp.ClientError, OSError) as error:
        raise ProviderError(UNREACHABLE, f"{type(error).__name__}: {error}") from error

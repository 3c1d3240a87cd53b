"""The wire to the providers: one shared pool, with a bounded share for each. The only file that knows httpx.

A provider that hangs fills its own share only; a full share is 503 at once, not a queue (`ProviderError(BUSY)`).
An account gets another connection while it has fewer than are free: alone it may have half of a provider's, of n
accounts each an (n+1)th, so there is always room for who has none.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
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
from inference.upstream.content_encoding import GZIP, Undecodable, decoded
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
# The provider's own number for a request, by which its support finds it.
REQUEST_IDS = ("x-request-id", "request-id", "msh-request-id", "x-goog-request-id", "x-dashscope-request-id")
# How JSON begins, and how events do (a comment, a field).
JSON_BEGINS, EVENTS_BEGIN = b"{[", (b":", b"data", b"event", b"id", b"retry")
LONGEST_SPACE = 4096  # bytes of blank lines before anything is said

_clients: dict[asyncio.AbstractEventLoop, httpx.AsyncClient] = {}
_open: Counter[str] = Counter()
_open_of: Counter[tuple[str, int]] = Counter()  # provider, account


class Broken(ProviderError):
    """The connection ended, or fell silent, before the answer did."""


@dataclass(slots=True)
class Response:
    """An answer whose body is still on its way. Network trouble while reading is `Broken`."""

    status: int
    headers: Mapping[str, str]
    raw: httpx.Response
    begun: bytes = b""  # what was read to see what it is
    rest: AsyncIterator[bytes] | None = field(default=None, repr=False)

    @property
    def request_id(self) -> str | None:
        return next((found for name in REQUEST_IDS if (found := self.headers.get(name))), None)

    async def is_stream(self) -> bool:
        """Events or JSON, by the first bytes; where they tell neither, by the header."""
        await self.begin()
        first = unmarked(self.begun)
        if first.startswith(EVENTS_BEGIN):
            return True
        is_json = bool(first) and first[0] in JSON_BEGINS
        return not is_json and "event-stream" in self.headers.get("content-type", "").lower()

    async def begin(self) -> None:
        """Reads until something is said, and decodes what came compressed."""
        self.rest = self.received()
        await self.fill()
        coding = self.headers.get("content-encoding", "").strip().lower()
        coding = "gzip" if self.begun.startswith(GZIP) else coding
        if self.begun and coding not in ("", "identity"):
            self.rest, self.begun = decoded(behind(self.begun, self.rest), coding), b""
            await self.fill()

    async def fill(self) -> None:
        assert self.rest is not None
        try:
            while len(self.begun) < LONGEST_SPACE and not unmarked(self.begun):
                if not (read := await anext(self.rest, b"")):
                    return
                self.begun += read
        except Undecodable as error:
            raise ProviderError(BAD_RESPONSE, str(error)) from error

    async def reads(self) -> AsyncIterator[bytes]:
        """The body as it comes."""
        if self.rest is None:
            await self.begin()
        assert self.rest is not None
        if self.begun:
            yield self.begun
        try:
            async for read in self.rest:
                yield read
        except Undecodable as error:
            raise ProviderError(BAD_RESPONSE, str(error)) from error

    async def received(self) -> AsyncIterator[bytes]:
        """A provider that pauses too long has broken off. Time the reader takes does not count."""
        patience = IdleTimeout()
        patience.begin(FIRST_BYTE_SECONDS)
        try:
            async for read in self.raw.aiter_raw():
                patience.end()
                yield read
                patience.begin(BETWEEN_BYTES_SECONDS)
        except asyncio.CancelledError as error:
            if patience.cancelled_by_us():
                raise Broken(SILENCE, "No byte came in time.") from error
            raise
        except (httpx.HTTPError, aiohttp.ClientError, OSError) as error:
            raise Broken(TRUNCATED, str(error)) from error
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
        raw = await send_with_some_key(provider, path, body, headers, FIRST_BYTE_SECONDS if stream else JSON_SECONDS)
        try:
            yield Response(raw.status_code, in_seconds(raw.headers), raw)
        finally:
            await raw.aclose()


def unmarked(begun: bytes) -> bytes:
    return begun.removeprefix(b"\xef\xbb\xbf").lstrip()


async def behind(first: bytes, reads: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for read in reads:
        yield read


def in_seconds(headers: Mapping[str, str]) -> Mapping[str, str]:
    """`retry-after` as a date (RFC 9110 10.2.3) becomes seconds from now: dialects have no clock."""
    given = headers.get("retry-after", "")
    if "," not in given:
        return headers
    try:
        until = parsedate_to_datetime(given)
    except ValueError:
        return headers
    seconds = (until.replace(tzinfo=until.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
    return {**headers, "retry-after": f"{max(0, seconds):.3f}"}


def in_use(provider: str) -> int:
    """Connections of this process."""
    return _open[provider]


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


async def send_with_some_key(
    provider: Provider, path: str, body: bytes, headers: Mapping[str, str], seconds: float
) -> httpx.Response:
    """Each key is tried once at most."""
    keys, tried = provider.keys, list[str]()
    key: str | None = keys.next()
    while key is not None:
        raw = await send(provider, path, body, provider.headers(key, headers), seconds)
        tried.append(key)
        if not keys.is_refused(key, raw.status_code, in_seconds(raw.headers)) or (key := keys.next(tried)) is None:
            return raw
        await raw.aclose()
    raise ProviderError(UNREACHABLE, "There is no key.")


async def send(
    provider: Provider, path: str, body: bytes, headers: Mapping[str, str], seconds: float
) -> httpx.Response:
    # aiohttp forgets the body's length when httpx hands it over as a stream; content as bytes keeps it
    request = httpx.Request(
        "POST",
        address(provider.base_url + path),
        content=body,
        headers={"content-type": "application/json", **headers},
        extensions={"timeout": {"connect": CONNECT_SECONDS, "read": None, "write": None, "pool": None}},
    )
    try:
        async with asyncio.timeout(seconds):
            return await client().send(request, stream=True)
    except TimeoutError as error:
        raise ProviderError(FIRST_BYTE_TIMEOUT, f"No answer within {seconds} s.") from error
    except (httpx.HTTPError, aiohttp.ClientError, OSError) as error:
        raise ProviderError(UNREACHABLE, f"{type(error).__name__}: {error}") from error

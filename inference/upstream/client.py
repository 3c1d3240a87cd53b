"""Asks the providers: one shared pool of connections, with a bounded share for each.

A provider that hangs fills its own share only; a full share is 503 at once, not a queue (`ProviderError(BUSY)`).
An account gets another connection while it has fewer than are free: alone it may have half of a provider's, of n
accounts each an (n+1)th, so there is always room for who has none.
"""

import asyncio
import time
from base64 import b64encode
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache

import httpx2 as httpx
from django.conf import settings

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
from inference.upstream import outages
from inference.upstream.content_encoding import GZIP, Undecodable, decoded
from inference.upstream.idle_timeout import IdleTimeout
from inference.upstream.providers import Provider
from inference.upstream.routes import Address, Stale, Waits
from inference.upstream.wire import Body, Wire

CONNECT_SECONDS = 5
FIRST_BYTE_SECONDS = settings.CONWAY_FIRST_BYTE_SECONDS  # of a stream
BETWEEN_BYTES_SECONDS = settings.CONWAY_BETWEEN_BYTES_SECONDS
JSON_SECONDS = settings.CONWAY_JSON_SECONDS
ERROR_BODY_BYTES, ERROR_BODY_SECONDS = 64 * 1024, 5
STALE_SECONDS = 1  # what is hung up later may have been heard, and billed
JSON_BODY_BYTES = 64 * 1024 * 1024

SILENCE = ErrorKind(504, "upstream_timeout")
# The provider's own number for a request, by which its support finds it.
REQUEST_IDS = ("x-request-id", "request-id", "msh-request-id", "x-goog-request-id", "x-dashscope-request-id")
# How JSON begins, and how events do (a comment, a field).
JSON_BEGINS, EVENTS_BEGIN = b"{[", (b":", b"data", b"event", b"id", b"retry")
LONGEST_SPACE = 4096  # bytes of blank lines before anything is said

# Some edges refuse a request that does not say who asks.
HEADERS = {"content-type": "application/json", "accept": "*/*", "user-agent": "Conway-Inference"}
WAITS: Waits = {"connect": CONNECT_SECONDS}  # the rest is timed here

_wires: dict[asyncio.AbstractEventLoop, Wire] = {}
_open: Counter[str] = Counter()
_open_of: Counter[tuple[str, int]] = Counter()  # provider, account


class Broken(ProviderError):
    """The connection ended, or fell silent, before the answer did."""


class Received:
    """The body as it comes. A provider that pauses too long has broken off. Time the reader takes does not count."""

    def __init__(self, body: AsyncIterator[bytes]) -> None:
        self.body, self.patience, self.seconds = body, IdleTimeout(), FIRST_BYTE_SECONDS

    def __aiter__(self) -> "Received":
        return self

    async def __anext__(self) -> bytes:
        self.patience.begin(self.seconds)
        try:
            read = await anext(self.body)
        except asyncio.CancelledError as error:
            if self.patience.cancelled_by_us():
                raise Broken(SILENCE, "No byte came in time.") from error
            raise
        except (httpx.HTTPError, OSError) as error:
            raise Broken(TRUNCATED, str(error)) from error
        finally:
            self.patience.end()
        self.seconds = BETWEEN_BYTES_SECONDS
        return read


@dataclass(slots=True)
class Response:
    """An answer whose body is still on its way. Network trouble while reading is `Broken`. Names of headers are in
    lower case."""

    status: int
    headers: Mapping[str, str]
    stream: Body = field(repr=False)
    received: Received = field(repr=False)
    begun: bytes = b""  # what was read to see what it is
    rest: AsyncIterator[bytes] | None = field(default=None, repr=False)

    @classmethod
    def of(cls, body: Body) -> "Response":
        head = body.connection
        return cls(head.status, in_seconds(named(head.headers)), body, Received(body))

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
        self.rest = self.received
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

    def __aiter__(self) -> "Response":
        """The body as it comes."""
        return self

    async def __anext__(self) -> bytes:
        if self.rest is None:
            await self.begin()
        assert self.rest is not None
        if begun := self.begun:
            self.begun = b""
            return begun
        try:
            return await anext(self.rest)
        except Undecodable as error:
            raise ProviderError(BAD_RESPONSE, str(error)) from error

    async def read_error(self) -> bytes:
        """What can be had of it: the status has told the most, and it may have been told before the request was out."""
        body = bytearray()
        try:
            async with asyncio.timeout(ERROR_BODY_SECONDS):
                async for read in self:
                    body += read
                    if len(body) > ERROR_BODY_BYTES:
                        break
        except (ProviderError, TimeoutError):
            pass
        return bytes(body[:ERROR_BODY_BYTES])

    async def read(self, most: int = JSON_BODY_BYTES) -> bytes:
        body = bytearray()
        async for read in self:
            body += read
            if len(body) > most:
                raise ProviderError(BAD_RESPONSE, "The answer is larger than any reply.")
        return bytes(body)

    async def aclose(self) -> None:
        self.received.patience.close()
        await self.stream.aclose()


def wire() -> Wire:
    """Of this loop."""
    loop = asyncio.get_running_loop()
    if (found := _wires.get(loop)) is None:
        for gone in [old for old in _wires if old.is_closed()]:
            del _wires[gone]
        found = _wires[loop] = Wire()
    return found


async def close() -> None:
    if (found := _wires.pop(asyncio.get_running_loop(), None)) is not None:
        await found.aclose()


@asynccontextmanager
async def post(
    provider: Provider, path: str, body: bytes, headers: Mapping[str, str], *, stream: bool, account: int
) -> AsyncIterator[Response]:
    """Raises `ProviderError` where no answer came; what an answer means is its dialect's to say."""
    with connection_of(provider.name, account):
        seconds = FIRST_BYTE_SECONDS if stream else JSON_SECONDS
        response = await send_with_some_key(provider, path, body, headers, seconds)
        try:
            yield response
        finally:
            await response.aclose()


def unmarked(begun: bytes) -> bytes:
    return begun.removeprefix(b"\xef\xbb\xbf").lstrip()


async def behind(first: bytes, reads: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for read in reads:
        yield read


def named(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """One that came several times says all of it, as RFC 9110 5.3 joins them."""
    found: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def in_seconds(headers: Mapping[str, str]) -> Mapping[str, str]:
    """`retry-after` as a date (RFC 9110 10.2.3) becomes seconds from now: dialects have no clock."""
    text = headers.get("retry-after", "")
    if "," not in text:
        return headers
    try:
        until = parsedate_to_datetime(text)
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
def address(url: str) -> tuple[Address, dict[str, str]]:
    """And how to be let in, where it says. Parsing one costs as much as a tenth of a request; there are few.

    Raises `httpx.UnsupportedProtocol`."""
    parsed = httpx.URL(url)
    if not parsed.userinfo:
        return Address.of(parsed), {}
    login = b64encode(f"{parsed.username}:{parsed.password}".encode()).decode()
    return Address.of(parsed.copy_with(username="", password="")), {"authorization": f"Basic {login}"}


async def send_with_some_key(
    provider: Provider, path: str, body: bytes, headers: Mapping[str, str], seconds: float
) -> Response:
    """Each key is tried once at most."""
    keys, tried = provider.keys, list[str]()
    key: str | None = keys.next()
    while key is not None:
        response = await send(provider, path, body, provider.headers(key, headers), seconds)
        tried.append(key)
        if not keys.is_refused(key, response.status, response.headers) or (key := keys.next(tried)) is None:
            return response
        await response.aclose()
    raise ProviderError(UNREACHABLE, "There is no key.")


async def send(provider: Provider, path: str, body: bytes, headers: Mapping[str, str], seconds: float) -> Response:
    try:
        to, login = address(provider.base_url + path)
        said = {**HEADERS, **login, **headers, "content-length": len(body)}
        lines = [b"host: %b" % to.host, *(f"{name}: {value}".encode("ascii") for name, value in said.items())]
        async with asyncio.timeout(seconds):
            return Response.of(await answered(to, lines, body))
    except TimeoutError as error:
        raise ProviderError(FIRST_BYTE_TIMEOUT, f"No answer within {seconds} s.") from error
    except (httpx.HTTPError, OSError) as error:
        reason = f"{type(error).__name__}: {error}"
        outages.tell(provider.name, reason)
        is_no_answer = isinstance(error, httpx.RemoteProtocolError)  # it may have been billed all the same
        raise ProviderError(BAD_RESPONSE if is_no_answer else UNREACHABLE, reason) from error


async def answered(to: Address, lines: list[bytes], body: bytes) -> Body:
    """A server may hang up a kept connection in the moment it is used. Then it has heard nothing, and the request goes
    out again at once.
    """
    asked = time.monotonic()
    while True:
        try:
            return await wire().ask(b"POST", to, lines, body, WAITS)
        except Stale:
            if time.monotonic() - asked > STALE_SECONDS:
                raise

"""Images by https, for a provider that fetches none itself: we fetch them, after the hold and before the provider.

The caller names the address, so this is the one place where a stranger says where we connect. It goes to public
addresses only; a name is resolved once and that address is the one connected to; a redirect may lead to the same host
only; no cookies, no proxy, no credentials; what comes must be an image by its first bytes; size, time and number are
bounded. CONWAY_FETCH_IMAGES=0 turns it off.
"""

import asyncio
import base64
import socket
import ssl
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from conway.common.public_addresses import is_public
from inference.chat import media
from inference.chat.provider_error import ErrorKind, ProviderError

SECONDS = 10  # for all images of a request
IMAGE_BYTES = 5 * 1024 * 1024
REQUEST_BYTES = 10 * 1024 * 1024
MOST_REDIRECTS = 3
IMAGES = ("image/png", "image/jpeg", "image/webp", "image/gif")

# Names are looked up by blocking calls, which a slow server of names can hold for long: in threads of their own.
RESOLVERS = ThreadPoolExecutor(8, thread_name_prefix="image-names")

REFUSED = ErrorKind(400, "invalid_image_url", "invalid_request_error", relays=True)

Turn = Callable[[], AbstractAsyncContextManager[None]]


@dataclass(frozen=True)
class Fetching:
    """Where we may go. Tests go to themselves."""

    is_allowed: Callable[[str], bool] = is_public
    port: int = 443
    tls: ssl.SSLContext | bool = True


class Pinned(AbstractResolver):
    """Names no address but the one that was checked."""

    def __init__(self, address: str, family: int) -> None:
        self.address, self.family = address, family

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host, host=self.address, port=port, family=self.family, proto=0, flags=socket.AI_NUMERICHOST
            )
        ]

    async def close(self) -> None:
        pass


async def fetch_all(
    places: Iterable[dict[str, Any]], turn: Turn = nullcontext, fetching: Fetching | None = None
) -> None:
    """Puts a data URL in place of each `url`, each in its turn. Raises `ProviderError`, a 400, where that fails."""
    fetching = fetching or Fetching()
    waiting: dict[str, list[dict[str, Any]]] = {}
    for place in places:
        waiting.setdefault(place["url"], []).append(place)
    left = REQUEST_BYTES
    try:
        async with asyncio.timeout(SECONDS):
            for url, wanted in waiting.items():
                async with turn():
                    content = await fetch(url, min(IMAGE_BYTES, left), fetching)
                left -= len(content)
                found = data_url(content, url)
                for place in wanted:
                    place["url"] = found
    except TimeoutError as error:
        raise refused(f"The images could not be fetched within {SECONDS} s.") from error


def refused(sentence: str) -> ProviderError:
    return ProviderError(REFUSED, sentence, param="messages")


def data_url(content: bytes, url: str) -> str:
    kind = media.real_type(content[:32], "")
    if kind not in IMAGES:
        raise refused(f"{shown(url)} is no PNG, JPEG, GIF or WebP image.")
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


async def fetch(url: str, most: int, fetching: Fetching) -> bytes:
    target = checked(url, fetching)
    host = target.host or ""
    address, family = await resolved(host, fetching)
    connector = aiohttp.TCPConnector(resolver=Pinned(address, family), use_dns_cache=False, limit=1, ssl=fetching.tls)
    try:
        async with aiohttp.ClientSession(
            connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False, auto_decompress=False
        ) as session:
            for _ in range(MOST_REDIRECTS + 1):
                headers = {"accept": "image/*", "accept-encoding": "identity", "user-agent": "Conway-Inference"}
                async with session.get(target, allow_redirects=False, headers=headers) as response:
                    if response.status in (301, 302, 303, 307, 308):
                        target = same_host(target, response.headers.get("location", ""), fetching)
                        continue
                    if response.status != 200:
                        raise refused(f"{shown(url)} answered with status {response.status}.")
                    return await read(response, most, url)
            raise refused(f"{shown(url)} redirects more than {MOST_REDIRECTS} times.")
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise refused(f"{shown(url)} could not be fetched.") from error


async def read(response: aiohttp.ClientResponse, most: int, url: str) -> bytes:
    content = bytearray()
    async for piece in response.content.iter_chunked(64 * 1024):
        content += piece
        if len(content) > most:
            raise refused(f"{shown(url)} is too large: images may have {IMAGE_BYTES // 2**20} MB, all of a request"
                          f" {REQUEST_BYTES // 2**20} MB.")  # fmt: skip
    return bytes(content)


def checked(url: str, fetching: Fetching) -> URL:
    try:
        target = URL(url)
        port = target.port
    except ValueError as error:
        raise refused(f"{shown(url)} is no URL.") from error
    if target.scheme != "https" or not target.host or target.user is not None or target.password is not None:
        raise refused(f"{shown(url)} is not a plain https URL.")
    if port != fetching.port:
        raise refused(f"{shown(url)} names a port; images are fetched from the usual one.")
    return target


def same_host(before: URL, location: str, fetching: Fetching) -> URL:
    """Another host would have to be resolved and checked anew, and may be chosen by whoever holds the first."""
    try:
        target = checked(str(before.join(URL(location))), fetching)
    except ValueError as error:
        raise refused(f"{shown(str(before))} redirects to no URL.") from error
    if target.host != before.host:
        raise refused(f"{shown(str(before))} redirects to another host; send the address it leads to.")
    return target


async def resolved(host: str, fetching: Fetching) -> tuple[str, int]:
    """The address to connect to. One that is not public among several makes the name suspicious as a whole, and a name
    that is not known sounds the same: nobody learns here which names our network has.
    """
    looked_up = partial(socket.getaddrinfo, host, fetching.port, type=socket.SOCK_STREAM)
    try:
        found = await asyncio.get_running_loop().run_in_executor(RESOLVERS, looked_up)
    except (OSError, UnicodeError):
        found = []
    addresses = [(str(address[0]), int(family)) for family, _, _, _, address in found]
    if not addresses or not all(fetching.is_allowed(address) for address, _ in addresses):
        raise refused(f"The host of an image, {host[:100]}, has no public address.")
    return addresses[0]


def shown(url: str) -> str:
    """Without its query, which may hold a signature."""
    return "The image " + url.partition("?")[0][:200]

"""How a connection to a provider comes about: by way of the proxy that the environment names, to an address, in TLS.

HTTP_PROXY, HTTPS_PROXY and NO_PROXY as everywhere. This machine itself is never asked through a proxy: the sandbox
answers here, whatever the environment of a company says.
"""

import asyncio
import base64
import re
import socket
import ssl
from collections.abc import Callable, Mapping
from functools import cache
from ipaddress import ip_address
from typing import Any, NamedTuple, TypeVar
from urllib.request import getproxies_environment, proxy_bypass_environment  # type: ignore[attr-defined]  # typeshed lacks it

import httpx2 as httpx
from aiohappyeyeballs import start_connection

PORTS = {"http": 80, "https": 443}
PROXY_BYTES = 64 * 1024  # of its answer
ADDRESS_SECONDS = 10  # what a name led to
NEXT_ADDRESS_SECONDS = 0.25  # until the next address of a name is tried beside the first

Waits = Mapping[str, float | None]  # seconds, by what is waited for: connect, write, read
Made = TypeVar("Made", bound=asyncio.Protocol)


class Stale(httpx.ReadError):
    """A connection that had been kept was hung up before a byte of an answer came."""


class Origin(NamedTuple):
    scheme: str
    host: str
    port: int

    @property
    def authority(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Address(NamedTuple):
    """Where a request goes, taken apart once."""

    origin: Origin
    host: bytes  # as the header names it
    target: bytes

    @classmethod
    def of(cls, url: httpx.URL) -> "Address":
        """Raises `httpx.UnsupportedProtocol`."""
        if url.scheme not in PORTS or not url.raw_host:
            raise httpx.UnsupportedProtocol(f"{url} is no address of HTTP.")
        origin = Origin(url.scheme, url.raw_host.decode(), url.port or PORTS[url.scheme])
        return cls(origin, url.netloc, url.raw_path)


class Routes:
    """Of one event loop, by the environment as it is now."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.tls = tls
        self.proxies = getproxies_environment()
        self.lookups: dict[Origin, tuple[float, asyncio.Future[Any]]] = {}  # with when it was too long ago

    def proxy(self, to: Origin) -> httpx.Proxy | None:
        named = self.proxies.get(to.scheme)
        if named is None or is_here(to.host) or proxy_bypass_environment(to.authority, self.proxies):
            return None
        try:
            proxy = httpx.Proxy(named if "://" in named else f"http://{named}")
        except (ValueError, httpx.InvalidURL):
            proxy = None
        if proxy is None or proxy.url.scheme != "http":
            raise httpx.UnsupportedProtocol("HTTP_PROXY and HTTPS_PROXY take a proxy at http://host:port.")
        return proxy

    async def connection(self, made: Callable[[], Made], to: Origin, seconds: float | None) -> Made:
        """Raises `httpx.TransportError`."""
        loop = asyncio.get_running_loop()
        tls, name = (self.tls or trusted(), to.host) if to.scheme == "https" else (None, None)
        try:
            async with asyncio.timeout(seconds):
                sock = await self.connected(to)
                return (await loop.create_connection(made, sock=sock, ssl=tls, server_hostname=name))[1]
        except TimeoutError as error:
            raise httpx.ConnectTimeout(f"No connection within {seconds} s.") from error
        except (OSError, UnicodeError) as error:  # the latter for a name that cannot be one
            raise httpx.ConnectError(str(error)) from error

    async def connected(self, to: Origin) -> socket.socket:
        """On which `to` answers."""
        if (proxy := self.proxy(to)) is None:
            return await self.reached(to)
        sock = await self.reached(Origin("http", proxy.url.raw_host.decode(), proxy.url.port or PORTS["http"]))
        try:
            if to.scheme == "https":
                await tunnel(sock, to, proxy)
        except BaseException:
            sock.close()
            raise
        return sock

    async def reached(self, at: Origin) -> socket.socket:
        """By the first address of its name that answers."""
        return await start_connection(await self.addresses(at), happy_eyeballs_delay=NEXT_ADDRESS_SECONDS)

    async def addresses(self, to: Origin) -> Any:
        """Looked up once for all who ask at the same time."""
        loop = asyncio.get_running_loop()
        until, lookup = self.lookups.get(to, (0.0, None))
        if lookup is None or until < loop.time() or (lookup.done() and lookup.exception() is not None):
            lookup = asyncio.ensure_future(loop.getaddrinfo(to.host, to.port, type=socket.SOCK_STREAM))
            self.lookups[to] = loop.time() + ADDRESS_SECONDS, lookup
        return await asyncio.shield(lookup)


async def tunnel(sock: socket.socket, to: Origin, proxy: httpx.Proxy) -> None:
    """Nothing comes behind the proxy's answer: in TLS the client speaks first."""
    loop, at, head = asyncio.get_running_loop(), to.authority.encode(), b""
    lines = [b"CONNECT %b HTTP/1.1" % at, b"host: %b" % at, *credentials(proxy), b"", b""]
    await loop.sock_sendall(sock, b"\r\n".join(lines))
    while b"\r\n\r\n" not in head:
        read = await loop.sock_recv(sock, 4096)
        if not read or len(head) > PROXY_BYTES:
            raise httpx.ProxyError("The proxy gave no answer.")
        head += read
    if not re.match(rb"HTTP/1\.[01] 2", head):
        raise httpx.ProxyError(f"The proxy answered: {head[:100].decode('latin-1').splitlines()[0]}")


def credentials(proxy: httpx.Proxy) -> list[bytes]:
    return [b"proxy-authorization: Basic " + base64.b64encode(b":".join(proxy.raw_auth))] if proxy.raw_auth else []


@cache
def trusted() -> ssl.SSLContext:
    tls = ssl.create_default_context()
    tls.set_alpn_protocols(["http/1.1"])
    return tls


def is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")

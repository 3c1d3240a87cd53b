"""How a connection to a provider comes about: TLS, and proxies by the environment."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

from inference.upstream.wire import Wire
from tests.inference.upstream.certificates import certificate, showing, trusting
from tests.inference.upstream.loopback import (
    Line,
    asked,
    chunked,
    is_mute,
    ok,
    post,
    read,
    says,
    serving,
)

# TLS


async def test_a_connection_in_tls_is_kept_and_breaks_off_like_any(tmp_path: Path) -> None:
    certificate(tmp_path)
    wire = Wire(trusting(tmp_path))
    answer = says(ok(b"x" * 100_000), (chunked(b"one ", b"two", end=b""),))
    async with serving(answer, showing(tmp_path)) as provider:
        assert await asked(wire, provider.url("https")) == [b"x" * 100_000]
        with pytest.raises(httpx.ReadTimeout):
            await read(await wire.handle_async_request(post(provider.url("https"), read=0.2)))
        assert provider.lines == 1
        await provider.is_left()


@pytest.mark.parametrize("url", ["https://localhost:{}/", "https://other.localhost:{}/"])
async def test_a_provider_that_cannot_prove_its_name_hears_nothing(wire: Wire, url: str, tmp_path: Path) -> None:
    certificate(tmp_path)
    wire = Wire(trusting(tmp_path)) if "other" in url else wire  # trusted, but for another name; or not at all
    async with serving(says(ok(b"x")), showing(tmp_path)) as provider:
        with pytest.raises(httpx.ConnectError, match=r"(?i)certificate|not known|resolve"):
            await asked(wire, url.format(provider.port))
        await provider.is_left()
        assert provider.heard == []


@pytest.mark.parametrize("host", ["a..b", "a" * 64 + ".test", ".test", "nowhere.invalid", "[::1]", "%"])
async def test_a_name_that_leads_nowhere_is_an_error_of_connecting(wire: Wire, host: str) -> None:
    with pytest.raises(httpx.ConnectError):
        await asked(wire, f"http://{host}:1/")


async def test_a_provider_may_live_in_ipv6_alone(wire: Wire) -> None:
    async with serving(says(ok(b"x")), host="::1") as provider:
        url = f"http://[::1]:{provider.port}/"
        assert await asked(wire, url, 2) == [b"x", b"x"]
        assert b"host: [::1]:%d\r\n" % provider.port in provider.heard[0].lower() and provider.lines == 1


async def test_an_address_that_is_dead_does_not_hide_the_next(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.get_running_loop()
    lookup = loop.getaddrinfo

    async def several(host: str, port: int, **options: Any) -> Any:
        """The first refuses."""
        addresses = ("127.0.0.2", "127.0.0.1") if host == "many.test" else (host,)
        return [found for address in addresses for found in await lookup(address, port, **options)]

    monkeypatch.setattr(loop, "getaddrinfo", several, raising=False)
    async with serving(says(ok(b"x"))) as provider:
        assert await asked(wire, f"http://many.test:{provider.port}/") == [b"x"]


# By way of a proxy


@pytest.fixture
def proxied(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def proxied(**variables: str) -> None:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy", "ALL_PROXY"):
            monkeypatch.delenv(name, raising=False)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return proxied


async def test_a_proxy_is_asked_for_a_whole_address(proxied: Callable[..., None]) -> None:
    async with serving(says(ok(b"x"))) as proxy:
        proxied(HTTP_PROXY=f"http://me:s%40crt@127.0.0.1:{proxy.port}")
        assert await asked(Wire(), "http://provider.test/v1?x=y") == [b"x"]
    assert proxy.heard[0].startswith(b"POST http://provider.test/v1?x=y HTTP/1.1\r\n")
    assert b"\r\nproxy-authorization: Basic bWU6c0BjcnQ=\r\n" in proxy.heard[0]  # me:s@crt


async def test_tls_goes_through_a_proxy_from_end_to_end(proxied: Callable[..., None], tmp_path: Path) -> None:
    certificate(tmp_path, "provider.test")

    async def answer(line: Line) -> None:
        await line.hear()
        await line.say(b"HTTP/1.1 200 Connection ", b"established\r\n\r\n")
        reader, writer = await asyncio.open_connection("127.0.0.1", provider.port)
        await asyncio.gather(carried(line.reader, writer), carried(reader, line.writer))

    async def carried(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
        writer.close()

    async with serving(says(ok(b"x")), showing(tmp_path)) as provider, serving(answer) as proxy:
        proxied(HTTPS_PROXY=f"me:secret@localhost:{proxy.port}")
        wire = Wire(trusting(tmp_path))
        assert await asked(wire, "https://provider.test/v1", 2) == [b"x", b"x"]
        await wire.aclose()
    assert (len(proxy.heard), provider.lines) == (1, 1)
    assert proxy.heard[0].startswith(b"CONNECT provider.test:443 HTTP/1.1\r\nhost: provider.test:443\r\n")
    assert b"\r\nproxy-authorization: Basic bWU6c2VjcmV0\r\n" in proxy.heard[0]


@pytest.mark.parametrize("answer", [b"HTTP/1.1 407 Who are you?\r\n\r\n", b"", b"HTTP/1.1 200 " + b"x" * 70_000])
async def test_a_proxy_that_refuses_is_an_error(proxied: Callable[..., None], answer: bytes) -> None:
    async with serving(says(answer, then_hang_up=True)) as proxy:
        proxied(HTTPS_PROXY=f"http://127.0.0.1:{proxy.port}")
        with pytest.raises(httpx.ProxyError):
            await asked(Wire(), "https://provider.test/v1")
        await proxy.is_left()


@pytest.mark.parametrize("proxy", ["https://proxy:1", "socks5://proxy:1", "ftp://proxy", "http://[", "http://:x"])
async def test_a_proxy_that_we_cannot_ask_is_named(proxied: Callable[..., None], proxy: str) -> None:
    proxied(HTTP_PROXY=proxy)
    with pytest.raises(httpx.TransportError):
        await asked(Wire(), "http://provider.test/v1")


@pytest.mark.parametrize(
    ("url", "variables"),
    [
        ("http://localhost:{}/", {}),
        ("http://127.0.0.1:{}/", {}),
        ("http://own.test:{}/", {"NO_PROXY": "elsewhere, own.test"}),
        ("http://own.test:{}/", {"no_proxy": ".test"}),
        ("http://own.test:{}/", {"NO_PROXY": "*"}),
    ],
)
async def test_where_no_proxy_is_wanted_none_is_asked(
    proxied: Callable[..., None], monkeypatch: pytest.MonkeyPatch, url: str, variables: dict[str, str]
) -> None:
    loop = asyncio.get_running_loop()
    lookup = loop.getaddrinfo
    monkeypatch.setattr(loop, "getaddrinfo", lambda host, *more, **options: lookup("127.0.0.1", *more, **options),
                        raising=False)  # fmt: skip
    async with serving(is_mute) as proxy, serving(says(ok(b"x"))) as provider:
        proxied(HTTP_PROXY=f"http://127.0.0.1:{proxy.port}", **variables)
        assert await asked(Wire(), url.format(provider.port)) == [b"x"]
        assert proxy.lines == 0

"""Images that we fetch: public addresses only, one address for one name, no way to another host, and bounds."""

import asyncio
import base64
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from inference.chat.provider_error import ProviderError
from inference.completion.provider_call import FETCHES
from inference.upstream.image_fetch import IMAGE_BYTES, Fetching, fetch_all
from tests.inference.upstream.certificates import certificate, showing, trusting

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@dataclass
class PictureHost:
    """A host of pictures on loopback, with a certificate of its own. `answers`: path → what it sends."""

    folder: Path
    answers: dict[str, bytes] = field(default_factory=dict)
    asked: list[bytes] = field(default_factory=list)
    port: int = 0

    def start(self) -> None:
        certificate(self.folder)
        ready = threading.Event()
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.run, args=(ready,), daemon=True)
        self.thread.start()
        assert ready.wait(10)

    def run(self, ready: threading.Event) -> None:
        asyncio.set_event_loop(self.loop)
        tls = showing(self.folder)
        server = self.loop.run_until_complete(asyncio.start_server(self.answer, "127.0.0.1", 0, ssl=tls))
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        self.loop.run_forever()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                self.asked.append(head)
                writer.write(self.answers[head.split()[1].decode()])
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, KeyError):
            writer.close()

    def stop(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)

    @property
    def fetching(self) -> Fetching:
        return Fetching(lambda address: address == "127.0.0.1", self.port, trusting(self.folder))

    def url(self, path: str) -> str:
        return f"https://localhost:{self.port}{path}"


def reply(content: bytes, status: str = "200 OK", *more: str) -> bytes:
    head = [f"HTTP/1.1 {status}", f"content-length: {len(content)}", *more, "", ""]
    return "\r\n".join(head).encode() + content


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PictureHost]:
    host = PictureHost(tmp_path_factory.mktemp("pictures"))
    host.start()
    try:
        yield host
    finally:
        host.stop()


Refusal = Callable[..., str]


def fetched(host: PictureHost, *paths: str) -> list[dict[str, Any]]:
    places: list[dict[str, Any]] = [{"url": host.url(path)} for path in paths]
    asyncio.run(fetch_all(places, fetching=host.fetching))
    return places


def refusal(host: PictureHost, url: str) -> str:
    with pytest.raises(ProviderError) as refused:
        asyncio.run(fetch_all([{"url": url}], fetching=host.fetching))
    assert (refused.value.meaning.status, refused.value.code) == (400, "invalid_image_url")
    return refused.value.message


def test_an_image_becomes_a_data_url_and_is_fetched_once(pictures: PictureHost) -> None:
    pictures.answers["/a.jpg"] = reply(PNG, "200 OK", "content-type: image/jpeg")
    before = len(pictures.asked)
    one, two = fetched(pictures, "/a.jpg", "/a.jpg")
    assert one == two == {"url": "data:image/png;base64," + base64.b64encode(PNG).decode()}
    assert len(pictures.asked) == before + 1


def test_nothing_of_ours_is_sent(pictures: PictureHost) -> None:
    pictures.answers["/b"] = reply(PNG)
    fetched(pictures, "/b")
    head = pictures.asked[-1].lower()
    assert b"authorization" not in head and b"cookie" not in head and b"localhost" in head


def test_a_redirect_may_stay_on_its_host(pictures: PictureHost) -> None:
    pictures.answers |= {"/old": reply(b"", "302 Found", "location: /new"), "/new": reply(PNG)}
    assert fetched(pictures, "/old")[0]["url"].startswith("data:image/png")


@pytest.mark.parametrize(
    "location",
    ["https://127.0.0.1:{port}/new", "http://localhost:{port}/new", "https://example.com/", "/again", "http://["],
)
def test_a_redirect_leads_nowhere_else(pictures: PictureHost, location: str) -> None:
    pictures.answers["/again"] = reply(b"", "301 Moved", "location: " + location.format(port=pictures.port))
    assert refusal(pictures, pictures.url("/again"))


def test_what_is_no_image_is_refused(pictures: PictureHost) -> None:
    pictures.answers["/page"] = reply(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "200 OK", "content-type: image/png")
    assert "no PNG" in refusal(pictures, pictures.url("/page"))
    pictures.answers["/gone"] = reply(PNG, "404 Not Found")
    assert "404" in refusal(pictures, pictures.url("/gone"))


def test_what_is_too_large_is_refused(pictures: PictureHost) -> None:
    pictures.answers["/large"] = reply(PNG + b"\0" * IMAGE_BYTES)
    assert "too large" in refusal(pictures, pictures.url("/large"))


def test_a_url_is_shown_without_what_may_be_a_signature(pictures: PictureHost) -> None:
    pictures.answers["/s?key=secret"] = reply(b"x")
    assert "secret" not in refusal(pictures, pictures.url("/s?key=secret"))


@pytest.mark.parametrize(
    "url",
    ["https://localhost/a.png", "https://user:pass@localhost:{port}/a", "http://localhost:{port}/a", "https:///a",
     "https://localhost:99999/a", "https://nowhere.invalid:{port}/a"],
)  # fmt: skip
def test_only_plain_urls_of_known_hosts_are_fetched(pictures: PictureHost, url: str) -> None:
    before = len(pictures.asked)
    assert refusal(pictures, url.format(port=pictures.port))
    assert len(pictures.asked) == before


def test_a_name_is_refused_that_leads_to_us(pictures: PictureHost) -> None:
    before = len(pictures.asked)
    with pytest.raises(ProviderError) as refused:
        places = [{"url": pictures.url("/a.jpg")}]
        asyncio.run(fetch_all(places, fetching=Fetching(port=pictures.port, tls=trusting(pictures.folder))))
    assert "no public address" in refused.value.message and len(pictures.asked) == before


def test_slow_hosts_of_one_account_keep_no_other_waiting(pictures: PictureHost) -> None:
    pictures.answers["/quick"] = reply(PNG)
    place = {"url": pictures.url("/quick")}

    held: list[int] = []

    async def hold() -> None:
        async with FETCHES.of(1):
            held.append(1)
            await asyncio.sleep(60)

    async def together() -> None:
        slow = [asyncio.ensure_future(hold()) for _ in range(100)]
        await asyncio.sleep(0)
        async with asyncio.timeout(5):
            await fetch_all([place], partial(FETCHES.of, 2), pictures.fetching)
        assert len(held) == 4
        for task in slow:
            task.cancel()

    asyncio.run(together())
    assert place["url"].startswith("data:")

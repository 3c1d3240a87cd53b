"""Pages and CSV travel compressed; what is streamed as events does not wait for it."""

import gzip
import zlib
from collections.abc import AsyncIterator
from typing import Any

from asgiref.sync import async_to_sync
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import RequestFactory

from accounts.models import User
from conway.common.middleware import Compression
from tests.pages.conftest import Visit

ASKS = {"accept-encoding": "gzip"}


def whole(answer: Any) -> bytes:
    async def read() -> bytes:
        return b"".join([piece async for piece in answer])

    return async_to_sync(read)()


def test_a_page_and_its_csv_are_compressed_and_whole(ada: User, visit: Visit) -> None:
    page = visit(ada).get("/credits/history", headers=ASKS)
    assert page.headers["content-encoding"] == "gzip" and b"Credit history" in gzip.decompress(page.content)
    plain = whole(visit(ada).get("/credits/history.csv"))
    packed = visit(ada).get("/credits/history.csv", headers=ASKS)
    assert packed.headers["content-encoding"] == "gzip"
    small = whole(packed)
    unpacker = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)  # as browsers do: to the end of the first member
    assert unpacker.decompress(small) == plain and unpacker.eof and not unpacker.unused_data
    assert gzip.decompress(small) == plain and len(small) < len(plain) / 3


def test_two_answers_differ_in_length_though_they_say_the_same(ada: User, visit: Visit) -> None:
    """Random padding: what an attacker makes a page repeat does not show in its length."""
    lengths = {len(visit(ada).get("/models", headers=ASKS).content) for _ in range(8)}
    assert len(lengths) > 1


def test_events_and_json_go_out_as_they_are() -> None:
    request: HttpRequest = RequestFactory().get("/", headers=ASKS)

    async def pieces() -> AsyncIterator[bytes]:
        yield b"data: 1" * 100

    def compressed(answer: Any) -> Any:
        return Compression(lambda _: answer)(request)

    for answer in (
        StreamingHttpResponse(pieces(), content_type="text/event-stream"),
        HttpResponse("1" * 1000, content_type="application/json"),
    ):
        assert "content-encoding" not in compressed(answer).headers

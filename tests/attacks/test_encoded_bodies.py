"""Compressed bodies: decoded where they may be, refused in words where they may not, and never beyond the limit."""

import gzip
import zlib

import pytest

from tests.attacks.limits import MB
from tests.attacks.raw import ask, chat, error, headers, post, status
from tests.attacks.spoken import PATHS, everywhere
from tests.faults.gateway import resident_kb
from tests.sdk.gateway import Gateway

pytest_plugins = ["tests.attacks.guarded"]
pytestmark = pytest.mark.django_db  # else there is no database to copy


@pytest.mark.parametrize("coding", ["gzip", "x-gzip", "deflate", "GZIP"])
@pytest.mark.parametrize("path", [*PATHS, "/v1/estimate"])
def test_an_encoded_body_is_decoded(guarded: Gateway, coding: str, path: str) -> None:
    plain = everywhere("say 3 words " + "and no more " * 50_000)
    encoded = zlib.compress(plain) if coding == "deflate" else gzip.compress(plain)
    assert (
        status(ask(guarded.served.port, post(encoded, key=guarded.keys["alice"], path=path, content_encoding=coding)))
        == 200
    )


@pytest.mark.parametrize("coding", ["br", "zstd", "compress", "gzip, gzip", "gzip, br"])
@pytest.mark.parametrize("path", [*PATHS, "/v1/estimate"])
def test_an_encoding_we_cannot_read_is_named(guarded: Gateway, coding: str, path: str) -> None:
    answer = ask(
        guarded.served.port, post(b"\x28\xb5\x2f\xfd", key=guarded.keys["alice"], path=path, content_encoding=coding)
    )
    assert (status(answer), error(answer)["code"]) == (415, "unsupported_content_encoding")
    assert coding in error(answer)["message"]
    assert headers(answer)["accept-encoding"] == "gzip, deflate"


def test_an_encoding_elsewhere_is_named_too(guarded: Gateway) -> None:
    answer = ask(guarded.served.port, post(gzip.compress(b"{}"), path="/v1/auth/token", content_encoding="gzip"))
    assert (status(answer), "gzip" in error(answer)["message"]) == (415, True)


@pytest.mark.parametrize("path", [*PATHS, "/v1/estimate"])
def test_a_body_that_decodes_to_a_hundred_megabytes_costs_no_more_than_the_limit(guarded: Gateway, path: str) -> None:
    squeeze = zlib.compressobj(wbits=31)
    bomb = b"".join(squeeze.compress(b"\x00" * MB) for _ in range(100)) + squeeze.flush()
    assert len(bomb) < MB
    before = resident_kb(guarded.workers[0])
    answer = ask(guarded.served.port, post(bomb, key=guarded.keys["alice"], path=path, content_encoding="gzip"))
    assert (status(answer), error(answer)["code"]) == (413, "request_too_large")
    assert resident_kb(guarded.workers[0]) - before < 16 * 1024


@pytest.mark.parametrize(
    "broken",
    [gzip.compress(chat())[:-4], gzip.compress(chat()) * 2, gzip.compress(chat()) + b"x", b"{}", b""],
    ids=["cut off", "two streams", "with more behind it", "not encoded at all", "empty"],
)
def test_a_broken_encoding_is_said_to_be_broken(guarded: Gateway, broken: bytes) -> None:
    answer = ask(guarded.served.port, post(broken, key=guarded.keys["alice"], content_encoding="gzip"))
    assert (status(answer), error(answer)["code"]) == (400, "invalid_content_encoding")

"""A connection that is to become a WebSocket, or says so: what it took of the server as HTTP it gives back."""

import time

import pytest

from tests.attacks.limits import MB, PER_ADDRESS
from tests.attacks.raw import ask, chat, connect, error, headers, post, said, status
from tests.attacks.spoken import PATHS
from tests.attacks.test_connections import pricing
from tests.sdk.gateway import Gateway

pytest_plugins = ["tests.attacks.guarded"]
pytestmark = pytest.mark.django_db  # else there is no database to copy

WELL_FORMED = {
    "Host": "localhost",
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
}
REFUSED = {  # what is said otherwise → with which status it is refused
    "no key": ({"Sec-WebSocket-Key": None}, 400),
    "a short key": ({"Sec-WebSocket-Key": "A"}, 400),
    "a key of no base64": ({"Sec-WebSocket-Key": "-" * 22 + "=="}, 400),
    "no version": ({"Sec-WebSocket-Version": None}, 426),
    "a version of another time": ({"Sec-WebSocket-Version": "99"}, 426),
    "two versions": ({"Sec-WebSocket-Version": "13, 8"}, 426),
    "a protocol of no ASCII": ({"Sec-WebSocket-Protocol": "\xe9"}, 400),
    "an origin of no host": ({"Origin": "]]["}, 400),
    "another's origin": ({"Origin": "https://evil.example.com"}, 403),
    "another's host": ({"Host": "evil.example.com"}, 403),
    "a host of no port": ({"Host": "localhost:x"}, 400),
    "extensions of no grammar": ({"Sec-WebSocket-Extensions": 'permessage-deflate; a="'}, 403),
    "a root of its own": ({"Daphne-Root-Path": "/nowhere"}, 403),
    "a session of no letters": ({"Cookie": "sessionid=\xff\xfe; =;;"}, 403),
}
IGNORED = {  # asks for no WebSocket, whatever `Upgrade` says
    "another method": ("POST", {}),
    "no connection option": ("GET", {"Connection": None}),
    "another protocol": ("GET", {"Upgrade": "h2c"}),
}


def handshake(path: str = "/credits/live", method: str = "GET", body: bytes = b"", **said: str | None) -> bytes:
    named = {**WELL_FORMED, **said, "Content-Length": str(len(body))}
    lines = "".join(f"{name}: {value}\r\n" for name, value in named.items() if value is not None)
    return f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode("latin-1") + body


def heard(gateway: Gateway, request: bytes) -> bytes:
    with connect(gateway.served.port, "127.0.0.7") as client:
        client.sendall(request)
        return client.recv(4096)


@pytest.mark.parametrize(("otherwise", "expected"), REFUSED.values(), ids=REFUSED)
def test_a_refused_handshake_gives_its_share_of_connections_back(
    guarded: Gateway, otherwise: dict[str, str | None], expected: int
) -> None:
    for _ in range(PER_ADDRESS + 1):
        assert status(heard(guarded, handshake(**otherwise))) == expected
    until = time.monotonic() + 5
    while (last := pricing(guarded, "127.0.0.7")) != 200 and time.monotonic() < until:
        time.sleep(0.05)  # the last of them may not be gone yet
    assert last == 200
    assert guarded.tracebacks == ""


@pytest.mark.parametrize(("method", "otherwise"), IGNORED.values(), ids=IGNORED)
def test_what_is_no_handshake_is_answered_as_if_it_asked_for_none(
    guarded: Gateway, method: str, otherwise: dict[str, str | None]
) -> None:
    answer = heard(guarded, handshake("/v1/nowhere", method, **otherwise))
    assert (status(answer), headers(answer)["content-type"]) == (404, "application/json")


def test_an_upgrade_is_told_in_which_version(guarded: Gateway) -> None:
    answer = heard(guarded, handshake(**{"Sec-WebSocket-Version": "8"}))
    assert headers(answer)["sec-websocket-version"] == "13"
    assert "version 13" in error(answer)["message"]


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path", ["/credits/live", "/nowhere", *PATHS])
def test_the_room_of_bodies_with_an_upgrade_is_given_back(guarded: Gateway, method: str, path: str) -> None:
    """Where it was not, five of them took the whole room of this gateway, for ever."""
    for _ in range(6):
        ask(guarded.served.port, handshake(path, method, b"x" * (9 * MB // 10), Connection="Upgrade, close"))
    assert status(ask(guarded.served.port, post(chat("word " * 180_000), key=guarded.keys["alice"]))) == 200


def test_a_completion_with_an_upgrade_is_a_completion(guarded: Gateway) -> None:
    upgrade = {"upgrade": "websocket", "connection": "upgrade, close", "sec-websocket-version": "13"}
    with connect(guarded.served.port) as client:
        client.sendall(post(chat(), key=guarded.keys["alice"], **upgrade))
        assert status(said(client)) == 200

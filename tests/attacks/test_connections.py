"""Issue 11, number 1: what a stranger may send, hold open, and how long, before anybody knows who it is."""

import os
import resource
import signal
import socket
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import httpx2
import pytest

from conway.seats import most_connections, origin_of
from tests.attacks.application import LARGE_BYTES
from tests.attacks.limits import CONNECTIONS, HEADERS_SECONDS, MB, PER_ADDRESS, REQUEST_SECONDS, SOFT_DESCRIPTORS
from tests.attacks.raw import HOST, ask, chat, connect, error, headers, post, said, sent_of, status
from tests.attacks.spoken import PATHS
from tests.sdk.gateway import Gateway
from tests.served import Served, served

pytest_plugins = ["tests.attacks.guarded"]
pytestmark = pytest.mark.django_db  # else there is no database to copy

STALL_SECONDS = 2
STALL = {"CONWAY_STALL_SECONDS": str(STALL_SECONDS)}
STRANGER = "sk-conway-nobody-has-this-key"


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Without a database: the application of application.py."""
    with served("-m", "tests.attacks.parent", "1", DATABASE_URL="postgresql:///unused", **STALL) as server:
        yield server


# Bodies of strangers


def head(length: int, *, path: str = "/v1/chat/completions", key: str = STRANGER, **named: str) -> bytes:
    return post(b"", key=key, path=path, **named).replace(b"length: 0", b"length: %d" % length)


@pytest.mark.parametrize("path", [*PATHS, "/v1/estimate"])
@pytest.mark.parametrize("key", [STRANGER, "", "revoked", "expired"])
def test_a_stranger_is_refused_before_any_of_the_body_is_sent(guarded: Gateway, path: str, key: str) -> None:
    answer = ask(guarded.served.port, head(2 * MB, path=path, key=guarded.keys.get(key, key)))
    assert (status(answer), error(answer)["type"]) == (401, "authentication_error")
    assert headers(answer)["connection"] == "close"


def test_no_body_is_read_that_the_application_did_not_ask_for(bare: Served) -> None:
    with connect(bare.port) as client:
        client.sendall(head(64 * MB // 2, path="/late"))
        assert sent_of(client, 31 * MB, seconds=2) < 8 * MB  # what the kernel's buffers take


def test_a_body_that_is_asked_for_late_arrives_whole(bare: Served) -> None:
    assert httpx2.post(bare.url + "/late", content=b"x" * 5 * MB, timeout=20).text == str(5 * MB)
    assert httpx2.post(bare.url + "/length", content=iter([b"x" * MB] * 20), timeout=20).text == str(20 * MB)


def test_a_client_that_sends_all_before_it_listens_still_reads_why_it_was_refused(bare: Served) -> None:
    with connect(bare.port) as client:
        client.sendall(head(30 * MB, path="/refuses") + b"x" * 30 * MB)
        assert said(client).endswith(b"\r\n\r\nno")


def test_nothing_behind_an_unread_body_is_taken_for_a_request(bare: Served) -> None:
    behind = b"GET /pid HTTP/1.1\r\nHost: localhost\r\n\r\n"
    request = head(100, path="/refuses", connection="keep-alive")
    assert ask(bare.port, request + behind).count(b"HTTP/1.1 200") == 1


def test_who_answered_early_does_not_linger_for_ever(bare: Served) -> None:
    began = time.monotonic()
    with connect(bare.port) as client, pytest.raises(OSError):
        client.sendall(head(30 * MB, path="/refuses"))
        while time.monotonic() - began < 30:
            client.sendall(b"x")
            time.sleep(0.5)
    assert 8 < time.monotonic() - began < 20


def test_a_page_takes_no_more_than_a_form(guarded: Gateway) -> None:
    for path in ("/v1/auth/token", "/sign-in", "/v1/nowhere"):
        answer = ask(guarded.served.port, head(2 * MB, path=path))
        assert (status(answer), "1 MB" in error(answer)["message"]) == (413, True)


def test_no_body_is_spooled_to_the_disk_before_it_is_whole(guarded: Gateway) -> None:
    """Those of 100 KB and more, or of no declared length, had a file each."""
    with ExitStack() as stack:
        for path, key in (("/v1/auth/token", STRANGER), ("/v1/chat/completions", guarded.keys["alice"])):
            client = stack.enter_context(connect(guarded.served.port))
            client.sendall(head(900_000, path=path, key=key) + b"x" * 300_000)
        time.sleep(0.5)
        folder = Path(f"/proc/{guarded.workers[0]}/fd")
        files = [os.readlink(folder / name) for name in os.listdir(folder) if (folder / name).is_symlink()]
    assert not [file for file in files if "(deleted)" in file]


# Time


def test_headers_that_trickle_are_given_up(guarded: Gateway) -> None:
    line = b"GET /v1/models HTTP/1.1\r\n"
    beginnings = {line: b"X-Note: 1\r\n", line + HOST: b"X-Note: 1\r\n", b"G": b"E", b"\r\n": b"E"}
    for begun, (seconds, heard) in zip(beginnings, all_at_once(guarded, beginnings.items()), strict=True):
        assert seconds < HEADERS_SECONDS + 3
        assert status(heard) == (408 if begun.startswith(line) else 0)


def test_a_body_that_trickles_is_given_up(guarded: Gateway) -> None:
    paths = ("/v1/chat/completions", "/v1/auth/token", "/v1/estimate")
    plain = [head(900_000, path=path, key=guarded.keys["alice"]) for path in paths]
    chunked = [each.replace(b"content-length: 900000", b"transfer-encoding: chunked") for each in plain]
    trickles = [*((each, b"{") for each in plain), *((each, b"1\r\n{\r\n") for each in chunked)]
    for seconds, heard in all_at_once(guarded, trickles):
        assert REQUEST_SECONDS - 1 < seconds < REQUEST_SECONDS + 3
        assert (status(heard), error(heard)["code"]) == (408, "request_timeout")


def all_at_once(gateway: Gateway, trickles: Iterable[tuple[bytes, bytes]]) -> list[tuple[float, bytes]]:
    """How long each was borne, and what it heard in the end."""

    def one(begun_and_piece: tuple[bytes, bytes]) -> tuple[float, bytes]:
        began = time.monotonic()
        with connect(gateway.served.port) as client:
            client.sendall(begun_and_piece[0])
            heard = trickle(client, begun_and_piece[1], until=began + 20)
        return time.monotonic() - began, heard

    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(one, trickles))


def trickle(client: socket.socket, piece: bytes, until: float) -> bytes:
    """What comes back, when something does."""
    client.settimeout(0.3)
    while time.monotonic() < until:
        try:
            return client.recv(65536)
        except TimeoutError:
            client.sendall(piece)
        except ConnectionResetError:
            return b""
    raise AssertionError("it was borne to the end")


def test_a_connection_may_rest_between_two_requests(guarded: Gateway) -> None:
    request = b"GET /v1/credits/pricing HTTP/1.1\r\n" + HOST + b"\r\n"
    with connect(guarded.served.port) as client:
        for _ in range(2):
            client.sendall(request)
            assert status(client.recv(65536)) == 200
            time.sleep(HEADERS_SECONDS + 2)


def test_who_reads_slowly_gets_all_of_a_whole_answer_and_who_does_not_read_is_cut_off(bare: Served) -> None:
    with ThreadPoolExecutor(3) as pool:
        reading = [pool.submit(read_large, bare, connection, pause=0.01) for connection in ("close", "keep-alive")]
        sleeping = pool.submit(read_large, bare, "close", pause=0, first=STALL_SECONDS + 2.5)
        assert [each.result() for each in reading] == [LARGE_BYTES, LARGE_BYTES]
        assert sleeping.result() < LARGE_BYTES


def read_large(server: Served, connection: str, *, pause: float, first: float = 0) -> int:
    """How much of it came, of what a small window lets through."""
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        client.settimeout(15)
        client.connect(("127.0.0.1", server.port))
        client.sendall(f"GET /large HTTP/1.1\r\nHost: localhost\r\nConnection: {connection}\r\n\r\n".encode())
        time.sleep(first)
        total = len(client.recv(1 << 16).partition(b"\r\n\r\n")[2])
        with suppress(ConnectionResetError):
            while total < LARGE_BYTES and (piece := client.recv(1 << 16)):
                total += len(piece)
                time.sleep(pause)
        return total


def test_half_a_body_at_the_end_of_the_server_is_told_to_come_again() -> None:
    with served("-m", "tests.attacks.parent", "1", DATABASE_URL="postgresql:///unused") as server:
        with connect(server.port) as client:
            client.sendall(head(100, path="/length") + b"{")
            time.sleep(0.5)
            server.process.send_signal(signal.SIGTERM)
            answer = said(client)
        assert (status(answer), error(answer)["code"]) == (503, "server_restarting")
        assert server.process.wait(20) == 0


# Room


def test_unfinished_bodies_make_room_for_honest_ones(guarded: Gateway) -> None:
    """Three of 1.9 MB where there is room for 4: the largest has to go, and whoever sends little never notices."""
    alice = guarded.keys["alice"]
    with ExitStack() as stack:
        stalled = [stack.enter_context(connect(guarded.served.port)) for _ in range(3)]
        for client in stalled:
            client.sendall(head(2 * MB, key=alice) + b"x" * (19 * MB // 10))
        refused = [client for client in stalled if can_read(client)]
        assert len(refused) == 1
        answer = said(refused[0])
        assert (status(answer), error(answer)["code"], headers(answer)["retry-after"]) == (503, "server_busy", "1")
        assert status(ask(guarded.served.port, post(chat(), key=alice))) == 200
    assert status(ask(guarded.served.port, post(chat("word " * 200_000), key=alice))) == 200  # what they held is free


def can_read(client: socket.socket, seconds: float = 1) -> bool:
    client.settimeout(seconds)
    try:
        return bool(client.recv(1, socket.MSG_PEEK))
    except TimeoutError:
        return False


# Connections


def test_the_limit_of_descriptors_is_raised(guarded: Gateway) -> None:
    soft, hard = resource.prlimit(guarded.workers[0], resource.RLIMIT_NOFILE)
    assert soft == hard > SOFT_DESCRIPTORS


def test_connections_stay_below_the_limit_of_descriptors() -> None:
    assert most_connections(10_000, 1024) == 448
    assert most_connections(10_000, 2**20) == 10_000


@contextmanager
def opened(gateway: Gateway, many: int, source: str, begun: bool = True) -> Iterator[list[socket.socket]]:
    with ExitStack() as stack:
        clients = [stack.enter_context(connect(gateway.served.port, source)) for _ in range(many)]
        for client in clients if begun else ():
            client.sendall(b"GET /v1/credits/pricing HTTP/1.1\r\n")
        time.sleep(0.2)
        yield clients


def pricing(gateway: Gateway, source: str = "127.0.0.1") -> int:
    with connect(gateway.served.port, source) as client:
        try:
            client.sendall(b"GET /v1/credits/pricing HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
        except (BrokenPipeError, ConnectionResetError):
            pass
        return status(said(client))


def test_one_address_has_its_share_and_no_more(guarded: Gateway) -> None:
    with opened(guarded, PER_ADDRESS, "127.0.0.9"):
        with connect(guarded.served.port, "127.0.0.9") as client:
            answer = said(client)
        assert (status(answer), error(answer)["code"]) == (503, "too_many_connections")
        assert pricing(guarded, "127.0.0.8") == pricing(guarded) == 200
    time.sleep(0.3)
    assert pricing(guarded, "127.0.0.9") == 200


def test_a_trusted_proxy_has_no_share(guarded: Gateway) -> None:
    with opened(guarded, PER_ADDRESS + 5, "127.0.0.1"):
        assert pricing(guarded) == 200


def test_a_web_socket_that_ends_gives_its_share_back(guarded: Gateway) -> None:
    upgrade = {"connection": "upgrade", "upgrade": "websocket", "sec-websocket-version": "13"}
    lines = "".join(f"{name}: {value}\r\n" for name, value in upgrade.items())
    request = (
        f"GET /credits/live HTTP/1.1\r\nHost: localhost\r\n{lines}Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    for _ in range(PER_ADDRESS * 2):
        with connect(guarded.served.port, "127.0.0.7") as client:
            client.sendall(request.encode())
            assert status(client.recv(1000)) in (101, 403)
    time.sleep(0.3)
    assert pricing(guarded, "127.0.0.7") == 200


def test_who_rests_makes_room_for_who_comes(guarded: Gateway) -> None:
    with ExitStack() as stack:
        for last in range(10, 10 + CONNECTIONS // PER_ADDRESS):
            stack.enter_context(opened(guarded, PER_ADDRESS, f"127.0.0.{last}", begun=False))
        assert [pricing(guarded) for _ in range(5)] == [200] * 5
        with opened(guarded, 5, "127.0.0.1"):  # at once: each takes the place of another
            assert pricing(guarded) == 200


def test_where_nobody_rests_the_next_is_told_to_come_again(guarded: Gateway) -> None:
    with ExitStack() as stack:
        for last in range(10, 10 + CONNECTIONS // PER_ADDRESS):
            stack.enter_context(opened(guarded, PER_ADDRESS, f"127.0.0.{last}"))
        assert pricing(guarded) == 503
    time.sleep(0.3)
    assert pricing(guarded) == 200


def test_an_address_is_one_origin() -> None:
    assert origin_of("203.0.113.7", ()) == origin_of("::ffff:203.0.113.7", ()) == "203.0.113.7"
    assert origin_of("2001:db8::1", ()) == origin_of("2001:db8::ffff", ()) == "2001:db8::/64"
    assert origin_of("2001:db8:0:1::1", ()) != origin_of("2001:db8::1", ())


def test_what_is_sent_behind_an_answer_that_nobody_reads_is_not_taken(guarded: Gateway) -> None:
    """It was kept until that answer ended: 70 MB a second, of one client."""
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", guarded.served.port))
        words = chat("say 100000 words", stream=True)
        client.sendall(post(words, key=guarded.keys["alice"], connection="keep-alive"))
        time.sleep(3)  # until the answer fills what is between us
        assert sent_of(client, 31 * MB, seconds=2) < 8 * MB  # what the kernel's buffers take

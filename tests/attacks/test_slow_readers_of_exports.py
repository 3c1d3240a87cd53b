"""Clients that ask for much and read nothing. They may keep their own answers waiting, and nobody else's."""

import asyncio
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import httpx2 as httpx
import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.urls import get_resolver

from accounts.models import ApiKey, User
from conway.pages_handler import Pages
from conway.postgresql.base import DatabaseWrapper
from tests import lasting_catalogue
from tests.pages.test_strangers import ENDS_THE_WALK, addresses
from tests.served import Served, served

pytestmark = pytest.mark.django_db(transaction=True)

READERS = 16  # more than twice the connections that pages have
ROWS = 6_000  # of 1.5 KB each: the first piece is more than the kernel takes for a client that reads nothing
EARNED = """
INSERT INTO credits_credittransaction (account_id, type, amount_cents, balance_after_cents, reference, reason)
SELECT %(user)s, 'top_up', 1, 1000 + n, 'top_up:earned-' || n, repeat('A cent ', 200)
FROM generate_series(1, %(rows)s) n"""


def give_history(user: User, rows: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(EARNED, {"user": user.pk, "rows": rows})
        cursor.execute("UPDATE credits_creditaccount SET balance_cents = 1000 + %s WHERE user_id = %s", [rows, user.pk])


def cookie_of(user: User) -> str:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"


# On a server


@pytest.fixture
def server() -> Iterator[Served]:
    with served(CONWAY_STALL_SECONDS="120") as server:
        yield server


def read_nothing(server: Served, path: str, cookie: str) -> socket.socket:
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", server.port))
    client.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\n\r\n".encode())
    return client


def test_sixteen_slow_readers_of_the_csv_take_neither_sign_in_nor_pages_nor_the_balance(
    server: Served, alice: User, sam: User
) -> None:
    give_history(alice, ROWS)
    hers, key = cookie_of(alice), ApiKey.issue(user=alice, name="Key")[1]
    with ExitStack() as stack, httpx.Client(base_url=server.url, timeout=30) as http:
        slow = [stack.enter_context(read_nothing(server, "/credits/history.csv", hers)) for _ in range(READERS)]
        assert [client.recv(1) for client in slow] == [b"H"] * READERS  # each has begun
        time.sleep(1)
        statuses = {
            "sign-in": http.get("/sign-in").status_code,
            "overview": http.get("/", headers={"cookie": hers}).status_code,
            "admin": http.get("/admin/", headers={"cookie": cookie_of(sam)}).status_code,
            "balance": http.get("/v1/credits/balance", headers={"authorization": f"Bearer {key}"}).status_code,
        }
    assert statuses == dict.fromkeys(statuses, 200)


def test_a_slow_reader_gets_every_line_once(server: Served, alice: User) -> None:
    give_history(alice, ROWS)
    url, lines = server.url + "/credits/history.csv", 0
    headers = {"cookie": cookie_of(alice), "accept-encoding": "identity"}  # compressed it would be read at once
    with httpx.stream("GET", url, headers=headers, timeout=30) as answer:
        for number, piece in enumerate(answer.iter_raw()):
            lines += piece.count(b"\n")
            time.sleep(0.02 if number < 50 else 0)
    assert lines == ROWS + 2  # the heading, and what she began with


# Every page there is, by its address


def taken() -> int:
    """Connections that somebody has got from a pool of Django's."""
    pools = [pool for share in DatabaseWrapper._pools.values() for pool in share.values()]
    return sum(stats["pool_size"] - stats["pool_available"] for stats in (pool.get_stats() for pool in pools))


async def ask(path: str, **headers: str) -> tuple[int, int]:
    """The status of an answer, and how many connections were taken at most while its reader was handed a piece."""
    status, held, asked, ended = 0, 0, False, asyncio.Event()

    async def receive() -> dict[str, Any]:
        nonlocal asked
        if asked:
            await ended.wait()
            return {"type": "http.disconnect"}
        asked = True
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        nonlocal status, held
        held = max(held, taken())
        status = message.get("status", status)
        if message["type"] == "http.response.body" and not message.get("more_body"):
            ended.set()

    named = [(name.encode(), value.encode()) for name, value in {"host": "localhost", **headers}.items()]
    await Pages()({"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": named}, receive, send)
    return status, held


def test_no_page_keeps_a_connection_while_its_reader_takes_nothing(alice: User, sam: User) -> None:
    """Of every address in the project that takes no parameter, a page that is added tomorrow included."""
    lasting_catalogue.load()
    give_history(alice, 3_000)
    known = sorted({path for path in addresses(get_resolver().url_patterns) if "<" not in path} - {*ENDS_THE_WALK})
    cookies = [cookie_of(alice), cookie_of(sam)]
    connection.close()
    answers = {
        (path, who): asyncio.run(ask(path, cookie=cookie)) for path in known for who, cookie in enumerate(cookies)
    }
    assert {path: held for path, (_, held) in answers.items() if held} == {}
    assert sum(status == 200 for status, _ in answers.values()) > 30


def test_pages_that_are_stuck_in_the_database_leave_the_api_its_connections(alice: User) -> None:
    key = ApiKey.issue(user=alice, name="Key")[1]
    pool = connection.pool
    stuck = [pool.getconn(timeout=5) for _ in range(pool.max_size - 1)]  # one is this test's own
    try:
        assert asyncio.run(ask("/v1/credits/balance", authorization=f"Bearer {key}")) == (200, pool.max_size)
    finally:
        for each in stuck:
            pool.putconn(each)

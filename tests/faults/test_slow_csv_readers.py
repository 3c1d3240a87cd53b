"""Readers of the CSV who read nothing, as many as there are connections and more, beside people who pay."""

import asyncio
import contextlib
import socket
from collections.abc import Callable
from typing import Any

import httpx2 as httpx
from django.conf import settings
from django.db import connection
from django.test import Client

from tests.faults.caller import Caller, Heard
from tests.faults.conftest import LONG
from tests.faults.load import streams
from tests.faults.scenario import Customer, Scene

READERS = 60 if LONG else 24
ROWS = 6_000  # of 1.5 KB each: the first piece is more than the kernel takes for a client that reads nothing
STREAMS = 20 if LONG else 6
HISTORY = """
INSERT INTO credits_credittransaction (account_id, type, amount_cents, balance_after_cents, reference, reason)
SELECT %(user)s, 'top_up', 1, 5000 + n, 'top_up:' || %(user)s || '-' || n, repeat('A cent ', 200)
FROM generate_series(1, %(rows)s) n"""


def long_history(customer: Customer) -> None:
    with connection.cursor() as cursor:
        cursor.execute(HISTORY, {"user": customer.user.pk, "rows": ROWS})
        cursor.execute(
            "UPDATE credits_creditaccount SET balance_cents = 5000 + %s WHERE user_id = %s", [ROWS, customer.user.pk]
        )


def test_slow_csv_readers_beside_people_who_pay(tough: Scene, note: Callable[..., Any]) -> None:
    scene = tough
    hoarder, customer = scene.customer(5_000), scene.customer(5_000)
    long_history(hoarder)
    hoarders, customers = cookie_of(hoarder), cookie_of(customer)

    async def scenario(caller: Caller) -> list[Heard]:
        asking = await streams(caller, customer, STREAMS, 60, 50)
        with contextlib.ExitStack() as slow:
            for _ in range(READERS):
                slow.enter_context(read_nothing(scene.gateway.url, hoarders))
            await asyncio.sleep(1)
            asking.append(asyncio.create_task(caller.ask(customer.secret, "gpt-5.2", "say 20 words")))
            await asyncio.to_thread(others_are_served, scene.gateway.url, customer, customers)
            return list(await asyncio.gather(*asking))

    scene.heard += scene.play(scenario)
    scene.all_saw_the_end()
    reckoning = note(scene, f"{READERS} readers of a CSV who read nothing")
    assert {completion.settlement for completion in reckoning.completions} == {"exact"}


def read_nothing(url: str, cookie: str) -> socket.socket:
    host, port = url.removeprefix("http://").split(":")
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect((host, int(port)))
    client.sendall(f"GET /credits/history.csv HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\n\r\n".encode())
    return client


def others_are_served(url: str, customer: Customer, cookie: str) -> None:
    """By the API and by pages; each on a connection of its own, so that both workers are asked."""
    asked = {
        "/v1/credits/balance": {"authorization": f"Bearer {customer.secret}"},
        "/credits/history.csv?type=refund": {"cookie": cookie},  # this gateway has no static files for other pages
    }
    for path, who in [*asked.items()] * 6:
        assert httpx.get(url + path, headers={"connection": "close", **who}, timeout=30).status_code == 200


def cookie_of(customer: Customer) -> str:
    browser = Client()
    browser.force_login(customer.user, backend="django.contrib.auth.backends.ModelBackend")
    return f"{settings.SESSION_COOKIE_NAME}={browser.cookies[settings.SESSION_COOKIE_NAME].value}"

"""A mail server that takes connections and says nothing, and strangers who ask for mail."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import httpx2 as httpx
import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from accounts import limits
from accounts.models import ApiKey, User
from conway.common import outbox
from conway.postgresql.base import DatabaseWrapper
from tests.served import served

pytestmark = pytest.mark.django_db(transaction=True)

RESETS = 16  # more than twice the connections that pages have
SMTP = "django.core.mail.backends.smtp.EmailBackend"


@pytest.fixture
def silent() -> Iterator[int]:
    """Its port."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as server:
        yield server.getsockname()[1]


@pytest.fixture
def through(settings: Settings) -> Any:
    def through(backend: str, port: int = 0) -> None:
        settings.EMAIL_BACKEND, settings.EMAIL_DELIVERED_BY = "conway.common.outbox.EmailBackend", backend
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", port, 1

    yield through
    assert outbox.rest(seconds=30)


def reset(email: str) -> tuple[float, Any]:
    client = Client()
    began = time.monotonic()
    answer = client.post("/password/reset", {"email": email})
    return time.monotonic() - began, answer


def test_sixteen_password_resets_take_neither_sign_in_nor_pages_nor_the_balance(silent: int, alice: User) -> None:
    key = ApiKey.issue(user=alice, name="Key")[1]
    environment = {"EMAIL_BACKEND": SMTP, "EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": str(silent), "EMAIL_TIMEOUT": "60"}
    with ExitStack() as stack:
        server = stack.enter_context(served(**environment))
        http = stack.enter_context(httpx.Client(base_url=server.url, timeout=5))
        page = http.get("/password/reset")
        token = page.text.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
        form = {"email": "alice@example.org", "csrfmiddlewaretoken": token}
        answers = [http.post("/password/reset", data=form).headers["location"] for _ in range(RESETS)]
        assert answers == ["/password/reset/sent"] * RESETS
        assert http.get("/sign-in").status_code == http.get("/password/reset").status_code == 200
        balance = http.get("/v1/credits/balance", headers={"authorization": f"Bearer {key}"})
        assert balance.status_code == 200


def test_a_reset_waits_for_no_mail_server_and_an_unknown_address_looks_and_takes_alike(
    through: Any, silent: int, alice: User
) -> None:
    through(SMTP, silent)
    told = {}
    for email in ("alice@example.org", "nobody@example.org"):
        with CaptureQueriesContext(connection) as queries:
            seconds, answer = reset(email)
        headers = {name: value for name, value in answer.headers.items() if name.lower() != "x-request-id"}
        assert seconds < 0.9
        told[email] = (answer.status_code, headers, answer.content)
        assert not [query["sql"] for query in queries if "accounts_user" in query["sql"]]  # that is looked up later
    assert told["alice@example.org"] == told["nobody@example.org"]


def test_a_mail_that_waits_for_its_server_keeps_no_connection_to_the_database(
    through: Any, silent: int, alice: User
) -> None:
    through(SMTP, silent)
    reset("alice@example.org")
    time.sleep(0.5)
    connection.close()
    pools = [pool.get_stats() for share in DatabaseWrapper._pools.values() for pool in share.values()]
    assert outbox._jobs.unfinished_tasks == 1
    assert sum(stats["pool_size"] - stats["pool_available"] for stats in pools) == 0


def test_what_waits_is_bounded_and_whoever_comes_then_gets_the_same_answer(
    through: Any, silent: int, alice: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    through(SMTP, silent)
    monkeypatch.setattr(outbox._jobs, "maxsize", 3)
    plenty = replace(limits.LIMITS["mail-to"], most=100)
    monkeypatch.setitem(limits.LIMITS, "mail-to", plenty)
    answers = [reset("alice@example.org")[1].headers["location"] for _ in range(12)]
    assert answers == ["/password/reset/sent"] * 12
    assert outbox._jobs.unfinished_tasks <= 3 + outbox.SENDERS
    assert "one more is not sent" in caplog.text and "alice" not in caplog.text


def test_a_silent_server_delays_the_next_mail_by_its_timeout_and_loses_none_of_others(
    through: Any, silent: int, alice: User, caplog: pytest.LogCaptureFixture
) -> None:
    through(SMTP, silent)
    reset("alice@example.org")
    assert outbox.rest(seconds=10) and "A mail was not sent" in caplog.text
    through("django.core.mail.backends.locmem.EmailBackend")
    reset("alice@example.org")
    assert outbox.rest(seconds=10) and [message.to for message in mail.outbox] == [["alice@example.org"]]

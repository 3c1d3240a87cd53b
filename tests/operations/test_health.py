"""What a load balancer asks, of the application itself."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from conway import asgi, health, operators
from inference import catalog

pytestmark = pytest.mark.django_db(transaction=True)
TOKEN = "of those who run it"
Get = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def get(run: Callable[[Coroutine[Any, Any, Any]], Any], settings: Any, tmp_path: Path) -> Get:
    settings.CONWAY_OPERATIONS_TOKEN = TOKEN
    catalog.load()
    catalog.forget()

    def get(path: str, token: str = TOKEN, host: str = "10.0.0.7:8000") -> tuple[int, dict[str, Any]]:
        health.readiness = health.Readiness()
        return run(asked(path, [(b"host", host.encode()), (b"authorization", f"Bearer {token}".encode())]))

    return get


async def asked(path: str, headers: list[tuple[bytes, bytes]]) -> tuple[int, dict[str, Any]]:
    sent: list[Any] = []
    scope = {"type": "http", "method": "GET", "path": path, "headers": headers, "client": ["10.0.0.9", 1]}

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        raise AssertionError("nobody reads a body here")

    await asgi.http(scope, receive, send)
    return sent[0]["status"], json.loads(sent[1]["body"])


def test_a_living_process_says_so_whatever_host_it_is_asked_by(get: Get) -> None:
    assert get("/healthz", host="nobody.example") == (200, {"alive": True})


def test_a_ready_process_says_what_it_looked_at(get: Get) -> None:
    looked_at = {"database": "ok", "migrations": "ok", "spool": "ok", "catalogue": "ok"}
    assert get("/readyz") == (200, {"ready": True, "checks": looked_at})


def test_strangers_see_a_status_and_no_reason(get: Get) -> None:
    assert get("/readyz", token="guessed") == (200, {"ready": True})


def test_without_a_token_nobody_sees_a_reason(get: Get, settings: Any) -> None:
    settings.CONWAY_OPERATIONS_TOKEN = ""
    assert get("/readyz", token="") == (200, {"ready": True})


def test_a_database_that_is_away_is_told(get: Get, no_database: Callable[[], Any]) -> None:
    no_database()
    status, said = get("/readyz")
    assert (status, said["ready"], said["checks"]["spool"]) == (503, False, "ok")
    assert said["checks"]["database"] == "The database does not answer."


def test_a_read_only_database_is_told(get: Get, monkeypatch: pytest.MonkeyPatch) -> None:
    options = connection.settings_dict["OPTIONS"]
    read_only = f"{options.get('options', '')} -c default_transaction_read_only=on"  # of sessions that begin now
    monkeypatch.setitem(connection.settings_dict, "OPTIONS", {**options, "options": read_only})
    assert get("/readyz")[1]["checks"]["database"] == "The database is read-only."


def test_a_migration_that_is_missing_is_named(get: Get, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "newest_migrations", lambda: ["credits.9999_of_tomorrow"])
    status, said = get("/readyz")
    assert (status, said["checks"]["migrations"]) == (
        503,
        "Not applied: credits.9999_of_tomorrow. Run `manage.py migrate`.",
    )


def test_a_spool_that_takes_nothing_is_told(get: Get, own_spool: Path) -> None:
    own_spool.write_text("no folder")
    status, said = get("/readyz")
    assert (status, said["checks"]["spool"]) == (
        503,
        "Settlements cannot be kept on this machine's disk: File exists.",
    )


def test_an_empty_catalogue_is_told(get: Get, monkeypatch: pytest.MonkeyPatch) -> None:
    async def none() -> Any:
        return catalog.Catalog({}, skew=None, read_at=0)  # type: ignore[arg-type]

    monkeypatch.setattr(catalog, "current", none)
    assert get("/readyz")[1]["checks"]["catalogue"] == "There is no model."


def test_a_look_that_hangs_ends_and_a_crowd_shares_one(
    run: Callable[[Coroutine[Any, Any, Any]], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "PATIENCE_SECONDS", 0.05)
    looks = []

    async def hangs() -> str:
        looks.append(1)
        await asyncio.sleep(60)
        return ""

    async def crowd() -> list[dict[str, str]]:
        readiness = health.Readiness({"disk": hangs})
        return await asyncio.gather(*(readiness.now() for _ in range(50)))

    assert run(crowd()) == [{"disk": "No answer within 0 s."}] * 50
    assert len(looks) == 1


@pytest.mark.parametrize(
    ("client", "headers", "proxy", "may"),
    [
        ("127.0.0.1", [], None, True),
        ("::1", [], None, True),
        ("10.0.0.9", [], None, False),
        ("127.0.0.1", [(b"x-forwarded-for", b"127.0.0.1")], None, False),
        ("127.0.0.1", [], ("HTTP_X_FORWARDED_PROTO", "https"), False),
    ],
)
def test_without_a_token_only_this_machine_scrapes(
    settings: Any, client: str, headers: Any, proxy: Any, may: bool
) -> None:
    settings.CONWAY_OPERATIONS_TOKEN, settings.SECURE_PROXY_SSL_HEADER = "", proxy
    assert operators.may_scrape({"headers": headers, "client": [client, 1]}) is may


def test_with_a_token_this_machine_needs_it_too(settings: Any) -> None:
    settings.CONWAY_OPERATIONS_TOKEN = TOKEN
    assert not operators.may_scrape({"headers": [], "client": ["127.0.0.1", 1]})
    assert operators.may_scrape({"headers": [(b"authorization", f"Bearer {TOKEN}".encode())], "client": None})

"""A gateway as its callers know it: processes of its own, a database of its own, and five providers behind it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2 as httpx
import psycopg
from django.db import connection
from django.utils.timezone import now
from openai import AsyncOpenAI, OpenAI
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from accounts.models import ApiKey, User
from credits import audit, ledger
from inference import catalog
from inference.reporting import audit as charges
from tests import lasting_catalogue
from tests.served import Served, forget_sessions, owners_database, served, this_database

ONCE: dict[str, Any] = {"max_retries": 0}


@dataclass
class Gateway:
    served: Served
    keys: dict[str, str]
    books: "psycopg.Connection[Any]"
    log: Path

    @property
    def url(self) -> str:
        return self.served.url

    def client(self, who: str = "alice", **options: Any) -> OpenAI:
        """By default without the SDK's own retries."""
        return OpenAI(base_url=f"{self.url}/v1", api_key=self.keys.get(who, who), **(ONCE | options))

    def async_client(self, who: str = "alice", **options: Any) -> AsyncOpenAI:
        return AsyncOpenAI(base_url=f"{self.url}/v1", api_key=self.keys.get(who, who), **(ONCE | options))

    def headers(self, who: str = "alice") -> dict[str, str]:
        return {"authorization": f"Bearer {self.keys[who]}"}

    @property
    def workers(self) -> list[int]:
        parent = self.served.process.pid
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        return [int(child) for child in children if b"conway.server" in Path(f"/proc/{child}/cmdline").read_bytes()]

    # The books

    def rows(self, sql: str, *params: Any) -> list[tuple[Any, ...]]:
        return self.books.execute(sql, params).fetchall()

    def one(self, sql: str, *params: Any) -> Any:
        return self.rows(sql, *params)[0][0]

    @property
    def charges(self) -> int:
        """How many there are."""
        return int(self.one("SELECT count(*) FROM credits_credittransaction WHERE type = 'inference'"))

    @property
    def held(self) -> int:
        return int(
            self.one(
                "SELECT coalesce(sum(held_cents), 0) + (SELECT count(*) FROM credits_hold) FROM credits_creditaccount"
            )
        )

    def completion(self, id: str) -> dict[str, Any]:
        row: dict[str, Any] = self.one("SELECT to_jsonb(c) FROM inference_completion c WHERE id = %s", id)
        return row

    @property
    def last(self) -> dict[str, Any]:
        row: dict[str, Any] = self.one(
            "SELECT to_jsonb(c) FROM inference_completion c ORDER BY created_at DESC LIMIT 1"
        )
        return row

    @property
    def tracebacks(self) -> str:
        """What it logged, if it logged a traceback."""
        logged = self.log.read_text(errors="replace")
        return logged if "Traceback" in logged else ""


@contextmanager
def running_gateway(folder: Path, *command: str, has_pages: bool = False, **environment: str) -> Iterator[Gateway]:
    """When it closes, its books must balance. `has_pages`: with their files, for callers who look at one. `command`:
    what serves it, instead of `serve`.
    """
    with ExitStack() as stack:
        address = stack.enter_context(database_like_this(folder.name))
        environment = {
            "DATABASE_URL": address,
            "CONWAY_DATA_DIR": str(plain_folder(folder)),
            "LOG_LEVEL": "WARNING",
            **environment,
        }
        if has_pages:
            manage("collectstatic", "--no-input", "--verbosity", "0", **environment)
        with connected_to(address):
            keys = cast()
        log = folder / "log"
        books = stack.enter_context(psycopg.connect(address, autocommit=True))
        log_to = stack.enter_context(log.open("w"))
        running = stack.enter_context(served(*command, log=log_to, folder=None, **environment))
        yield Gateway(running, keys, books, log)
        with connected_to(address):
            assert [*audit.faults(), *charges.faults()] == []


def cast() -> dict[str, str]:
    """The keys of those who call."""

    def key(user: User, **facts: Any) -> str:
        row, secret = ApiKey.issue(user=user, name="of the tests")
        ApiKey.objects.filter(pk=row.pk).update(**facts)
        return secret

    lasting_catalogue.load_file()
    alice, bob = (User.objects.create_user(email=f"{name}@example.org") for name in ("alice", "bob"))
    ledger.top_up(user=alice, cents=1_000_000, reference="alice-begins", reason="Her first money", by=None)
    return {
        "alice": key(alice), "bob": key(bob),
        "revoked": key(alice, revoked_at=now()), "expired": key(alice, expires_at=now() - timedelta(1)),
        "slow": key(alice, requests_per_minute=1), "choosy": key(alice, allowed_models=["gpt-5-mini"]),
    }  # fmt: skip


@contextmanager
def connected_to(address: str) -> Iterator[None]:
    """This process works in a copy of its database."""
    was = connection.settings_dict["NAME"]
    forget_sessions()
    connection.settings_dict["NAME"] = conninfo_to_dict(address)["dbname"]
    catalog.forget()
    try:
        yield
    finally:
        forget_sessions()
        connection.settings_dict["NAME"] = was
        catalog.forget()


@contextmanager
def database_like_this(name: str) -> Iterator[str]:
    """A copy of the migrated test database; nobody may be connected to that meanwhile."""
    source = connection.settings_dict["NAME"]
    address, name = this_database(), f"copy_{name}_of_{source}".replace("-", "_")  # each worker of xdist has a source
    forget_sessions()
    with psycopg.connect(make_conninfo(owners_database(), dbname="postgres"), autocommit=True) as server:
        server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [source])
        server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        server.execute(f'CREATE DATABASE "{name}" TEMPLATE "{source}"')
        yield make_conninfo(address, dbname=name)
        server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def plain_folder(folder: Path) -> Path:
    """With static files that need no collecting: nobody looks at pages here."""
    (folder / "static").mkdir(parents=True, exist_ok=True)
    (folder / "static/staticfiles.json").write_text('{"version": "1.1", "paths": {}, "hash": ""}')
    return folder


def manage(*command: str, **environment: str) -> str:
    said = subprocess.run(
        [sys.executable, "manage.py", *command],
        env={**os.environ, **environment},
        text=True,
        stdout=subprocess.PIPE,
        check=False,
    )
    assert said.returncode == 0, said.stdout
    return said.stdout


@dataclass
class Sandbox:
    url: str

    def control(self, **orders: Any) -> None:
        httpx.post(f"{self.url}/control", json=orders)

    def meter(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = httpx.get(f"{self.url}/meter").json()
        return rows

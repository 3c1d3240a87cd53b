"""A gateway in this process, before the sandbox in another: the network is real, the providers are simulated."""

import json
import subprocess
import sys
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from django.test import Client

from accounts.models import ApiKey, User
from conway.common import database
from conway.common.database import DatabaseUnavailable
from inference import catalog
from inference.api import chat
from inference.billing import settlement
from inference.completion import handler
from inference.completion.answers import Answer
from inference.models import Completion
from inference.reporting import audit
from inference.upstream import client as upstream
from tests import lasting_catalogue

PATHS = {
    "openai": "/openai/v1",
    "anthropic": "/anthropic",
    "gemini": "/gemini",
    "moonshot": "/moonshot/v1",
    "qwen": "/dashscope/compatible-mode/v1",
}


@dataclass
class Sandbox:
    url: str

    def meter(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = httpx.get(f"{self.url}/meter").json()
        return found

    def control(self, **orders: Any) -> None:
        httpx.post(f"{self.url}/control", json=orders)

    def begin_anew(self) -> None:
        with httpx.Client(base_url=self.url) as client:  # one connection, and one client, which takes a millisecond
            client.delete("/meter")
            client.post("/control", json={"reset": True})


@pytest.fixture
def admin(client: Client, sam: User) -> Client:
    """Sam, signed in to the staff admin."""
    client.force_login(sam, backend="accounts.backends.PasswordBackend")
    return client


@pytest.fixture(scope="session")
def sandbox_process() -> Iterator[Sandbox]:
    command = [sys.executable, "-m", "inference.sandbox", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    try:
        yield Sandbox(process.stdout.readline().split()[-1])
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture
def sandbox(sandbox_process: Sandbox, settings: Any) -> Sandbox:
    """All five providers lead to it."""
    settings.PROVIDERS = {
        name: {"base_url": sandbox_process.url + path, "api_key": "key", "sandbox": True}
        for name, path in PATHS.items()
    }
    sandbox_process.begin_anew()
    return sandbox_process


@pytest.fixture
def prices(transactional_db: None, request: pytest.FixtureRequest) -> Iterator[None]:
    """The catalogue as it is loaded; afterwards every charge must be the formula's."""
    lasting_catalogue.load()
    catalog.forget()
    yield
    if not request.node.get_closest_marker("spoils_the_books"):
        assert list(audit.faults()) == []


@dataclass
class Said:
    """An answer, read to its end."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> dict[str, Any]:
        error: dict[str, Any] = self.json()["error"]
        return error

    @property
    def chunks(self) -> list[Any]:
        lines = self.body.decode().split("\n\n")
        return [json.loads(line[6:]) for line in lines if line.startswith("data: ") and line != "data: [DONE]"]

    @property
    def deltas(self) -> list[dict[str, Any]]:
        return [choice["delta"] for chunk in self.chunks for choice in chunk.get("choices", ())]

    @property
    def text(self) -> str:
        return "".join(delta.get("content") or "" for delta in self.deltas)

    @property
    def finish(self) -> list[str]:
        reasons = [choice["finish_reason"] for chunk in self.chunks for choice in chunk.get("choices", ())]
        return [reason for reason in reasons if reason]

    @property
    def is_done(self) -> bool:
        return self.body.endswith(b"data: [DONE]\n\n")


Ask = Callable[..., Said]


async def read(headers: dict[str, str], body: bytes) -> Said:
    answer = await handler.complete(chat, headers, body)
    if isinstance(answer.body, bytes):
        return Said(answer.status, answer.headers, answer.body)
    return Said(answer.status, answer.headers, b"".join([piece async for piece in answer.body]))


@pytest.fixture
def key(alice: User, prices: None) -> str:
    return ApiKey.issue(user=alice, name="Alice's")[1]


@pytest.fixture
def ask(key: str, sandbox: Sandbox, run: Callable[[Coroutine[Any, Any, Any]], Any]) -> Ask:
    """`ask("gpt-5-mini", "hello", stream=True)`: one completion for Alice, through the sandbox."""

    def ask(
        model: str = "gpt-5-mini",
        text: str = "hello",
        *,
        headers: dict[str, str] | None = None,
        raw: bytes | None = None,
        **fields: Any,
    ) -> Said:
        body = {"model": model, "messages": [{"role": "user", "content": text}], **fields}
        sent = {"authorization": f"Bearer {key}", **(headers or {})}

        async def once() -> Said:
            try:
                return await read(sent, raw if raw is not None else json.dumps(body).encode())
            finally:
                await upstream.close()

        answer: Said = run(once())
        return answer

    return ask


@pytest.fixture
def own_spool(tmp_path: Path, settings: Any) -> Iterator[Path]:
    settings.CONWAY_DATA_DIR = tmp_path
    settlement.spool.cache_clear()
    yield tmp_path / "spool"
    settlement.spool.cache_clear()
    settlement.waiting.clear()


@pytest.fixture
def no_database(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Called, every statement fails from now on; what it returns brings the database back."""
    true = database.on_a_connection

    async def away(*_: Any) -> Any:
        raise DatabaseUnavailable("away")

    def begin() -> Callable[[], None]:
        monkeypatch.setattr(database, "on_a_connection", away)
        return lambda: monkeypatch.setattr(database, "on_a_connection", true)

    return begin  # type: ignore[return-value]


async def asked(key: str, text: str = "say 5 words", **fields: Any) -> Answer:
    body = {"model": "claude-opus-4.6", "messages": [{"role": "user", "content": text}], **fields}
    return await handler.complete(chat, {"authorization": key}, json.dumps(body).encode())


def only_completion() -> Completion:
    return Completion.objects.get()

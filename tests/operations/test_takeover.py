"""A release under load: the new server takes the port over, and nobody is refused."""

import asyncio
import json
import socket
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from accounts.models import ApiKey, User
from conway import handover, readiness_notice
from credits import audit, ledger
from credits.models import CreditTransaction, Hold
from inference import catalog
from inference.models import Completion
from tests.conway.conftest import eventually
from tests.sdk.gateway import plain_folder
from tests.served import Served, served

pytestmark = pytest.mark.django_db(transaction=True)
Run = Callable[[Coroutine[Any, Any, Any]], Any]

REQUESTS, COMPLETIONS, STREAMS, AT_ONCE = 2000, 150, 50, 24


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Served]]:
    """The first one, then those that take over."""
    with ExitStack() as stack:

        def serve(*more: str) -> Served:
            command = ("manage.py", "serve", "--port", "0", *more)
            state = {"CONWAY_DATA_DIR": str(plain_folder(tmp_path)), "CONWAY_SANDBOX": "1", "LOG_LEVEL": "ERROR"}
            state |= {"CONWAY_ACCOUNT_CONCURRENCY": "200"}
            return stack.enter_context(served(*command, **state))

        yield serve


async def asked(port: int, head: str, body: bytes = b"") -> bytes:
    """On a connection of its own, read to its end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    lines = (head, "host: localhost", f"content-length: {len(body)}", "connection: close")
    writer.write("\r\n".join([*lines, "", ""]).encode() + body)
    answer = await reader.read()
    writer.close()
    return answer


def completion(key: str, **fields: Any) -> tuple[str, bytes]:
    message = {"role": "user", "content": fields.pop("text", "say 3 words")}
    body = {"model": "gpt-5-mini", "messages": [message], "max_tokens": 200, **fields}
    return f"POST /v1/chat/completions HTTP/1.1\r\nauthorization: Bearer {key}", json.dumps(body).encode()


async def load(port: int, key: str, under_way: asyncio.Event, done: Callable[[], bool]) -> list[bytes]:
    """Requests one after another, and streams that last; until all are asked and the releases are over."""
    queue = iter(range(REQUESTS))
    slow = completion(key, stream=True, text="say 40 words [[pace=150]]")

    async def client() -> list[bytes]:
        said = []
        for number in queue:
            if number > REQUESTS // 10:
                under_way.set()
            is_money = number % (REQUESTS // COMPLETIONS) == 0
            said.append(await asked(port, *(completion(key) if is_money else ("GET /healthz HTTP/1.1", b""))))
            if number > REQUESTS // 2 and not done():
                await asyncio.sleep(0.05)  # so that there is load until the last release
        return said

    streams = [asyncio.create_task(asked(port, *slow)) for _ in range(STREAMS)]
    answers = [answer for each in await asyncio.gather(*(client() for _ in range(AT_ONCE))) for answer in each]
    return answers + await asyncio.gather(*streams)


def test_two_releases_under_load_refuse_nobody(serve: Any, alice: User, run: Run) -> None:
    catalog.load()
    ledger.top_up(user=alice, cents=100_000, reference="more", reason="For the load", by=None)
    key = ApiKey.issue(user=alice, name="Alice's")[1]
    old = serve()
    over: list[bool] = []

    async def releases() -> list[bytes]:
        under_way = asyncio.Event()
        loading = asyncio.create_task(load(old.port, key, under_way, lambda: bool(over)))
        await under_way.wait()
        for _ in range(2):
            await asyncio.to_thread(serve, "--take-over")
        over.append(True)
        return await loading

    answers = run(releases())
    assert len(answers) == REQUESTS + STREAMS
    assert [answer[:200] for answer in answers if not answer.startswith(b"HTTP/1.1 200 ")] == []
    streams = [answer for answer in answers if b"event-stream" in answer]
    assert len(streams) == STREAMS
    assert [answer[-100:] for answer in streams if b"data: [DONE]" not in answer[-100:]] == []
    assert eventually(lambda: old.process.poll() == 0, 60)
    completions = -(-REQUESTS // (REQUESTS // COMPLETIONS)) + STREAMS
    assert set(Completion.objects.values_list("settlement", flat=True)) == {"exact"}
    assert Completion.objects.count() == completions == CreditTransaction.objects.filter(type="inference").count()
    assert (Hold.objects.count(), list(audit.faults())) == (0, [])


def test_a_first_start_takes_over_from_nobody_and_its_end_leaves_its_successors_offer(
    serve: Any, run: Run, tmp_path: Path
) -> None:
    old = serve("--take-over")
    assert run(asked(old.port, "GET /healthz HTTP/1.1")).startswith(b"HTTP/1.1 200")
    new = serve("--take-over")
    assert eventually(lambda: old.process.poll() == 0, 60)
    assert (tmp_path / "serve.sock").is_socket()
    assert (tmp_path / "serve.sock").stat().st_mode & 0o077 == 0
    assert new.stop() == 0
    assert list(tmp_path.glob("serve.sock*")) == []


def test_a_server_that_says_nothing_hands_nothing_over(
    tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.CONWAY_DATA_DIR = tmp_path
    monkeypatch.setattr(handover, "SECONDS", 0.1)
    with pytest.raises(OSError):
        handover.Predecessor()
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as door:
        door.bind(str(tmp_path / "serve.sock"))
        door.listen()
        with pytest.raises(TimeoutError):
            handover.Predecessor()


def test_systemd_is_told_what_it_waits_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        readiness_notice.say("READY=1")
        assert systemd.recv(100) == b"READY=1"
    readiness_notice.say("STOPPING=1")  # nobody listens any more: nothing happens

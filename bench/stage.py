"""What is measured: a gateway of one worker before the measuring upstream, with funded accounts in a database of its
own; and the bare function on the same server.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.kinds import ACCOUNTS

KEYS = """
import json
from accounts.models import ApiKey, User
from credits import ledger
secrets = []
for number in range(%d):
    user, _ = User.objects.get_or_create(email=f"bench-{number}@example.org")
    ledger.top_up(user=user, cents=10**9, reference=f"bench-{number}", reason="To be measured", by=None)
    secrets.append(ApiKey.issue(user=user, name="bench")[1])
print(json.dumps(secrets))
"""


ENDS_WITHIN_SECONDS = 60

# So that many streams may be open: what bounds them in life is not what is measured.
ROOM = {
    "CONWAY_ACCOUNT_CONCURRENCY": "8000", "CONWAY_PROVIDER_CONNECTIONS": "16000",
    "CONWAY_CONNECTIONS_PER_ADDRESS": "10000",
}  # fmt: skip


@dataclass
class Stage:
    name: str
    process: int  # whose tree is measured
    url: str
    keys: list[str]
    postgresql: int | None  # where it is ours to watch
    headers: tuple[str, ...] = ()


@contextmanager
def upstream() -> Iterator[str]:
    """Its address, as far as `/v1`."""
    with running("-m", "bench.upstream", environment=dict(os.environ)) as started:
        yield f"http://127.0.0.1:{started.said}/v1"


@contextmanager
def gateway(upstream: str, workers: int = 1, rows: int = 0) -> Iterator[Stage]:
    """In a folder of its own; an embedded PostgreSQL unless DATABASE_URL names a migrated database to spend in. With
    `rows`, its ledger has so many beforehand.
    """
    with ExitStack() as stack:
        folder = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="conway-bench-", ignore_cleanup_errors=True))
        )
        folder.chmod(0o755)  # root's embedded PostgreSQL runs as nobody
        root = upstream.removesuffix("/v1")
        environment = {
            **os.environ, **ROOM, "CONWAY_DATA_DIR": str(folder), "LOG_LEVEL": "ERROR", "CONWAY_SANDBOX": "",
            "OPENAI_API_KEY": "bench", "OPENAI_BASE_URL": upstream, "ANTHROPIC_API_KEY": "bench",
            "ANTHROPIC_BASE_URL": root, "GEMINI_API_KEY": "bench", "GEMINI_BASE_URL": f"{root}/v1beta",
        }  # fmt: skip
        manage("migrate", "--verbosity", "0", environment=environment)
        if rows:
            accounts = max(10, rows // 1_000)
            filled = ("fill_books", "--accounts", str(accounts), "--transactions", str(rows))
            manage(*filled, environment=environment)
        keys = json.loads(manage("shell", "--no-imports", "--command", KEYS % ACCOUNTS, environment=environment))
        serve = ("manage.py", "serve", "--port", "0", "--workers", str(workers))
        served = stack.enter_context(running(*serve, environment=environment))
        url = f"{served.said}/v1/chat/completions"
        yield Stage("Conway", served.process.pid, url, keys, postmaster(folder))


@contextmanager
def bare() -> Iterator[Stage]:
    """conway.server as its parent would start it."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=1024)
    listening.setblocking(False)
    ready, said = os.pipe()
    held, lifeline = os.pipe()
    command = [sys.executable, "-m", "conway.server", str(listening.fileno()), str(said), "bench.bare"]
    process = subprocess.Popen(
        command, pass_fds=(listening.fileno(), said), stdin=held,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "conway.settings"},
    )  # fmt: skip
    try:
        os.read(ready, 1)
        yield Stage("bare", process.pid, f"http://127.0.0.1:{listening.getsockname()[1]}/", ["none"], None)
    finally:
        process.terminate()
        process.wait(30)
        listening.close()
        for end in (ready, said, held, lifeline):
            os.close(end)


@dataclass
class Running:
    process: "subprocess.Popen[str]"
    said: str  # the last word of its first line


@contextmanager
def running(*command: str, environment: dict[str, str]) -> Iterator[Running]:
    process = subprocess.Popen([sys.executable, *command], env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    try:
        first = process.stdout.readline().split()
        if not first:
            raise SystemExit(f"{' '.join(command)} ended before it was ready")
        yield Running(process, first[-1])
    finally:
        process.terminate()
        try:
            process.wait(ENDS_WITHIN_SECONDS)
        except subprocess.TimeoutExpired:  # a starving machine: what was measured is told all the same
            process.kill()
            process.wait()
        process.stdout.close()


def manage(*command: str, environment: dict[str, str]) -> str:
    return subprocess.run(
        [sys.executable, "manage.py", *command], env=environment, text=True, stdout=subprocess.PIPE, check=True
    ).stdout


def postmaster(folder: Path) -> int | None:
    found = next(folder.rglob("postmaster.pid"), None)
    return int(found.read_text().split()[0]) if found else None


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])

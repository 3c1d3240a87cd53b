"""docs/operations.md, block by block, on a machine that is this one with /etc, /srv and /var/lib of its own.

No container is needed: a mount namespace, which only root may make. What it cannot do here is done in its place by a
program that says so (`STAND_INS`): packages are not installed, the environment is this one's, systemd is not asked.
"""

import os
import re
import secrets
import shutil
import socketserver
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import psycopg
import pytest

from conway import embedded
from tests.faults.conftest import LONG
from tests.faults.postgres import Postgres, free_port

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "operations.md").read_text()
BLOCKS = [(kind, text) for kind, text in re.findall(r"^ *```(\w+)\n(.*?)^ *```$", PAGE, re.M | re.S)]
# Which test runs a block, by what it begins with.
RUN_BY = {
    "apt-get install": "test_the_page_leads_from_nothing_to_a_service",
    "export DATABASE_URL": "test_the_page_leads_from_nothing_to_a_service",
    "CREATE ROLE": "test_the_page_leads_from_nothing_to_a_service",
    "CONWAY_DATA_DIR=/var/lib/conway\n": "test_the_page_leads_from_nothing_to_a_service",
    "location /": "test_nginx_takes_the_location",
    "DATABASE_URL=embedded": "test_it_moves_everything_and_the_old_one_takes_no_more_writes",
    "export CONWAY_DATA_DIR=/big/disk": "test_the_audit_finds_nothing",  # the same books, in small
}
STAND_INS = {
    "apt-get": 'for each; do case $each in -*|install) ;; *) echo "$each" >> $SAID/packages;; esac; done',
    "git": 'mkdir -p "$3" && cd $ROOT && git ls-files -z --cached --others --exclude-standard'
    ' | xargs -0 cp --parents -t "$3"',
    "make": '$REAL_MAKE -n "$@" > $SAID/made && ln -s $ROOT/.venv $2/.venv',
    "systemctl": 'echo "$*" >> $SAID/systemctl; [ "$1" != is-active ]',
    "setpriv": 'shift 5; exec "$@"',  # the interpreter of the tests may be where only root can go
    "python": 'cd /srv/conway && exec .venv/bin/python "$@"',
}

pytestmark = pytest.mark.timeout(900)
on_a_machine = pytest.mark.skipif(
    os.geteuid() != 0 or not all(map(shutil.which, ("unshare", "useradd", "make", "git"))),
    reason="not tried: only root makes mount namespaces, or a program of Debian's is missing",
)


def block(begins: str) -> str:
    (found,) = [text for _, text in BLOCKS if text.startswith(begins)]
    return found


def test_every_block_is_run_by_a_test() -> None:
    """A block that is new gets a row, and a test that runs it."""
    names = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    for _, text in BLOCKS:
        (name,) = [name for begins, name in RUN_BY.items() if text.startswith(begins)]
        assert f"def {name}(" in names
    assert len(BLOCKS) == len(RUN_BY)


@pytest.mark.skipif(not shutil.which("nginx"), reason="nginx is not installed")
def test_nginx_takes_the_location(tmp_path: Path) -> None:
    upgrade = re.search(r"`(map \$http_upgrade .*?})`", PAGE)
    assert upgrade
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    places = "".join(f"{kind}_temp_path {tmp_path}/{kind};\n" for kind in kinds)
    site = f"{upgrade[1]}\nserver {{ listen 127.0.0.1:{free_port()};\n{block('location /')} }}"
    whole = f"pid {tmp_path}/pid; error_log stderr;\nevents {{}}\nhttp {{ access_log off;\n{places}{site} }}"
    (tmp_path / "nginx.conf").write_text(whole)
    done = subprocess.run(["nginx", "-t", "-c", str(tmp_path / "nginx.conf")], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@dataclass
class Walk:
    folder: Path
    replaced: dict[str, str]  # what the page leaves to whoever reads it, or is of another machine

    def command(self, script: str) -> list[str]:
        mounts = "".join(f"mount --bind {self.folder}/{here} {there}\n" for here, there in MOUNTS.items())
        return ["unshare", "--mount", "sh", "-euc", f"{mounts}{self.said(script)}"]

    def said(self, script: str) -> str:
        for pattern, instead in self.replaced.items():
            script = re.sub(pattern, instead, script)
        return script

    @property
    def environment(self) -> dict[str, str]:
        """A shell's after login, and not this process's."""
        own = {"SAID": str(self.folder / "said"), "ROOT": str(ROOT), "REAL_MAKE": str(shutil.which("make"))}
        return {"PATH": f"{self.folder}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", **own}

    def run(self, script: str, **more: str) -> str:
        asked = {"env": {**self.environment, **more}, "capture_output": True, "text": True}
        done = subprocess.run(self.command(script), **asked)  # type: ignore[call-overload]
        assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
        return str(done.stdout)

    def noted(self, name: str) -> list[str]:
        return (self.folder / "said" / name).read_text().split("\n")[:-1]


MOUNTS = {"etc": "/etc", "srv": "/srv", "lib": "/var/lib"}


class Mail(socketserver.StreamRequestHandler):
    """A mail server that takes everything."""

    taken: list[bytes]

    def handle(self) -> None:
        self.wfile.write(b"220 here\r\n")
        while line := self.rfile.readline():
            match line[:4].upper():
                case b"DATA":
                    self.wfile.write(b"354 go on\r\n")
                    while (said := self.rfile.readline()) != b".\r\n":
                        self.taken.append(said)
                    self.wfile.write(b"250 taken\r\n")
                case b"QUIT":
                    self.wfile.write(b"221 bye\r\n")
                    return
                case _:
                    self.wfile.write(b"250 well\r\n")


@pytest.fixture
def mail() -> Iterator[tuple[int, list[bytes]]]:
    Mail.taken = []
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mail) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1], Mail.taken
        server.shutdown()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Postgres]:
    (tmp_path / "postgres").mkdir()
    server = Postgres(tmp_path / "postgres", migrated=False)
    yield server
    server.close()


@pytest.fixture
def walk(server: Postgres, mail: tuple[int, list[bytes]]) -> Iterator[Walk]:
    with tempfile.TemporaryDirectory(prefix="conway-walk-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        shutil.copytree("/etc", folder / "etc", symlinks=True)
        for new in ("srv", "lib/conway", "said", "bin", "etc/nginx/sites-enabled", "etc/systemd/system"):
            (folder / new).mkdir(parents=True, exist_ok=True)
        for program, does in STAND_INS.items():
            (folder / "bin" / program).write_text(f"#!/bin/sh\n{does.replace('git ls', '/usr/bin/git ls')}\n")
            (folder / "bin" / program).chmod(0o755)
        password = secrets.token_hex(8)
        replaced = {
            r"conway(_app)?@db/conway": rf"walk\1:{password}@127.0.0.1:{server.port}/walk",
            r"ROLE conway": "ROLE walk", r"DATABASE conway OWNER conway": "DATABASE walk OWNER walk",
            r"PASSWORD '\.\.\.'": f"PASSWORD '{password}'", r"KEY=\.\.\.": f"KEY={secrets.token_hex(32)}",
            r"EMAIL_HOST=\S+ EMAIL_PORT=465 EMAIL_USE_SSL=1": f"EMAIL_HOST=127.0.0.1 EMAIL_PORT={mail[0]}",
            r"createsuperuser": "createsuperuser --noinput --email sam@example.org", r"--port 8000": "--port 0",
        }  # fmt: skip
        yield Walk(folder, replaced)


@on_a_machine
def test_the_page_leads_from_nothing_to_a_service(walk: Walk, server: Postgres, mail: tuple[int, list[bytes]]) -> None:
    walk.run(block("apt-get install"))
    assert "python3-venv" in walk.noted("packages") and walk.noted("systemctl") == ["daemon-reload"]
    owned = walk.run("stat -c '%a %G' /etc/conway /etc/conway/environment; ls /etc/systemd/system")
    assert owned.split("\n")[:2] == ["750 conway", "640 conway"] and "conway@.service" in owned
    with psycopg.connect(server.url("postgres", embedded.OWNER), autocommit=True) as connected:
        for statement in walk.said(block("CREATE ROLE")).splitlines():
            connected.execute(statement)  # type: ignore[call-overload]

    exports, commands = settings_and_commands(block("export DATABASE_URL"))
    *before, serve = commands
    walk.run("\n".join([*exports, *before]), DJANGO_SUPERUSER_PASSWORD=secrets.token_hex(8))
    assert any(line.startswith(b"Subject: Test email") for line in mail[1])
    assert_it_serves(walk, "\n".join([*exports, f"exec {serve}"]))

    lines = [pair for line in exports for pair in re.findall(r'(\w+=(?:"[^"]*"|\S+))', line)]
    (walk.folder / "etc/conway/environment").write_text(walk.said("\n".join(lines) + "\n"))
    said = [walk.run(line) for line in cron(block("CONWAY_DATA_DIR=/var/lib/conway\n"))]
    assert "sessions" in said[0] and "The books balance." in said[1]
    if LONG:  # twice more the programs that were just run
        (walk.folder / "etc/conway/owner").write_text(walk.said(owners_address()))
        assert "conway@a serves; conway@b lets" in walk.run("/srv/conway/deploy/release.sh")
        assert "start conway@a" in walk.noted("systemctl")


def settings_and_commands(text: str) -> tuple[list[str], list[str]]:
    lines = text.splitlines()
    exports = [line for line in lines if line.startswith("export ")]
    return exports, [line for line in lines if line not in exports]


def owners_address() -> str:
    (said,) = re.findall(r"^owner=(\S+)", PAGE, re.M)
    return f"CONWAY_MIGRATION_DATABASE_URL={said}\n"


def cron(text: str) -> list[str]:
    """Its commands, as cron runs them: with the variables above them, and nothing else."""
    variables = [line for line in text.splitlines() if re.match(r"\w+=", line)]
    entries = [line.split(maxsplit=5)[5] for line in text.splitlines() if line[:1].isdigit()]
    return [f"env -i PATH=/usr/bin:/bin {' '.join(variables)} sh -c '{entry}'" for entry in entries]


def assert_it_serves(walk: Walk, script: str) -> None:
    process = subprocess.Popen(walk.command(script), env=walk.environment, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        url = next(line.split()[-1] for line in process.stdout if "listens on" in line)
        said = {path: httpx2.get(url + path, timeout=60).status_code for path in ("/healthz", "/readyz")}
        assert said == {"/healthz": 200, "/readyz": 200}
    finally:
        process.terminate()
        assert process.wait(60) == 0

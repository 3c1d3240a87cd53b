"""The embedded server's life. A cluster is made once; each test finds it as the one before left it, without users."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from conway import embedded
from tests.conway.conftest import eventually

USER = """
import sys
from pathlib import Path
from conway import embedded
print(embedded.ensure_running(Path(sys.argv[1]), grace_seconds=1), flush=True)
sys.stdin.read()
"""


class User:
    """A process that uses the database until it is told to go, or killed."""

    def __init__(self, home: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", USER, str(home)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def sockets(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline().strip()

    def go(self) -> None:
        self.process.communicate("")

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("embedded")


@pytest.fixture
def home(folder: Path) -> Iterator[Path]:
    yield folder / "pg"
    assert eventually(lambda: not keepers(folder / "pg")), "a server went on without a user"


@pytest.fixture
def user(home: Path) -> Iterator[Callable[[], User]]:
    users: list[User] = []

    def another() -> User:
        users.append(User(home))
        return users[-1]

    yield another
    for one in users:
        one.kill()


def one(sockets: str) -> object:
    with psycopg.connect(host=sockets, user="conway_app", dbname="conway") as connection:
        row = connection.execute("SELECT 1").fetchone()
        return row and row[0]


def keepers(home: Path) -> list[int]:
    """The processes of this cluster: keeper and postmaster, which hold its lock."""
    return [int(process.name) for process in Path("/proc").glob("[0-9]*") if is_of(home, process)]


def is_of(home: Path, process: Path) -> bool:
    is_one = {"conway.embedded_keeper", "-D"} & set(command(process))
    return bool(is_one) and str(home / "server.lock") in opened_by(process)


def opened_by(process: Path) -> set[str]:
    try:
        return {os.readlink(each) for each in (process / "fd").iterdir()}
    except OSError:  # it has just ended
        return set()


def command(process: Path) -> list[str]:
    try:
        return (process / "cmdline").read_text().split("\0")
    except OSError:  # it has just ended
        return []


def postmaster(home: Path) -> int:
    return int((home / "cluster" / "postmaster.pid").read_text().split()[0])


def test_a_user_gets_a_database_and_it_ends_after_its_last_user(user: Callable[[], User], home: Path) -> None:
    first, second = user(), user()
    assert first.sockets() == second.sockets() == str(home / "cluster")
    assert one(str(home / "cluster")) == 1
    first.go()
    second.go()
    assert eventually(lambda: not keepers(home))


def test_ten_at_once_share_one_server(user: Callable[[], User], home: Path) -> None:
    sockets = {each.sockets() for each in [user() for _ in range(10)]}
    assert [one(socket) for socket in sockets] == [1]
    assert len(keepers(home)) == 2


def test_killing_a_user_frees_it(user: Callable[[], User], home: Path) -> None:
    only = user()
    only.sockets()
    only.kill()
    assert eventually(lambda: not keepers(home))


def test_a_killed_postmaster_is_started_again(user: Callable[[], User], home: Path) -> None:
    sockets = user().sockets()
    victim = postmaster(home)
    os.kill(victim, signal.SIGKILL)
    assert eventually(lambda: answers(sockets) and postmaster(home) != victim)


def test_a_killed_keeper_and_postmaster_are_found_dead(user: Callable[[], User], home: Path) -> None:
    user().sockets()
    for pid in keepers(home):
        os.kill(pid, signal.SIGKILL)
    assert one(user().sockets()) == 1


def test_a_stale_pid_file_of_another_process_does_not_matter(user: Callable[[], User], home: Path) -> None:
    first = user()
    first.sockets()
    first.go()
    assert eventually(lambda: not keepers(home))
    (home / "cluster" / "postmaster.pid").write_text(f"{os.getpid()}\n{home}/cluster\n0\n5432\n")
    assert one(user().sockets()) == 1


def test_a_half_made_cluster_is_made_anew_and_a_long_path_gets_its_socket_elsewhere(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 100)
    (deep / "cluster.new").mkdir(parents=True)
    (deep / "cluster.new" / "PG_VERSION").write_text("18\n")
    user = User(deep)
    assert one(user.sockets()) == 1
    user.go()
    assert eventually(lambda: not keepers(deep))


def test_no_folder_above_it_changes_its_mode(user: Callable[[], User], home: Path) -> None:
    home.parent.chmod(0o700)
    assert one(user().sockets()) == 1
    assert home.parent.stat().st_mode & 0o777 == 0o700


def test_a_server_that_cannot_start_is_said_so_at_once(tmp_path: Path) -> None:
    (tmp_path / "pg" / "cluster").mkdir(parents=True)  # without anything in it
    began = time.monotonic()
    with pytest.raises(embedded.EmbeddedPostgresError, match=r"did not start; .*log says why"):
        embedded.ensure_running(tmp_path / "pg", grace_seconds=1)
    assert time.monotonic() - began < embedded.START_SECONDS / 2


def answers(sockets: str) -> bool:
    try:
        return one(sockets) == 1
    except psycopg.OperationalError:
        return False

"""DATABASE_URL is missing from the environment: no command may go on with a database that nobody chose."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import call_command, get_commands
from django.test import override_settings

from conway import chosen_database
from conway.management.commands import document_settings
from tests.served import close_session, this_database

ROOT = Path(__file__).parents[2]
OURS = ("conway", "inference", "credits", "accounts")
ARGUMENTS = {
    "archive_completions": ["2026-01", "archived"],
    "issue_key": ["ann@example.org"],
    "move_database": ["postgresql://owner@127.0.0.1:1/new"],
    "serve": ["--port", "0"],
    "unlock": ["ann@example.org"],
    "reset_second_factor": ["ann@example.org"],
}
WITHOUT_DATABASE = {"document_settings"}
PLAIN = {
    name: value
    for name, value in os.environ.items()
    if name not in ("DATABASE_URL", "CONWAY_DATA_DIR", "CONWAY_SANDBOX", "DEBUG")
}


def manage(*command: str, at: Path = ROOT, **environment: str) -> "subprocess.CompletedProcess[str]":
    """With nothing in the environment but what is said here."""
    arguments = [sys.executable, "manage.py", *command]
    return subprocess.run(arguments, cwd=at, env={**PLAIN, **environment}, capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program in a folder of its own: what would be started by mistake is not this folder's database."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("accounts", "conway", "credits", "inference", "templates"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "manage.py", folder)
    return folder


def test_with_debug_off_a_command_does_not_take_the_embedded_database_by_itself(checkout: Path) -> None:
    ended = manage("issue_key", "ann@example.org", at=checkout)
    assert ended.returncode == 1 and "Traceback" not in ended.stderr
    assert "DATABASE_URL is not set although DEBUG is off" in ended.stderr
    assert "`embedded`" in ended.stderr and ended.stdout == ""
    assert not (checkout / "var/postgresql").exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "name", sorted(name for name, app in get_commands().items() if app in OURS and name not in WITHOUT_DATABASE)
)
def test_no_command_of_ours_does_whatever_it_is_for(name: str, tmp_path: Path) -> None:
    close_session()
    unsaid = override_settings(EMBEDDED_POSTGRESQL=tmp_path / "postgresql", EMBEDDED_IS_MEANT=False)
    with unsaid, pytest.raises(chosen_database.NobodyChose):
        call_command(name, *ARGUMENTS.get(name, []))
    assert not (tmp_path / "postgresql").exists()


def test_what_writes_documents_opens_no_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a mark, a test that connects fails."""
    monkeypatch.setattr(document_settings, "DOCUMENTS", {tmp_path / "settings.md": lambda: "made"})
    with override_settings(EMBEDDED_POSTGRESQL=tmp_path / "postgresql", EMBEDDED_IS_MEANT=False):
        call_command("document_settings")
    assert [path.name for path in tmp_path.iterdir()] == ["settings.md"]


def test_with_a_providers_key_it_does_not_even_with_debug_on(checkout: Path) -> None:
    ended = manage("audit_ledger", at=checkout, DEBUG="1", OPENAI_API_KEY="sk-real")
    assert ended.returncode == 1 and "although a provider has a key" in ended.stderr
    assert "sk-real" not in ended.stderr


@pytest.mark.parametrize("telling", ["CONWAY_DATA_DIR", "DATABASE_URL"])
def test_who_names_the_embedded_database_gets_it(checkout: Path, tmp_path: Path, telling: str) -> None:
    where, told = checkout / "var", {"DATABASE_URL": "embedded"}
    if telling == "CONWAY_DATA_DIR":
        where, told = tmp_path, {"CONWAY_DATA_DIR": str(tmp_path)}
    ended = manage("migrate", "--verbosity", "0", at=checkout, OPENAI_API_KEY="sk-real", **told)
    assert (ended.returncode, ended.stdout) == (0, "")
    assert ended.stderr == f"Database: conway, embedded in {where}/postgresql, as conway\n"


def test_the_sandbox_needs_no_telling(checkout: Path) -> None:
    assert manage("migrate", "--verbosity", "0", at=checkout, CONWAY_SANDBOX="1").returncode == 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "command", [("settle_lost",), ("issue_key", "ann@example.org")], ids=lambda command: command[0]
)
def test_a_command_says_which_database_it_works_on_and_no_password(command: tuple[str, ...]) -> None:
    ended = manage(*command, DATABASE_URL=this_database() + " password=hush")
    said = ended.stderr.splitlines()[0]
    assert ended.returncode == 0 and said.startswith("Database: test_conway") and "hush" not in ended.stderr
    assert said not in ended.stdout
    if command[0] == "issue_key":
        assert len(ended.stdout.split()) == 1, "the key stands alone on standard output"


@pytest.mark.parametrize(
    "url", ["postgres//ann:hush@db/books", "host=db password=hush user", "hush", "postgresql://a:%zzhush@db/b"]
)
@pytest.mark.parametrize("setting", ["DATABASE_URL", "CONWAY_MIGRATION_DATABASE_URL"])
def test_an_address_that_cannot_be_read_is_not_shown(url: str, setting: str) -> None:
    ended = read_settings(**{"DATABASE_URL": "postgresql://db/books", setting: url})
    assert ended.returncode != 0 and f"{setting} cannot be read" in ended.stderr
    assert "hush" not in ended.stderr + ended.stdout


def test_an_owner_of_another_database_is_refused() -> None:
    ended = read_settings(DATABASE_URL="dbname=books", CONWAY_MIGRATION_DATABASE_URL="dbname=other")
    assert ended.returncode != 0 and "names another database" in ended.stderr


def read_settings(**environment: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", "from conway import settings"]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True)

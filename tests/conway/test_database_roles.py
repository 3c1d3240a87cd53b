"""Two roles in a database of one's own, made as docs/operations.md says: neither is a superuser."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from tests.faults.postgres import Postgres
from tests.served import served

ROOT = Path(__file__).parents[2]
SECRET = "as the manual says"


@dataclass
class Own:
    application: str
    owner: str

    def manage(self, *command: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        named = {"DATABASE_URL": self.application, **environment}
        return subprocess.run(
            [sys.executable, "manage.py", *command], env={**os.environ, **named}, capture_output=True, text=True
        )

    def migrated(self, *command: str) -> "subprocess.CompletedProcess[str]":
        return self.manage(*command, CONWAY_MIGRATION_DATABASE_URL=self.owner)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Own]:
    """A server with nothing of ours in it but the manual's SQL."""
    server = Postgres(tmp_path_factory.mktemp("postgres"), migrated=False)
    manual = (ROOT / "docs/operations.md").read_text()
    statements = re.findall(r"```sql\n(.*?)```", manual, re.S)[0].replace("'...'", f"'{SECRET}'").splitlines()
    renamed = [re.sub(r"\bconway(_app)?\b", r"own\1", statement) for statement in statements]
    server.run(*renamed)
    where = f"host=127.0.0.1 port={server.port} dbname=own password='{SECRET}'"
    yield Own(f"{where} user=own_app", f"{where} user=own")
    server.close()


@pytest.fixture(scope="module")
def migrated(own: Own) -> Own:
    ended = own.migrated("migrate", "--verbosity", "0")
    assert (ended.returncode, ended.stdout) == (0, ""), ended.stderr
    assert ended.stderr.startswith("Database: own at 127.0.0.1") and ended.stderr.endswith("as own\n")
    return own


def test_before_migrating_serve_says_what_is_missing(own: Own) -> None:
    ended = own.manage("serve", "--port", "0")
    assert ended.returncode == 1 and "run `python manage.py migrate`" in ended.stderr


def test_the_application_issues_keys_is_audited_and_serves(migrated: Own) -> None:
    key = migrated.manage("issue_key", "ann@example.org", "--credits", "50")
    assert key.returncode == 0 and key.stdout.startswith("cnwy_")
    assert migrated.manage("audit_ledger").stdout == "The books balance.\n"
    with served(DATABASE_URL=migrated.application, CONWAY_SANDBOX="1") as server:
        assert server.stop() == 0


def test_the_application_cannot_rewrite_what_is_booked_nor_can_it_make_a_table(migrated: Own) -> None:
    with psycopg.connect(migrated.application, autocommit=True) as connected:
        for attack in (
            "UPDATE credits_credittransaction SET reason = ''",
            "TRUNCATE inference_price",
            "CREATE TABLE a ()",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connected.execute(attack)


def test_rights_that_were_added_by_hand_are_taken_back(migrated: Own) -> None:
    with psycopg.connect(migrated.owner, autocommit=True) as connected:
        connected.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO own_app")
    assert migrated.migrated("grant_roles").stdout == "own_app has what the application needs.\n"
    with psycopg.connect(migrated.application) as connected, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connected.execute("DELETE FROM credits_credittransaction")


def test_a_role_that_was_not_granted_anything_is_told_to_migrate(migrated: Own) -> None:
    with psycopg.connect(migrated.owner, autocommit=True) as connected:
        connected.execute("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM own_app")
    try:
        ended = migrated.manage("serve", "--port", "0")
        assert ended.returncode == 1 and "Run `python manage.py migrate`: it grants" in ended.stderr
    finally:
        assert migrated.migrated("grant_roles").returncode == 0


def test_with_one_role_for_everything_there_is_nothing_to_grant(migrated: Own) -> None:
    ended = migrated.manage("grant_roles")
    assert ended.returncode == 1 and "There is one role for everything" in ended.stderr

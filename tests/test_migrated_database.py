from pathlib import Path

import pytest
from django.conf import settings

from tests import migrated_database


def named(monkeypatch: pytest.MonkeyPatch, migration: Path) -> str:
    monkeypatch.setattr(migrated_database, "migrations", lambda: [migration])
    migrated_database.name.cache_clear()
    try:
        return migrated_database.name()
    finally:
        migrated_database.name.cache_clear()


def test_a_migration_that_was_changed_or_renamed_is_carried_out_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    migration = tmp_path / "0001_initial.py"
    migration.write_text("operations = []")
    before = named(monkeypatch, migration)
    assert named(monkeypatch, migration) == before
    renamed = named(monkeypatch, migration.rename(tmp_path / "0001_first.py"))
    (tmp_path / "0001_first.py").write_text("operations = [1]")
    assert len({before, renamed, named(monkeypatch, tmp_path / "0001_first.py")}) == 3


def test_it_looks_at_the_migrations_of_every_app() -> None:
    apps = {path.parent.parent.name for path in migrated_database.migrations()}
    assert {"accounts", "credits", "inference", "conway", "auth", "contenttypes"} <= apps


@pytest.mark.django_db
@pytest.mark.skipif(settings.EMBEDDED_POSTGRESQL is None, reason="nothing is kept on somebody's server")
def test_it_is_kept_and_no_other() -> None:
    assert migrated_database.kept() == [migrated_database.name()]

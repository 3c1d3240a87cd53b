"""Tests begin with a copy of a migrated database, which the data folder's embedded server keeps from run to run.

Migrating an empty database takes 5 s of processor time, and beginning with a copy of a migrated one a fifth of it. The
name has a hash of the migrations and of what carries them out, so that one that was changed is carried out anew.
Django's `migrate` runs on the copy all the same: it has nothing to do but what it does each time, which is permissions
and the application's rights.
"""

import hashlib
from functools import cache
from importlib.metadata import version
from pathlib import Path

from django.apps import apps
from django.db import connection

from tests.served import forget_sessions

PREFIX = "migrated_"
CARRIED_OUT_BY = ("django", "psycopg")


@cache
def name() -> str:
    hashed = hashlib.sha256()
    for package in CARRIED_OUT_BY:
        hashed.update(f"{package} {version(package)}\n".encode())
    for path in migrations():
        hashed.update(f"{path.parent.parent.name} {path.name}\n".encode() + path.read_bytes())
    return PREFIX + hashed.hexdigest()[:16]


def migrations() -> list[Path]:
    return [path for app in apps.get_app_configs() for path in sorted(Path(app.path, "migrations").glob("*.py"))]


def begin_with_it() -> None:
    """The test database will be its copy, if it is there."""
    if name() in kept():
        connection.settings_dict["TEST"]["TEMPLATE"] = name()


def keep() -> None:
    """A copy of the test database, which is migrated and where no test has run; those of other migrations go."""
    if name() in (found := kept()):
        return
    forget_sessions()
    with connection._nodb_cursor() as cursor:
        for old in found:
            cursor.execute(f"DROP DATABASE {old}")
        cursor.execute(f'CREATE DATABASE {name()} TEMPLATE "{connection.settings_dict["NAME"]}"')


def kept() -> list[str]:
    with connection._nodb_cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [PREFIX])
        return [found for (found,) in cursor.fetchall()]

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import django
import httpcore2
import pytest
from pytest_django import DjangoDbBlocker

from tests import garbage

# Before Django reads its settings: tests have state of their own and reach no provider.
# A worker of pytest-xdist has a folder, and a spool, to itself. It has read the settings before it comes here, so the
# key that signs is said by the environment, the same for it and for the servers it starts.
STATE = Path(os.environ.get("CONWAY_DATA_DIR") or Path(__file__).parent.parent / "var" / "tests")
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
os.environ["CONWAY_DATA_DIR"] = str(STATE if STATE.name == WORKER else STATE / WORKER)
os.environ.setdefault("SECRET_KEY", "signs nothing but what tests make, and is long enough to sign it")
os.environ["CONWAY_STAFF_SECOND_FACTOR"] = "0"  # what is about it switches it on
os.environ["DJANGO_SETTINGS_MODULE"] = "conway.settings"
OPERATORS_OWN = ("_API_KEY", "_BASE_URL", "REDIS_URL", "CONWAY_SANDBOX", "CONWAY_SANDBOX_URL", "DEBUG", "OTLP_ENDPOINT")
for name in list(os.environ):
    if name.endswith(OPERATORS_OWN):
        del os.environ[name]

garbage.keep_all()
django.setup()  # before the conftest of a folder below imports a model

from django.conf import settings
from django.db import connection
from django.test import override_settings

from conway.common.database_roles import LOGIN
from tests import cleaning, loops, migrated_database, properties
from tests.roles import in_the_applications_role

pytest_plugins = ["tests.people"]
cleaning.install()
loops.install()
properties.load_profile()
# Whom we trust is read once: 30 ms for each client that asks the sandbox, and a test makes several.
httpcore2.default_ssl_context = cache(httpcore2.default_ssl_context)


def pytest_collection_finish() -> None:
    garbage.keep_what_is_here()


PLAIN_STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
FAST_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True, scope="session")
def quick_settings() -> Iterator[None]:
    """Pages without collected static files, passwords without their deliberate slowness. WhiteNoise looks for a file
    when it is asked for one: where a server has collected hundreds, it would look at all for each client of a test."""
    with override_settings(STORAGES=PLAIN_STORAGES, PASSWORD_HASHERS=FAST_HASHERS, WHITENOISE_AUTOREFRESH=True):
        yield


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings: None, django_db_blocker: DjangoDbBlocker) -> None:
    """Our own server need not survive a power cut while it serves tests: waiting for the disk is a sixth of them. It
    keeps a migrated database from run to run."""
    connection.settings_dict.update({name: settings.OWNER_DATABASE[name] for name in LOGIN})  # who may make databases
    if settings.EMBEDDED_POSTGRESQL is None:
        return  # somebody's, by DATABASE_URL
    with django_db_blocker.unblock():
        with connection._nodb_cursor() as cursor:
            for name in ("fsync", "full_page_writes"):
                cursor.execute(f"ALTER SYSTEM SET {name} = off")
            cursor.execute("SELECT pg_reload_conf()")
        migrated_database.begin_with_it()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Tests work in the application's role, and end with every session closed first, those of asynchronous pools and
    served processes too."""
    with django_db_blocker.unblock():
        if settings.EMBEDDED_POSTGRESQL is not None:
            migrated_database.keep()
        cleaning.keep_what_migrations_made()
        with in_the_applications_role():
            yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )

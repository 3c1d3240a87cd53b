"""The people of our tests, and the check that every test which moves money leaves the books in balance."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from django.test import Client

from accounts.models import User
from credits import audit, ledger


@pytest.fixture
def alice(db: None) -> User:
    """Funded with 1000 cents."""
    user = User.objects.create_user(email="alice@example.org", password="alice's password")
    ledger.top_up(user=user, cents=1000, reference="alice-begins", reason="Her first money", by=None)
    return user


@pytest.fixture
def bob(db: None) -> User:
    """Has nothing, not even an account's row."""
    return User.objects.create_user(email="bob@example.org", password="bob's password")


@pytest.fixture
def sam(db: None) -> User:
    """Staff, and may do everything in the admin."""
    return User.objects.create_superuser(email="sam@example.org", password="sam's password")


@pytest.fixture
def staff(db: None) -> Callable[[str], User]:
    """Makes somebody of a ready-made role, with an address and a password that tell which one."""
    import_module("conway.migrations.0001_roles").create(apps, None)  # transactional tests have emptied the tables
    import_module("conway.migrations.0002_alerts").grant(apps, None)
    import_module("conway.migrations.0003_roles_read_closes").add(apps, None)

    def staff(role: str, name: str = "") -> User:
        name = name or role
        user = User.objects.create_user(f"{name}@example.org", f"{name}'s password", name=name, is_staff=True)
        user.groups.set(Group.objects.filter(name=role))
        return user

    return staff


@pytest.fixture
def at_admin() -> Callable[[User], Client]:
    """A browser in which this person has just signed in with their password."""

    def at_admin(user: User) -> Client:
        client = Client()
        client.force_login(user, backend="accounts.backends.PasswordBackend")
        return client

    return at_admin


@pytest.fixture
def run() -> Callable[[Coroutine[Any, Any, Any]], Any]:
    """Runs a coroutine from a synchronous test, on an event loop and a pool of its own (tests/loops.py)."""
    return lambda coroutine: asyncio.run(coroutine)


@pytest.fixture(autouse=True)
def books(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test that spoils the books on purpose is marked `spoils_the_books`."""
    marker = request.node.get_closest_marker("django_db")
    moves_money = (marker and marker.kwargs.get("transaction")) or "transactional_db" in request.fixturenames
    if not moves_money:
        yield
        return
    request.getfixturevalue("db")  # set up before us, so that we look before it is emptied
    yield
    if not request.node.get_closest_marker("spoils_the_books"):
        assert list(audit.faults()) == []


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "spoils_the_books: the audit must find faults after this test")

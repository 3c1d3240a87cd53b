from collections.abc import Callable, Iterator

import pytest
from django.core.cache import cache
from django.test import Client

from accounts.models import User
from inference import catalog
from tests.month.seeded import Seeded, seed


@pytest.fixture
def month(db: None) -> Iterator[Seeded]:
    cache.clear()
    yield seed()
    catalog.forget()


@pytest.fixture
def visit() -> Callable[[User], Client]:
    def visit(user: User) -> Client:
        client = Client()
        client.force_login(user, backend="accounts.backends.PasswordBackend")
        return client

    return visit

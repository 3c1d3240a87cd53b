from collections.abc import Callable, Iterator

import pytest
from django.test import Client

from accounts.models import ApiKey, User
from inference import catalog
from inference.models import Completion
from tests import lasting_catalogue
from tests.browser import sample_month

Visit = Callable[[User], Client]


@pytest.fixture
def visit() -> Visit:
    """A browser with a user's session."""

    def visit(user: User) -> Client:
        client = Client()
        client.force_login(user, backend="accounts.backends.PasswordBackend")
        return client

    return visit


@pytest.fixture
def hers(alice: User, visit: Visit) -> Client:
    return visit(alice)


@pytest.fixture
def offered(db: None) -> Iterator[None]:
    """The catalogue as it is loaded."""
    lasting_catalogue.load()
    catalog.forget()
    yield
    catalog.forget()


@pytest.fixture
def ada(offered: None) -> User:
    """Has used the service for a month."""
    user = User.objects.create_user(email="ada@example.org", password="ada's password", name="Ada")
    key, _ = ApiKey.issue(user=user, name="agents")
    sample_month.live(user, key)
    return user


@pytest.fixture
def receipt(ada: User) -> str:
    return Completion.objects.filter(user=ada).latest("admitted_at").pk

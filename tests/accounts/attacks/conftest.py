import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from accounts import authentication
from accounts.models import User
from tests.second_factors import give_app

PASSWORD, NEW = "correct horse battery", "a new and longer phrase"


@pytest.fixture
def carol(db: None) -> User:
    """A customer whose address is proven and whose password is known."""
    user = User.objects.create_user("carol@example.org", PASSWORD, name="Carol")
    user.prove("carol@example.org")
    return user


@pytest.fixture
def secret(carol: User) -> str:
    """Of the authenticator app that Carol has."""
    return give_app(carol)


def browser(user: User, password: str = PASSWORD, **meta: str) -> Client:
    """Signed in with the password, as people are."""
    client = Client()
    client.defaults.update(meta)
    answer = client.post("/sign-in", {"username": user.typed_email, "password": password})
    assert answer.status_code == 302, answer.content
    return client


def is_signed_in(client: Client) -> bool:
    return client.get("/account").status_code == 200


def sign_up(client: Client, email: str, password: str = PASSWORD) -> Any:
    return client.post("/sign-up", {"email": email, "password1": password, "password2": password})


def link_in(body: object) -> str:
    found: list[str] = re.findall(r"http://testserver(/\S+)", str(body))
    return found[0]


@pytest.fixture
def last_link() -> Callable[[], str]:
    return lambda: link_in(mail.outbox[-1].body)


def api(client: Client, path: str, body: Any = None, auth: str | None = None, method: str = "post") -> Any:
    headers = {} if auth is None else {"authorization": f"Bearer {auth}"}
    return getattr(client, method)(f"/v1/{path}", body, content_type="application/json", headers=headers)


# Keys, by the API


def made_key(jwt: str, **fields: Any) -> dict[str, Any]:
    answer = api(Client(), "auth/api-keys", {"name": "a", **fields}, jwt)
    assert answer.status_code == 201, answer.content
    key: dict[str, Any] = answer.json()
    return key


def changed_key(jwt: str, key: dict[str, Any], **fields: Any) -> Any:
    return api(Client(), f"auth/api-keys/{key['id']}", fields, jwt, method="patch")


def status_of(secret: str, path: str = "auth/api-keys", **meta: Any) -> int:
    answer = api(Client(**meta), path, auth=secret, method="get")
    return int(answer.status_code)


@pytest.fixture
def nobody_is_remembered() -> Iterator[None]:
    authentication._cache.clear()
    yield
    authentication._cache.clear()

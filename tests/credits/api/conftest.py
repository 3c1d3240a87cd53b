from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts import access_tokens
from accounts.models import User

Get = Callable[..., Any]


@pytest.fixture
def get(client: Client, alice: User) -> Get:
    """`get("credits/balance")`, as Alice unless said otherwise."""

    def get(path: str, user: User | None = None, **query: Any) -> Any:
        token = access_tokens.access_token(user or alice)
        return client.get(f"/v1/{path}", query, headers={"authorization": f"Bearer {token}"})

    return get

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from django.test import Client
from eth_keys.datatypes import PrivateKey

from accounts import access_tokens
from accounts.models import ApiKey, User
from accounts.wallet import personal_hash
from conway.common import database


@pytest.fixture
def alice(db: None) -> User:
    return User.objects.create_user("alice@example.org", name="Alice")


@pytest.fixture
def bob(db: None) -> User:
    return User.objects.create_user("bob@example.org", name="Bob")


@pytest.fixture
def sam(db: None) -> User:
    return User.objects.create_superuser("sam@example.org", name="Sam")


@pytest.fixture
async def pool(transactional_db: None) -> AsyncIterator[None]:
    """For tests of the asynchronous way: its connections see only what is committed, and are closed at the end."""
    yield
    await database.close()


@pytest.fixture
def key(alice: User) -> str:
    return ApiKey.issue(user=alice, name="laptop")[1]


@pytest.fixture
def jwt(alice: User) -> str:
    token: str = access_tokens.pair(alice)["access_token"]
    return token


@pytest.fixture
def post(client: Client) -> Callable[..., Any]:
    def post(path: str, body: Any = None, auth: str | None = None) -> Any:
        headers = {} if auth is None else {"authorization": auth}
        return client.post(f"/v1/auth/{path}", body, content_type="application/json", headers=headers)

    return post


class Wallet:
    """A client with a real key pair, which writes its messages as the siwe library does."""

    def __init__(self, private_key: bytes = b"\x01" * 32) -> None:
        self.key = PrivateKey(private_key)
        self.address = self.key.public_key.to_checksum_address()

    def message(
        self,
        nonce: str = "abcdefgh12345678",
        *,
        domain: str = "conway.tech",
        chain_id: int = 8453,
        statement: str | None = "Sign in to Conway Terminal to provision an API key.",
        extra: str = "",
        issued_at: str = "2026-11-22T10:00:00.000Z",
    ) -> str:
        said = f"\n{statement}\n" if statement else "\n"
        return (
            f"{domain} wants you to sign in with your Ethereum account:\n{self.address}\n{said}\n"
            f"URI: http://127.0.0.1:8000/v1/auth/verify\nVersion: 1\nChain ID: {chain_id}\n"
            f"Nonce: {nonce}\nIssued At: {issued_at}{extra}"
        )

    def sign(self, message: str) -> str:
        signature = self.key.sign_msg_hash(personal_hash(message))
        return f"0x{signature.r:064x}{signature.s:064x}{signature.v + 27:02x}"

    def signed(self, *args: Any, **kwargs: Any) -> dict[str, str]:
        message = self.message(*args, **kwargs)
        return {"message": message, "signature": self.sign(message)}


@pytest.fixture
def wallet() -> Wallet:
    return Wallet()

"""Two cashiers and a browser of each, on a database in which others see what is committed."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.test import Client

from accounts.models import User

ACCOUNTS = "/admin/credits/creditaccount"
TOP_UP, ADJUST, REFUND = f"{ACCOUNTS}/top-up/", f"{ACCOUNTS}/adjust/", f"{ACCOUNTS}/refund/"


@pytest.fixture
def carol(transactional_db: None, staff: Callable[..., User]) -> User:
    return staff("cashier", "carol")


@pytest.fixture
def dave(transactional_db: None, staff: Callable[..., User]) -> User:
    return staff("cashier", "dave")


@pytest.fixture
def admin(carol: User, at_admin: Callable[[User], Client]) -> Client:
    """Carol's."""
    return at_admin(carol)


@pytest.fixture
def daves(dave: User, at_admin: Callable[[User], Client]) -> Client:
    return at_admin(dave)


@pytest.fixture
def ceilings(settings: Any) -> None:
    """$100 at once, $250 in a day."""
    settings.CONWAY_STAFF_BOOKING_CENTS, settings.CONWAY_STAFF_DAY_CENTS = 10_000, 25_000


def filled(client: Client, path: str = TOP_UP, **fields: Any) -> dict[str, Any]:
    """What a browser sends from the first page."""
    reference = re.findall(r'name="reference" value="([^"]+)"', client.get(path).content.decode())[0]
    return {"reference": reference, "payment": "INV-7", "reason": "Thank you", **fields}


def confirmed(client: Client, path: str = TOP_UP, **fields: Any) -> Any:
    return client.post(path, {**filled(client, path, **fields), "confirmed": "yes"}, follow=True)


def text_of(page: Any) -> str:
    return str(page.content.decode())


def whole(answer: Any) -> str:
    """A streamed answer, read to its end."""

    async def read() -> bytes:
        return b"".join([piece async for piece in answer])

    return async_to_sync(read)().decode()

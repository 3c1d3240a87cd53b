import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.test import Client

from accounts.models import User
from conway.asgi import sockets
from credits import ledger
from tests.pages.conftest import Visit

pytestmark = pytest.mark.django_db(transaction=True)
Run = Callable[[Any], Any]


def opened(
    client: Client, *, origin: str = "http://here.example", path: str = "/credits/live"
) -> WebsocketCommunicator:
    cookie = "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())
    headers = [(b"host", b"here.example"), (b"origin", origin.encode()), (b"cookie", cookie.encode())]
    return WebsocketCommunicator(sockets, path, headers=headers)


@asynccontextmanager
async def page(client: Client) -> AsyncIterator[WebsocketCommunicator]:
    socket = opened(client)
    assert (await socket.connect())[0]
    yield socket
    await socket.disconnect()


async def top_up(user: User, reference: str) -> None:
    await sync_to_async(ledger.top_up)(user=user, cents=5, reference=reference, reason="More", by=None)


def test_every_tab_hears_of_a_change(alice: User, visit: Visit, run: Run) -> None:
    first, second = visit(alice), visit(alice)

    async def story() -> list[str]:
        async with page(first) as one, page(second) as other:
            await top_up(alice, "told")
            return [await one.receive_from(), await other.receive_from()]

    assert run(story()) == ["changed", "changed"]


def test_a_stranger_hears_nothing_of_it(alice: User, bob: User, visit: Visit, run: Run) -> None:
    browser = visit(bob)

    async def story() -> bool:
        async with page(browser) as his:
            await top_up(alice, "private")
            return await his.receive_nothing(timeout=0.5)

    assert run(story())


def test_what_a_page_says_is_not_listened_to(alice: User, visit: Visit, run: Run) -> None:
    browser = visit(alice)

    async def story() -> bool:
        async with page(browser) as socket:
            await socket.send_to(text_data='{"type": "credits.changed", "user_id": 1}')
            return await socket.receive_nothing(timeout=0.2)

    assert run(story())


@pytest.mark.parametrize(
    "wrong",
    [{"origin": "https://evil.example"}, {"origin": "null"}, {"origin": ""}, {"path": "/credits/other"}, {"path": "/"}],
)
def test_other_sites_and_addresses_are_refused(alice: User, visit: Visit, run: Run, wrong: dict[str, str]) -> None:
    assert not run(opened(visit(alice), **wrong).connect())[0]


def test_without_a_session_there_is_nothing_to_hear(db: None, run: Run) -> None:
    assert not run(opened(Client()).connect())[0]


def test_a_deactivated_user_is_nobody(alice: User, visit: Visit, run: Run) -> None:
    client = visit(alice)
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert not run(opened(client).connect())[0]


def test_a_hold_is_told_of_too(alice: User, visit: Visit, run: Run) -> None:
    browser = visit(alice)

    async def story() -> str:
        async with page(browser) as socket:
            await ledger.admit(
                completion_id="chatcmpl-held",
                user_id=alice.pk,
                key_id=None,
                need_cents=1,
                worst_cents=20,
                process="p",
                details={},
            )
            return await asyncio.wait_for(socket.receive_from(), 2)

    assert run(story()) == "changed"

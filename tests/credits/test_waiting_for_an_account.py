"""Statements that waited for an account count with what they find, and not with what was there when they began."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import psycopg
import pytest

from accounts.models import User
from conway.common import database
from credits import ledger
from credits.models import CreditAccount
from tests.credits.ledger_driver import admit, settle

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.spoils_the_books]  # it is topped up by hand

Run = Callable[[Coroutine[Any, Any, Any]], Any]


@pytest.fixture
def user() -> User:
    user = User.objects.create_user()
    ledger.top_up(user=user, cents=30, reference="first", reason="To begin with", by=None)
    return user


async def meanwhile(user: User, waiting: Coroutine[Any, Any, Any], *statements: str) -> Any:
    """What `waiting` comes to, when another transaction carries out `statements` on the account that it waits for."""
    options = {**await asyncio.to_thread(database.connection_options), "autocommit": False}
    async with await psycopg.AsyncConnection.connect(**options) as other:
        await other.execute("SELECT FROM credits_creditaccount WHERE user_id = %s FOR UPDATE", [user.pk])
        task = asyncio.create_task(waiting)
        while not await database.fetch_one("SELECT 1 FROM pg_locks WHERE NOT granted"):
            await asyncio.sleep(0.01)
        for statement in statements:
            await other.execute(f"UPDATE credits_creditaccount SET {statement} WHERE user_id = {user.pk}")
        await other.commit()
        return await task


TOPPED_UP = ("balance_cents = balance_cents + 500", "written_off_cents = 0")  # the trigger's update is a second one


def test_it_holds_of_a_top_up_that_it_waited_for(run: Run, user: User) -> None:
    run(meanwhile(user, admit(user, need=60, worst=60), *TOPPED_UP))
    assert CreditAccount.objects.get(pk=user.pk).held_cents == 60


def test_it_charges_a_top_up_that_it_waited_for(run: Run, user: User) -> None:
    async def story() -> Any:
        admission = await admit(user, need=1, worst=20)
        return await meanwhile(user, settle(user, admission.completion_id, 90), *TOPPED_UP)

    assert run(story()).written_off_cents == 0
    assert CreditAccount.objects.values_list("balance_cents", "held_cents").get(pk=user.pk) == (440, 0)


def test_it_refuses_what_another_took_while_it_waited(run: Run, user: User) -> None:
    with pytest.raises(ledger.AdmissionDenied) as refused:
        run(meanwhile(user, admit(user, need=20, worst=20), "held_cents = 25"))
    assert refused.value.reason == "insufficient_credits"


def test_it_writes_off_what_another_took_while_it_waited(run: Run, user: User) -> None:
    async def story() -> Any:
        admission = await admit(user, need=1, worst=20)
        return await meanwhile(user, settle(user, admission.completion_id, 25), "balance_cents = 20")

    assert run(story()).written_off_cents == 5

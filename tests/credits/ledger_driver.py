"""Stands where inference will: admits and settles completions that are nothing but a price."""

import asyncio
import itertools
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connections, transaction

from accounts.models import User
from conway.common import database
from credits import ledger
from credits.models import CreditAccount, CreditTransaction

TABLE = """
CREATE TABLE IF NOT EXISTS driver_completion (
  id text PRIMARY KEY, user_id bigint NOT NULL, key_id bigint, charged bigint NOT NULL CHECK (charged >= 0), how text
)"""

RECEIPT = ledger.ReceiptStatement("""
INSERT INTO driver_completion AS c (id, user_id, key_id, charged, how)
SELECT completion_id, user_id, (c.row ->> 'key_id')::bigint, (c.row ->> 'charged')::bigint, c.row ->> 'how'
FROM completions c
ON CONFLICT (id) DO UPDATE SET charged = excluded.charged, how = excluded.how
  WHERE c.how = 'lost' AND excluded.how <> 'lost'
RETURNING new.id AS completion_id, new.user_id, new.key_id, new.charged - coalesce(old.charged, 0) AS due_cents,
          old.id IS NOT NULL AS corrects""")

_numbers = itertools.count()


def new_id() -> str:
    return f"chatcmpl-{next(_numbers)}"


async def admit(user: User, *, need: int = 1, worst: int = 10, key: Any = None, **more: Any) -> ledger.Admission:
    return await ledger.admit(
        completion_id=more.pop("completion_id", None) or new_id(),
        user_id=user.pk,
        key_id=key and key.pk,
        need_cents=need,
        worst_cents=worst,
        process=more.pop("process", "driver"),
        details={},
        **more,
    )


async def settle(
    user: User, completion_id: str, charged: int, *, how: str = "exact", key: Any = None, **more: Any
) -> ledger.Settled | None:
    params = {
        "completion_id": completion_id,
        "user_id": user.pk,
        "row": {"key_id": key and key.pk, "charged": charged, "how": how},
        "details": {"model": "gpt-5-nano"},
        "description": "gpt-5-nano",
    }
    return await ledger.settle(receipt=RECEIPT, params=params, **more)


async def buy(user: User, charged: int, **more: Any) -> str:
    admission = await admit(user, **more)
    await settle(user, admission.completion_id, charged, key=more.get("key"))
    return admission.completion_id


def at_once(*calls: Callable[[], Coroutine[Any, Any, Any]]) -> list[Any]:
    """Each on an event loop of its own, as so many processes would; refusals are returned, not raised."""

    async def alone(call: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        try:
            return await call()
        except ledger.AdmissionDenied as refused:
            return refused
        finally:
            await database.close()

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(lambda call: asyncio.run(alone(call)), calls))


def clicks(*calls: Callable[[], Any]) -> list[Any]:
    """The same for synchronous calls; UnableToPost is returned, not raised."""

    def clicked(call: Callable[[], Any]) -> Any:
        try:
            return call()
        except ledger.UnableToPost as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(clicked, calls))


def meanwhile(first: Callable[[], Any], second: Callable[[], Any]) -> Any:
    """What `second` comes to if it begins when `first` is booked and not committed yet."""
    with ThreadPoolExecutor(1) as thread:
        with transaction.atomic():
            first()
            waiting = thread.submit(second)
            time.sleep(0.3)
            assert not waiting.done()
        return waiting.result()[0]


def books_of(user: User) -> tuple[int, int]:
    account = CreditAccount.objects.for_user(user).first() or CreditAccount()
    return account.balance_cents, account.held_cents


def history_of(user: User) -> list[tuple[str, int]]:
    return list(CreditTransaction.objects.for_user(user).order_by("id").values_list("reference", "amount_cents"))

"""What the rows say, asked in SQL, and what a page says, read from it."""

import csv
import io
import re
from collections.abc import Callable
from typing import Any

from asgiref.sync import async_to_sync
from django.db import connection
from django.test import Client

from accounts.models import User
from credits.figures import total

Visit = Callable[[User], Client]


CHARGED, GIVEN_BACK = (
    "-sum(amount_cents) FILTER (WHERE type = 'inference')",
    "sum(amount_cents) FILTER (WHERE type IN ('refund', 'write_off'))",
)
IN_MARCH = "created_at >= '2026-03-01 00:00Z' AND created_at < '2026-04-01 00:00Z'"


DETAILS = {"model": "details ->> 'model'", "key": "(SELECT k.name FROM accounts_apikey k WHERE k.id = key_id)"}


def sql(question: str, *params: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(question, params)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def cents(type: str, where: str, sign: int = 1) -> int:
    return sign * int(
        sql(f"SELECT coalesce(sum(amount_cents), 0) FROM credits_credittransaction WHERE type = %s AND {where}", type)[
            0
        ][0]
    )


def shown(page: str, name: str) -> int:
    return int(re.search(rf'(?:id|data-figure)="{name}"[^>]*data-cents="(-?\d+)"', page)[1])  # type: ignore[index]


def whole(answer: Any) -> list[dict[str, str]]:
    async def read() -> str:
        return b"".join([piece async for piece in answer]).decode()

    return list(csv.DictReader(io.StringIO(async_to_sync(read)())))


def figures(page: str, where: str) -> None:
    for name, type, sign in (
        ("topped_up", "top_up", 1), ("adjusted", "adjustment", 1), ("charged", "inference", -1),
        ("refunded", "refund", 1), ("written_off", "write_off", 1),
    ):  # fmt: skip
        assert shown(page, name) == cents(type, where, sign), name


def balance(user: User, moment: str) -> int:
    return int(
        sql(
            "SELECT coalesce(sum(amount_cents), 0) FROM credits_credittransaction"
            " WHERE account_id = %s AND created_at < %s",
            user.pk,
            moment,
        )[0][0]
    )


def rows_of(page: str, heading: str) -> dict[str, tuple[int, int, int]]:
    """Of a table by model or key."""
    table = re.search(rf'<h2 id="{heading}">.*?</section>', page, re.S)[0]  # type: ignore[index]
    found = re.findall(
        r'<th scope="row">(.*?)</th>.*?data-charged="(-?\d+)".*?data-given-back="(-?\d+)".*?data-spent="(-?\d+)"', table
    )
    return {name: (int(charged), int(back), int(spent)) for name, charged, back, spent in found}


def figures_of(user: User) -> None:
    assert total(user.pk).net == balance(user, "2999-01-01")

"""Who visits every page of a database that fill_books made, and what a visitor knows of it beforehand."""

from datetime import timedelta
from typing import Any

from asgiref.sync import async_to_sync
from django.apps import apps
from django.test import Client

from accounts.models import ApiKey, User
from bench.every_page import Known
from credits.models import CreditTransaction
from inference.models import Completion

BUSIEST, SMALL = 1, 777  # fill_books gives user 1 the longest history
PIECES = 2  # of an export: its headings, and its first rows


def known_of(user: int) -> Known:
    """Of the middle of this account's history."""
    mine = Completion.objects.filter(user=user).order_by("created_at")
    first, last = mine[0], mine.reverse()[0]
    middle = mine.filter(created_at__gte=first.created_at + (last.created_at - first.created_at) / 2)[0]
    entries = CreditTransaction.objects.filter(account=user).order_by("id")
    entry = entries.get(reference=f"inference:{middle.pk}") if middle.charged_cents else entries[0]
    early = list(entries[:200])[-1]
    refund = CreditTransaction.objects.filter(type="refund").order_by("id").last()
    owner, key = User.objects.get(pk=user), ApiKey.objects.filter(user=user).order_by("pk")[0]
    day = middle.created_at.date()
    rows: dict[str, list[object]] = {
        f"{model._meta.app_label}/{model._meta.model_name}": [row.pk for row in model._default_manager.all()[:1]]
        for model in apps.get_models()
    }
    both: list[object] = list(dict.fromkeys([BUSIEST, user]))
    parts: dict[str, list[object]] = {
        "pk": [key.pk], "name": ["billing"], "completion_id": [middle.pk], "app_label": ["credits"],
        "year": [day.year], "month": [day.month, (day + timedelta(days=31)).month], "user_id": [user],
    }  # fmt: skip
    deep = [f"after={middle.pk}", f"before={middle.pk}", f"after={list(mine[:50])[-1].pk}"]
    by_id = [f"after={entry.pk}", f"before={entry.pk}", f"after={early.pk}", f"before={early.pk}"]
    return Known(
        parts,
        rows
        | {
            "credits/creditaccount": both, "accounts/user": both,
            "accounts/apikey": both, "inference/completion": [middle.pk],
            "credits/credittransaction": [entry.pk, refund.pk if refund else entry.pk],
        },
        {
            "/requests": deep, "/credits/history": by_id, "/admin/inference/completion/": deep,
            "/admin/credits/credittransaction/": by_id, "/admin/accounts/user/": ["after=500", "before=500"],
            "/admin/credits/creditaccount/": ["after=500", "before=500"],
            "/admin/accounts/apikey/": ["after=500", "before=500"],
            "/admin/credits/creditaccount/refund/": [f"charge={middle.pk}"],
        },
        (
            *(str(owner.email), str(owner.pk), key.prefix, middle.pk, middle.request_id, entry.reference),
            *("example", "er77@", "0x" + "ab" * 20, "INV-2026-1", "no such thing"),
        ),
        (day, last.created_at.date()),
    )  # fmt: skip


def signed_in(user: User) -> Client:
    client = Client(SERVER_NAME="localhost")
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def get(client: Client, path: str) -> Any:
    """With the first rows of what is sent in pieces."""
    answer: Any = client.get(path)
    if answer.streaming and answer.is_async:
        async_to_sync(begun)(answer.streaming_content)
    return answer


async def begun(pieces: Any) -> None:
    for _ in range(PIECES):
        await anext(pieces, None)
    await pieces.aclose()


def html(client: Client, path: str) -> str:
    answer = client.get(path)
    is_page = answer.status_code == 200 and answer.headers["content-type"].startswith("text/html")
    return answer.content.decode() if is_page else ""

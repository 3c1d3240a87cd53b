"""What somebody takes away is all that is kept of them: every table that names a user, every column of it."""

import json
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.apps import apps
from django.db.models import Model
from django.test import Client

from accounts.models import ApiKey, SignInLink, User
from credits.models import CreditTransaction, Webhook
from inference.models import Completion
from inference.reporting import own_data
from tests.pages.conftest import Visit

OWNERS = {"User", "CreditAccount", "ApiKey", "Webhook"}

# What of a user is not in it, and why.
OTHERS = {
    "Alert": "staff's work", "Price": "staff's work", "MonthClose": "staff's work",
    "StaffAction": "staff's work",
    "StaffCeiling": "staff's work", "LogEntry": "staff's work",
    "MoveRequest": "staff among themselves: what was booked is a transaction",
    "KeyUse": "sums of requests", "DaySum": "sums of transactions", "SummedDays": "sums of transactions",
}  # fmt: skip
WITHHELD = {
    "User": "password tokens_valid_after",
    "ApiKey": "digest previous_digest",
    "BrowserSession": "session_key session_data",
    "RefreshToken": "digest family valid_after",
    "SignInLink": "digest valid_after",
    "TotpApp": "sealed_secret last_step",
    "Passkey": "credential_id credential counter",
    "RecoveryCode": "digest",
    "Webhook": "secret",
    # how the service runs
    "CreditAccount": "running",
    "Hold": "key_window process beat beat_at details checkpoint",
    "Completion": "price_id upstream_id alerts raw_usage seen",
    # what staff write for staff
    "CreditTransaction": "internal_note made_by_id made_from approved_by_id approved_from requested_at",
}


def columns(model: type[Model]) -> set[str]:
    return {field.attname for field in model._meta.concrete_fields}


def of_users(model: type[Model]) -> bool:
    related = [field.related_model for field in model._meta.concrete_fields if field.is_relation]
    return model is User or any(getattr(found, "__name__", "") in OWNERS for found in related)


def whole(browser: Client) -> dict[str, list[dict[str, Any]]]:
    answer: Any = browser.get("/account/data.json")

    async def read() -> bytes:
        return b"".join([piece async for piece in answer])

    return json.loads(async_to_sync(read)())


def test_every_table_that_names_a_user_is_in_it_or_left_out_for_a_reason() -> None:
    named = {model.__name__ for model in apps.get_models() if of_users(model)}
    assert named == {section.model.__name__ for section in own_data.SECTIONS} | OTHERS.keys()


@pytest.mark.parametrize("section", own_data.SECTIONS, ids=lambda section: section.name)
def test_every_column_is_in_it_or_withheld_for_a_reason(section: own_data.Section) -> None:
    given, withheld = set(section.fields.split()), set(WITHHELD.get(section.model.__name__, "").split())
    owner = {"user_id", "account_id"} & columns(section.model)
    assert not given & withheld
    assert given | withheld | owner == columns(section.model)


def test_it_is_hers_alone_and_whole(ada: User, bob: User, visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_data, "ROWS_AT_ONCE", 7)
    ApiKey.issue(user=bob, name="bob's")
    found = whole(visit(ada))
    assert [row["email"] for row in found["account"]] == ["ada@example.org"]
    booked = CreditTransaction.objects.for_user(ada).newest_first().values_list("pk", "amount_cents")
    assert [(row["id"], row["amount_cents"]) for row in found["transactions"]] == list(booked)
    asked = Completion.objects.filter(user=ada).order_by("-created_at", "-id").values_list("pk", flat=True)
    assert [row["id"] for row in found["requests"]] == list(asked)
    assert [row["name"] for row in found["keys"]] == ["agents"]


def test_no_secret_leaves_with_it(alice: User, hers: Client) -> None:
    key, secret = ApiKey.issue(user=alice, name="laptop")
    _, link = SignInLink.issue(alice)
    Webhook.objects.create(user=alice, url="https://example.org/", events=["refund"], secret="cnwy_w_secret")
    said = json.dumps(whole(hers))
    assert key.prefix in said and "https://example.org/" in said
    for hidden in (secret, link, "cnwy_w_secret", alice.password, hers.session.session_key):
        assert hidden not in said


def test_nobody_else_gets_one(client: Client, alice: User) -> None:
    assert client.get("/account/data.json").headers["location"].startswith("/sign-in")

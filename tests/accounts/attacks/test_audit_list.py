"""Everything staff did stands on one page: who, when, from where, about whom; it can be filtered and taken away."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from accounts.models import ApiKey, User
from conway.common import csv_export
from credits import ledger
from credits.admin import actions
from credits.models import MoveRequest, StaffAction
from inference.admin.price_form import newest_price
from tests import lasting_catalogue
from tests.accounts.attacks.forms import act, opened, sent
from tests.credits.attacks.conftest import whole

LIST, EXPORT = "/admin/credits/staffaction/", "/admin/credits/staffaction/export/"
USERS, KEYS = "/admin/accounts/user/", "/admin/accounts/apikey/"
MODEL, PRICES = "/admin/inference/chatmodel/gpt-5-mini/change/", "/admin/inference/price/add/"


@pytest.fixture
def admin(sam: User, at_admin: Any) -> Client:
    client = at_admin(sam)
    client.defaults["REMOTE_ADDR"] = "203.0.113.9"
    return client


@pytest.fixture
def auditor(staff: Any, at_admin: Any) -> Client:
    return at_admin(staff("auditor"))


@pytest.fixture
def everything(admin: Client, alice: User, staff: Any, settings: Any) -> User:
    """Sam did something of each kind."""
    settings.CONWAY_STAFF_BOOKING_CENTS = 10_000
    lasting_catalogue.load()
    colleague = staff("plain")
    sent(admin, f"{USERS}{alice.pk}/change/", {**opened(admin, f"{USERS}{alice.pk}/change/"), "name": "Alice B."})
    page = f"{USERS}{colleague.pk}/change/"
    sent(admin, page, {**opened(admin, page), "groups": [Group.objects.get(name="auditor").pk]})
    act(admin, USERS, "deactivate", colleague)
    act(admin, KEYS, "revoke", ApiKey.issue(user=alice, name="laptop")[0])
    admin.post(f"{USERS}{alice.pk}/unlock/")
    sent(admin, MODEL, {**opened(admin, MODEL), "is_on": None})
    start = (datetime.now(UTC) + timedelta(minutes=9)).strftime("%Y-%m-%dT%H:%M:%S")
    price = {"model": "gpt-5-mini", "starts_at": start, "source": "invoice", "input-0": "1", "output-0": "2"}
    admin.post(PRICES, {**price, "version": newest_price(), "confirmed": "yes", "typed": price["model"]})
    move = {"user": alice.pk, "reason": "Paid", "confirmed": "yes"}
    top_up = "/admin/credits/creditaccount/top-up/"
    admin.post(top_up, {**move, "amount": "5", "payment": "INV-1", "reference": "one"})
    admin.post(top_up, {**move, "amount": "500", "payment": "INV-2", "reference": "two"})
    ledger.approve(MoveRequest.objects.get().pk, by=staff("cashier"), address="203.0.113.10")
    return colleague


def listed(client: Client, query: str = "") -> list[StaffAction]:
    page = client.get(f"{LIST}?{query}")
    assert page.status_code == 200, query
    return page.context["cl"].result_list


def test_everything_staff_did_is_there_once(auditor: Client, everything: User, alice: User) -> None:
    told = [(row.kind, row.object_type, str(row.by), actions.what(row).partition(":")[0]) for row in listed(auditor)]
    sam, kim = "sam@example.org", "cashier@example.org"
    assert told == [
        ("money", "user", kim, "Approved and booked top_up"),
        ("money", "user", sam, "Asked a second person for top_up"),
        ("money", "user", sam, "Booked top_up"),
        ("prices", "price", sam, "Added"),
        ("models", "chatmodel", sam, "Changed On."),
        ("unlocks", "user", sam, "Unlocked alice@example.org"),
        ("keys", "apikey", sam, "Revoked"),
        ("rights", "user", sam, "Deactivated"),
        ("rights", "user", sam, "Changed Groups."),
        ("users", "user", sam, "Changed Name."),
    ]


def test_each_says_from_where(auditor: Client, everything: User) -> None:
    first, *others = [row.address for row in listed(auditor)]
    assert first == "203.0.113.10" and set(others) == {"203.0.113.9"}


def test_it_is_filtered_by_person_day_kind_and_object(
    auditor: Client, everything: User, alice: User, sam: User
) -> None:
    today, tomorrow = datetime.now(UTC).date(), datetime.now(UTC).date() + timedelta(days=1)
    for query, number in [
        (f"by={sam.pk}", 9),
        ("by=99999", 0),
        ("by=x", 0),
        ("kind=money", 3),
        ("kind=rights", 2),
        (f"since={today}&until={today}", 10),
        (f"since={tomorrow}", 0),
        (f"object_type=user&object_id={alice.pk}", 5),
        ("object_type=chatmodel&object_id=gpt-5-mini", 1),
        (f"kind=money&by={sam.pk}&since={today}", 2),
        ("q=alice@example.org", 5),
        ("q=INV-1", 1),
        ("q=gpt-5-mini", 2),
        ("q=%00", 10),
        ("q=%25", 0),
    ]:
        assert len(listed(auditor, query)) == number, query


def test_it_is_taken_away_as_it_is_filtered(auditor: Client, everything: User, monkeypatch: Any) -> None:
    monkeypatch.setattr(csv_export, "ROWS_AT_ONCE", 3)
    rows = list(csv.DictReader(io.StringIO(whole(auditor.get(EXPORT)))))
    assert [row["kind"] for row in rows] == [row.kind for row in listed(auditor)]
    assert (rows[2]["amount_cents"], rows[2]["address"], rows[2]["by"]) == ("500", "203.0.113.9", "sam@example.org")
    assert len(list(csv.DictReader(io.StringIO(whole(auditor.get(f"{EXPORT}?kind=money")))))) == 3


def test_a_spreadsheet_runs_nothing_of_it(auditor: Client, sam: User, admin: Client, alice: User) -> None:
    page = f"{USERS}{alice.pk}/change/"
    sent(admin, page, {**opened(admin, page), "email": "", "name": "=HYPERLINK(1)"})
    (row,) = csv.DictReader(io.StringIO(whole(auditor.get(EXPORT))))
    assert row["object"] == "'=HYPERLINK(1)"


@pytest.mark.parametrize("role", ["cashier", "support", "catalogue", "plain"])
def test_who_may_not_look_takes_nothing_away(staff: Any, at_admin: Any, role: str) -> None:
    assert at_admin(staff(role)).get(EXPORT).status_code == 403


def test_nothing_of_it_is_changed_through_the_admin(admin: Client, everything: User) -> None:
    row = StaffAction.objects.first()
    assert row
    assert admin.post(f"{LIST}{row.pk}/change/", {"what": "nothing"}).status_code == 403
    assert admin.post(f"{LIST}{row.pk}/delete/", {"post": "yes"}).status_code == 403


def test_the_ledger_is_filtered_by_who_booked(auditor: Client, everything: User, sam: User) -> None:
    page = auditor.get(f"/admin/credits/credittransaction/?made_by={sam.pk}")
    assert [row.reference for row in page.context["cl"].result_list] == ["top_up:two", "top_up:one"]
    assert len(auditor.get("/admin/credits/credittransaction/?made_by=x").context["cl"].result_list) == 0


# Keys, edited by staff


def test_support_edits_what_a_key_may_do_and_never_whose_it_is(
    staff: Any, at_admin: Any, alice: User, bob: User
) -> None:
    key, _ = ApiKey.issue(user=alice, name="laptop")
    client, page = at_admin(staff("support")), f"{KEYS}{key.pk}/change/"
    fields = {
        "name": "old laptop", "limit_cents": "12.50", "limit_period": "day", "allowed_models": "gpt-5-mini",
        "expires_at_0": "2100-01-01", "expires_at_1": "00:00:00", "user": bob.pk, "digest": "x",
        "prefix": "cnwy_k_aaaaa",
    }  # fmt: skip
    assert sent(client, page, {**opened(client, page), **fields}).status_code == 302
    changed = ApiKey.objects.get()
    assert (changed.name, changed.limit_cents, changed.limit_period) == ("old laptop", 1250, "day")
    assert (changed.allowed_models, changed.expires_at) == (["gpt-5-mini"], datetime(2100, 1, 1, tzinfo=UTC))
    assert (changed.user, bytes(changed.digest), changed.prefix) == (alice, bytes(key.digest), key.prefix)
    emptied = {"limit_cents": "", "limit_period": "", "allowed_models": ""}
    assert sent(client, page, {**opened(client, page), **emptied}).status_code == 302
    changed.refresh_from_db()
    assert (changed.limit_cents, changed.limit_period, changed.allowed_models) == (None, None, None)


@pytest.mark.parametrize("wrong", [{"limit_period": "day"}, {"limit_cents": "12,50"}, {"limit_cents": "0"}])
def test_a_limit_that_cannot_be_meant_is_refused(admin: Client, alice: User, wrong: dict[str, str]) -> None:
    page = f"{KEYS}{ApiKey.issue(user=alice, name='laptop')[0].pk}/change/"
    assert sent(admin, page, {**opened(admin, page), **wrong}).status_code == 200
    assert ApiKey.objects.get().limit_cents is None


def test_staff_pause_a_key_and_narrow_where_it_works(admin: Client, alice: User) -> None:
    page = f"{KEYS}{ApiKey.issue(user=alice, name='laptop')[0].pk}/change/"
    limits = {
        "is_paused": "on",
        "scope": "inference",
        "concurrency": "3",
        "allowed_addresses": "203.0.113.7/24",
        "cache_marks": "on",
    }
    assert sent(admin, page, {**opened(admin, page), **limits}).status_code == 302
    key = ApiKey.objects.get()
    assert key.paused_at and (key.scope, key.concurrency, key.allowed_addresses, key.cache_marks) == (
        "inference", 3, ["203.0.113.0/24"], True,
    )  # fmt: skip
    assert sent(admin, page, {**opened(admin, page), "is_paused": None, "allowed_addresses": "x"}).status_code == 200
    assert sent(admin, page, {**opened(admin, page), "is_paused": None}).status_code == 302
    assert ApiKey.objects.get().paused_at is None

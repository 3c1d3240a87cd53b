"""Staff give back what completions cost too much while the model that served had no row."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils.timezone import now

from accounts.models import User
from credits import ledger
from credits.models import CreditTransaction, StaffCeiling
from inference import catalog
from inference.billing import rebill
from inference.models import ChatModel, Completion, Price
from tests.inference.conftest import Ask

PAGE = "/admin/inference/completion/rebill/"
SERVED = "say 10 words [[served=gemini-9-flash tokens_in=250000 tokens_out=4000]]"


@pytest.fixture
def admin(client: Client, sam: User) -> Client:
    """Sam, whose password was just entered."""
    client.force_login(sam, backend="accounts.backends.PasswordBackend")
    session = client.session
    session["proofs"] = {"password": now().timestamp()}
    session.save()
    return client


@pytest.fixture
def rerouted(ask: Ask) -> Completion:
    """Charged at gemini-2.5-pro's price; served by a model that becomes a row only afterwards."""
    ask("gemini-2.5-pro", SERVED)
    add_the_model_that_served()
    return Completion.objects.get()


def add_the_model_that_served() -> None:
    row = ChatModel.objects.get(name="gemini-3-flash")
    row.name = row.upstream_id = "gemini-9-flash"
    row.save(force_insert=True)
    sheet = {"input": "0.75", "cached": "0.075", "output": "3.75"}
    Price.objects.create(model=row, starts_at=now() - timedelta(days=1), sheet=sheet)
    catalog.forget()


def filled_in(**changes: str) -> dict[str, Any]:
    since, until = now() - timedelta(hours=1), now() + timedelta(hours=1)
    form = {
        "served_model": "gemini-9-flash",
        "right": "gemini-9-flash",
        "reason": "Served by a cheaper model",
        "note": "",
    }
    moments = {f"{name}_{place}": f"{moment:{layout}}" for name, moment in (("begin", since), ("end", until))
               for place, layout in enumerate(("%Y-%m-%d", "%H:%M:%S"))}  # fmt: skip
    return {**form, **moments, **changes}


def test_the_difference_is_shown_and_then_refunded(admin: Client, rerouted: Completion) -> None:
    assert rerouted.charged_cents == 90
    assert "served:gemini-9-flash" in rerouted.alerts
    shown = admin.post(PAGE, filled_in()).content.decode()
    assert "Refund $0.63" in shown and "1 completion charged $0.90" in shown
    assert not CreditTransaction.objects.filter(type="refund").exists()
    assert admin.post(PAGE, filled_in(confirmed="1")).status_code == 302
    refund = CreditTransaction.objects.get(type="refund")
    assert (refund.amount_cents, refund.refers_to) == (63, f"inference:{rerouted.pk}")


def test_a_completion_is_rebilled_once(admin: Client, rerouted: Completion) -> None:
    admin.post(PAGE, filled_in(confirmed="1"))
    assert "Nothing is due" in admin.post(PAGE, filled_in(confirmed="1")).content.decode()
    assert CreditTransaction.objects.filter(type="refund").count() == 1


def test_the_next_rebill_goes_on_behind_those_that_are_done(
    admin: Client, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    charged = [ask("gemini-2.5-pro", SERVED).json()["id"] for _ in range(2)]
    add_the_model_that_served()
    monkeypatch.setattr(rebill, "MOST", 1)
    for _ in range(3):
        admin.post(PAGE, filled_in(confirmed="1"))
    refunds = CreditTransaction.objects.filter(type="refund").order_by("id")
    assert [refund.refers_to for refund in refunds] == [f"inference:{completion}" for completion in charged]


def test_what_was_refunded_before_is_not_given_twice(admin: Client, rerouted: Completion, sam: User) -> None:
    ledger.refund(reference=f"inference:{rerouted.pk}", cents=60, reason="Goodwill", by=sam)
    admin.post(PAGE, filled_in(confirmed="1"))
    assert CreditTransaction.objects.filter(type="refund").order_by("-id")[0].amount_cents == 3


def test_nobody_is_charged_more_by_it(admin: Client, ask: Ask) -> None:
    ask("gemini-2.5-flash", "say 10 words [[served=gemini-9-flash tokens_in=1000 tokens_out=10]]")
    page = admin.post(PAGE, filled_in(right="gemini-3-pro", confirmed="1")).content.decode()
    assert "Nothing is due" in page
    assert not CreditTransaction.objects.filter(type="refund").exists()


def test_it_stops_at_the_ceiling_of_whoever_books(admin: Client, rerouted: Completion, sam: User) -> None:
    StaffCeiling.objects.create(user=sam, booking_cents=10, day_cents=10)
    page = admin.post(PAGE, filled_in(confirmed="1"), follow=True).content.decode()
    assert "Refunded $0.00 for 0 completions" in page and "Not refunded" in page
    assert not CreditTransaction.objects.filter(type="refund").exists()


def test_it_asks_for_the_password_again(admin: Client, rerouted: Completion) -> None:
    session = admin.session
    session["proofs"] = {}
    session.save()
    assert admin.post(PAGE, filled_in(confirmed="1")).status_code == 200
    assert not CreditTransaction.objects.filter(type="refund").exists()


def test_staff_without_the_right_to_refund_do_not_see_it(client: Client, db: None) -> None:
    auditor = User.objects.create_user("auditor@example.com", is_staff=True)
    client.force_login(auditor, backend="accounts.backends.PasswordBackend")
    assert client.get(PAGE).status_code == 403

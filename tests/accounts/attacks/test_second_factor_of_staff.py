"""Where staff need a second factor nobody works without one, nor in a browser that was left alone."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.core import mail
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts import second_factor
from accounts.models import BrowserSession, RecoveryCode, TotpApp, User
from accounts.second_factor import recovery
from tests.accounts.attacks.conftest import browser, is_signed_in
from tests.accounts.attacks.second_steps import APP, PAGE, REMOVE, STEP, aged, with_password
from tests.second_factors import code_of, give_app


@pytest.fixture
def required(settings: Any) -> None:
    settings.CONWAY_STAFF_SECOND_FACTOR = True


@pytest.fixture
def cashier(staff: Any) -> User:
    return staff("cashier")


def test_staff_without_one_set_it_up_before_they_work(required: None, cashier: User) -> None:
    client = browser(cashier, "cashier's password")
    way = [client.get("/admin/credits/creditaccount/")["location"]]
    for _ in range(2):
        way.append(client.get(way[-1])["location"])
    assert way[-1] == PAGE
    secret = re.findall(r'id="totp-secret">(\w+)<', client.get(APP).content.decode())[0]
    client.post(APP, {"code": code_of(secret)})
    assert client.get("/admin/credits/creditaccount/").status_code == 200


def test_a_session_from_before_has_to_show_it(required: None, cashier: User, at_admin: Any) -> None:
    client, secret = at_admin(cashier), give_app(cashier)
    assert client.get("/admin/", follow=True).redirect_chain[-1][0].startswith("/account/confirm?")
    assert client.post("/account/confirm", {"code": code_of(secret), "next": "/admin/"})["location"] == "/admin/"
    assert client.get("/admin/").status_code == 200


def test_a_password_again_is_no_second_factor_at_the_admin(required: None, cashier: User, at_admin: Any) -> None:
    give_app(cashier)
    client = at_admin(cashier)
    client.post("/account/confirm", {"password": "cashier's password", "next": "/admin/"})
    assert client.get("/admin/").status_code == 302


def test_staff_do_not_take_their_last_one_away(required: None, cashier: User) -> None:
    secret = give_app(cashier)
    client = with_password(cashier, "cashier's password")
    client.post(STEP, {"code": code_of(secret)})
    client.post(REMOVE, {"app": "1"})
    assert second_factor.is_set_up(cashier)


def test_customers_are_not_asked(required: None, carol: User) -> None:
    assert is_signed_in(browser(carol)) and browser(carol).get("/admin/login/").status_code == 403


def test_a_superuser_resets_a_colleagues(cashier: User, sam: User, at_admin: Any) -> None:
    give_app(cashier)
    recovery.issue(cashier)
    theirs, page = at_admin(cashier), f"/admin/accounts/user/{cashier.pk}/"
    admin = at_admin(sam)
    assert "Reset second factor" in admin.get(f"{page}change/").content.decode()
    admin.post(f"{page}reset-second-factor/")
    assert not second_factor.is_set_up(cashier) and not RecoveryCode.objects.exists()
    assert not is_signed_in(theirs) and "was reset by staff" in mail.outbox[-1].body
    assert LogEntry.objects.get(user=sam).get_change_message() == "Reset the second factor of cashier@example.org"


def test_nobody_resets_their_own_nor_anybody_in_a_browser_left_open(cashier: User, sam: User, at_admin: Any) -> None:
    give_app(sam)
    give_app(cashier)
    admin = at_admin(sam)
    assert admin.post(f"/admin/accounts/user/{sam.pk}/reset-second-factor/").status_code == 403
    aged(admin)
    answer = admin.post(f"/admin/accounts/user/{cashier.pk}/reset-second-factor/")
    assert answer["location"].startswith("/account/confirm?") and TotpApp.objects.count() == 2


def test_a_command_resets_that_of_the_last_superuser(sam: User) -> None:
    give_app(sam)
    call_command("reset_second_factor", "sam@example.org")
    assert not second_factor.is_set_up(sam)
    with pytest.raises(CommandError, match="no user"):
        call_command("reset_second_factor", "sam@example.org")


# A browser left alone


@pytest.mark.parametrize("column, hours", [("seen_at", 1.1), ("began_at", 24.1)])
def test_a_session_of_staff_ends_when_idle_and_after_a_day(
    cashier: User, carol: User, column: str, hours: float
) -> None:
    theirs, hers = browser(cashier, "cashier's password"), browser(carol)
    BrowserSession.objects.update(**{column: timezone.now() - timedelta(hours=hours)})
    assert not is_signed_in(theirs) and is_signed_in(hers)
    assert not BrowserSession.objects.filter(user=cashier).exists()


def test_one_that_is_used_goes_on(cashier: User) -> None:
    theirs = browser(cashier, "cashier's password")
    for _ in range(3):
        BrowserSession.objects.update(seen_at=timezone.now() - timedelta(minutes=50))
        assert is_signed_in(theirs)


def test_who_becomes_staff_keeps_no_session_of_last_week(carol: User) -> None:
    client = browser(carol)
    BrowserSession.objects.update(began_at=timezone.now() - timedelta(days=3))
    assert is_signed_in(client)
    User.objects.filter(pk=carol.pk).update(is_staff=True)
    assert not is_signed_in(client)

"""What pages say in passing is true: one form of dates, whose receipt it is, a key at its limit, refusals in place."""

import re

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from accounts.models import ApiKey, User
from credits.ledger import AdmissionDenied
from credits.models import KeyUse
from inference.completion import errors
from tests.pages.conftest import Visit

PAGES = ["/", "/credits/history", "/credits/spend", "/keys", "/models", "/account", "/account/sessions"]
ADDRESSES = [
    "",
    "credits/credittransaction/",
    "credits/creditaccount/",
    "inference/completion/",
    "inference/price/",
    "accounts/user/",
]
OTHER_DATES = re.compile(
    r"\b(Jan|Feb|Mar|Apr|May|June?|July?|Aug|Sept?|Oct|Nov|Dec)[a-z]*\.? \d|\d [ap]\.m\.|noon|midnight<"
)


def words(page: str) -> str:
    return re.sub(r"<(script|style).*?</\1>|<[^>]*>", " ", page, flags=re.S)


def test_dates_have_one_form_for_customers(ada: User, visit: Visit, receipt: str) -> None:
    browser = visit(ada)
    for address in (*PAGES, f"/receipts/{receipt}"):
        page = browser.get(address, follow=True)
        assert page.status_code == 200 and OTHER_DATES.search(words(page.content.decode())) is None, address
        assert re.search(r"\d{4}-\d\d-\d\d", page.content.decode()), address


def test_dates_have_one_form_at_the_admin(ada: User, sam: User, visit: Visit) -> None:
    browser = visit(sam)
    for address in ADDRESSES:
        page = browser.get(f"/admin/{address}").content.decode()
        assert OTHER_DATES.search(words(page)) is None, (address, OTHER_DATES.search(words(page)))


def test_a_receipt_that_staff_open_says_whose_it_is(ada: User, sam: User, visit: Visit, receipt: str) -> None:
    assert "ada@example.org" in visit(sam).get(f"/receipts/{receipt}").content.decode()
    assert "Customer" not in visit(ada).get(f"/receipts/{receipt}").content.decode()


def test_a_key_at_its_limit_is_no_full_green_bar(hers: Client, alice: User, offered: None) -> None:
    key, _ = ApiKey.issue(user=alice, name="agents", limit_cents=500, limit_period="month")
    assert "limit reached" not in hers.get("/keys").content.decode()
    KeyUse.objects.create(key=key, spent_cents=500)
    page = hers.get("/keys").content.decode()
    meter = dict(re.findall(r'(\w+)="(\d+)"', re.search(r"<meter[^>]*>", page)[0]))  # type: ignore[index]
    assert int(meter["value"]) > int(meter["high"]) > int(meter["low"]) > int(meter["optimum"])  # so it is red
    assert "limit reached" in page and re.search(r"resets \d{4}-\d\d-01 00:00 UTC", page)


def test_a_refusal_of_the_admin_looks_like_the_admin(ada: User, visit: Visit) -> None:
    clerk = User.objects.create_user(email="clerk@example.org", is_staff=True)
    clerk.user_permissions.add(Permission.objects.get(codename="view_user"))
    refused = visit(clerk).get("/admin/credits/creditaccount/")
    assert refused.status_code == 403 and "Conway staff admin" in refused.content.decode()
    assert "site.css" not in refused.content.decode()


def test_who_has_no_transaction_is_no_account_that_was_deleted(bob: User, sam: User, visit: Visit) -> None:
    page = visit(sam).get(f"/admin/credits/creditaccount/{bob.pk}/change/", follow=True)
    said = page.content.decode()
    assert page.status_code == 200 and "deleted" not in said and "bob@example.org" in said


def test_the_402_names_a_page_that_is_there(hers: Client) -> None:
    said = errors.insufficient(AdmissionDenied("insufficient_credits", needed_cents=3), "http://testserver").message
    address = re.search(r"Add credits at (http://testserver/\S*)\.$", said)[1]  # type: ignore[index]
    assert "How to get credits" in hers.get(address).content.decode()


@pytest.mark.parametrize("address", ["/admin/nothing/here/", "/admin/credits/nothing/"])
def test_an_address_of_the_admin_that_is_none_is_answered_by_the_admin(sam: User, visit: Visit, address: str) -> None:
    missing = visit(sam).get(address)
    assert missing.status_code == 404 and "Conway staff admin" in missing.content.decode()

"""The journeys about money in the ways in which the other tests do not make them: phone and dark, by keyboard alone,
without JavaScript. A journey says what is pressed and filled; `Hands` and `Keyboard` do it.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Locator, Page, expect

from accounts.models import ApiKey, User, WalletAddress
from credits import ledger
from credits.models import CreditTransaction, MonthClose, WebhookDelivery
from tests.browser.conftest import return_as
from tests.browser.test_money_journeys import DARK, PHONE, PLAIN, Receiver, Tab
from tests.browser.test_money_journeys import receiver as receiver
from tests.month.seeded import seed
from tests.served import Served

MOST_TABS = 150
IS_HERE = "(wanted) => document.activeElement === wanted"


@dataclass
class Hands:
    page: Page

    def press(self, role: Any, name: str) -> None:
        self.page.get_by_role(role, name=name, exact=True).first.click()

    def fill(self, label: str, text: str) -> None:
        self.field(label).fill(text)

    def choose(self, label: str, option: str) -> None:
        self.field(label).select_option(option)

    def check(self, label: str) -> None:
        self.field(label).check()

    def field(self, label: str) -> Locator:
        """In the staff admin a colon stands behind a label."""
        return self.page.get_by_label(re.compile(rf"^\s*{re.escape(label)}:?\s*$")).first


class Keyboard(Hands):
    def reach(self, wanted: Locator) -> None:
        expect(wanted).to_be_visible()
        here = wanted.element_handle()
        for _ in range(MOST_TABS):
            if self.page.evaluate(IS_HERE, here):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"The keyboard does not reach {wanted}.")

    def press(self, role: Any, name: str) -> None:
        self.reach(self.page.get_by_role(role, name=name, exact=True).first)
        self.page.keyboard.press("Enter")

    def fill(self, label: str, text: str) -> None:
        self.reach(self.field(label))
        if "T" in text and text[:2] == "20":  # of a moment each part is typed by itself
            day, time = text.split("T")
            year, month, date = day.split("-")
            self.page.keyboard.type(f"{month}{date}{year}")
            self.page.keyboard.press("Tab")
            self.page.keyboard.type(f"{time.replace(':', '')}AM")
            return
        self.page.keyboard.press("ControlOrMeta+a")
        self.page.keyboard.type(text)

    def choose(self, label: str, option: str) -> None:
        self.reach(self.field(label))
        self.page.keyboard.type(option)

    def check(self, label: str) -> None:
        self.reach(self.field(label))
        self.page.keyboard.press("Space")


WAYS: dict[str, tuple[type[Hands], dict[str, Any]]] = {
    "phone, dark": (Hands, PHONE | DARK),
    "desktop": (Hands, {}),
    "by keyboard": (Keyboard, {}),
    "without JavaScript": (Hands, PLAIN),
}


def close_the_month(site: Served, by: Hands, sam: User) -> None:
    seed()
    return_as(by.page, sam)
    for name in ("2026-02", "2026-03"):
        by.page.goto("/admin/credits/monthclose/")
        by.press("link", f"Close {name}")
        by.press("button", "Close this month")
        expect(by.page.locator(".messagelist")).to_contain_text(f"The month {name} is closed")
    closing = by.page.locator("[data-figure=closing]")
    expect(closing).to_have_attribute("data-cents", str(MonthClose.objects.get(month="2026-03-01").closing_cents))


def refund_an_incident(site: Served, by: Hands, sam: User) -> None:
    seed(incident=200)
    return_as(by.page, sam)
    by.page.goto("/admin/inference/completion/")
    by.press("link", "Refund an incident")
    by.fill("Incident", "march-outage")
    by.choose("Provider", "moonshot")
    by.fill("From (UTC)", "2026-03-11T08:00")
    by.fill("Until (UTC)", "2026-03-11T09:00")
    by.fill("Shown to the customers", "Kimi did not answer as it should")
    by.press("button", "See what would be refunded")
    number = by.page.locator("strong[data-rows]").get_attribute("data-rows")
    by.fill("Your password", "sam's password")
    by.press("button", f"Refund {number} completions")
    expect(by.page.locator(".messagelist")).to_contain_text("200 refunded", timeout=30_000)
    assert CreditTransaction.objects.filter(reference__endswith=".incident-march-outage").count() == 200


def top_up_a_wallet_by_invoice(site: Served, by: Hands, sam: User) -> None:
    wallet = User.objects.create_user(None, None)
    WalletAddress.objects.create(user=wallet, address="0x" + "ab" * 20)
    return_as(by.page, sam)
    by.page.goto("/admin/inference/completion/")
    by.fill("Find", "0x" + "AB" * 20)
    by.press("button", "Find")
    by.press("link", "Top up")
    by.fill("Amount in dollars", "25")
    by.fill("Payment reference", "INV-2026-77")
    by.fill("Shown to the customer", "Invoice INV-2026-77")
    by.press("button", "See before and after")
    by.fill("Your password", "sam's password")
    by.press("button", "Top up")
    expect(by.page.locator(".messagelist")).to_contain_text("Topped up: +$25.00")
    assert CreditTransaction.objects.get(account=wallet.pk).payment_reference == "INV-2026-77"


def see_a_limit_and_raise_it(site: Served, by: Hands, sam: User) -> None:
    alice = User.objects.create_user("payer@example.org")
    ledger.top_up(user=alice, cents=500, reference="first", reason="To begin", by=None)
    _, secret = ApiKey.issue(user=alice, name="agents", limit_cents=1, limit_period="month")
    body = {"model": "gpt-5-mini", "messages": [{"role": "user", "content": "Hello"}]}
    asked = {"headers": {"authorization": f"Bearer {secret}"}, "json": body, "timeout": 30}
    assert [httpx2.post(f"{site.url}/v1/chat/completions", **asked).status_code for _ in range(2)] == [200, 402]
    return_as(by.page, alice)
    by.page.goto("/keys")
    expect(by.page.locator("tr", has_text="agents")).to_contain_text("-01 00:00 UTC")
    by.press("link", "Change agents")
    by.fill("Spend at most, in dollars", "5")
    by.press("button", "Save")
    expect(by.page.locator("tr", has_text="agents")).to_contain_text("of $5.00")


def catch_a_webhook_up(site: Served, by: Hands, sam: User, receiver: str) -> None:
    alice = User.objects.create_user("payer@example.org")
    return_as(by.page, alice)
    by.page.goto("/credits/notifications")
    by.fill("Address", receiver)
    by.check("top-up")
    by.press("button", "Add")
    expect(by.page.locator("body")).to_contain_text("is told from now on")
    ledger.top_up(user=alice, cents=500, reference="t", reason="Paid", by=sam, payment="INV-1")
    reload_until(by.page, "answered 503")
    Receiver.status = 200
    with by.page.expect_navigation():
        by.press("button", "Send again")
    reload_until(by.page, "delivered")
    assert WebhookDelivery.objects.get().delivered_at and Receiver.got[-1]["event"] == "top_up"


def reload_until(page: Page, said: str) -> None:
    log = page.locator("section", has=page.locator("#log"), has_text=said)
    for _ in range(40):
        page.reload()
        if log.count():
            return
        page.wait_for_timeout(500)
    raise AssertionError(f"The log does not say {said!r}.")


# Those that no other test makes; tests/browser/test_money_journeys.py makes the others.
MADE: list[tuple[Callable[..., None], str]] = [
    (close_the_month, "phone, dark"),
    (close_the_month, "by keyboard"),
    (close_the_month, "without JavaScript"),
    (refund_an_incident, "phone, dark"),
    (refund_an_incident, "by keyboard"),
    (top_up_a_wallet_by_invoice, "phone, dark"),
    (top_up_a_wallet_by_invoice, "without JavaScript"),
    (see_a_limit_and_raise_it, "by keyboard"),
    (catch_a_webhook_up, "phone, dark"),
    (catch_a_webhook_up, "by keyboard"),
    (catch_a_webhook_up, "without JavaScript"),
]


@pytest.mark.parametrize(("journey", "way"), MADE, ids=[f"{journey.__name__}, {way}" for journey, way in MADE])
def test_it_is_made(
    site: Served, tab: Tab, sam: User, request: pytest.FixtureRequest, journey: Callable[..., None], way: str
) -> None:
    kind, options = WAYS[way]
    more = [request.getfixturevalue("receiver")] if journey is catch_a_webhook_up else []
    page = tab(site, **options)
    journey(site, kind(page), sam, *more)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

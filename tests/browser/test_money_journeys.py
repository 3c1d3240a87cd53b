"""What people do about money, in a browser: whoever pays, and staff."""

import csv
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx2
import pytest
from playwright.sync_api import Page, expect

from accounts.models import ApiKey, User, WalletAddress
from credits import ledger, webhooks
from credits.models import CreditTransaction, MonthClose, WebhookDelivery
from inference.models import Completion
from tests.browser.conftest import return_as
from tests.month.seeded import Seeded, seed
from tests.served import Served

Tab = Callable[..., Page]
PHONE: dict[str, object] = {"viewport": {"width": 390, "height": 844}, "has_touch": True}


PLAIN: dict[str, object] = {"java_script_enabled": False}
DARK: dict[str, object] = {"color_scheme": "dark"}
SHOWS_PROGRESS = """new MutationObserver(() => { window.progress ||= document.querySelector("progress[aria-label]"); })
  .observe(document.body, { childList: true, subtree: true })"""
IN_FOCUS = "(document.activeElement.labels?.[0] || document.activeElement).textContent.trim()"


@pytest.fixture
def month(site: Served) -> Seeded:
    return seed()


def tab_to(page: Page, name: str) -> None:
    """By the keyboard, to what is called so."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate(IN_FOCUS) == name:
            return
    raise AssertionError(f"The keyboard does not reach {name}.")


def test_a_payer_downloads_marchs_statement_and_finds_the_key_that_spent_it(
    site: Served, tab: Tab, month: Seeded
) -> None:
    for options in ({}, PHONE, PLAIN, DARK):
        page = tab(site, **options)
        return_as(page, month.paul)
        page.goto("/")
        statement_of_march(page)
        page.context.close()


def statement_of_march(page: Page) -> None:
    page.get_by_role("link", name="Statements", exact=True).click()
    page.get_by_role("link", name="2026-03").click()
    first_key = page.locator("section", has=page.locator("#by-key")).locator("tbody th").first
    expect(first_key).to_contain_text("agents")
    closing = int(page.locator("#closing").get_attribute("data-cents") or "")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download CSV").click()
    assert download.value.suggested_filename == "conway-statement-paul-at-example-org-from-2026-03-01-to-2026-03-31.csv"
    rows = list(csv.DictReader(download.value.path().read_text().splitlines()))
    assert [int(row["amount_cents"]) for row in rows if row["part"] == "closing balance"] == [closing]


def test_a_statement_is_reached_by_keyboard_alone_and_printed(site: Served, tab: Tab, month: Seeded) -> None:
    page = tab(site)
    return_as(page, month.paul)
    page.goto("/credits/statements")
    tab_to(page, "2026-03")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Statement 2026-03")).to_be_visible()
    prints_without_what_is_for_the_screen(page)
    page.emulate_media(media="screen")
    a_long_download_says_how_far_it_is(page)


def a_long_download_says_how_far_it_is(page: Page) -> None:
    page.goto("/requests?since=2026-03-01&until=2026-03-31")
    page.evaluate(SHOWS_PROGRESS)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download CSV").click()
    rows = list(csv.DictReader(download.value.path().read_text().splitlines()))
    in_march = Completion.objects.filter(user__email="paul@example.org", created_at__month=3)
    assert {row["receipt"] for row in rows} == set(in_march.values_list("pk", flat=True)) and len(rows) > 20
    assert page.evaluate("Boolean(window.progress)")
    expect(page.locator(".exporting")).to_have_count(0)


def prints_without_what_is_for_the_screen(page: Page) -> None:
    page.emulate_media(media="print")
    expect(page.get_by_role("link", name="Download CSV")).to_be_hidden()
    expect(page.locator("header.top")).to_be_hidden()
    expect(page.locator("#closing")).to_be_visible()


def test_a_bar_says_its_numbers_to_the_keyboard_and_leads_to_its_rows(site: Served, tab: Tab, month: Seeded) -> None:
    page = tab(site, **PHONE)
    return_as(page, month.paul)
    page.goto("/credits/spend?since=2026-03-01&until=2026-03-31&what=key")
    bar = page.locator(".bars a").nth(2)
    cents = bar.get_attribute("data-cents")
    bar.focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")  # by the keyboard, as :focus-visible asks
    expect(bar.locator(".tip")).to_be_visible()
    page.get_by_label("agents").uncheck()
    page.keyboard.press("Escape")
    expect(page.locator("rect.series-0").first).to_be_hidden()
    bar.focus()
    page.keyboard.press("Enter")
    expect(page.locator("[data-figure=spent]")).to_have_attribute("data-cents", cents or "")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_staff_close_a_month(site: Served, tab: Tab, month: Seeded, sam: User) -> None:
    page = tab(site, **PHONE)
    return_as(page, sam)
    for name in ("2026-02", "2026-03"):
        page.goto("/admin/credits/monthclose/")
        page.get_by_role("link", name=f"Close {name}").click()
        page.get_by_role("button", name="Close this month").click()
        expect(page.locator(".messagelist")).to_contain_text(f"The month {name} is closed")
    closing = int(page.locator("[data-figure=closing]").get_attribute("data-cents") or "")
    assert closing == MonthClose.objects.get(month="2026-03-01").closing_cents
    with page.expect_download() as download:
        page.get_by_role("link", name="Balances as CSV").click()
    rows = list(csv.DictReader(download.value.path().read_text().splitlines()))
    assert sum(int(row["closing_cents"]) for row in rows) == closing


def test_staff_refund_an_incident_of_200_completions(site: Served, tab: Tab, sam: User) -> None:
    seed(incident=200)
    page = tab(site, **PLAIN, **DARK)
    return_as(page, sam)
    page.goto("/admin/inference/completion/")
    page.get_by_role("link", name="Refund an incident").click()
    page.get_by_label("Incident").fill("march-outage")
    page.get_by_label("Provider").select_option("moonshot")
    page.get_by_label("From (UTC)").fill("2026-03-11T08:00")
    page.get_by_label("Until (UTC)").fill("2026-03-11T09:00")
    page.get_by_label("Shown to the customers").fill("Kimi did not answer as it should")
    page.get_by_role("button", name="See what would be refunded").click()
    told = page.locator("strong[data-rows]")
    number, cents = (int(told.get_attribute(name) or "") for name in ("data-rows", "data-cents"))
    page.get_by_label("Your password").fill("sam's password")
    page.get_by_role("button", name=f"Refund {number} completion").click()
    expect(page.locator(".messagelist")).to_contain_text(f"{number} refunded")
    booked = CreditTransaction.objects.filter(reference__endswith=".incident-march-outage")
    assert (booked.count(), sum(row.amount_cents for row in booked)) == (200, cents) and number == 200
    assert booked.values("refers_to").distinct().count() == 200


def test_staff_find_a_wallet_user_and_top_him_up_by_invoice_by_keyboard_alone(
    site: Served, tab: Tab, sam: User
) -> None:
    wallet = User.objects.create_user(None, None)
    WalletAddress.objects.create(user=wallet, address="0x" + "ab" * 20)
    page = tab(site)
    return_as(page, sam)
    page.goto("/admin/inference/completion/")
    tab_to(page, "Find")
    page.keyboard.type("0x" + "AB" * 20)
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Top up")).to_be_visible()
    tab_to(page, "Top up")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Amount in dollars")).to_be_visible()
    for label, said in (
        ("Amount in dollars:", "25"),
        ("Payment reference:", "INV-2026-77"),
        ("Shown to the customer:", "Invoice INV-2026-77"),
    ):
        tab_to(page, label)
        page.keyboard.type(said)
    page.keyboard.press("Enter")
    page.get_by_label("Your password").focus()
    page.keyboard.type("sam's password")
    page.keyboard.press("Enter")
    expect(page.locator(".messagelist")).to_contain_text("Topped up: +$25.00")
    assert CreditTransaction.objects.get(account=wallet.pk).payment_reference == "INV-2026-77"


def test_a_key_hits_its_limit_and_its_owner_sees_when_it_starts_anew(site: Served, tab: Tab, alice: User) -> None:
    _, secret = ApiKey.issue(user=alice, name="agents", limit_cents=1, limit_period="month")
    body = {"model": "gpt-5-mini", "messages": [{"role": "user", "content": "Hello"}]}
    asked = {"headers": {"authorization": f"Bearer {secret}"}, "json": body, "timeout": 30}
    answers = [httpx2.post(f"{site.url}/v1/chat/completions", **asked).status_code for _ in range(2)]
    assert answers == [200, 402]
    for options in (PHONE | DARK, PLAIN):
        page = tab(site, **options)
        return_as(page, alice)
        page.goto("/keys")
        row = page.locator("tr", has_text="agents")
        expect(row).to_contain_text("limit reached")
        expect(row).to_contain_text("-01 00:00 UTC")
    raise_the_limit_in_its_row(page, "5")
    page = tab(site)
    return_as(page, alice)
    page.goto("/keys")
    raise_the_limit_in_its_row(page, "7.50")


def raise_the_limit_in_its_row(page: Page, dollars: str) -> None:
    page.get_by_role("link", name="Change agents").click()
    form = page.get_by_role("form", name="Change agents")
    form.get_by_label("Spend at most, in dollars").fill(dollars)
    form.get_by_role("button", name="Save").click()
    expect(page.locator("tr", has_text="agents")).to_contain_text(f"of ${float(dollars):.2f}")
    expect(page.locator("tr", has_text="agents")).not_to_contain_text("limit reached")


class Receiver(BaseHTTPRequestHandler):
    status = 503
    got: list[dict[str, object]] = []

    def do_POST(self) -> None:
        Receiver.got.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        self.send_response(Receiver.status)
        self.end_headers()

    def log_message(self, *said: object) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[str]:
    Receiver.status, Receiver.got = 503, []
    server = HTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hook"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_webhooks_receiver_is_down_and_catches_up(
    site: Served, tab: Tab, alice: User, sam: User, receiver: str
) -> None:
    page = tab(site)
    return_as(page, alice)
    page.goto("/credits/notifications")
    page.get_by_label("Address").fill(receiver)
    page.get_by_label("top-up", exact=True).check()
    page.get_by_role("button", name="Add").click()
    expect(page.locator("body")).to_contain_text("is told from now on")
    ledger.top_up(user=alice, cents=500, reference="t", reason="Paid", by=sam, payment="INV-1")
    page.reload()
    expect(page.locator("section", has=page.locator("#log"))).to_contain_text("waiting")
    deadline = page.locator("section", has=page.locator("#log"), has_text="answered 503")
    for _ in range(20):
        page.wait_for_timeout(1000)
        page.reload()
        if deadline.count():
            break
    expect(deadline).to_be_visible()
    Receiver.status = 200
    page.get_by_role("button", name="Send again").click()
    delivered = page.locator("section", has=page.locator("#log"), has_text="delivered")
    for _ in range(20):
        page.wait_for_timeout(1000)
        page.reload()
        if delivered.count():
            break
    assert WebhookDelivery.objects.get().delivered_at and Receiver.got[-1]["event"] == "top_up"
    assert {told["id"] for told in Receiver.got} == {str(WebhookDelivery.objects.get().pk)} and webhooks.MOST == 5

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
from tests.browser.conftest import sign_in
from tests.month.seeded import Seeded, seed
from tests.served import Served

Tab = Callable[..., Page]
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True}


@pytest.fixture
def month(site: Served) -> Seeded:
    return seed()


@pytest.mark.parametrize("options", [{}, PHONE, {"java_script_enabled": False}, {"color_scheme": "dark"}])
def test_a_payer_downloads_marchs_statement_and_finds_the_key_that_spent_it(
    site: Served, tab: Tab, month: Seeded, options: dict[str, object]
) -> None:
    page = tab(site, **options)
    sign_in(page, month.paul)
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


def test_a_statement_is_reached_and_read_by_keyboard_alone(site: Served, tab: Tab, month: Seeded) -> None:
    page = tab(site)
    sign_in(page, month.paul)
    page.goto("/credits/statements")
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == "2026-03":
            break
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Statement 2026-03")).to_be_visible()


def test_a_statement_prints_without_what_is_for_the_screen(site: Served, tab: Tab, month: Seeded) -> None:
    page = tab(site)
    sign_in(page, month.paul)
    page.goto("/credits/statements/2026-3")
    page.emulate_media(media="print")
    expect(page.get_by_role("link", name="Download CSV")).to_be_hidden()
    expect(page.locator("header.top")).to_be_hidden()
    expect(page.locator("#closing")).to_be_visible()


def test_a_bar_says_its_numbers_to_the_keyboard_and_leads_to_its_rows(site: Served, tab: Tab, month: Seeded) -> None:
    page = tab(site, **PHONE)
    sign_in(page, month.paul)
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
    page = tab(site)
    sign_in(page, sam)
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


def test_staff_refund_an_incident(site: Served, tab: Tab, month: Seeded, sam: User) -> None:
    page = tab(site)
    sign_in(page, sam)
    page.goto("/admin/inference/completion/")
    page.get_by_role("link", name="Refund an incident").click()
    page.get_by_label("Incident").fill("march-outage")
    page.get_by_label("Provider").select_option("moonshot")
    page.get_by_label("From (UTC)").fill("2026-03-10T00:00")
    page.get_by_label("Until (UTC)").fill("2026-03-16T00:00")
    page.get_by_label("Shown to the customers").fill("Kimi did not answer as it should")
    page.get_by_role("button", name="See what would be refunded").click()
    told = page.locator("strong[data-rows]")
    number, cents = (int(told.get_attribute(name) or "") for name in ("data-rows", "data-cents"))
    page.get_by_label("Your password").fill("sam's password")
    page.get_by_role("button", name=f"Refund {number} completion").click()
    expect(page.locator(".messagelist")).to_contain_text(f"{number} refunded")
    booked = CreditTransaction.objects.filter(reference__endswith=".incident-march-outage")
    assert (booked.count(), sum(row.amount_cents for row in booked)) == (number, cents) and number > 1


def test_staff_find_a_wallet_user_by_address_and_top_him_up_by_invoice(site: Served, tab: Tab, sam: User) -> None:
    wallet = User.objects.create_user(None, None)
    WalletAddress.objects.create(user=wallet, address="0x" + "ab" * 20)
    page = tab(site)
    sign_in(page, sam)
    page.goto("/admin/")
    page.get_by_label("Find").first.fill("0x" + "AB" * 20)
    page.get_by_role("button", name="Find").click()
    page.get_by_role("link", name="Top up").click()
    page.get_by_label("Amount in dollars").fill("25")
    page.get_by_label("Payment reference").fill("INV-2026-77")
    page.get_by_label("Shown to the customer").fill("Invoice INV-2026-77")
    page.get_by_role("button", name="See before and after").click()
    page.get_by_label("Your password").fill("sam's password")
    page.get_by_role("button", name="Top up").click()
    expect(page.locator(".messagelist")).to_contain_text("Topped up: +$25.00")
    assert CreditTransaction.objects.get(account=wallet.pk).payment_reference == "INV-2026-77"


def test_a_key_hits_its_limit_and_its_owner_sees_when_it_starts_anew(site: Served, tab: Tab, alice: User) -> None:
    _, secret = ApiKey.issue(user=alice, name="agents", limit_cents=1, limit_period="month")
    body = {"model": "gpt-5-mini", "messages": [{"role": "user", "content": "Hello"}]}
    asked = {"headers": {"authorization": f"Bearer {secret}"}, "json": body, "timeout": 30}
    answers = [httpx2.post(f"{site.url}/v1/chat/completions", **asked).status_code for _ in range(2)]
    assert answers == [200, 402]
    page = tab(site)
    sign_in(page, alice)
    page.goto("/keys")
    row = page.locator("tr", has_text="agents")
    expect(row).to_contain_text("limit reached")
    expect(row).to_contain_text("-01 00:00 UTC")


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
    sign_in(page, alice)
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

import csv
import io
import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from uuid import uuid4

from playwright.sync_api import Page, WebSocket, expect

from accounts import links
from accounts.models import User
from credits import ledger
from credits.models import CreditAccount, CreditTransaction
from inference.models import Completion
from tests.browser.conftest import give_password, newcomer, return_as
from tests.browser.wire import wire_to
from tests.served import Served, served

PHRASE = "a long phrase of words"
IDLE_MS = 7000  # longer than redis-py waits by itself
Tab = Callable[..., Page]


def sign_up(page: Page, email: str = "ada@example.org", *, proves: bool = True) -> None:
    """And, unless told otherwise, opens the link in the mail."""
    page.goto("/")
    page.get_by_role("link", name="Create an account").click()
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password", exact=True).fill(PHRASE)
    page.get_by_label("Password confirmation").fill(PHRASE)
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    if proves:
        page.goto(links.path(User.objects.get(claimed_email=email)))
        page.get_by_role("button", name="Yes, it is mine").click()
        expect(page.get_by_text(f"{email} is yours.")).to_be_visible()


def top_up(admin: Page, email: str, cents: int) -> None:
    """By sam, in the staff admin."""
    return_as(admin, User.objects.get(email="sam@example.org"))
    admin.goto("/admin/credits/creditaccount/top-up/")
    admin.locator("[name=user]").fill(email)
    admin.get_by_label("Amount in dollars").fill(f"{cents // 100}.{cents % 100:02}")
    admin.get_by_label("Payment reference").fill(f"INV-{uuid4()}")
    admin.get_by_label("Shown to the customer").fill("To begin with")
    admin.get_by_role("button", name="See before and after").click()
    admin.get_by_label("Your password").fill("sam's password")  # a link signed sam in
    admin.get_by_role("button", name="Top up").click()
    expect(admin.locator(".messagelist")).to_contain_text("Topped up")


def test_a_top_up_above_the_ceiling_waits_for_a_second_person(
    site: Served, tab: Tab, staff: Callable[..., User]
) -> None:
    page, carols, daves = tab(site), tab(site), tab(site)
    newcomer(page)
    connected(page)
    return_as(carols, give_password(staff("cashier", "carol"), "carol's password"))
    carols.goto("/admin/credits/creditaccount/top-up/")
    carols.get_by_label("User").fill("ada@example.org")
    carols.get_by_label("Amount in dollars").fill("2500")
    carols.get_by_label("Payment reference").fill("INV-2026-11")
    carols.get_by_label("Shown to the customer").fill("Invoice INV-2026-11")
    carols.get_by_label("Internal note").fill("Checked with the bank")
    carols.get_by_role("button", name="See before and after").click()
    expect(carols.locator(".bad")).to_contain_text("One person books at most $1,000.00 at once")
    carols.get_by_label("Your password").fill("carol's password")
    carols.get_by_role("button", name="Ask for approval").click()
    expect(carols.locator(".messagelist")).to_contain_text("Nothing is booked yet")
    expect(carols.get_by_role("button", name="Withdraw")).to_be_visible()
    expect(page.locator("#available")).to_have_text("$0.00")
    return_as(daves, give_password(staff("cashier", "dave"), "dave's password"))
    daves.goto("/admin/credits/creditaccount/")
    daves.get_by_role("link", name="Waiting for a second person").click()
    daves.locator("#result_list tbody a").first.click()
    daves.get_by_label("Your password").fill("carol's password")
    daves.get_by_role("button", name="Approve and book +$2,500.00").click()
    expect(daves.locator(".messagelist")).to_contain_text("Nothing is booked: confirm that it is you")
    daves.get_by_label("Your password").fill("dave's password")
    daves.get_by_role("button", name="Approve and book +$2,500.00").click()
    expect(daves.locator(".messagelist")).to_contain_text("Booked: +$2,500.00 for ada@example.org")
    expect(page.locator("#available")).to_have_text("$2,500.00")  # without a reload
    page.goto("/credits/history")
    expect(page.locator("table.entries")).to_contain_text("Invoice INV-2026-11")
    expect(page.locator("body")).not_to_contain_text("Checked with the bank")


def connected(page: Page) -> None:
    page.locator("body[data-connected]").wait_for(state="attached")


def curl(page: Page) -> bytes:
    """What the page says, run as it stands."""
    return subprocess.run(["bash", "-c", page.locator("#curl").inner_text()], capture_output=True, timeout=60).stdout


def test_from_signing_up_to_a_csv_that_equals_the_ledger(site: Served, tab: Tab) -> None:
    page, admin = tab(site), tab(site)
    sign_up(page)
    top_up(admin, "ada@example.org", 500)
    other = page.context.new_page()
    other.goto("/")
    page.goto("/keys")
    page.get_by_label("Name").fill("laptop")
    page.get_by_role("button", name="Create key").click()
    connected(other)
    assert curl(page).rstrip().endswith(b"data: [DONE]")
    row = other.locator("table.entries tr", has_text="Inference")
    expect(row).to_have_count(1)  # without a reload
    expect(other.locator("#balance")).to_have_text("$4.99")
    row.get_by_role("link").click()
    charged = Completion.objects.get().charged_cents
    expect(other.locator("#charged")).to_have_attribute("data-cents", str(charged))
    other.goto("/credits/history")
    with other.expect_download() as download:
        other.get_by_role("link", name="Download CSV").click()
    lines = list(csv.DictReader(io.StringIO(download.value.path().read_text())))
    booked = CreditTransaction.objects.order_by("-pk").values_list("pk", "amount_cents")
    assert [(int(line["id"]), int(line["amount_cents"])) for line in lines] == list(booked)
    assert sum(int(line["amount_cents"]) for line in lines) == CreditAccount.objects.get().balance_cents


def test_an_open_page_shows_a_top_up_and_then_its_refund(site: Served, tab: Tab) -> None:
    page, admin = tab(site), tab(site)
    newcomer(page)
    connected(page)
    top_up(admin, "ada@example.org", 500)
    expect(page.locator("#available")).to_have_text("$5.00")
    page.goto("/playground")
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".outcome")).to_contain_text("charged $0.01")
    page.goto("/credits/history")
    connected(page)
    admin.goto(f"/admin/credits/creditaccount/refund/?charge={Completion.objects.get().pk}&amount=0.01")
    admin.locator("[name=reason]").fill("Was cut short")
    admin.get_by_role("button", name="See before and after").click()
    admin.get_by_role("button", name="Refund").click()
    expect(page.locator("table.entries tr", has_text="Refund")).to_contain_text("Was cut short")
    expect(page.locator("#net")).to_have_text("$5.00")


def test_a_page_that_lost_its_connection_finds_it_again(site: Served, tab: Tab, sam: User) -> None:
    with wire_to(site.port) as wire:
        page = tab(replace(site, url=wire.url))
        ada = newcomer(page)
        connected(page)
        wire.cut()
        page.locator("body:not([data-connected])").wait_for(state="attached")
        ledger.top_up(user=ada, cents=700, reference="while-away", reason="Nobody was told", by=sam, payment="INV-7")
        wire.mend()
        expect(page.locator("#available")).to_have_text("$7.00", timeout=30_000)


def test_the_playground_streams_and_compares(site: Served, tab: Tab) -> None:
    page = tab(site)
    newcomer(page, 500)
    page.goto("/playground")
    page.get_by_label("Model", exact=True).select_option("claude-haiku-4.5")
    page.get_by_label("Your message").fill("Hello")
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".said")).not_to_be_empty()
    expect(page.locator(".outcome")).to_contain_text(
        re.compile(r"\d+ tokens in, \d+ out; cost \$0\.\d+, charged \$0\.01\.")
    )
    page.get_by_label("Beside it", exact=True).select_option("gpt-5-mini")
    page.get_by_label("And beside it").select_option("qwen3-coder")
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#together")).to_contain_text("Together charged $0.03.")
    expect(page.locator(".outcome", has_text="charged $0.01")).to_have_count(3)
    assert set(Completion.objects.values_list("model", flat=True)) == {"claude-haiku-4.5", "gpt-5-mini", "qwen3-coder"}
    page.locator(".outcome").first.get_by_role("link", name="Receipt").click()
    expect(page.get_by_role("heading", name="Receipt")).to_be_visible()


def test_the_playground_stops(site: Served, tab: Tab) -> None:
    page = tab(site)
    newcomer(page, 500)
    page.goto("/playground")
    page.get_by_label("Model", exact=True).select_option("claude-haiku-4.5")  # shows all its tokens: drained, not read
    page.get_by_label("Your message").fill("Go on and on [[words=600 pace=50]]")
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".said")).to_contain_text(re.compile(r"\w+ \w+"))
    page.get_by_role("button", name="Stop").click()
    expect(page.locator(".outcome")).to_contain_text("being settled")
    expect(page.locator(".outcome")).to_contain_text("Stopped. Charged $0.01.", timeout=20_000)
    assert Completion.objects.get().settlement == "estimated"


def test_the_playground_writes_it_as_code(site: Served, tab: Tab) -> None:
    page = tab(site)
    newcomer(page)
    page.goto("/playground")
    page.get_by_label("Your message").fill('It\'s "quoted" $HOME `x`\nand more')
    page.locator("summary", has_text="Tools").click()
    page.get_by_label("Tools, as JSON").fill('[{"type": "function", "function": {"name": "f", "strict": true}}]')
    page.locator("summary", has_text="Images").click()
    page.locator("#images").set_input_files({"name": "it's one.png", "mimeType": "image/png", "buffer": b"PNG"})
    expect(page.locator("#as-curl")).to_contain_text("base64 < it_s_one.png")
    for label in ("Python", "TypeScript"):
        page.locator("summary", has_text=label).click()
        expect(page.locator(f"#as-{label.lower()}")).to_contain_text("quoted")
    compile(page.locator("#as-python").inner_text(), "playground", "exec")
    subprocess.run(["bash", "-n", "-c", page.locator("#as-curl").inner_text()], check=True)


def test_tabs_of_other_workers_hear_of_it_through_redis(
    transactional_db: None, redis: str, tab: Tab, sam: User
) -> None:
    give_password(sam, "sam's password")
    with served("manage.py", "serve", "--port", "0", "--workers", "2", CONWAY_SANDBOX="1", REDIS_URL=redis) as site:
        page, admin = tab(site), tab(site)
        newcomer(page)
        tabs = [page.context.new_page() for _ in range(4)]
        sockets: list[WebSocket] = []
        for each in tabs:
            each.on("websocket", lambda socket: sockets.append(socket))
            each.goto("/")
            connected(each)
        tabs[0].wait_for_timeout(IDLE_MS)
        assert len(sockets) == len(tabs)  # silence ends no connection
        top_up(admin, "ada@example.org", 900)
        for each in tabs:
            expect(each.locator("#available")).to_have_text("$9.00")

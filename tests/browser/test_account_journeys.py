"""What people do with their account, in a browser, from the first mail to a key that is rotated while it is used."""

import threading
from collections.abc import Callable

import httpx2
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from playwright.sync_api import Page, expect

from accounts import links
from accounts.models import ApiKey, User
from credits import ledger
from tests.browser.conftest import confirm, return_as, sign_in
from tests.browser.test_journeys import PHRASE, sign_up
from tests.served import Served

NEW = "another phrase, and longer"
Tab = Callable[..., Page]


def choose_password(page: Page, phrase: str, button: str) -> None:
    page.get_by_label("New password", exact=True).fill(phrase)
    page.get_by_label("New password confirmation").fill(phrase)
    page.get_by_role("button", name=button).click()


def test_from_signing_up_to_a_proven_address(site: Served, tab: Tab) -> None:
    page = tab(site)
    sign_up(page, proves=False)
    warning = page.get_by_text("You have not proven that ada@example.org is yours")
    expect(warning).to_be_visible()
    expect(page.get_by_text("We have sent a link to ada@example.org")).to_be_visible()
    ada = User.objects.get(claimed_email="ada@example.org")
    page.goto(links.path(ada))
    page.get_by_role("button", name="Yes, it is mine").click()
    expect(page.get_by_text("ada@example.org is yours.")).to_be_visible()
    expect(warning).not_to_be_visible()
    ada.refresh_from_db()
    assert (ada.email, ada.claimed_email) == ("ada@example.org", None)


def test_an_invited_person_comes_in_and_later_a_forgotten_password_ends_everything(site: Served, tab: Tab) -> None:
    lena = User.objects.create_user("lena@example.org")  # as issue_key does
    page = tab(site)
    page.goto(links.path(lena))
    choose_password(page, PHRASE, "Save and sign in")
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    key, _ = ApiKey.issue(user=lena, name="agents")
    elsewhere = tab(site)
    lena.refresh_from_db()
    uid, token = urlsafe_base64_encode(force_bytes(lena.pk)), links.reset_tokens.make_token(lena)
    elsewhere.goto("/password/reset")
    elsewhere.get_by_label("Email").fill("lena@example.org")
    elsewhere.get_by_role("button", name="Send the link").click()
    expect(elsewhere.get_by_role("heading", name="Look into your inbox")).to_be_visible()
    elsewhere.goto(reverse("password_reset_confirm", args=[uid, token]))
    elsewhere.get_by_label("Revoke all API keys, too").check()
    choose_password(elsewhere, NEW, "Save")
    expect(elsewhere.get_by_text("is signed out")).to_be_visible()
    page.reload()
    expect(page.get_by_role("button", name="Sign out")).not_to_be_visible()
    key.refresh_from_db()
    assert key.revoked_at


def test_another_browser_is_seen_and_ended(site: Served, tab: Tab, sam: User) -> None:
    here, lost = tab(site), tab(site, user_agent="Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0")
    sign_in(lost, sam)
    sign_in(here, sam)
    here.goto("/account")
    here.get_by_role("link", name="Sessions and devices").click()
    expect(here.get_by_role("row", name="this browser")).to_be_visible()
    here.get_by_role("button", name="End Firefox on Linux").click()
    expect(here.get_by_text("It is signed out.")).to_be_visible()
    expect(here.get_by_text("Firefox on Linux")).not_to_be_visible()
    lost.reload()
    expect(lost.get_by_role("button", name="Sign out")).not_to_be_visible()


class Stream(threading.Thread):
    """A completion that is read while things happen to its key."""

    def __init__(self, site: Served, secret: str) -> None:
        super().__init__()
        self.site, self.secret, self.said, self.begun = site, secret, "", threading.Event()

    def run(self) -> None:
        body = {
            "model": "gpt-5-mini",
            "stream": True,
            "messages": [{"role": "user", "content": "Go on [[words=150 pace=40]]"}],
        }
        with httpx2.stream(
            "POST", f"{self.site.url}/v1/chat/completions", json=body, headers=bearer(self.secret), timeout=60
        ) as answer:
            for piece in answer.iter_text():
                self.said += piece
                self.begun.set()


def bearer(secret: str) -> dict[str, str]:
    return {"authorization": f"Bearer {secret}"}


def test_a_key_is_changed_paused_and_rotated_while_a_stream_runs(site: Served, tab: Tab, sam: User) -> None:
    ledger.top_up(user=sam, cents=1000, reference="first", reason="To begin", by=None)
    page = tab(site)
    return_as(page, sam)
    page.goto("/keys")
    confirm(page, "sam's password")
    page.get_by_label("Name").fill("agents")
    page.get_by_role("button", name="Create key").click()
    old = page.locator("#secret").inner_text()
    page.reload()
    expect(page.get_by_text("shown once")).to_be_visible()
    assert ApiKey.objects.count() == 1
    stream = Stream(site, old)
    stream.start()
    assert stream.begun.wait(30)
    page.goto("/keys")
    page.get_by_role("link", name="Change agents").click()
    change = page.get_by_role("form", name="Change agents")
    change.get_by_label("Spend at most, in dollars").fill("7.50")
    change.get_by_label("Counted").select_option("week")
    change.get_by_role("button", name="Save").click()
    expect(page.get_by_text("of $7.50 per week")).to_be_visible()
    page.get_by_role("link", name="agents", exact=True).click()
    page.get_by_role("button", name="Rotate").click()
    new = page.locator("#secret").inner_text()
    page.goto("/keys")
    page.get_by_role("button", name="Pause agents").click()
    expect(page.get_by_text("is paused")).to_be_visible()
    stream.join(60)
    assert stream.said.rstrip().endswith("data: [DONE]")
    asked = [httpx2.get(f"{site.url}/v1/models", headers=bearer(secret)).status_code for secret in (old, new)]
    page.get_by_role("button", name="Resume agents").click()
    expect(page.get_by_text("in use again")).to_be_visible()
    asked += [httpx2.get(f"{site.url}/v1/models", headers=bearer(secret)).status_code for secret in (old, new)]
    assert asked == [403, 403, 200, 200]

"""A second factor in a browser: an app, codes on paper, a passkey, and staff who move money with them."""

import time
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect
from pytest_django import DjangoDbBlocker

from accounts.models import Passkey, RecoveryCode, TotpApp, User
from accounts.second_factor import totp
from accounts.sessions import SessionStore
from credits.models import CreditTransaction
from tests.browser.conftest import give_password
from tests.lasting_service import lasting_service
from tests.second_factors import code_of
from tests.served import Served

Tab = Callable[..., Page]


@pytest.fixture(scope="module")
def strict_service(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Served]:
    """The service as outside the sandbox: staff need a second factor. By a name, since passkeys know no addresses."""
    with lasting_service(django_db_blocker, CONWAY_STAFF_SECOND_FACTOR="1") as server:
        server.url = server.url.replace("127.0.0.1", "localhost")
        yield server


@pytest.fixture
def strict(strict_service: Served, fresh: None) -> Served:
    return strict_service


def enter(page: Page, user: User, password: str) -> None:
    page.goto("/sign-in")
    page.get_by_label("Username").or_(page.get_by_label("Email")).fill(str(user.email))
    page.get_by_label("Password").fill(password)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()


def set_up_app(page: Page) -> str:
    """Its secret, as the page shows it."""
    page.get_by_role("link", name="Set up an app").click()
    expect(page.get_by_role("img", name="QR code of the key below")).to_be_visible()
    secret = page.locator("#totp-secret").inner_text()
    page.get_by_label("The code it shows now").fill(early_code(secret))
    page.get_by_role("button", name="Set up").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    return secret


def early_code(secret: str) -> str:
    """That of the step before, which leaves the present one for later; unless this step is nearly over."""
    return code_of(secret, -1 if time.time() % 30 < 15 else 0)


def next_code(user: User, secret: str) -> str:
    """The first that has not been used, waited for if it has to be."""
    used = TotpApp.objects.get(user=user).last_step
    while int(time.time()) // 30 + totp.STEPS <= used:
        time.sleep(1)
    return code_of(secret, used + 1 - int(time.time()) // 30)


def test_staff_with_totp_top_up_with_a_second_persons_approval(
    strict: Served, tab: Tab, staff: Callable[..., User]
) -> None:
    ada = User.objects.create_user("ada@example.org", "ada's password", name="Ada")
    carol, dave = (give_password(staff("cashier", name), f"{name}'s password") for name in ("carol", "dave"))
    carols, daves = tab(strict), tab(strict)
    secrets = {}
    for page, user in ((carols, carol), (daves, dave)):
        enter(page, user, f"{user.name}'s password")
        page.goto("/admin/credits/creditaccount/")
        expect(page.get_by_text("The staff admin asks for a second factor: set one up here first.")).to_be_visible()
        secrets[user] = set_up_app(page)
    carols.goto(f"/admin/credits/creditaccount/top-up/?user={ada.pk}&amount=2500")
    carols.get_by_label("Payment reference").fill("INV-2026-11")
    carols.get_by_label("Shown to the customer").fill("Invoice INV-2026-11")
    carols.get_by_role("button", name="See before and after").click()
    carols.get_by_role("button", name="Ask for approval").click()
    expect(carols.locator(".messagelist")).to_contain_text("Nothing is booked yet")
    asked = carols.url
    daves.get_by_role("button", name="Sign out").click()
    enter(daves, dave, "dave's password")
    daves.get_by_label("Code of your authenticator app").fill(next_code(dave, secrets[dave]))
    daves.get_by_role("button", name="Sign in").click()
    expect(daves.get_by_role("button", name="Sign out")).to_be_visible()
    daves.goto(asked)
    daves.get_by_role("button", name="Approve and book +$2,500.00").click()
    expect(daves.locator(".messagelist")).to_contain_text("Booked: +$2,500.00")
    entry = CreditTransaction.objects.get()
    assert (entry.made_by, entry.approved_by, entry.payment_reference) == (carol, dave, "INV-2026-11")


def test_a_user_keeps_the_codes_and_comes_in_with_one(strict: Served, tab: Tab) -> None:
    ada = give_password(User.objects.create_user("ada@example.org", "x", name="Ada"), "ada's password")
    page = tab(strict)
    enter(page, ada, "ada's password")
    page.goto("/account")
    page.get_by_role("link", name="Second factor").click()
    set_up_app(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    kept = download.value.path().read_text()
    codes = page.locator("#codes").inner_text().split()
    assert len(codes) == 10 and all(code in kept for code in codes)
    page.reload()
    expect(page.get_by_text("They were shown once")).to_be_visible()
    other = tab(strict)
    enter(other, ada, "ada's password")
    other.get_by_label("or a recovery code").fill(codes[3])
    other.get_by_role("button", name="Sign in").click()
    expect(other.get_by_role("heading", name="Overview")).to_be_visible()
    assert RecoveryCode.objects.filter(used_at=None).count() == 9


def with_authenticator(page: Page) -> Page:
    """A device of Chromium's own, which makes and shows passkeys and always says yes."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    device = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    session.send("WebAuthn.addVirtualAuthenticator", {"options": device})
    return page


def test_a_passkey_signs_staff_in_and_confirms_that_money_moves(
    strict: Served, tab: Tab, staff: Callable[..., User]
) -> None:
    ada = User.objects.create_user("ada@example.org", "ada's password", name="Ada")
    carol = give_password(staff("cashier", "carol"), "carol's password")
    page = with_authenticator(tab(strict))
    enter(page, carol, "carol's password")
    page.goto("/account/second-factor")
    page.get_by_role("link", name="Add a passkey").click()
    page.get_by_label("Name").fill("laptop")
    page.get_by_role("button", name="Create the passkey").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    enter(page, carol, "carol's password")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    let_time_pass(page)
    page.goto(f"/admin/credits/creditaccount/top-up/?user={ada.pk}&amount=20")
    page.get_by_label("Payment reference").fill("INV-7")
    page.get_by_label("Shown to the customer").fill("Thank you")
    page.get_by_role("button", name="See before and after").click()
    expect(page.get_by_label("Your password")).to_be_visible()
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.locator(".messagelist")).to_contain_text("Topped up: +$20.00")
    assert Passkey.objects.get().last_used_at and CreditTransaction.objects.get().made_by == carol


def let_time_pass(page: Page) -> None:
    """Half an hour since this browser showed anything, as its session tells it."""
    cookie = next(each["value"] for each in page.context.cookies() if each["name"] == "sessionid")
    session = SessionStore(cookie)
    session["proofs"] = {name: at - 1800 for name, at in session["proofs"].items()}
    session.save()

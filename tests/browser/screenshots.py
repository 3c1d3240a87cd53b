"""Every page, light and dark, on a desktop and on a phone, as pictures in var/screenshots: `make screenshots`.

State of its own under that folder; what was there is photographed over.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

FOLDER = Path(__file__).parents[2] / "var" / "screenshots"
os.environ.setdefault("CONWAY_DATA_DIR", str(FOLDER / "state"))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "conway.settings")

import django

django.setup()

from django.core.management import call_command
from django.utils.timezone import now
from playwright.sync_api import Browser, Page, ViewportSize

from accounts.models import ApiKey, SignInLink, User
from credits.models import CreditTransaction
from inference import catalog
from tests import lasting_catalogue
from tests.browser import sample_month
from tests.browser.chromium import MISSING, PATH, chromium
from tests.browser.conftest import confirm
from tests.served import served, this_database

EMAIL, STAFF = "ada@example.org", "grace@example.org"
SIZES: dict[str, ViewportSize] = {"desktop": {"width": 1280, "height": 900}, "phone": {"width": 390, "height": 844}}
Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")

# name: address; what needs a sign-in, and what staff alone see
OPEN = {
    "landing": "/",
    "sign-in": "/sign-in",
    "sign-up": "/sign-up",
    "password-reset": "/password/reset",
    "models": "/models",
    "docs-quickstart": "/docs/quickstart",
    "docs-billing": "/docs/billing",
    "docs-errors": "/docs/errors",
    "not-found": "/no/such/page",
}
OWN = {
    "overview": "/",
    "history": "/credits/history",
    "history-filtered": "/credits/history?type=inference&model=gpt-5.2",
    "spend": "/credits/spend?what=key&step=week",
    "statements": "/credits/statements",
    "statement": "/credits/statements/{month}",
    "billing-details": "/credits/billing-details",
    "notifications": "/credits/notifications",
    "requests": "/requests",
    "receipt": "/receipts/{receipt}",
    "keys": "/keys",
    "key": "/keys/{key}",
    "key-in-its-row": "/keys?edit={key}",
    "key-revoke": "/keys/{key}/revoke",
    "playground": "/playground",
    "account": "/account",
    "sessions": "/account/sessions",
    "second-factor": "/account/second-factor",
    "second-factor-app": "/account/second-factor/app",
    "second-factor-passkey": "/account/second-factor/passkey",
    "recovery-codes": "/account/second-factor/codes",
    "confirm": "/account/confirm",
    "new-email": "/account/email",
    "password-change": "/password/change",
}
NEW = {"overview-new": "/", "history-new": "/credits/history", "keys-new": "/keys"}
STAFF_ADMIN = {
    "admin": "/admin/",
    "admin-accounts": "/admin/credits/creditaccount/",
    "admin-account": "/admin/credits/creditaccount/{user}/change/",
    "admin-transactions": "/admin/credits/credittransaction/",
    "admin-user": "/admin/accounts/user/{user}/change/",
    "admin-requests": "/admin/credits/moverequest/",
    "admin-actions": "/admin/credits/staffaction/",
    "admin-completions": "/admin/inference/completion/",
    "admin-completion": "/admin/inference/completion/{receipt}/change/",
    "admin-incident": "/admin/inference/completion/incident/",
    "admin-closes": "/admin/credits/monthclose/",
    "admin-close": "/admin/credits/monthclose/close/",
    "admin-refusals": "/admin/inference/refusedhour/",
    "admin-models": "/admin/inference/chatmodel/",
    "admin-prices": "/admin/inference/price/",
}


def people() -> dict[str, object]:
    """Ada, who has used the service for a month, and what of hers is shown."""
    call_command("migrate", verbosity=0)
    lasting_catalogue.load()
    catalog.forget()
    User.objects.filter(email=STAFF).exists() or User.objects.create_superuser(STAFF, "grace's password", name="Grace")
    User.objects.claiming("new@example.org").exists() or User.objects.sign_up("new@example.org", "new password")
    if (ada := User.objects.filter(email=EMAIL).first()) is None:
        ada = User.objects.create_user(EMAIL, "ada's password", name="Ada")
        ApiKey.issue(user=ada, name="notebook", limit_cents=500, limit_period="day", allowed_models=["gpt-5-mini"])
        key, _ = ApiKey.issue(user=ada, name="agents", limit_cents=20_000, limit_period="month")
        sample_month.live(ada, key)
    charge = CreditTransaction.objects.for_user(ada).served_by("claude-opus-4.6").newest_first().first()
    shown = ada.api_keys.first()
    assert charge and shown
    return {
        "user": ada.pk,
        "receipt": charge.details["receipt"],
        "key": shown.pk,
        "month": f"{charge.created_at:%Y-%m}",
    }


@contextmanager
def visitor(browser: Browser, url: str, email: str | None, size: str, scheme: Scheme) -> Iterator[Page]:
    context = browser.new_context(
        viewport=SIZES[size], color_scheme=scheme, device_scale_factor=1, reduced_motion="reduce"
    )
    page = context.new_page()
    if email:
        _, secret = SignInLink.issue(User.objects.known_as(email).get(), now())
        page.goto(f"{url}/sign-in/link/{secret}")
        page.get_by_role("main").get_by_role("button", name="Sign in").click()
    yield page
    context.close()


def photograph(page: Page, url: str, pages: dict[str, str], facts: dict[str, object], suffix: str) -> None:
    for name, address in pages.items():
        page.goto(url + address.format(**facts))
        if name == "playground":
            page.get_by_role("button", name="Send").click()
            page.get_by_text("charged").wait_for()
        page.screenshot(path=FOLDER / f"{name}-{suffix}.png", full_page=True)


def key_made(page: Page, url: str, suffix: str) -> None:
    page.goto(url + "/keys")
    confirm(page, "ada's password")
    page.get_by_label("Name").fill("a new one")
    page.get_by_role("button", name="Create key").click()
    page.screenshot(path=FOLDER / f"key-made-{suffix}.png", full_page=True)
    ApiKey.objects.filter(name="a new one").revoke()


def main() -> None:
    if not PATH:
        sys.exit(MISSING)
    FOLDER.mkdir(parents=True, exist_ok=True)
    facts = people()
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # Playwright's synchronous interface runs a loop in this thread
    with served(CONWAY_SANDBOX="1", DATABASE_URL=this_database()) as server, chromium() as browser:
        for size in SIZES:
            for scheme in SCHEMES:
                suffix = f"{size}-{scheme}"
                for email, pages in ((None, OPEN), (EMAIL, OWN), ("new@example.org", NEW), (STAFF, STAFF_ADMIN)):
                    with visitor(browser, server.url, email, size, scheme) as page:
                        photograph(page, server.url, pages, facts, suffix)
                        if pages is OWN:
                            key_made(page, server.url, suffix)
    print(f"{len(list(FOLDER.glob('*.png')))} pictures in {FOLDER}")


if __name__ == "__main__":
    main()

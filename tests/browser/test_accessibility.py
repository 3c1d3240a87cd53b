"""axe-core on every page there is, light and dark: nothing serious."""

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from accounts.models import ApiKey, User
from inference.models import Completion
from tests.browser import sample_month
from tests.browser.conftest import confirm, give_password, sign_in
from tests.browser.screenshots import OPEN, OWN, STAFF_ADMIN
from tests.served import Served

SCHEMES = ("light", "dark")
SERIOUS = ("serious", "critical")
FORMS = ("/admin/credits/creditaccount/top-up/?user={user}", "/admin/inference/price/add/?model=gemini-2.5-pro")
Tab = Callable[..., Page]


def findings(page: Page) -> list[str]:
    # axe's preloading writes inline styles, which our own policy refuses and the console then complains of
    options = {"preload": False, "rules": {"target-size": {"enabled": True}}}  # 24 by 24 px, or as far apart
    found = Axe().run(page, options=options).response["violations"]
    return [
        f"{page.url}: {finding['id']}: {node['html'][:120]}"
        for finding in found
        if finding["impact"] in SERIOUS
        for node in finding["nodes"]
    ]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_no_page_has_a_serious_finding(site: Served, tab: Tab, scheme: str) -> None:
    ada = give_password(User.objects.create_user("ada@example.org", name="Ada"), "ada's password")
    key, _ = ApiKey.issue(user=ada, name="agents", limit_cents=5000, limit_period="month")
    sample_month.live(ada, key)
    newest = Completion.objects.latest("admitted_at")
    facts = {"receipt": newest.pk, "key": key.pk, "month": f"{newest.created_at:%Y-%m}"}
    found = []
    page = tab(site, color_scheme=scheme)
    for address in OPEN.values():
        page.goto(address) if address != OPEN["not-found"] else None
        found += findings(page)
    sign_in(page, ada)
    for address in OWN.values():
        page.goto(address.format(**facts))
        page.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true; })")
        found += findings(page)
    page.goto("/keys")
    confirm(page, "ada's password")
    found += findings(page)
    page.get_by_label("Name").fill("another")
    page.get_by_role("button", name="Create key").click()
    found += findings(page)
    assert found == []


@pytest.mark.parametrize("scheme", SCHEMES)
def test_no_page_of_the_admin_has_one(site: Served, tab: Tab, sam: User, scheme: str) -> None:
    ada = User.objects.create_user("ada@example.org", "ada's password", name="Ada")
    key, _ = ApiKey.issue(user=ada, name="agents")
    sample_month.live(ada, key)
    facts = {"receipt": Completion.objects.latest("admitted_at").pk, "user": ada.pk}
    found = []
    page = tab(site, color_scheme=scheme)
    sign_in(page, sam)
    for address in (*STAFF_ADMIN.values(), *FORMS):
        page.goto(address.format(**facts))
        found += findings(page)
        page.set_viewport_size({"width": 390, "height": 844})
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found.append(f"{page.url} is wider than a phone")
        page.set_viewport_size({"width": 1280, "height": 900})
    assert found == []


def test_no_page_is_wider_than_a_phone(site: Served, tab: Tab) -> None:
    ada = User.objects.create_user("ada@example.org", "ada's password", name="Ada")
    key, _ = ApiKey.issue(user=ada, name="agents")
    sample_month.live(ada, key)
    newest = Completion.objects.latest("admitted_at")
    facts = {"receipt": newest.pk, "key": key.pk, "month": f"{newest.created_at:%Y-%m}"}
    page = tab(site)
    sign_in(page, ada)
    wide = []
    for address in OWN.values():
        page.goto(address.format(**facts))
        for width in (320, 390):
            page.set_viewport_size({"width": width, "height": 800})
            if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                wide.append((address, width))
    assert wide == []

"""axe-core on every page there is, light and dark: nothing serious; and none is wider than a phone.

A page is opened once, and looked at in each way.
"""

from collections.abc import Callable
from typing import Any, Literal

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

from accounts.models import ApiKey, User
from inference.models import Completion
from tests.browser import sample_month
from tests.browser.conftest import confirm, give_password, return_as
from tests.browser.screenshots import OPEN, OWN, STAFF_ADMIN
from tests.served import Served

SERIOUS = ("serious", "critical")
FORMS = ("/admin/credits/creditaccount/top-up/?user={user}", "/admin/inference/price/add/?model=gemini-2.5-pro")
PARTS = 2  # a busy machine takes a minute for a dozen pages
PHONES, DESKTOP = (320, 390), {"width": 1280, "height": 900}
# axe's preloading writes inline styles, which our own policy refuses and the console then complains of
TERSE = {"preload": False, "resultTypes": ["violations"]}
ALL_RULES = {"rules": {"target-size": {"enabled": True}}}  # 24 by 24 px, or as far apart
# of its category of colours, those that are on by themselves
THOSE_ABOUT_COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
END_TRANSITIONS = "document.getAnimations().forEach((each) => each.finish())"  # of colours, between the schemes
Tab = Callable[..., Page]


def findings(page: Page) -> list[str]:
    """In the dark, only the rules about colours could find something else."""
    page.evaluate(AXE_SCRIPT)
    return [*found_by(page, "light", ALL_RULES), *found_by(page, "dark", THOSE_ABOUT_COLOURS)]


def found_by(page: Page, scheme: Literal["light", "dark"], rules: dict[str, Any]) -> list[str]:
    page.emulate_media(color_scheme=scheme)
    page.evaluate(END_TRANSITIONS)
    return [
        f"{page.url}, {scheme}: {finding['id']}: {node['html'][:120]}"
        for finding in page.evaluate("options => axe.run(options)", TERSE | rules)["violations"]
        if finding["impact"] in SERIOUS
        for node in finding["nodes"]
    ]


def too_wide(page: Page, *widths: int) -> list[str]:
    found = []
    for width in widths:
        page.set_viewport_size({"width": width, "height": 844})
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found.append(f"{page.url} is wider than {width} px")
    page.set_viewport_size(DESKTOP)
    return found


def test_no_page_for_everybody_has_a_serious_finding(site: Served, tab: Tab) -> None:
    found = []
    page = tab(site, viewport=DESKTOP)
    for address in OPEN.values():
        if address != OPEN["not-found"]:
            page.goto(address)
            found += findings(page)
    assert found == []


@pytest.fixture
def facts(site: Served) -> dict[str, Any]:
    """What addresses are made of: Ada, who has used the service for a month."""
    ada = give_password(User.objects.create_user("ada@example.org", name="Ada"), "ada's password")
    key, _ = ApiKey.issue(user=ada, name="agents", limit_cents=5000, limit_period="month")
    sample_month.live(ada, key)
    newest = Completion.objects.latest("admitted_at")
    return {"receipt": newest.pk, "user": ada.pk, "key": key.pk, "month": f"{newest.created_at:%Y-%m}"}


@pytest.mark.parametrize("part", range(PARTS))
def test_no_page_of_ones_own_has_one(site: Served, tab: Tab, facts: dict[str, Any], part: int) -> None:
    found = []
    page = tab(site, viewport=DESKTOP)
    return_as(page, User.objects.get(pk=facts["user"]))
    for address in list(OWN.values())[part::PARTS]:
        page.goto(address.format(**facts))
        found += too_wide(page, *PHONES)
        page.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true; })")
        found += findings(page)
    assert found == []


def test_a_new_key_on_its_page_has_none(site: Served, tab: Tab, facts: dict[str, Any]) -> None:
    page = tab(site, viewport=DESKTOP)
    return_as(page, User.objects.get(pk=facts["user"]))
    page.goto("/keys")
    confirm(page, "ada's password")
    found = findings(page)
    page.get_by_label("Name").fill("another")
    page.get_by_role("button", name="Create key").click()
    page.locator("#secret").wait_for()
    assert found + findings(page) == []


@pytest.mark.parametrize("part", range(PARTS))
def test_no_page_of_the_admin_has_one(site: Served, tab: Tab, sam: User, facts: dict[str, Any], part: int) -> None:
    found = []
    page = tab(site, viewport=DESKTOP)
    return_as(page, sam)
    for address in [*STAFF_ADMIN.values(), *FORMS][part::PARTS]:
        page.goto(address.format(**facts))
        found += findings(page) + too_wide(page, max(PHONES))
    assert found == []

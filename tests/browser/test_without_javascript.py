from collections.abc import Callable

from playwright.sync_api import Page, expect

from accounts.models import ApiKey, User
from credits.models import CreditTransaction
from tests.browser import sample_month
from tests.browser.conftest import confirm, give_password, sign_in
from tests.served import Served


def test_what_shows_or_submits_something_works(site: Served, tab: Callable[..., Page]) -> None:
    ada = give_password(User.objects.create_user("ada@example.org", name="Ada"), "ada's password")
    key, _ = ApiKey.issue(user=ada, name="agents")
    sample_month.live(ada, key)
    page = tab(site, java_script_enabled=False)
    sign_in(page, ada)
    expect(page.locator("#balance")).to_contain_text("$")
    page.get_by_role("link", name="History").click()
    page.get_by_label("Type").select_option("refund")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator("table.entries tbody tr")).to_have_count(1)
    page.get_by_role("link", name="Clear").click()
    page.get_by_role("link", name="Older").click()
    page.get_by_role("link", name="Newer").click()
    newest = CreditTransaction.objects.latest("pk")
    expect(page.locator("table.entries tbody tr").first).to_contain_text(newest.reason)
    page.goto("/keys")
    confirm(page, "ada's password")
    page.get_by_label("Name").fill("by hand")
    page.get_by_role("button", name="Create key").click()
    expect(page.locator("#secret")).to_contain_text("cnwy_k_")
    page.goto(f"/keys/{key.pk}/revoke")
    page.get_by_role("button", name="Revoke it").click()
    expect(page.get_by_role("status")).to_contain_text("is revoked")

import re

import pytest
from django.test import Client

from accounts.models import User
from tests.pages.conftest import Visit

PAGES = [
    "/",
    "/credits/history",
    "/keys",
    "/models",
    "/playground",
    "/docs/quickstart",
    "/account",
    "/password/change",
    "/nothing",
]


@pytest.mark.parametrize("address", PAGES)
def test_no_page_needs_more_than_its_policy_allows(ada: User, visit: Visit, address: str) -> None:
    page = visit(ada).get(address)
    assert "default-src 'self'" in page.headers["content-security-policy"]
    said = page.content.decode()
    assert re.findall(r"<script(?![^>]* src=)", said) == [] and re.findall(r'\s(?:style|on\w+)="', said) == []
    assert re.findall(r'(?:src|href)="(?:https?:)?//(?!testserver)[^"]*\.(?:js|css)', said) == []


def test_pages_are_not_framed_and_not_sniffed(client: Client, db: None) -> None:
    headers = client.get("/").headers
    assert headers["x-frame-options"] == "DENY" and headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("address", ["/sign-up", "/sign-in", "/keys", "/playground/token", "/password/change"])
def test_a_form_of_another_site_is_refused(alice: User, address: str) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(alice, backend="django.contrib.auth.backends.ModelBackend")
    assert browser.post(address, {"name": "x"}).status_code == 403

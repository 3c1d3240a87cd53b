"""However long a history is, a page asks a bounded number of questions, and counts no table."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import ApiKey, User
from inference import catalog
from tests.browser import sample_month
from tests.pages.conftest import Visit

AT_MOST = {
    "/": 10,
    "/credits/spend": 11,
    "/credits/history": 12,
    "/credits/history?model=gpt-5.2": 12,
    "/credits/history?type=refund": 12,
    "/keys": 11,  # two of them: whether there is a second factor, which a new key takes a proof of
    "/models": 4,
    "/playground": 4,
    "/account": 4,
}


@pytest.mark.parametrize(("address", "most"), AT_MOST.items())
def test_questions_are_few(ada: User, visit: Visit, address: str, most: int) -> None:
    asked = queries(visit(ada), address)
    assert len(asked) <= most, asked


def test_a_second_month_asks_no_more(ada: User, visit: Visit, offered: None) -> None:
    browser, addresses = visit(ada), ["/credits/history", "/credits/spend", "/keys"]
    before = [len(queries(browser, address)) for address in addresses]
    for number in range(5):
        ApiKey.issue(user=ada, name=f"more {number}", limit_cents=100)
    other = User.objects.create_user("other@example.org", "x")
    sample_month.live(other, ApiKey.issue(user=other, name="other")[0])
    assert [len(queries(browser, address)) for address in addresses] == before


def queries(browser: Client, address: str) -> list[str]:
    catalog.forget()  # the look at the catalogue that is due every few seconds is not counted
    browser.get(address)
    with CaptureQueriesContext(connection) as captured:
        assert browser.get(address).status_code == 200
    return [query["sql"] for query in captured]

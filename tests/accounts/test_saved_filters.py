"""Filters that staff keep: theirs alone, of lists they may look at, and bounded."""

from collections.abc import Callable

import pytest
from django.test import Client

from accounts import saved_filters
from accounts.models import SavedFilter, User

LISTED = "credits_credittransaction"
PAGE = f"/admin/{LISTED.replace('_', '/')}/"


@pytest.fixture
def admin(at_admin: Callable[[User], Client], sam: User) -> Client:
    return at_admin(sam)


def keep(admin: Client, name: str, query: str = "?type=refund&after=7", listed: str = LISTED) -> int:
    return admin.post("/admin/filters/", {"listed": listed, "name": name, "query": query}).status_code


def test_a_kept_filter_leads_back_to_its_rows_from_the_top_of_its_list(admin: Client) -> None:
    assert 'name="listed"' in admin.get(f"{PAGE}?type=refund").content.decode()
    assert keep(admin, "Refunds <of> ours") == 302
    page = admin.get(PAGE).content.decode()
    assert '<a href="?type=refund">Refunds &lt;of&gt; ours</a>' in page
    assert "Refunds &lt;of&gt;" not in admin.get("/admin/accounts/user/").content.decode()


def test_a_name_that_is_there_takes_the_new_filters(admin: Client) -> None:
    keep(admin, "mine")
    keep(admin, "mine", "?type=top_up")
    assert SavedFilter.objects.get().query == "type=top_up"


def test_it_is_nobody_elses_to_see_or_remove(
    admin: Client, staff: Callable[..., User], at_admin: Callable[[User], Client]
) -> None:
    keep(admin, "sam's own")
    others, kept = at_admin(staff("cashier")), SavedFilter.objects.get()
    assert "sam&#x27;s own" not in others.get(PAGE).content.decode()
    assert others.post(f"/admin/filters/{kept.pk}/remove/").status_code == 404
    assert admin.post(f"/admin/filters/{kept.pk}/remove/").headers["location"] == PAGE
    assert not SavedFilter.objects.exists()


def test_nobody_keeps_filters_of_a_list_they_may_not_see(
    staff: Callable[..., User], at_admin: Callable[[User], Client]
) -> None:
    cashiers = at_admin(staff("cashier"))
    assert keep(cashiers, "keys", listed="accounts_apikey") == 403
    assert keep(cashiers, "none", listed="no_such") == 404
    assert not SavedFilter.objects.exists()


def test_what_one_person_keeps_is_bounded(admin: Client) -> None:
    for number in range(saved_filters.MOST + 3):
        keep(admin, f"number {number}")
    assert SavedFilter.objects.count() == saved_filters.MOST


@pytest.mark.parametrize(
    ("name", "query"),
    [("", "?type=refund"), ("n" * 61, "?q=1"), ("a", ""), ("a", "?after=3"), ("a", "q=" + "x" * 1000)],
)
def test_nonsense_is_not_kept(admin: Client, name: str, query: str) -> None:
    assert keep(admin, name, query) == 302
    assert not SavedFilter.objects.exists()

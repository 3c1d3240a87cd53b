import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils.timezone import now

from accounts.authentication import authenticate_sync
from accounts.models import ApiKey, User
from tests.pages.conftest import Visit

pytestmark = pytest.mark.usefixtures("offered")


def secret_in(page: Any) -> str:
    return re.search(r'id="secret">(cnwy_k_[\w-]{32})<', page.content.decode())[1]


def test_a_key_is_shown_once_with_a_curl_and_works(hers: Client, alice: User) -> None:
    page = hers.post("/keys", {"name": "laptop"}, follow=True)
    secret = secret_in(page)
    assert authenticate_sync(f"Bearer {secret}").user_id == alice.pk
    assert f"Authorization: Bearer {secret}" in page.content.decode() and "no-store" in page.headers["cache-control"]
    assert secret not in hers.get("/keys").content.decode()


def test_its_limits_are_kept(hers: Client) -> None:
    hers.post(
        "/keys",
        {
            "name": "agents",
            "limit": "12.34",
            "period": "day",
            "requests_per_minute": "5",
            "lifetime": "7",
            "allowed_models": ["gpt-5-mini", "kimi-k2.5"],
        },
    )
    key = ApiKey.objects.get()
    assert (key.limit_cents, key.limit_period, key.requests_per_minute) == (1234, "day", 5)
    assert key.allowed_models == ["gpt-5-mini", "kimi-k2.5"] and key.expires_at - now() > timedelta(days=6, hours=23)


@pytest.mark.parametrize(
    "fields",
    [
        {"name": ""},
        {"limit": "0"},
        {"limit": "-1"},
        {"limit": "1.234"},
        {"lifetime": "1"},
        {"allowed_models": "gpt-2"},
        {"limit": "NaN"},
    ],
)
def test_nonsense_makes_no_key(hers: Client, fields: dict[str, str]) -> None:
    assert hers.post("/keys", {"name": "a", **fields}).status_code == 400
    assert not ApiKey.objects.exists()


def test_a_period_without_a_limit_is_no_limit(hers: Client) -> None:
    hers.post("/keys", {"name": "a", "period": "month"})
    assert ApiKey.objects.get().limit_period is None


def test_revoking_asks_first_and_then_lasts(hers: Client, alice: User) -> None:
    key, _ = ApiKey.issue(user=alice, name="old")
    assert "Revoke “old”?" in hers.get(f"/keys/{key.pk}/revoke").content.decode()
    key.refresh_from_db()
    assert key.revoked_at is None
    assert hers.post(f"/keys/{key.pk}/revoke").headers["location"] == "/keys"
    key.refresh_from_db()
    assert key.revoked_at and "Revoked keys" in hers.get("/keys").content.decode()


def test_what_a_key_spent_this_month_leads_to_its_rows(ada: User, visit: Visit) -> None:
    browser, key = visit(ada), ApiKey.objects.get(user__email="ada@example.org")
    ApiKey.issue(user=ada, name="long" * 25)
    link, cents = re.search(
        rf'href="([^"]*key={key.pk}&amp;[^"]*)" data-cents="(-?\d+)"', browser.get("/keys").content.decode()
    ).groups()  # type: ignore[union-attr]
    assert f'data-figure="spent" data-cents="{cents}"' in browser.get(link.replace("&amp;", "&")).content.decode()


def test_what_it_switches_on_is_kept_shown_and_switched_off_again(hers: Client) -> None:
    hers.post("/keys", {"name": "agents", "cache_marks": "on", "usage_in_streams": "on"})
    key, page = ApiKey.objects.get(), hers.get("/keys").content.decode()
    assert key.cache_marks and key.usage_in_streams
    assert "marks prompts for Claude" in page and "usage at the end of every stream" in page
    assert hers.get(f"/keys/{key.pk}").content.decode().count(" checked") == 2
    hers.post(f"/keys/{key.pk}", {"name": "agents", "usage_in_streams": "on"})
    key.refresh_from_db()
    assert (key.cache_marks, key.usage_in_streams) == (False, True)


def test_its_use_is_shown_beside_its_limit(hers: Client, alice: User) -> None:
    ApiKey.issue(user=alice, name="agents", limit_cents=500, limit_period="day")
    assert "$0.00 of $5.00 per day" in hers.get("/keys").content.decode()


def test_a_key_is_changed_in_the_place_of_its_row(hers: Client, alice: User) -> None:
    key, _ = ApiKey.issue(user=alice, name="laptop", limit_cents=500, limit_period="day")
    page = hers.get(f"/keys?edit={key.pk}").content.decode()
    row = re.search(rf'<tr id="key-{key.pk}">.*?</tr>', page, re.S)[0]  # type: ignore[index]
    assert f'id="key-{key.pk}-name"' in row and 'value="5"' in row and page.count('id="id_name"') == 1
    assert f'action="/keys/{key.pk}"' in row
    answer = hers.post(f"/keys/{key.pk}", {"name": "desktop", "limit": "7.50", "period": "month"})
    assert answer.headers["location"] == "/keys"
    key.refresh_from_db()
    assert (key.name, key.limit_cents, key.limit_period) == ("desktop", 750, "month")
    assert ApiKey.objects.count() == 1


def test_what_is_wrong_with_a_change_is_said_once_and_changes_nothing(hers: Client, alice: User) -> None:
    key, _ = ApiKey.issue(user=alice, name="laptop")
    answer = hers.post(f"/keys/{key.pk}", {"name": "laptop", "limit": "0"})
    assert answer.status_code == 400 and answer.content.decode().count("leave it empty for no limit") == 1
    key.refresh_from_db()
    assert key.limit_cents is None


@pytest.mark.parametrize("edit", ["nonsense", "", "own", "9" * 30])
def test_an_address_that_names_a_key_to_edit_makes_no_new_one(hers: Client, alice: User, edit: str) -> None:
    key, _ = ApiKey.issue(user=alice, name="laptop")
    edit = str(key.pk) if edit == "own" else edit
    assert hers.post(f"/keys?edit={edit}", {"name": "another"}).status_code == 404
    assert list(ApiKey.objects.values_list("name", flat=True)) == ["laptop"]


@pytest.mark.parametrize("whose", ["bob", "revoked"])
def test_only_ones_own_living_key_is_changed(hers: Client, alice: User, bob: User, whose: str) -> None:
    key, _ = ApiKey.issue(user=bob if whose == "bob" else alice, name="not this")
    if whose == "revoked":
        key.revoke()
    assert hers.get(f"/keys?edit={key.pk}").status_code == 404
    assert hers.post(f"/keys/{key.pk}", {"name": "mine now"}).status_code == 404
    key.refresh_from_db()
    assert key.name == "not this"

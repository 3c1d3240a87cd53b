"""A key on its owner's pages: made once, shown once, changed by nobody else."""

from collections.abc import Iterator

import pytest
from django.test import Client

from accounts import access_tokens
from accounts.models import ApiKey, User
from credits import ledger
from credits.models import CreditTransaction
from tests import lasting_catalogue
from tests.accounts.attacks.conftest import api

pytestmark = pytest.mark.usefixtures("nobody_is_remembered")


@pytest.fixture
def jwt(carol: User) -> str:
    return access_tokens.pair(carol)["access_token"]


@pytest.fixture
def hers(carol: User) -> Client:
    client = Client()
    client.force_login(carol, backend="accounts.backends.PasswordBackend")
    return client


@pytest.fixture
def offered(db: None) -> Iterator[None]:
    from inference import catalog

    lasting_catalogue.load()
    catalog.forget()
    yield
    catalog.forget()


def test_a_reload_makes_no_second_key_and_shows_no_secret(hers: Client, offered: None) -> None:
    answer = hers.post("/keys", {"name": "laptop"})
    assert answer.status_code == 302
    shown = hers.get(answer.headers["location"])
    assert 'id="secret">cnwy_k_' in shown.content.decode() and "no-store" in shown.headers["cache-control"]
    again = hers.get(answer.headers["location"]).content.decode()
    assert 'id="secret"' not in again and "shown once" in again
    assert ApiKey.objects.count() == 1


def test_the_secret_is_in_no_table(hers: Client, carol: User, offered: None) -> None:
    secret = hers.post("/keys", {"name": "laptop"}).cookies["new_key"].value.split(":")[0]
    assert secret.startswith("cnwy_k_")
    assert all(secret not in str(row.get_decoded()) for row in carol.sessions.all())


def test_a_key_is_changed_paused_and_rotated_on_its_page(hers: Client, carol: User, offered: None) -> None:
    key, old = ApiKey.issue(user=carol, name="a", limit_cents=500, limit_period="day", allowed_models=["gone-model"])
    page = hers.get(f"/keys/{key.pk}").content.decode()
    assert 'value="5"' in page.replace("5.00", "5") and "gone-model" in page
    hers.post(f"/keys/{key.pk}", {"name": "b", "limit": "7.50", "period": "week", "allowed_addresses": "10.0.0.1, ::1"})
    key.refresh_from_db()
    assert (key.name, key.limit_cents, key.limit_period, key.scope) == ("b", 750, "week", "inference")
    assert key.allowed_addresses == ["10.0.0.1/32", "::1/128"] and key.allowed_models is None
    hers.post(f"/keys/{key.pk}/pause", {"pause": ""})
    assert "paused" in hers.get("/keys").content.decode()
    shown = hers.post(f"/keys/{key.pk}/rotate", {"keep_old": "3600"}, follow=True).content.decode()
    assert 'id="secret">cnwy_k_' in shown and old not in shown and "works until" in shown


def test_the_pages_of_a_key_are_its_owners(hers: Client, bob: User, offered: None) -> None:
    key, _ = ApiKey.issue(user=bob, name="bob's")
    for path in ("", "/secret", "/pause", "/rotate", "/revoke"):
        for ask in (hers.get, hers.post):
            assert ask(f"/keys/{key.pk}{path}").status_code in (404, 405)
    assert ApiKey.objects.get().paused_at is None


def test_what_a_key_spent_is_shown_with_a_limit_or_without(hers: Client, carol: User, jwt: str, offered: None) -> None:
    key, _ = ApiKey.issue(user=carol, name="free")
    ledger.top_up(user=carol, cents=1000, reference="r", reason="To begin", by=None)
    charge = {"type": "inference", "reference": "inference:x", "amount_cents": -123, "balance_after_cents": 877}
    CreditTransaction.objects.create(account_id=carol.pk, key=key, **charge)
    assert "$1.23" in hers.get("/keys").content.decode()
    (listed,) = api(Client(), "auth/api-keys", auth=jwt, method="get").json()["data"]
    assert (listed["spent_30_days_cents"], listed["spent_cents"]) == (123, None)

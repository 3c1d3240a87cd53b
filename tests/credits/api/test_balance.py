import pytest
from django.test import Client

from accounts.models import ApiKey, User
from tests.credits.api.conftest import Get
from tests.credits.ledger_driver import admit


def test_who_never_had_credit_has_zero(get: Get, bob: User) -> None:
    zero = {"credits_cents": 0, "balance_cents": 0, "held_cents": 0, "available_cents": 0}
    assert get("credits/balance", bob).json() == zero


@pytest.mark.django_db(transaction=True)
def test_what_is_held_is_part_of_the_balance_and_not_available(get: Get, alice: User, run) -> None:
    run(admit(alice, worst=30))
    assert get("credits/balance").json() == {
        "credits_cents": 1000,
        "balance_cents": 1000,
        "held_cents": 30,
        "available_cents": 970,
    }


@pytest.mark.parametrize("form", ["{key}", "Bearer {key}"])
def test_a_key_reads_it_with_and_without_bearer(client: Client, alice: User, form: str) -> None:
    header = form.format(key=ApiKey.issue(user=alice, name="terminal")[1])
    assert client.get("/v1/credits/balance", headers={"authorization": header}).json()["credits_cents"] == 1000


@pytest.mark.parametrize("path", ["credits/balance", "credits/history"])
def test_a_stranger_is_told_to_authenticate(client: Client, db: None, path: str) -> None:
    answer = client.get(f"/v1/{path}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "invalid_api_key")

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.utils.timezone import now

from accounts.models import User
from inference import catalog
from inference.catalog.pricing import MARKUP
from inference.models import ChatModel, Price
from inference.pages.price_table import offers
from inference.templatetags.dollars import dollars

pytestmark = pytest.mark.usefixtures("offered")


def test_both_prices_are_shown_to_anybody(client: Client) -> None:
    said = client.get("/models").content.decode()
    for offer in offers():
        for step in offer.steps:
            for rate in step.rates:
                assert rate.charged == rate.listed * MARKUP
                assert f">{dollars(rate.listed)}<" in said and f">{dollars(rate.charged)}<" in said


def test_a_model_that_is_off_is_not_offered(client: Client) -> None:
    ChatModel.objects.filter(name="kimi-k2.5").update(is_on=False)
    catalog.forget()
    assert "kimi-k2.5" not in client.get("/models").content.decode()


def test_it_says_which_providers_are_not_configured(client: Client) -> None:
    assert client.get("/models").content.decode().count("Not configured here") == 5


def test_a_coming_price_is_announced(client: Client) -> None:
    Price.objects.create(
        model_id="gpt-5.2", starts_at=now() + timedelta(days=2), sheet={"input": "9.5", "output": "77"}
    )
    catalog.forget()
    assert "input $12.35, output $100.10 as charged" in client.get("/models").content.decode()


def names(client: Client, query: str) -> list[str]:
    groups = client.get(f"/models?{query}").context["groups"]
    return [offer.listing.name for group in groups for offer in group.offers]


def test_models_are_chosen_and_sorted(client: Client) -> None:
    assert set(names(client, "provider=moonshot")) <= {name for name in names(client, "") if name.startswith("kimi")}
    cheapest = names(client, "sort=input")
    assert len(cheapest) == len(names(client, ""))
    by_name = {offer.listing.name: offer.price.sheet.tiers[0].price("input") for offer in offers()}
    assert [by_name[name] for name in cheapest] == sorted(by_name.values())
    assert "qwen3-coder" not in names(client, "takes=image")


@pytest.mark.parametrize(("days", "said"), [(-1, "Ended on"), (0, "Ended on"), (1, "Ends on")])
def test_it_says_when_a_model_ends_or_ended_and_what_to_use_instead(client: Client, days: int, said: str) -> None:
    ends = (now() + timedelta(days=days)).date()
    ChatModel.objects.filter(name="kimi-k2.5").update(retires_on=ends, successor="kimi-k2.6", successor_from=None)
    catalog.forget()
    assert f"{said} {ends}. Use kimi-k2.6 instead." in client.get("/models").content.decode()


def test_what_takes_film_is_found(client: Client) -> None:
    assert {name.split("-")[0] for name in names(client, "takes=video")} == {"gemini"}


def test_an_address_with_nonsense_shows_all(client: Client) -> None:
    assert names(client, "provider=acme&takes=smell&sort=%00") == names(client, "")


def test_customers_read_when_a_model_ends_and_not_what_staff_noted(client: Client) -> None:
    ends = {"retires_on": date(2027, 3, 1), "successor": "gpt-5.2", "retirement": "Our margin is thin here."}
    ChatModel.objects.filter(name="gpt-5-nano").update(**ends, successor_from=None)
    catalog.forget()
    said = client.get("/models").content.decode()
    assert "Ends on 2027-03-01. Use gpt-5.2 instead." in said
    assert "margin is thin" not in said


def test_an_account_agrees_to_dearer_successors_and_takes_it_back(client: Client, alice: User) -> None:
    client.force_login(alice, backend="accounts.backends.PasswordBackend")
    assert "When a model ends" in client.get("/models").content.decode()
    for sent, follows in (({"follow": "on"}, True), ({}, False)):
        client.post("/models/successors", sent)
        alice.refresh_from_db()
        assert alice.follows_successors is follows


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        ("1.75", "$1.75"),
        ("14", "$14.00"),
        ("0.0325", "$0.0325"),
        ("0", "$0.00"),
        ("1000", "$1,000.00"),
        ("0.000000325", "$0.000000325"),
    ],
)
def test_dollars_are_never_rounded(amount: str, said: str) -> None:
    assert dollars(Decimal(amount)) == said


@pytest.mark.parametrize("path", ["/models", "/models/gpt-5.2"])
def test_a_client_whose_base_url_lacks_v1_is_sent_to_the_list(client: Client, path: str) -> None:
    answer = client.get(path, headers={"authorization": "Bearer key"})
    assert (answer.status_code, answer["location"]) == (308, f"/v1{path}")

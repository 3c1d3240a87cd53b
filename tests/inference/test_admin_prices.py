"""Staff announce prices: compared, confirmed by name, withdrawn in time, never edited."""

import re
from decimal import Decimal

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.utils.timezone import now

from accounts.models import User
from inference import catalog
from inference.admin.prices import Change
from inference.models import Price
from tests.inference.catalogue_admin import MODELS, PRICES, announced, in_minutes

pytestmark = pytest.mark.usefixtures("prices")


def test_a_price_is_seen_as_charged_before_it_is_added(admin):
    page = announced(admin, confirmed=False).content.decode()
    assert "$1.25" in page and "$1.625" in page and "$13.00" in page
    assert Price.objects.filter(model="gpt-5-mini").count() == 1


def test_a_price_is_compared_with_the_one_in_force_and_a_leap_is_red(admin):
    page = announced(admin, confirmed=False, input_0="0.25", output_0="20", cached_0="0.025").content.decode()
    told = re.search(r'id="changes".*?</table>', page, re.S)[0]
    (output,) = re.findall(r"<tr([^>]*)><th>Output</th>(.*?)</tr>", told)
    assert output[0] == ' class="bad"' and "$2.00" in output[1] and "$20.00" in output[1] and "+900.0 %" in output[1]
    (same,) = re.findall(r"<tr([^>]*)><th>Input</th>(.*?)</tr>", told)
    assert same[0] == "" and "none" in same[1]


@pytest.mark.parametrize(
    ("now_", "new", "percent", "is_large"),
    [("1", "2", "+100.0 %", True), ("2", "1", "−50.0 %", True), ("1", "1.99", "+99.0 %", False), ("1", None, "", True)],
)
def test_a_change_by_two_or_more_is_a_leap(now_, new, percent, is_large):
    change = Change("Input", Decimal(now_), Decimal(new) if new else None)
    assert (change.percent, change.is_large) == (percent, is_large)


def test_a_price_is_added_only_when_the_models_name_is_typed(admin):
    answer = announced(admin, typed="gpt-5-nano")
    assert answer.status_code == 200 and "type gpt-5-mini" in answer.content.decode()
    assert Price.objects.filter(model="gpt-5-mini").count() == 1


def test_a_price_is_withdrawn_until_it_is_about_to_start(admin):
    announced(admin)
    price = Price.objects.latest("pk")
    page = f"{PRICES}{price.pk}/"
    assert "Withdraw this price" in admin.get(f"{page}change/").content.decode()
    assert admin.post(f"{page}withdraw/").headers["location"] == f"{MODELS}gpt-5-mini/change/"
    assert not Price.objects.filter(pk=price.pk).exists()
    assert LogEntry.objects.latest("pk").object_repr == str(price)


def test_a_price_in_force_is_not_withdrawn(admin):
    price = Price.objects.get(model="gpt-5-mini")
    assert "Withdraw" not in admin.get(f"{PRICES}{price.pk}/change/").content.decode()
    admin.post(f"{PRICES}{price.pk}/withdraw/")
    assert Price.objects.filter(pk=price.pk).exists()


def test_a_price_is_added_with_who_and_where_it_is_said(admin, sam):
    tiers = {"above_1": 200_000, "input_1": "2.50", "output_1": "15"}
    assert announced(admin, cached_0="0.125", **tiers).status_code == 302
    price = Price.objects.filter(model="gpt-5-mini").latest("starts_at")
    assert price.sheet == {
        "input": "1.25", "cached": "0.125", "output": "10",
        "tiers": [{"above": 200_000, "input": "2.5", "output": "15"}],
    }  # fmt: skip
    assert (price.added_by, price.source) == (sam, "the invoice")
    now_on = catalog.current_sync().find("gpt-5-mini")
    assert now_on.price_at(now()).id != price.pk and now_on.price_at(price.starts_at).id == price.pk


@pytest.mark.parametrize(
    "wrong",
    [
        {"starts_at": ""},
        {"starts_at": in_minutes(0.5)},
        {"starts_at": in_minutes(-60)},
        {"starts_at": "soon"},
        {"model": "gpt-nonesuch"},
        {"source": ""},
        {"input_0": ""},
        {"output_0": ""},
        {"input_0": "0"},
        {"input_0": "-1"},
        {"input_0": "free"},
        {"input_0": "0.0000001"},
        {"input_0": "NaN"},
        {"above_1": 1000},
        {"input_1": "2"},
        {"above_1": 1000, "input_1": "2"},
        {"above_1": 0, "input_1": "2", "output_1": "2"},
        {"above_1": 2000, "input_1": "2", "output_1": "2", "above_2": 1000, "input_2": "2", "output_2": "2"},
    ],
)
def test_a_price_nobody_could_be_charged_by_is_not_added(admin, wrong):
    answer = announced(admin, **wrong)
    assert answer.status_code == 200 and "errorlist" in answer.content.decode()
    assert Price.objects.filter(model="gpt-5-mini").count() == 1


def test_two_prices_do_not_start_at_once(admin):
    start = in_minutes(10)
    assert [announced(admin, starts_at=start).status_code for _ in range(2)] == [302, 200]


def test_the_form_begins_with_what_it_costs_now(admin):
    form = admin.get(f"{PRICES}add/?model=gemini-2.5-pro").context["form"]
    assert [form[name].value() for name in ("input-0", "above-1", "output-1")] == ["1.25", 200_000, 15]


def test_a_price_is_never_edited(admin):
    page = f"{PRICES}{Price.objects.first().pk}/"
    assert admin.get(f"{page}change/").status_code == 200
    assert admin.post(f"{page}change/", {"source": "elsewhere"}).status_code == 403
    assert admin.post(f"{page}delete/", {"post": "yes"}).status_code == 403


def test_only_who_may_add_prices_does(client, prices):
    clerk = User.objects.create_user(email="clerk@example.org", is_staff=True)
    clerk.user_permissions.add(Permission.objects.get(codename="view_price"))
    client.force_login(clerk, backend="accounts.backends.PasswordBackend")
    assert (client.get(f"{PRICES}add/").status_code, announced(client).status_code) == (403, 403)
    clerk.user_permissions.add(Permission.objects.get(codename="add_price"))
    assert announced(client).status_code == 302

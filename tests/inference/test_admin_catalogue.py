"""Staff edit the catalogue and announce prices; they can spoil neither."""

import json
import re
import time
from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.utils.timezone import now

from accounts.models import User
from inference import catalog
from inference.admin.models import ChatModelForm
from inference.admin.price_form import newest_price
from inference.admin.prices import Change
from inference.api import model_list
from inference.catalog import loading, row_check
from inference.catalog.loading import plain
from inference.models import ChatModel, Completion, Price

MODELS, PRICES = "/admin/inference/chatmodel/", "/admin/inference/price/"


@pytest.fixture
def admin(client, sam, prices):
    client.force_login(sam, backend="accounts.backends.PasswordBackend")
    return client


def edited(admin, name="gpt-5-mini", **fields):
    page = admin.get(f"{MODELS}{name}/change/")
    form = page.context["adminform"].form
    sent = {field.name: field.value() for field in form}
    filled_in = {key: value for key, value in {**sent, **fields}.items() if value is not None and value is not False}
    return admin.post(f"{MODELS}{name}/change/", filled_in)


def in_minutes(minutes):
    return (now() + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%S")


def announced(admin, confirmed=True, **fields):
    sent = {
        "version": newest_price(),
        "model": "gpt-5-mini",
        "starts_at": in_minutes(10),
        "source": "the invoice",
        "input-0": "1.25",
        "output-0": "10",
    }
    names = {name.replace("_0", "-0").replace("_1", "-1").replace("_2", "-2"): value for name, value in fields.items()}
    typed = {"confirmed": "yes", "typed": {**sent, **names}["model"]} if confirmed else {}
    return admin.post(f"{PRICES}add/", {**sent, **typed, **names})


def test_every_row_of_the_file_may_be_saved_as_it_is(admin):
    for model in ChatModel.objects.all():
        before = model.traits
        answer = edited(admin, model.name)
        assert answer.status_code == 302, answer.context["errors"]
        model.refresh_from_db()
        assert model.traits == before


def test_a_model_is_switched_off_and_moved(admin):
    assert edited(admin, is_on=False, upstream_id="gpt-5-mini-2026").status_code == 302
    listing = catalog.current_sync().find("gpt-5-mini")
    assert (listing.is_on, listing.upstream_id) == (False, "gpt-5-mini-2026")
    assert LogEntry.objects.get().object_id == "gpt-5-mini"


def test_a_bound_that_a_colleague_changes_meanwhile_stays(admin, monkeypatch):
    def changed(form):
        ChatModel.objects.filter(pk="gpt-5-mini").update(bound_percent=177)
        return clean(form)

    clean = ChatModelForm.clean_traits
    monkeypatch.setattr(ChatModelForm, "clean_traits", changed)
    assert edited(admin, retirement="Soon.").status_code == 302
    model = ChatModel.objects.get(pk="gpt-5-mini")
    assert (model.retirement, model.bound_percent) == ("Soon.", 177)


@pytest.mark.parametrize(
    "wrong",
    [
        {"provider": "acme"},
        {"dialect": "latin"},
        {"successor": "gpt-nonesuch"},
        {"upstream_id": ""},
        {"bound_percent": 50},
        {"traits": "{"},
        {"traits": "[]"},
        {"traits": "null"},
        {"traits": json.dumps({"context_tokens": 1000})},
        {"traits": json.dumps({"context_tokens": "many", "max_output_tokens": 5})},
        {"traits": json.dumps({"context_tokens": 1000, "max_output_tokens": 0})},
        {"traits": json.dumps({"context_tokens": 1000, "max_output_tokens": 5, "color": "blue"})},
        {"traits": json.dumps({"context_tokens": 1000, "max_output_tokens": 5, "thinking": "deep"})},
        {"traits": json.dumps({"context_tokens": 1000, "max_output_tokens": 5, "images": "data"})},
        {"traits": json.dumps({"context_tokens": 1000, "max_output_tokens": 5, "tools": "yes"})},
    ],
)
def test_a_row_that_could_not_be_read_is_not_let_in(admin, wrong):
    answer = edited(admin, **wrong)
    assert answer.status_code == 200 and "errorlist" in answer.content.decode()
    catalog.forget()
    assert catalog.current_sync().find("gpt-5-mini").upstream_id == "gpt-5-mini"


LEAST = {"context_tokens": 1000, "max_output_tokens": 500}


@pytest.mark.parametrize(
    ("traits", "sentence"),
    [
        ([1], "Traits are a JSON object"),
        ({**LEAST, "max_output_tokens": 2000}, "max_output_tokens: more than the 1,000 tokens of the context."),
        ({**LEAST, "max_input_tokens": 0}, "max_input_tokens: at least 1."),
        ({**LEAST, "images": ["smoke"]}, "images: smoke is no way an image comes"),
        ({**LEAST, "ignores": ["tempreature"]}, "ignores: a request has no field tempreature."),
        ({**LEAST, "efforts": {"hard": "high"}}, "efforts: there is no effort hard."),
        ({**LEAST, "default_effort": "hard"}, "default_effort: there is no effort hard."),
        ({**LEAST, "thinking": "budget"}, "thinking_budgets: a model whose thinking is"),
        ({**LEAST, "thinking": "budget", "thinking_budgets": {"low": -5}}, "thinking_budgets: low is below 0."),
    ],
)
def test_a_wrong_row_is_refused_by_a_sentence(admin, traits, sentence):
    errors = edited(admin, traits=json.dumps(traits)).context["adminform"].form.errors["traits"]
    assert sentence in " ".join(errors)


def test_a_row_of_the_file_has_no_fault():
    faults = {name: list(row_check.faults(plain(row["traits"]))) for name, row in loading.rows().items()}
    assert len(faults) > 20 and not any(faults.values())


def test_models_do_not_succeed_each_other_in_a_circle(admin):
    ChatModel.objects.filter(name="gpt-5.2").update(successor="gpt-5-mini")
    ChatModel.objects.filter(name="gpt-5-mini").update(successor="gpt-5-nano", successor_from=None)
    answer = edited(admin, "gpt-5-nano", successor="gpt-5.2", successor_from="")
    (error,) = answer.context["adminform"].form.errors["successor"]
    assert error == "These would succeed each other in a circle: gpt-5.2, gpt-5-mini, gpt-5-nano."


def test_a_model_is_added_and_offered_once_it_has_a_price(admin):
    traits = json.dumps({"context_tokens": 1000, "max_output_tokens": 500})
    sent = {
        "name": "gpt-6", "display_name": "GPT-6", "is_on": "on", "provider": "openai", "upstream_id": "gpt-6",
        "traits": traits, "position": 20, "bound_percent": 100, "estimate_percent": 100,
    }  # fmt: skip
    assert admin.post(f"{MODELS}add/", sent).status_code == 302
    assert "No price: it is not offered." in admin.get(f"{MODELS}gpt-6/change/").content.decode()
    assert announced(admin, model="gpt-6", starts_at="").status_code == 302
    assert catalog.current_sync().find("gpt-6").price_at(now()).sheet.tiers[0].price("input") == Decimal("1.25")


def test_a_model_that_staff_add_answers_within_five_seconds(admin, ask, monkeypatch):
    """From another process, too, which nobody tells: it reads the catalogue anew by itself."""
    assert ask("qwen3-coder-flash").status == 404
    monkeypatch.setattr(catalog, "forget", lambda: None)
    traits = json.dumps(plain(loading.rows()["qwen3-coder"]["traits"]))
    sent = {
        "name": "qwen3-coder-flash", "display_name": "Qwen3 Coder Flash", "is_on": "on", "provider": "qwen",
        "upstream_id": "qwen3-coder-flash", "traits": traits, "position": 99, "bound_percent": 150,
        "estimate_percent": 110,
    }  # fmt: skip
    assert admin.post(f"{MODELS}add/", sent).status_code == 302
    assert announced(admin, model="qwen3-coder-flash", starts_at="").status_code == 302
    begun = time.monotonic()
    while (said := ask("qwen3-coder-flash")).status != 200:
        assert time.monotonic() - begun < 5, said.body
        time.sleep(0.2)
    assert Completion.objects.get().price.sheet["output"] == "10"


def test_a_model_is_not_deleted(admin):
    assert admin.post(f"{MODELS}gpt-5-mini/delete/", {"post": "yes"}).status_code == 403


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


def test_customers_read_when_a_model_retires_and_no_note_of_staff(admin):
    ChatModel.objects.filter(pk="gpt-5-mini").update(
        retirement="A rumour.", retires_on="2027-01-31", successor="gpt-5.2"
    )
    catalog.forget()
    page = admin.get("/models").content.decode()
    assert "2027-01-31" in page and "gpt-5.2" in page and "rumour" not in page
    listed = next(row for row in model_list.offered(catalog.current_sync()) if row["id"] == "gpt-5-mini")
    assert listed["retires_on"] == "2027-01-31"


def test_what_retires_soon_is_found(admin):
    ChatModel.objects.update(retires_on=None)
    ChatModel.objects.filter(pk="gpt-5-mini").update(retires_on=now().date() + timedelta(days=30))
    assert [row.pk for row in admin.get(f"{MODELS}?retires=soon").context["cl"].result_list] == ["gpt-5-mini"]


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


@pytest.mark.parametrize("page", [MODELS, PRICES, f"{MODELS}?provider=qwen", f"{PRICES}?model__name__exact=kimi-k2.5"])
def test_lists_are_shown(admin, page):
    assert admin.get(page, follow=True).status_code == 200

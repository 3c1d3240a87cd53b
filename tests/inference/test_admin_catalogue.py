"""Staff edit the catalogue and announce prices; they can spoil neither."""

import json
import time
from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.admin.models import LogEntry
from django.utils.timezone import now

from inference import catalog
from inference.admin.models import ChatModelForm
from inference.api import model_list
from inference.catalog import loading, row_check
from inference.catalog.loading import plain
from inference.models import ChatModel, Completion
from tests.inference.catalogue_admin import MODELS, PRICES, announced, edited

pytestmark = pytest.mark.usefixtures("prices")


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


@pytest.mark.parametrize("page", [MODELS, PRICES, f"{MODELS}?provider=qwen", f"{PRICES}?model__name__exact=kimi-k2.5"])
def test_lists_are_shown(admin, page):
    assert admin.get(page, follow=True).status_code == 200

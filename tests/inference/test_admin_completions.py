"""Staff see every completion, what it cost us, and can change none."""

import re
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from accounts.models import ApiKey, User
from credits import ledger
from inference.models import Completion

LIST = "/admin/inference/completion/"


def found(admin, query=""):
    return [row.pk for row in admin.get(f"{LIST}?{query}").context["cl"].result_list]


def page_of(completion):
    return f"{LIST}{completion.pk}/change/"


def test_a_completion_is_listed_with_what_it_earned(admin, ask):
    ask("claude-haiku-4.5", "a story, please")
    completion = Completion.objects.get()
    page = admin.get(LIST).content.decode()
    told = dict(re.findall(r'class="field-(\w+)[^"]*">(.*?)</t[dh]>', page))
    assert told["model_id"] == "claude-haiku-4.5" and told["settlement"] == "Exact"
    assert (
        f"input {completion.input_tokens}" in told["tokens"] and f"output {completion.output_tokens}" in told["tokens"]
    )
    assert told["charged"] == f"${completion.charged_cents / 100:.2f}"
    margin = Decimal(completion.charged_cents) - completion.cost_usd * 100
    assert told["margin"] == f"${(margin / 100).normalize():f}"


def test_a_completion_that_was_refunded_has_earned_nothing(admin, ask, sam):
    ask("claude-haiku-4.5", "a story, please")
    completion = Completion.objects.get()
    ledger.refund(reference=f"inference:{completion.pk}", cents=completion.charged_cents, reason="Wrong", by=sam)
    margin = (-completion.cost_usd).normalize()
    told = dict(re.findall(r'class="field-(\w+)[^"]*">(.*?)</t[dh]>', admin.get(LIST).content.decode()))
    assert told["margin"] == f"${margin:f}"
    assert f"{(margin * 100).normalize()} cents" in admin.get(page_of(completion)).content.decode()


def test_a_completion_opens_its_receipt_with_cost_and_margin(admin, ask):
    ask("gpt-5-mini", "hello")
    completion = Completion.objects.get()
    page = admin.get(page_of(completion)).content.decode()
    for told in (
        "Provider cost",
        f"{(completion.charged_cents - completion.cost_usd * 100).normalize()} cents",
        "Rounding",
        f"inference:{completion.pk}",
    ):
        assert str(told) in page
    refund = f"/admin/credits/creditaccount/refund/?charge={completion.pk}&amp;amount=0.{completion.charged_cents:02}"
    assert refund in page
    filled_in = admin.get(refund.replace("&amp;", "&")).context["form"]
    assert filled_in["amount"].value() == f"0.{completion.charged_cents:02}"


def test_completions_are_filtered(admin, ask, sandbox):
    ask("gpt-5-mini")
    ask("claude-haiku-4.5")
    sandbox.control(status=500, times=10)
    ask("gemini-2.5-flash")
    sandbox.control(reset=True)
    gemini, claude, gpt = found(admin)
    Completion.objects.get(pk=gemini, status__gte=500, settlement="none")
    for query, expected in [
        ("model_id=gpt-5-mini", [gpt]),
        ("model_id=unheard-of", []),
        ("provider=anthropic", [claude]),
        ("settlement=none", [gemini]),
        ("settlement=exact", [claude, gpt]),
        ("status=200", [claude, gpt]),
        ("status=failed", [gemini]),
        ("provider=openai&settlement=none", []),
        ("since=2020-01-01", [gemini, claude, gpt]),
        ("until=2020-01-01", []),
        ("alerts=any", list(Completion.objects.exclude(alerts=[]).values_list("pk", flat=True))),
    ]:
        assert found(admin, query) == expected, query


@pytest.mark.spoils_the_books
def test_the_dear_the_long_and_the_slow_are_found(admin, ask):
    ask()
    usual, completion = found(admin), Completion.objects.get()

    def another(name, **columns):
        completion.pk, completion.created_at = f"chatcmpl-{name}", Now()
        for column, value in columns.items():
            setattr(completion, column, value)
        completion.save(force_insert=True)
        return completion.pk

    slow = another("slow", total_ms=120_000, first_byte_ms=59_999)
    cheap = another("cheap", total_ms=1, first_byte_ms=1, charged_cents=1, cost_usd=Decimal("0.011"))
    dear = another("dear", charged_cents=100, output_tokens=10_000)
    for query, expected in [
        ("charged_cents=100", [dear]),
        ("charged_cents=1000", []),
        ("output_tokens=10000", [dear]),
        ("first_byte_ms=10000", [slow]),
        ("first_byte_ms=60000", []),
        ("total_ms=120000", [slow]),
        ("margin=none", [cheap]),
        ("charged_cents=1", [dear, cheap, slow, *usual]),  # no such choice
    ]:
        assert found(admin, query) == expected, query


def test_completions_are_found_by_id_user_and_key(admin, ask, alice, key):
    ask()
    only = [Completion.objects.get().pk]
    for term in (only[0], f"inference:{only[0]}", alice.email, alice.pk, key, key[:12]):
        assert found(admin, f"q={term}") == only, term
    for term in ("chatcmpl-other", "nobody@example.org", 10**9, "cnwy_k_other"):
        assert found(admin, f"q={term}") == [], term


@pytest.mark.parametrize(
    "query", ["q=%00", "q='", "after=nothing", "before=%00", "status=x", "model_id=%00", "provider=x"]
)
def test_no_query_breaks_the_list(admin, prices, query):
    assert admin.get(f"{LIST}?{query}", follow=True).status_code == 200


def test_pages_follow_the_time_of_completions(admin, ask, monkeypatch):
    monkeypatch.setattr("inference.admin.completions.CompletionAdmin.list_per_page", 2)
    for _ in range(5):
        ask()
    newest, pages, query = list(Completion.objects.order_by("-created_at", "-id").values_list("pk", flat=True)), [], "?"
    while query:
        changes = admin.get(LIST + query).context["cl"]
        pages += [row.pk for row in changes.result_list]
        query = changes.older
    assert pages == newest


def test_a_completion_cannot_be_changed(admin, ask):
    ask()
    page = page_of(Completion.objects.get())
    assert admin.post(page, {"charged_cents": 0}).status_code == 403
    assert admin.post(page.replace("change", "delete"), {"post": "yes"}).status_code == 403
    assert admin.get(f"{LIST}add/").status_code == 403
    assert admin.get(f"{LIST}chatcmpl-unknown/change/").status_code == 302


def test_more_completions_are_not_more_queries(admin, ask):
    def asked(path):
        with CaptureQueriesContext(connection) as queries:
            assert admin.get(path).status_code == 200
        assert not any("COUNT(" in query["sql"] for query in queries)
        return len(queries)

    ask()
    few = asked(LIST)
    for _ in range(4):
        ask()
    assert asked(LIST) <= few <= 8
    assert asked(page_of(Completion.objects.first())) <= 14


def test_who_may_not_look_does_not_see(client, ask):
    ask()
    clerk = User.objects.create_user(email="clerk@example.org", is_staff=True)
    client.force_login(clerk, backend="accounts.backends.PasswordBackend")
    page = page_of(Completion.objects.get())
    assert (client.get(LIST).status_code, client.get(page).status_code) == (403, 403)
    clerk.user_permissions.add(Permission.objects.get(codename="view_completion"))
    assert (client.get(LIST).status_code, client.get(page).status_code) == (200, 200)
    assert "refund/?charge" not in client.get(page).content.decode()


def test_a_key_that_was_pasted_whole_is_not_kept(admin, alice, prices):
    secret = ApiKey.issue(user=alice, name="Alice's")[1]
    assert secret in admin.get(f"{LIST}?q={secret}").content.decode()  # only in the box it was pasted into
    assert not ApiKey.objects.filter(prefix=secret).exists()

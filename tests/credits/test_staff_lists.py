"""What staff read: everything, and nothing of it can be changed."""

import itertools
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from accounts.models import User
from credits import ledger
from credits.admin.filters import first_id
from credits.models import CreditTransaction
from tests.credits.ledger_driver import buy

pytestmark = pytest.mark.django_db(transaction=True)

TRANSACTIONS, ACCOUNTS = "/admin/credits/credittransaction/", "/admin/credits/creditaccount/"


@pytest.fixture
def admin(client, sam):
    client.force_login(sam, backend="accounts.backends.PasswordBackend")
    return client


def rows(page):
    return [row.pk for row in page.context["cl"].result_list]


def links(page):
    return page.context["cl"].newer, page.context["cl"].older


def many_top_ups(user, count):
    for number in range(count):
        ledger.top_up(user=user, cents=1, reference=f"drop-{number}", reason="A drop", by=None)


def test_history_is_read_only_in_the_admin(admin, alice):
    page = f"{TRANSACTIONS}{CreditTransaction.objects.get().pk}/"
    assert admin.get(f"{page}change/").status_code == 200
    assert admin.post(f"{page}change/", {"amount_cents": 5}).status_code == 403
    assert admin.post(f"{page}delete/", {"post": "yes"}).status_code == 403
    assert admin.get(f"{TRANSACTIONS}add/").status_code == 403


@pytest.mark.parametrize("table", ["creditaccount", "credittransaction", "hold", "auditrun"])
def test_no_list_offers_to_delete(admin, alice, table):
    path = f"/admin/credits/{table}/"
    sent = {"action": "delete_selected", "_selected_action": [alice.pk], "post": "yes"}
    admin.post(path, sent, follow=True)
    assert admin.post(f"{path}{alice.pk}/delete/", {"post": "yes"}).status_code == 403
    assert CreditTransaction.objects.count() == 1


def test_history_is_found_by_completion_reference_email_and_user(admin, alice, sam, run):
    completion, _ = run(buy(alice, 20)), run(buy(alice, 30))
    ledger.refund(reference=f"inference:{completion}", cents=5, reason="Slow", by=sam)
    for term, found in [
        (completion, 2),
        (f"inference:{completion}", 2),
        (f"refund:{completion}", 1),
        ("alice@example.org", 4),
        (str(alice.pk), 4),
        ("nothing", 0),
    ]:
        assert len(rows(admin.get(TRANSACTIONS, {"q": term}))) == found, term


def test_an_account_is_found_by_email_and_id(admin, alice, bob):
    many_top_ups(bob, 1)
    for term in ("Alice@example.org", str(alice.pk)):
        assert rows(admin.get(ACCOUNTS, {"q": term})) == [alice.pk]
    assert rows(admin.get(ACCOUNTS, {"q": "carol@example.org"})) == []


def test_history_is_filtered(admin, alice, run):
    run(buy(alice, 20))  # the driver's charges name the model gpt-5-nano
    charge = CreditTransaction.objects.latest("id").pk
    today, tomorrow = now().date(), now().date() + timedelta(days=1)
    for filters, found in [
        ("type__exact=inference", 1),
        ("type__exact=refund", 0),
        ("model=gpt-5-nano", 1),
        ("model=gpt-5.2", 0),
        ("provider=openai", 0),
        ("settlement=lost", 0),
        (f"since={today}&until={today}", 2),
        (f"since={tomorrow}", 0),
        (f"until={today - timedelta(days=1)}", 0),
        (f"since={today}&model=gpt-5-nano&type__exact=inference", 1),
    ]:
        assert len(rows(admin.get(f"{TRANSACTIONS}?{filters}"))) == found, filters
    assert rows(admin.get(f"{TRANSACTIONS}?model=gpt-5-nano")) == [charge]


def test_a_page_follows_where_the_last_one_ended(admin, alice, bob):
    many_top_ups(bob, 119)
    newest, pages, path = sorted(CreditTransaction.objects.values_list("pk", flat=True), reverse=True), [], ""
    while path is not None:
        page = admin.get(TRANSACTIONS + path)
        pages.append(rows(page))
        path = links(page)[1]
    assert [len(page) for page in pages] == [50, 50, 20]
    assert list(itertools.chain(*pages)) == newest


def test_and_back_again(admin, alice, bob):
    many_top_ups(bob, 119)
    second = admin.get(TRANSACTIONS + links(admin.get(TRANSACTIONS))[1])
    third = admin.get(TRANSACTIONS + links(second)[1])
    back = admin.get(TRANSACTIONS + links(third)[0])
    assert rows(back) == rows(second)
    first = admin.get(TRANSACTIONS + links(back)[0])
    assert rows(first) == rows(admin.get(TRANSACTIONS))
    assert links(first)[0] is None


def test_a_page_keeps_its_filters_and_a_filter_leaves_the_page(admin, alice, bob):
    many_top_ups(bob, 60)
    page = admin.get(TRANSACTIONS + "?type__exact=top_up")
    older = links(page)[1]
    assert "type__exact=top_up" in older
    assert "after=" not in "".join(
        choice["query_string"]
        for spec in admin.get(TRANSACTIONS + older).context["cl"].filter_specs
        for choice in spec.choices(admin.get(TRANSACTIONS + older).context["cl"])
    )


def test_nothing_is_counted_and_nothing_skipped(admin, alice, bob):
    many_top_ups(bob, 60)
    for path in (TRANSACTIONS, ACCOUNTS, TRANSACTIONS + links(admin.get(TRANSACTIONS))[1]):
        with CaptureQueriesContext(connection) as queries:
            admin.get(path)
        told = " ".join(query["sql"] for query in queries)
        assert "COUNT(" not in told and "OFFSET" not in told


@pytest.mark.parametrize("path", [TRANSACTIONS, ACCOUNTS])
def test_more_rows_are_not_more_queries(admin, alice, sam, run, path):
    def asked():
        with CaptureQueriesContext(connection) as queries:
            assert admin.get(path).status_code == 200
        return len(queries)

    few = asked()
    for number in range(5):
        many_top_ups_of = User.objects.create_user(email=f"user{number}@example.org")
        ledger.top_up(
            user=many_top_ups_of, cents=9, reference=f"n{number}", reason="Nine", by=sam, payment=f"INV-{number}"
        )
    assert asked() <= few <= 12


@pytest.mark.parametrize("page", ["creditaccount", "credittransaction", "hold", "auditrun"])
@pytest.mark.parametrize("term", ["", "a", "9" * 40, "\x00", "'; --", "@"])
def test_no_search_breaks_a_page(admin, alice, page, term):
    assert admin.get(f"/admin/credits/{page}/", {"q": term}).status_code == 200


@pytest.mark.parametrize("query", ["after=x", "before=9" + "9" * 30, "after=", "after=\x00", "model=%00", "provider=x"])
@pytest.mark.parametrize("page", ["creditaccount", "credittransaction", "hold"])
def test_no_place_breaks_a_page(admin, alice, page, query):
    assert admin.get(f"/admin/credits/{page}/?{query}", follow=True).status_code == 200


def test_a_day_that_is_none_begins_anew(admin, alice):
    assert admin.get(f"{TRANSACTIONS}?since=yesterday").status_code == 302
    assert admin.get(f"{TRANSACTIONS}?until=9999-12-31").status_code == 200


def test_a_moment_divides_the_ids(alice, bob):
    many_top_ups(bob, 30)
    entries = CreditTransaction.objects.order_by("id")
    for entry in entries:
        found = first_id(CreditTransaction, entry.created_at)
        assert entries.filter(id__gte=found).first() == entry
    assert first_id(CreditTransaction, now()) == entries.last().pk + 1


def test_a_table_without_rows_begins_nowhere(db):
    assert first_id(CreditTransaction, now()) == 0

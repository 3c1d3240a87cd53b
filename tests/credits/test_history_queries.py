import pytest
from django.db import connection

from credits.models import CreditTransaction
from tests.roles import analyze, begin_anew

pytestmark = pytest.mark.django_db

HISTORY = """
INSERT INTO credits_credittransaction (account_id, type, amount_cents, balance_after_cents, reference, details)
SELECT %s, 'inference', -1, 1, 'inference:' || n, '{"model": "gpt-5.2"}'::jsonb FROM generate_series(1, 300) n
UNION ALL
SELECT %s, 'refund', 1, 1, 'refund:' || n,
       jsonb_build_object('model', CASE n %% 100 WHEN 0 THEN 'gpt-5-nano' ELSE 'gpt-5.2' END)
FROM generate_series(1, 30000) n"""


@pytest.fixture
def history(alice, sam):
    """Long enough that reading all of it would be the worse plan; the refunds are somebody else's."""
    begin_anew("credits_credittransaction")
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO credits_creditaccount (user_id) VALUES (%s)", [sam.pk])
        cursor.execute(HISTORY, [alice.pk, sam.pk])
    analyze("credits_credittransaction")
    return CreditTransaction.objects.for_user(alice).newest_first()


def test_every_way_to_read_the_history_has_its_index(history):
    ways = {
        "history": history,
        "history_by_date": history.filter(created_at__lt="2020-01-01T00:00Z"),
        "history_by_model": history.served_by("gpt-5-nano"),
        "history_by_key": history.filter(key=7),
        "history_by_rarer_type": history.filter(type="refund"),
    }
    plans = {index: entries[:50].explain() for index, entries in ways.items()}
    assert {index: index in plan for index, plan in plans.items()} == dict.fromkeys(ways, True), plans


def test_what_was_booked_because_of_a_charge_is_found_by_index(history):
    plan = CreditTransaction.objects.about("inference:7").explain()
    assert "a_reference_is_booked_once" in plan and "booked_because_of" in plan

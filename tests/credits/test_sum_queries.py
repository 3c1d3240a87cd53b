"""Statements, sums and closes begin at an index: a long history of others costs them nothing."""

import pytest
from django.db import connection

from credits import close, figures
from credits.models import CreditTransaction
from credits.statements import Border, moves
from tests.credits.test_history_queries import history  # noqa: F401

pytestmark = pytest.mark.django_db


def plan_of(sql: str, params: dict[str, object]) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {sql}", params)
        return "\n".join(row for (row,) in cursor.fetchall())


def test_a_months_border_is_one_look_into_an_index(history):  # noqa: F811
    before = history.filter(created_at__lt="2026-03-01T00:00Z").order_by("-created_at", "-id")
    assert "history_by_date" in before[:1].explain()


def test_what_lies_between_two_borders_is_read_alone(history, alice):  # noqa: F811
    plan = moves(alice.pk, Border(1, 0), Border(50, 0)).explain()
    assert "Seq Scan" not in plan and ("history" in plan or "pkey" in plan)


def test_sums_of_an_account_read_its_kept_days_and_its_rows_since(history, alice):  # noqa: F811
    asked = {"user": alice.pk, "until": "2030-01-01", "begin": "2030-01-01T00:00Z", "end": None}
    plan = plan_of(figures.SUMS_SQL.format(groups="model, type", conditions="true"), asked)
    assert "history_by_date" in plan and "sums_of_an_account" in plan and "Seq Scan" not in plan


def test_what_is_owed_looks_at_one_row_of_each_account(history):  # noqa: F811
    plan = plan_of(close.OWED_SQL, {"moment": "2026-03-01T00:00Z"})
    assert "history_by_date" in plan and "Seq Scan on credits_credittransaction" not in plan


def test_cash_in_is_read_by_its_type(history):  # noqa: F811
    assert "rarer_types" in CreditTransaction.objects.filter(type="top_up").order_by("id")[:200].explain()

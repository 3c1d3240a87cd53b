"""Rows that are rare: a page looks through so many, says so, and goes on from there."""

from datetime import UTC, datetime, timedelta

import pytest

from conway.common import keyset_pagination
from conway.common.keyset_pagination import within_reach
from credits.models import Hold

pytestmark = pytest.mark.django_db
KEYSET = ("admitted_at", "pk")


@pytest.fixture
def holds(alice, monkeypatch):
    """Twenty, c19 the newest. The database looks at each so long that a page has no time for all, and for seven."""
    monkeypatch.setattr(keyset_pagination, "REACH", 6)
    began = datetime(2026, 1, 1, tzinfo=UTC)
    Hold.objects.bulk_create(
        Hold(completion_id=f"c{number:02}", account_id=alice.pk, cents=1, admitted_at=began + timedelta(minutes=number))
        for number in range(20)
    )
    return Hold.objects.order_by("-admitted_at", "-pk")


def place(name):
    return Hold.objects.filter(pk=name).values(*KEYSET).get()


def rare(holds, name):
    """The database sleeps before it finds out that a row is another."""
    return holds.extra(where=["CASE WHEN pg_sleep(0.015) IS NOT NULL THEN completion_id = %s END"], params=[name])


def test_what_is_found_in_time_has_no_horizon(holds):
    rows, horizon = within_reach(holds, holds, KEYSET, None, 3)
    assert ([row.pk for row in rows], horizon) == (["c19", "c18", "c17"], None)


def test_a_page_looks_no_further_than_it_reaches(holds):
    rows, horizon = within_reach(rare(holds, "c02"), holds, KEYSET, None, 3)
    assert (rows, horizon.pk) == ([], "c13")


def test_what_it_finds_until_there_it_shows(holds):
    rows, horizon = within_reach(rare(holds, "c15"), holds, KEYSET, None, 3)
    assert ([row.pk for row in rows], horizon.pk) == (["c15"], "c13")


def test_from_horizon_to_horizon_nothing_is_missed(holds):
    found, horizon = within_reach(rare(holds, "c02"), holds, KEYSET, None, 3)
    while horizon:
        more, horizon = within_reach(rare(holds, "c02"), holds, KEYSET, place(horizon.pk), 3)
        found += more
    assert [row.pk for row in found] == ["c02"]


def test_it_goes_backwards_too(holds):
    rows, horizon = within_reach(rare(holds, "c19"), holds, KEYSET, place("c02"), 3, is_backwards=True)
    assert (rows, horizon.pk) == ([], "c09")


def test_rows_of_one_moment_are_on_one_side_of_the_horizon(holds):
    Hold.objects.filter(pk__in=["c11", "c12", "c14"]).update(admitted_at=place("c13")["admitted_at"])
    _, horizon = within_reach(rare(holds, "c02"), holds, KEYSET, None, 3)
    assert horizon.pk == "c11"

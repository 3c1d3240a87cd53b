from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection

from accounts.models import ApiKey, User
from credits import ledger
from tests.credits.api.conftest import Get
from tests.credits.ledger_driver import buy

ROW = """
INSERT INTO credits_credittransaction
  (account_id, type, amount_cents, balance_after_cents, reference, created_at, key_id, details)
VALUES (%s, %s, CASE WHEN %s = 'inference' THEN -1 ELSE 1 END, 1, %s, %s, %s, %s)"""


@pytest.fixture
def write(alice: User):
    """A row of Alice's history with a date of its own; the books need not add up here."""

    def write(name: str, *, type: str = "inference", day: str = "2031-11-10", key: Any = None, model: str = "") -> None:
        moment = day if "T" in day else f"{day}T12:00Z"
        details = f'{{"model": "{model}"}}' if model else "{}"
        with connection.cursor() as cursor:
            cursor.execute(ROW, [alice.pk, type, type, f"{type}:{name}", moment, key and key.pk, details])

    return write


def rows(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [row["reference"].partition(":")[2] for row in answer.json()["transactions"]]


def refused(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["param"]


def test_a_top_up_as_clients_print_it(get: Get, alice: User) -> None:
    (row,) = get("credits/history", limit=20, offset=0).json()["transactions"]
    assert datetime.fromisoformat(row.pop("created_at")).tzinfo == UTC
    assert row.pop("id").isdigit()
    assert row == {
        "type": "top_up",
        "amount_cents": 1000,
        "balance_after_cents": 1000,
        "description": "Her first money",
        "reference": "top_up:alice-begins",
        "refers_to": None,
        "key_id": None,
        "model": None,
        "tokens": None,
        "cost_usd": None,
        "receipt_id": None,
    }


@pytest.mark.django_db(transaction=True)
def test_a_charge_and_its_refund(get: Get, alice: User, run) -> None:
    completion = run(buy(alice, 30))
    ledger.refund(reference=f"inference:{completion}", cents=30, reason="Sorry", by=None)
    refund, charge, _ = get("credits/history").json()["transactions"]
    assert (charge["amount_cents"], charge["balance_after_cents"], charge["model"]) == (-30, 970, "gpt-5-nano")
    assert (refund["amount_cents"], refund["refers_to"], refund["model"]) == (30, charge["reference"], "gpt-5-nano")


def test_nobody_sees_another_ones_rows(get: Get, bob: User, write) -> None:
    write("alices")
    assert rows(get("credits/history", bob)) == []


def test_limit_and_offset_page_newest_first(get: Get, write) -> None:
    for name in "abcde":
        write(name)
    first, last = get("credits/history", limit=2, offset=1), get("credits/history", limit=4, offset=2)
    assert (rows(first), first.json()["has_more"]) == (["d", "c"], True)
    assert (rows(last), last.json()["has_more"], last.json()["next_cursor"]) == (
        ["c", "b", "a", "alice-begins"],
        False,
        None,
    )


def test_a_large_limit_is_cut(get: Get) -> None:
    assert get("credits/history", limit=1_000_000).json()["limit"] == 100


def test_a_cursor_is_not_moved_by_what_is_booked_meanwhile(get: Get, write) -> None:
    for name in "abcde":
        write(name)
    first = get("credits/history", limit=2)
    write("f")
    second = get("credits/history", limit=2, cursor=first.json()["next_cursor"])
    third = get("credits/history", limit=2, cursor=second.json()["next_cursor"])
    assert [rows(page) for page in (first, second, third)] == [["e", "d"], ["c", "b"], ["a", "alice-begins"]]
    assert third.json()["next_cursor"] is None


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"type": "refund"}, ["back"]),
        ({"model": "gpt-5-nano"}, ["nano"]),
        ({"type": "inference", "model": "gpt-5.2"}, ["big"]),
        ({"model": "never served"}, []),
        ({"from": "2031-11-11", "to": "2031-11-11"}, ["late", "early"]),
        ({"to": "2031-11-09", "type": "inference"}, ["nano"]),
        ({"from": "2031-11-12", "type": "refund"}, ["back"]),
        ({"from": "9999-12-31"}, []),
        ({"to": "0001-01-01"}, []),
        ({"from": "2031-11-20", "to": "2031-11-01"}, []),
        ({"type": "inference", "from": "0001-01-01", "to": "9999-12-31"}, ["late", "early", "big", "nano"]),
    ],
)
def test_filters(get: Get, write, query: dict[str, str], found: list[str]) -> None:
    write("nano", day="2031-11-09", model="gpt-5-nano")
    write("big", model="gpt-5.2")
    write("early", day="2031-11-11T00:00:00Z")
    write("late", day="2031-11-11T23:59:59.999Z")
    write("back", day="2031-11-12T00:00:00Z", type="refund")
    assert rows(get("credits/history", **query)) == found


def test_a_clock_that_was_set_back_hides_nothing(get: Get, write) -> None:
    write("first", day="2031-11-11T00:00:20Z")
    write("second", day="2031-11-10T23:59:50Z")
    write("third", day="2031-11-11T00:00:05Z")
    assert rows(get("credits/history", **{"from": "2031-11-11", "to": "2031-11-11"})) == ["third", "first"]
    assert rows(get("credits/history", to="2031-11-10"))[0] == "second"


def test_the_rows_of_one_key(get: Get, write, alice: User) -> None:
    key, _ = ApiKey.issue(user=alice, name="one of two")
    write("with it", key=key)
    write("without")
    assert rows(get("credits/history", key=key.pk)) == ["with it"]


@pytest.mark.parametrize(
    "query",
    [
        {"limit": 0},
        {"limit": "many"},
        {"limit": "9" * 5000},
        {"offset": -1},
        {"offset": 10_001},
        {"cursor": "x"},
        {"cursor": 2**63},
        {"type": "gift"},
        {"model": ""},
        {"model": "a\0b"},
        {"key": "mine"},
        {"from": "yesterday"},
        {"to": "2031-02-30"},
    ],
)
def test_bad_input_is_a_400_that_names_the_field(get: Get, query: dict[str, Any]) -> None:
    assert refused(get("credits/history", **query)) == (400, next(iter(query)))


def test_an_offset_and_a_cursor_do_not_mix(get: Get) -> None:
    assert refused(get("credits/history", offset=1, cursor=5)) == (400, "offset")

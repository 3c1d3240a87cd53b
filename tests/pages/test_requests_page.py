"""A customer's requests: all that were taken, and how often others were refused."""

from collections import Counter
from datetime import timedelta

import pytest
from django.test import Client

from accounts.models import ApiKey, User
from conway.common.errors import ApiError
from inference.completion import refusals
from inference.models import Completion, RefusedHour
from inference.pages import requests
from tests.inference.conftest import Sandbox, ask, key, own_spool, prices, sandbox, sandbox_process  # noqa: F401
from tests.pages.conftest import Visit


@pytest.fixture(autouse=True)
def nothing_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """What tests before this one were refused is no matter of ours."""
    monkeypatch.setattr(refusals, "_counts", Counter())


def listed(page: object) -> list[str]:
    return [row.pk for row in page.context["completions"]]  # type: ignore[attr-defined]


def test_every_request_is_there_failed_and_free_ones_too(hers: Client, ask, sandbox: Sandbox) -> None:  # noqa: F811
    ask("gpt-5-mini")
    sandbox.control(status=500, times=10)
    ask("claude-haiku-4.5")
    sandbox.control(reset=True)
    newest, older = Completion.objects.order_by("-created_at")
    assert listed(hers.get("/requests")) == [newest.pk, older.pk]
    for query, found in (
        ("outcome=failed", [newest.pk]), ("outcome=free", [newest.pk]), ("outcome=charged", [older.pk]),
        ("model=gpt-5-mini", [older.pk]), (f"id={newest.request_id}", [newest.pk]), (f"id={older.pk}", [older.pk]),
        ("until=2020-01-01", []), ("since=2020-01-01", [newest.pk, older.pk]),
    ):  # fmt: skip
        assert listed(hers.get(f"/requests?{query}")) == found, query


def test_refusals_are_counted_by_hour_and_cost_no_statement_each(hers: Client, ask, alice: User, run) -> None:  # noqa: F811
    poor, secret = ApiKey.issue(user=alice, name="poor", limit_cents=1)
    assert ask("gpt-5.2", headers={"authorization": f"Bearer {secret}"}).status == 200
    for _ in range(3):
        assert ask("gpt-5.2", headers={"authorization": f"Bearer {secret}"}).status == 402
    poor.revoke()
    for _ in range(2):
        assert ask("gpt-5.2", headers={"authorization": f"Bearer {secret}"}).status == 401
    assert not RefusedHour.objects.exists()
    run(refusals.write())
    rows = RefusedHour.objects.filter(user=alice, key=poor).order_by("status")
    assert [(row.status, row.number) for row in rows] == [(401, 2), (402, 3)]
    page = hers.get("/requests").content.decode()
    assert "key_limit_reached" in page and "poor" in page


def test_who_is_gone_keeps_nobody_elses_refusals_from_being_written(alice: User, transactional_db: None, run) -> None:
    laptop, _ = ApiKey.issue(user=alice, name="laptop")
    for user_id, key_id in ((alice.pk, laptop.pk + 1), (alice.pk + 1, None), (alice.pk, None), (alice.pk, laptop.pk)):
        refusals._counts[user_id, key_id, 402, "insufficient_credits"] += 1
    run(refusals.write())
    assert set(RefusedHour.objects.values_list("user", "key")) == {(alice.pk, None), (alice.pk, laptop.pk)}


def test_written_twice_it_is_added_up(alice: User, transactional_db: None, run) -> None:
    for _ in range(2):
        error = ApiError(401)
        error.whose = alice.pk, None
        refusals.note(None, error)
        run(refusals.write())
    assert RefusedHour.objects.get().number == 2


def test_who_is_not_known_and_what_failed_is_no_refusal(alice: User) -> None:
    refusals.note(None, ApiError(401))
    ours = ApiError(503)
    ours.whose = alice.pk, None
    refusals.note(None, ours)
    assert not refusals._counts


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusals, "MOST", 2)
    for user in range(5):
        error = ApiError(402)
        error.whose = user, None
        refusals.note(None, error)
    assert len(refusals._counts) == 2
    refusals._counts.clear()


def test_pages_follow_one_another(ada: User, visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "ROWS", 20)
    browser, pages, query = visit(ada), [], "?"
    while query:
        page = browser.get(f"/requests{query}")
        pages += listed(page)
        query = f"?after={page.context['older']}" if page.context["older"] else ""
    assert pages == list(Completion.objects.order_by("-created_at", "-id").values_list("pk", flat=True))


def test_nobody_sees_anothers(ada: User, hers: Client) -> None:
    theirs = Completion.objects.latest("created_at")
    assert listed(hers.get("/requests")) == [] == listed(hers.get(f"/requests?id={theirs.pk}"))
    assert listed(hers.get(f"/requests?after={theirs.pk}")) == []


@pytest.mark.parametrize(
    "query", ["after=%00", "id=%00", "key=x", "model=%00", "outcome=x", "since=x", "until=9999-12-31"]
)
def test_nonsense_is_answered_by_a_page(ada: User, visit: Visit, query: str) -> None:
    assert visit(ada).get(f"/requests?{query}").status_code == 200


def test_the_csv_has_what_the_page_has(ada: User, visit: Visit) -> None:
    from tests.pages.test_history_page import rows

    found = rows(visit(ada).get("/requests.csv"))
    assert sum(int(row["charged_cents"]) for row in found) == sum(
        Completion.objects.values_list("charged_cents", flat=True)
    )
    assert found[0].keys() == set(requests.COLUMNS) and timedelta(days=29) == requests.DAYS

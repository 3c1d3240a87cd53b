"""Staff give back what an incident has cost, all at once, each completion once."""

from datetime import timedelta

import pytest
from django.utils.timezone import now

from accounts.models import ApiKey
from credits import ledger
from credits.models import CreditTransaction
from inference.models import Completion

INCIDENT = "/admin/inference/completion/incident/"


def told(**fields):
    moment = now()
    return {
        "name": "outage-7", "provider": "openai", "since": f"{moment - timedelta(hours=1):%Y-%m-%dT%H:%M}",
        "until": f"{moment + timedelta(hours=1):%Y-%m-%dT%H:%M}", "which": "all", "reason": "An outage", **fields,
    }  # fmt: skip


def confirmed(admin, **fields):
    found = admin.post(INCIDENT, told(**fields)).context["found"]
    return admin.post(INCIDENT, told(**{"confirmed": "yes", "digest": found.digest, **fields}), follow=True)


def refunds():
    return CreditTransaction.objects.filter(type="refund")


def test_it_is_seen_first_and_then_given_back(admin, ask, alice):
    for model in ("gpt-5-mini", "gpt-5.2", "claude-haiku-4.5"):
        ask(model)
    page = admin.post(INCIDENT, told())
    assert (len(page.context["found"].rows), refunds().count()) == (2, 0)
    assert "2 refunded, $0.02" in confirmed(admin).content.decode()
    for row in refunds():
        assert row.reference.endswith(".incident-outage-7") and row.reason == "An outage" and row.made_by
    openai = Completion.objects.filter(provider="openai")
    assert {ledger.refundable_cents(f"inference:{row.pk}") for row in openai} == {0}


def test_under_one_name_nothing_is_refunded_twice(admin, ask):
    ask("gpt-5-mini")
    confirmed(admin)
    page = admin.post(INCIDENT, told())
    assert page.context["found"].rows == [] and "not given back" in page.content.decode()
    ask("gpt-5-mini")
    confirmed(admin)
    assert refunds().count() == 2


def test_what_came_meanwhile_is_seen_before_it_is_given_back(admin, ask):
    ask("gpt-5-mini")
    digest = admin.post(INCIDENT, told()).context["found"].digest
    ask("gpt-5-mini")
    page = admin.post(INCIDENT, told(confirmed="yes", digest=digest))
    assert not refunds().exists() and len(page.context["found"].rows) == 2


def test_what_was_refunded_in_part_gets_the_rest(admin, ask, sam):
    ask("claude-haiku-4.5", "say 2000 words")
    completion = Completion.objects.get()
    ledger.refund(reference=f"inference:{completion.pk}", cents=1, reason="Slow", by=sam)
    confirmed(admin, provider="anthropic")
    assert sum(row.amount_cents for row in refunds()) == completion.charged_cents


def test_a_ceiling_holds_for_all_of_it_together(admin, ask, settings):
    settings.CONWAY_STAFF_BOOKING_CENTS = 1
    ask("gpt-5-mini")
    ask("gpt-5-mini")
    page = confirmed(admin).content.decode()
    assert "One person books at most $0.01" in page and not refunds().exists()


def test_nobody_refunds_their_own_account(admin, ask, sam):
    ledger.top_up(user=sam, cents=100, reference="sam", reason="Test", by=None)
    own = ApiKey.issue(user=sam, name="own")[1]
    ask("gpt-5-mini", headers={"authorization": f"Bearer {own}"})
    assert admin.post(INCIDENT, told()).context["found"].rows == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "a b"}, {"name": "corrected"}, {"provider": "", "model": ""}, {"since": "2026-01-01T00:00"},
        {"reason": ""}, {"until": "2020-01-01T00:00"}, {"which": "x"},
    ],
)  # fmt: skip
def test_nonsense_refunds_nothing(admin, ask, wrong):
    ask("gpt-5-mini")
    page = admin.post(INCIDENT, told(confirmed="yes", digest="1-1", **wrong))
    assert page.status_code == 200 and "errorlist" in page.content.decode() and not refunds().exists()

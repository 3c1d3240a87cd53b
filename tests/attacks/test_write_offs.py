"""A dollar buys a dollar's worth: what is beyond it is refused beforehand, and stopped after the first time."""

import pytest
from django.test import Client

from accounts.models import User
from credits import ledger
from credits.models import CreditAccount, CreditTransaction
from tests.attacks.measuring import pdf, with_file
from tests.attacks.test_document_bound import WORDS
from tests.inference.conftest import Ask, Sandbox

BEYOND = "hello [[tokens-in=900000]]"  # a provider that bills what nobody could have foreseen


def leave(user: User, cents: int) -> None:
    ledger.adjust(user=user, cents=cents - 1000, reference="poorer", reason="For this test", by=None)


def written_off(user: User) -> int:
    return sum(CreditTransaction.objects.for_user(user).filter(type="write_off").values_list("amount_cents", flat=True))


def test_a_dollar_does_not_buy_sixty_dense_pages_of_the_dearest_model(ask: Ask, sandbox: Sandbox, alice: User) -> None:
    leave(alice, 100)
    said = ask("claude-opus-4.6", **with_file("application/pdf", pdf(60, WORDS)), max_tokens=16)
    assert (said.status, said.error["code"]) == (402, "insufficient_credits")
    assert sandbox.meter() == []


def test_sixteen_overruns_cost_us_one(ask: Ask, sandbox: Sandbox, alice: User) -> None:
    """What was paid for the first is given back, so that there is credit for the others."""
    leave(alice, 100)
    statuses = [ask("claude-opus-4.6", BEYOND, max_tokens=16).status]
    charge = CreditTransaction.objects.for_user(alice).get(type="inference")
    ledger.refund(reference=charge.reference, cents=100, reason="Sorry", by=None)
    statuses += [ask("claude-opus-4.6", BEYOND, max_tokens=16).status for _ in range(15)]
    assert statuses == [200] + [402] * 15
    assert written_off(alice) == 486


def stopped(ask: Ask, alice: User) -> None:
    """By one overrun; then credit comes that is no top-up."""
    leave(alice, 100)
    ask("claude-opus-4.6", BEYOND, max_tokens=16)
    charge = CreditTransaction.objects.for_user(alice).get(type="inference")
    ledger.refund(reference=charge.reference, cents=90, reason="Sorry", by=None)
    said = ask("gpt-5-nano")
    assert (said.status, said.error["code"]) == (402, "account_stopped")
    assert "$4.86 more than its credit" in said.error["message"]
    assert said.headers["x-should-retry"] == "false"


def test_a_stopped_account_asks_again_after_a_top_up(ask: Ask, sandbox: Sandbox, alice: User) -> None:
    stopped(ask, alice)
    ledger.top_up(user=alice, cents=100, reference="paid", reason="Paid", by=None)
    assert ask("gpt-5-nano").status == 200


def test_a_stopped_account_asks_again_when_staff_have_looked(
    ask: Ask, sandbox: Sandbox, alice: User, sam: User
) -> None:
    stopped(ask, alice)
    admin = Client()
    admin.force_login(sam)
    page = f"/admin/credits/creditaccount/{alice.pk}/"
    assert b"1 account stopped" in admin.get("/admin/").content
    assert b"$4.86: stopped" in admin.get("/admin/credits/creditaccount/?written_off=stopped").content
    assert b"Looked at" in admin.get(f"{page}change/").content
    assert admin.get(f"{page}let-ask/").status_code == 403
    assert admin.post(f"{page}let-ask/").status_code == 302
    assert ask("gpt-5-nano").status == 200


def test_nobody_lets_their_own_account_go_on(ask: Ask, sandbox: Sandbox, alice: User) -> None:
    stopped(ask, alice)
    User.objects.filter(pk=alice.pk).update(is_staff=True, is_superuser=True)
    admin = Client()
    admin.force_login(User.objects.get(pk=alice.pk))
    assert admin.post(f"/admin/credits/creditaccount/{alice.pk}/let-ask/").status_code == 403
    with pytest.raises(ledger.UnableToPost, match="their own account"):
        ledger.let_ask(user_id=alice.pk, by=alice)
    assert ask("gpt-5-nano").status == 402


def test_a_small_overrun_stops_nobody(ask: Ask, sandbox: Sandbox, alice: User) -> None:
    leave(alice, 12)
    ask("claude-haiku-4.5", "hello [[tokens-in=1 tokens-out=46000]]")
    assert CreditAccount.objects.for_user(alice).get().written_off_cents == 18
    ledger.refund(
        reference=CreditTransaction.objects.for_user(alice).get(type="inference").reference,
        cents=12,
        reason="Sorry",
        by=None,
    )
    assert ask("gpt-5-nano").status == 200

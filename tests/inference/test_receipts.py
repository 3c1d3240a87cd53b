import asyncio
import json
from decimal import Decimal
from typing import Any

import pytest
from django.test import AsyncClient

from accounts import access_tokens
from accounts.models import User
from conway.common import database
from credits import ledger
from credits.models import CreditAccount
from inference.models import Settlement
from inference.reporting import receipts
from inference.reporting.receipts import OpenReceipt, Receipt
from inference.upstream import client as upstream
from tests.inference.conftest import Ask, only_completion, read


@pytest.fixture
def get(run, alice: User, transactional_db: None):
    def get(receipt_id: str, user: User | None = None) -> Any:
        header = {"authorization": access_tokens.access_token(user or alice)}
        return run(AsyncClient().get(f"/v1/receipts/{receipt_id}", headers=header))

    return get


def only_receipt() -> Receipt:
    found = receipts.find(only_completion().id, user_id=None)
    assert isinstance(found, Receipt)
    return found


def test_it_says_how_the_charge_came_about(ask: Ask, get, alice: User) -> None:
    said = ask("claude-haiku-4.5", "say 2000 words")
    body = get(said.json()["id"]).json()
    assert (body["state"], body["model"], body["settlement"]) == ("settled", "claude-haiku-4.5", "exact")
    assert body["tokens"] == {line["bucket"]: line["tokens"] for line in body["lines"]} == only_completion().buckets
    assert {line["bucket"]: line["usd_per_million"] for line in body["lines"]} == {"input": "1", "output": "5"}
    assert sum(Decimal(line["cost_usd"]) for line in body["lines"]) == Decimal(body["cost_usd"])
    assert Decimal(body["exact_cents"]) == Decimal(body["cost_usd"]) * 100 * Decimal(body["markup"])
    assert Decimal(body["exact_cents"]) + Decimal(body["rounding_cents"]) == body["charged_cents"]
    assert 0 <= Decimal(body["rounding_cents"]) < 1 < body["charged_cents"] == body["paid_cents"]
    assert body["balance_after_cents"] == CreditAccount.objects.get(user=alice).balance_cents
    assert "platform.claude.com" in body["price"]["source"] and body["price"]["starts_at"]


def test_a_refund_and_a_write_off_lower_what_was_paid(ask: Ask, get, alice: User) -> None:
    said = ask(text="[[tokens-in=200 tokens-out=6000000]]")  # far more than alice owns
    body = get(said.json()["id"]).json()
    assert (body["charged_cents"], body["written_off_cents"], body["paid_cents"]) == (1561, 561, 1000)
    ledger.refund(reference=f"inference:{said.json()['id']}", cents=400, reason="Too much", by=None)
    body = get(said.json()["id"]).json()
    assert (body["refunded_cents"], body["paid_cents"], body["balance_after_cents"]) == (400, 600, 0)
    assert [entry["type"] for entry in body["transactions"]] == ["write_off", "inference", "refund"]


def test_a_long_prompt_is_priced_by_its_tier(ask: Ask, get) -> None:
    said = ask("gemini-2.5-pro", "[[tokens-in=200001 tokens-out=10]]")
    body = get(said.json()["id"]).json()
    assert body["tier_above_tokens"] == 200_000
    assert [line["usd_per_million"] for line in body["lines"]] == ["2.5", "15"]


def test_what_failed_before_output_is_free(ask: Ask) -> None:
    assert ask(text="[[status=400]]").status == 400
    receipt = only_receipt()
    assert (receipt.charged_cents, receipt.paid_cents, receipt.balance_after_cents) == (0, 0, None)
    assert receipt.settlement_means.startswith("Nothing was delivered")
    assert receipt.ending_means.startswith("The provider failed")


def test_it_is_nobody_elses(ask: Ask, get, bob: User) -> None:
    said = ask()
    answer = get(said.json()["id"], bob)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "receipt_not_found")
    assert isinstance(receipts.find(said.json()["id"], user_id=None), Receipt)


@pytest.mark.parametrize("receipt_id", ["chatcmpl-unknown", "chatcmpl-%00", "x", "chatcmpl-é", "9" * 3000])
def test_an_unknown_one_is_not_found(get, receipt_id: str) -> None:
    assert get(receipt_id).status_code == 404


def test_while_it_runs_it_is_open(key: str, sandbox, run, alice: User) -> None:
    body = {"model": "gpt-5-mini", "stream": True, "messages": [{"role": "user", "content": "[[pace=100 words=20]]"}]}
    found: list[Any] = []

    async def once() -> None:
        asking = asyncio.create_task(read({"authorization": key}, json.dumps(body).encode()))
        while not (holds := await database.fetch_all("SELECT completion_id FROM credits_hold")):
            await asyncio.sleep(0.02)
        found.append(await asyncio.to_thread(receipts.find, holds[0][0], user_id=alice.pk))
        await asking
        await upstream.close()

    run(once())
    (open_one,) = found
    assert isinstance(open_one, OpenReceipt) and open_one.held_cents > 0 and open_one.model == "gpt-5-mini"
    assert isinstance(receipts.find(open_one.id, user_id=alice.pk), Receipt)


def test_every_settlement_has_its_words() -> None:
    assert receipts.SETTLEMENTS.keys() == set(Settlement.values)

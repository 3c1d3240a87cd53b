import pytest

from accounts.models import User
from credits.models import CreditAccount, CreditTransaction
from inference.models import Completion
from tests.inference.conftest import Ask, Sandbox, only_completion

MODELS = (
    *("gpt-5.2", "gpt-5.2-codex", "claude-opus-4.6", "claude-haiku-4.5"),
    *("gemini-2.5-pro", "gemini-3-flash", "kimi-k2.5", "qwen3-coder"),
)


@pytest.mark.parametrize("model", MODELS)
def test_it_answers_json_and_charges_by_the_formula(ask: Ask, model: str, alice: User) -> None:
    said = ask(model, "say 5 words")
    assert said.status == 200, said.body
    assert said.json()["choices"][0]["message"]["content"]
    assert said.json()["id"] == only_completion().id
    assert int(said.headers["x-conway-charged-cents"]) == only_completion().charged_cents > 0
    assert int(said.headers["x-conway-balance-cents"]) == CreditAccount.objects.get(user=alice).balance_cents
    assert CreditAccount.objects.get(user=alice).held_cents == 0


@pytest.mark.parametrize("model", MODELS)
def test_it_streams_word_by_word_and_ends_with_done(ask: Ask, model: str) -> None:
    said = ask(model, "say 5 words", stream=True, stream_options={"include_usage": True})
    assert said.status == 200 and said.is_done, said.body
    assert said.finish == ["stop"]
    assert len([delta for delta in said.deltas if delta.get("content")]) >= 3
    assert said.deltas[0] == {"role": "assistant", "content": ""}
    assert said.chunks[-1]["usage"]["charged_cents"] == only_completion().charged_cents
    assert {(chunk["id"], chunk["created"], chunk["model"]) for chunk in said.chunks} == {
        (said.chunks[0]["id"], said.chunks[0]["created"], said.chunks[0]["model"])
    }


@pytest.mark.parametrize("model", MODELS)
def test_what_it_charges_is_what_the_upstream_metered(ask: Ask, sandbox: Sandbox, model: str) -> None:
    ask(model, "say 50 words")
    (served,) = sandbox.meter()
    completion = Completion.objects.get()
    assert completion.settlement == "exact"
    assert completion.buckets == {name: tokens for name, tokens in served["usage"].items() if tokens}


def test_a_caller_who_did_not_ask_for_usage_sees_none(ask: Ask) -> None:
    said = ask(stream=True)
    assert all("usage" not in chunk and chunk["choices"] for chunk in said.chunks)
    assert only_completion().settlement == "exact"


def test_the_charge_shows_in_the_history(ask: Ask, alice: User) -> None:
    said = ask()
    entry = CreditTransaction.objects.for_user(alice).newest_first()[0]
    assert (entry.type, entry.reference) == ("inference", f"inference:{said.json()['id']}")
    assert entry.amount_cents == -int(said.headers["x-conway-charged-cents"])
    assert entry.details["model"] == "gpt-5-mini"

"""A name whose model is over goes on answering: by its successor, never dearer than its caller agreed to."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils.timezone import now

from accounts.models import User
from inference import catalog
from inference.api import model_list
from inference.api.schemas.receipts import ReceiptBody
from inference.models import ChatModel, Completion, Price
from inference.reporting import receipts
from tests.inference.conftest import Ask, Sandbox, only_completion

FOLLOW = {"x-conway-follow-successor": "true"}
TODAY, TOMORROW = now().date(), now().date() + timedelta(days=1)


def over(name: str, successor: str, *, answers: date | None = TODAY, **changes: Any) -> None:
    """`name` ends today at its provider."""
    changes = {"retires_on": TODAY, "successor": successor, "successor_from": answers, **changes}
    ChatModel.objects.filter(name=name).update(**changes)
    catalog.forget()


def test_the_successor_answers_at_its_own_price(ask: Ask, sandbox: Sandbox) -> None:
    over("gpt-5.2", "gpt-5-mini")
    said = ask("gpt-5.2", "hello")
    assert said.json()["model"].startswith("gpt-5-mini")
    assert said.headers["x-conway-model-redirect"] == "gpt-5.2 -> gpt-5-mini"
    booked = only_completion()
    assert (booked.model_id, booked.asked_model, booked.price.model_id) == ("gpt-5-mini", "gpt-5.2", "gpt-5-mini")


def test_before_its_day_the_model_itself_answers(ask: Ask) -> None:
    over("gpt-5.2", "gpt-5-mini", answers=TOMORROW)
    said = ask("gpt-5.2", "hello")
    assert said.json()["model"].startswith("gpt-5.2")
    assert "x-conway-model-redirect" not in said.headers
    assert only_completion().asked_model is None


def test_a_dearer_successor_is_offered_and_not_used(ask: Ask, sandbox: Sandbox) -> None:
    over("gpt-5-nano", "gpt-5.2")
    said = ask("gpt-5-nano", "hello")
    assert (said.status, said.error["code"], said.error["param"]) == (404, "model_not_found", "model")
    assert "'gpt-5.2' instead: $2.275 per million input tokens and $18.2 per million output" in said.error["message"]
    assert sandbox.meter() == []
    assert not Completion.objects.exists()


@pytest.mark.parametrize("agreed", ["by header", "by account"])
def test_a_dearer_successor_answers_whoever_agreed(ask: Ask, alice: User, agreed: str) -> None:
    over("gpt-5-nano", "gpt-5.2")
    User.objects.filter(pk=alice.pk).update(follows_successors=agreed == "by account")
    said = ask("gpt-5-nano", "hello", headers=FOLLOW if agreed == "by header" else None)
    assert said.headers["x-conway-model-redirect"] == "gpt-5-nano -> gpt-5.2"


def test_a_header_takes_back_what_the_account_agreed_to(ask: Ask, alice: User) -> None:
    over("gpt-5-nano", "gpt-5.2")
    User.objects.filter(pk=alice.pk).update(follows_successors=True)
    assert ask("gpt-5-nano", "hello", headers={"x-conway-follow-successor": "false"}).status == 404
    assert ask("gpt-5-nano", "hello", headers={"x-conway-follow-successor": "perhaps"}).status == 400


def test_one_dearer_price_of_many_is_dearer(ask: Ask) -> None:
    """Cheaper in and out, but a cached token costs more."""
    row = ChatModel.objects.get(name="gpt-5-mini")
    row.name = "gpt-5-lookalike"
    row.save(force_insert=True)
    sheet = {"input": "0.25", "cached": "0.18", "output": "2"}
    Price.objects.create(model=row, starts_at=now() - timedelta(seconds=1), sheet=sheet)
    over("gpt-5.2", "gpt-5-lookalike")
    assert ask("gpt-5.2", "hello").status == 404


def test_without_a_day_the_provider_is_asked(ask: Ask) -> None:
    over("gpt-5-nano", "gpt-5.2", answers=None)
    assert ask("gpt-5-nano", "hello").json()["model"].startswith("gpt-5-nano")
    assert ask("gpt-5-nano", "hello", headers=FOLLOW).json()["model"].startswith("gpt-5.2")


def test_a_chain_of_successors_ends_at_the_one_that_lives(ask: Ask) -> None:
    over("claude-opus-4.5", "claude-sonnet-4.5")
    over("claude-sonnet-4.5", "claude-haiku-4.5")
    assert ask("claude-opus-4.5", "hello").headers["x-conway-model-redirect"] == "claude-opus-4.5 -> claude-haiku-4.5"


def test_a_circle_of_successors_answers(ask: Ask) -> None:
    over("claude-opus-4.5", "claude-sonnet-4.5")
    over("claude-sonnet-4.5", "claude-opus-4.5")
    assert ask("claude-opus-4.5", "hello").status == 200


def test_a_successor_that_is_switched_off_answers_for_nobody(ask: Ask) -> None:
    over("gpt-5.2", "gpt-5-mini")
    ChatModel.objects.filter(name="gpt-5-mini").update(is_on=False)
    catalog.forget()
    assert ask("gpt-5.2", "hello").json()["model"].startswith("gpt-5.2")


def test_a_successor_of_another_provider_takes_streams_and_tools(ask: Ask) -> None:
    over("claude-opus-4.5", "gemini-3-flash")
    tools = [{"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}]
    said = ask("claude-opus-4.5", "hello", stream=True, tools=tools)
    assert said.is_done
    assert only_completion().model_id == "gemini-3-flash"


def test_the_providers_own_no_names_what_to_use_instead(ask: Ask) -> None:
    over("gpt-5-nano", "gpt-5.2", answers=None)
    message = ask("gpt-5-nano", "hello [[status=404]]").error["message"]
    assert message.startswith("The provider no longer serves this model. Use 'gpt-5.2' instead: $2.275")
    assert "x-conway-follow-successor: true" in message


def test_a_model_that_its_provider_denied_is_listed_as_unavailable_until_it_answers(ask: Ask) -> None:
    ask("gpt-5-nano", "hello [[status=404]]")
    assert not listed("gpt-5-nano")["available"]
    ask("gpt-5-nano", "hello")
    assert listed("gpt-5-nano")["available"]


def listed(name: str) -> dict[str, Any]:
    catalog.forget()
    book = catalog.current_sync()
    found = book.find(name)
    assert found is not None
    return model_list.as_openai(found, book)


def test_a_second_attempt_under_one_key_may_be_answered_by_a_successor(ask: Ask) -> None:
    key = {"idempotency-key": "one"}
    assert ask("gpt-5.2", "hello [[status=500]]", headers=key).status == 502
    over("gpt-5.2", "gpt-5-mini")
    assert ask("gpt-5.2", "hello", headers=key).status == 200
    booked = only_completion()
    assert (booked.model_id, booked.asked_model, booked.price.model_id) == ("gpt-5-mini", "gpt-5.2", "gpt-5-mini")


def test_the_receipt_says_what_was_asked_for_and_what_served(ask: Ask, key: str, client: Client, alice: User) -> None:
    over("gpt-5.2", "gpt-5-mini")
    receipt = ask("gpt-5.2", "hello").json()["id"]
    client.force_login(alice, backend="accounts.backends.PasswordBackend")
    assert "asked for: gpt-5.2, which is over" in client.get(f"/receipts/{receipt}").content.decode()
    found = receipts.find(receipt, user_id=alice.pk)
    body = ReceiptBody.from_orm(found).model_dump()
    assert (body["model"], body["asked_model"]) == ("gpt-5-mini", "gpt-5.2")

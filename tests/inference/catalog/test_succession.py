"""A name whose model is over goes on answering: by its successor, never dearer than its caller agreed to."""

import json
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils.timezone import now

from accounts.authentication import authenticate
from accounts.models import ApiKey, User
from inference import catalog
from inference.api import chat, messages, model_list, responses
from inference.api.schemas.receipts import ReceiptBody
from inference.completion import handler
from inference.completion.answers import Answer
from inference.completion.estimate import estimate
from inference.models import ChatModel, Completion, Price
from inference.reporting import receipts
from inference.upstream import client as upstream
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


@pytest.mark.parametrize("format", [chat, messages, responses], ids=lambda format: format.NAME)
@pytest.mark.parametrize("stream", [False, True])
def test_every_format_says_what_served(key: str, sandbox: Sandbox, run: Any, format: Any, stream: bool) -> None:
    over("gpt-5.2", "gpt-5-mini")
    said = {"messages": [{"role": "user", "content": "hello"}], "max_tokens": 500}
    body = {"model": "openai/gpt-5.2", "stream": stream, **({"input": "hello"} if format is responses else said)}

    async def once() -> tuple[Answer, bytes]:
        answer = await handler.complete(format, {"authorization": f"Bearer {key}"}, json.dumps(body).encode())
        whole = answer.body if isinstance(answer.body, bytes) else b"".join([piece async for piece in answer.body])
        await upstream.close()
        return answer, whole

    answer, whole = run(once())
    assert answer.headers["x-conway-model-redirect"] == "gpt-5.2 -> gpt-5-mini"
    assert b'"model":"gpt-5-mini' in whole
    assert only_completion().asked_model == "gpt-5.2"


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("served", ["gemini-3.8-flash", "gemini-9"])
def test_a_header_tells_of_another_model_that_the_provider_answered_with(ask: Ask, served: str, stream: bool) -> None:
    said = ask("gemini-2.5-pro", f"hello [[served={served}]]", stream=stream)
    assert said.headers["x-conway-model-redirect"] == f"gemini-2.5-pro -> {served}"
    assert only_completion().alerts == [f"served:{served}"]


def test_the_models_own_dated_name_is_no_other_model(ask: Ask) -> None:
    said = ask("gemini-2.5-pro", "hello [[served=gemini-2.5-pro-001]]")
    assert "x-conway-model-redirect" not in said.headers
    assert only_completion().alerts == []


def test_whoever_agreed_is_led_past_a_successor_that_is_over_too(ask: Ask, sandbox: Sandbox) -> None:
    over("gpt-5-nano", "gpt-5-mini")
    over("gpt-5-mini", "gpt-5.2", answers=None)
    message = ask("gpt-5-nano", "hello").error["message"]
    assert "'gpt-5.2' instead" in message  # what is offered is what answers
    assert ask("gpt-5-nano", "hello", headers=FOLLOW).headers["x-conway-model-redirect"] == "gpt-5-nano -> gpt-5.2"


def test_others_are_not_while_the_successors_provider_may_still_answer(ask: Ask) -> None:
    over("gpt-5.2", "gpt-5-mini")
    over("gpt-5-mini", "gpt-5.5", answers=None)
    assert ask("gpt-5.2", "hello").headers["x-conway-model-redirect"] == "gpt-5.2 -> gpt-5-mini"


def test_a_name_is_available_where_something_answers_without_being_asked_to(ask: Ask) -> None:
    over("gpt-5.2", "gpt-5-mini")
    over("gpt-5-nano", "gpt-5.2")  # dearer
    over("kimi-k2.5", "", answers=None)
    seen = {name: listed(name)["available"] for name in ("gpt-5.2", "gpt-5-mini", "gpt-5-nano", "kimi-k2.5")}
    assert seen == {"gpt-5.2": True, "gpt-5-mini": True, "gpt-5-nano": False, "kimi-k2.5": False}


def test_a_name_whose_successor_its_provider_denies_is_not_available(ask: Ask) -> None:
    over("gpt-5.2", "gpt-5-mini")
    ask("gpt-5.2", "hello [[status=404]]")
    assert not listed("gpt-5.2")["available"]


def test_a_model_that_staff_switched_off_names_what_to_use_instead(ask: Ask) -> None:
    over("gpt-5-nano", "gpt-5-mini", is_on=False)
    said = ask("gpt-5-nano", "hello")
    assert (said.status, said.error["code"]) == (404, "model_not_found")
    assert "Use 'gpt-5-mini' instead: $0.325 per million input tokens" in said.error["message"]


@pytest.mark.parametrize(("allowed", "status"), [(["gpt-5.2"], 200), (["gpt-5-mini"], 403)])
def test_a_key_of_some_models_is_held_to_the_names_it_asks_for(
    ask: Ask, alice: User, allowed: list[str], status: int
) -> None:
    over("gpt-5.2", "gpt-5-mini")
    ApiKey.objects.update(allowed_models=allowed)
    assert ask("gpt-5.2", "hello").status == status


def test_an_estimate_is_of_what_would_serve(key: str, sandbox: Sandbox, run: Any) -> None:
    over("gpt-5.2", "gpt-5-mini")
    body = {"model": "gpt-5.2", "messages": [{"role": "user", "content": "hello"}]}

    async def once() -> dict[str, Any]:
        caller = await authenticate(f"Bearer {key}")
        return (await estimate(chat, caller, json.dumps(body).encode(), {})).as_json()

    said = run(once())
    assert (said["model"], said["asked_model"]) == ("gpt-5-mini", "gpt-5.2")

"""What one customer asks and what a provider answers moves no number that another customer pays by."""

from typing import Any

from inference import catalog
from inference.chat.usage import BUCKETS, Usage
from inference.models import ChatModel, Completion
from inference.reporting import audit
from tests.inference.conftest import Ask, Sandbox

NUMBERS = ("name", "bound_percent", "estimate_percent", "traits", "prices__sheet")
HIDDEN = "calm blue rain over wide open land " * 1_100  # 40 KB


def hiding(text: str) -> dict[str, Any]:
    schema = {"type": "object", "properties": {}, "additionalProperties": False}
    return {"type": "json_schema", "json_schema": {"name": "n", "description": text, "schema": schema}}


def numbers() -> list[Any]:
    return list(ChatModel.objects.order_by("name").values_list(*NUMBERS))


def test_sixteen_prompts_beyond_their_bound_move_nobodys_bound(ask: Ask, sandbox: Sandbox) -> None:
    before = numbers()
    for _ in range(16):
        assert ask("gpt-5.2", "hello [[tokens-in=9000]] " * 60, max_tokens=16).status == 200
    assert numbers() == before
    catalog.forget()


def test_a_long_description_is_in_the_bound_of_its_own_request(ask: Ask, sandbox: Sandbox) -> None:
    plain = ask("gpt-5.2", "hello", max_tokens=16, response_format=hiding("short"))
    hidden = ask(
        "gpt-5.2", "hello", max_tokens=16, response_format=hiding(HIDDEN), headers={"x-conway-max-cost-cents": "1"}
    )
    assert plain.status == 200
    assert (hidden.status, hidden.error["code"]) == (402, "cost_cap_too_low")
    assert hidden.error["needed_cents"] >= 2


def test_the_audit_sees_an_estimate_that_was_not_counted_so(ask: Ask, sandbox: Sandbox) -> None:
    sandbox.control(no_usage=True, times=1)
    ask("gpt-5-nano", "hello", stream=True)
    completion = Completion.objects.get()
    assert (completion.settlement, completion.alerts, list(audit.faults())) == ("estimated", ["no_usage"], [])
    dearer = {**completion.seen, "prompt": {**completion.seen["prompt"], "percent": 50}}
    used = Usage(**{bucket: getattr(completion, f"{bucket}_tokens") for bucket in BUCKETS})
    (fault,) = audit.faults_of_estimate(completion.id, used, dearer)
    assert "tokens in are estimated, the count of then gives" in fault


def test_a_percentage_that_staff_change_leaves_old_estimates_alone(ask: Ask, sandbox: Sandbox) -> None:
    sandbox.control(no_usage=True, times=1)
    ask("gpt-5-nano", "hello")
    ChatModel.objects.update(estimate_percent=900)
    assert Completion.objects.get().seen["prompt"]["percent"] == 100
    assert list(audit.faults()) == []
    catalog.forget()

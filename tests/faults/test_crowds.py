"""Many at once on little money: nobody gets credit they do not have, and who is refused never reaches a provider."""

from collections.abc import Callable
from typing import Any

from tests.faults.conftest import LONG
from tests.faults.scenario import Scene

ACCOUNTS = 200 if LONG else 60
MIXED = [
    ("gpt-5-nano", 10, 3),
    ("claude-haiku-4.5", 12, 40),
    ("gemini-2.5-flash", 40, 200),
    ("kimi-k2.5", 9, 3),
    ("gpt-5.2", 300, 20),
]


def test_of_fifty_parallel_requests_on_ten_cents_one_at_a_time_is_served(
    scene: Scene, note: Callable[..., Any]
) -> None:
    customer = scene.customer(10)
    heard = scene.ask_all([(customer, "gpt-5-mini", f"say 3 words {number} [[pace=50]]", {}) for number in range(50)])
    statuses = [each.status for each in heard]
    assert (statuses.count(200), statuses.count(402)) == (1, 49)
    assert len(scene.upstream.meter()) == 1
    note(scene, "no credit for 49 of 50")
    assert customer.account.balance_cents == 9


def test_mixed_requests_of_many_accounts_on_two_workers(scene: Scene, note: Callable[..., Any]) -> None:
    asked = []
    for number in range(ACCOUNTS):
        model, cents, words = MIXED[number % len(MIXED)]
        customer = scene.customer(cents)
        text = f"say {words} words, said customer {number} [[pace=1]]"
        asked += [(customer, model, text, {"stream": bool(turn % 2), "max_tokens": 500}) for turn in range(3)]
    heard = scene.ask_all(asked)
    assert {each.status for each in heard} <= {200, 402}
    assert len(scene.upstream.meter()) == sum(each.status == 200 for each in heard)
    reckoning = note(scene, "no credit for some")
    assert {completion.settlement for completion in reckoning.completions} == {"exact"}


def test_a_key_limit_holds_on_two_workers(scene: Scene, note: Callable[..., Any]) -> None:
    customer = scene.customer(1_000, limit_cents=20)
    heard = scene.ask_all(
        [
            (customer, "claude-haiku-4.5", f"say 200 words {number} [[pace=2]]", {"max_tokens": 4_000})
            for number in range(40)
        ]
    )
    refused = [each for each in heard if each.status != 200]
    assert {each.error["code"] for each in refused if each.error} == {"key_limit_reached"}
    assert len(scene.upstream.meter()) == len(heard) - len(refused)
    reckoning = note(scene, "a key limit of 20 cents")
    assert sum(completion.charged_cents for completion in reckoning.completions) <= 20

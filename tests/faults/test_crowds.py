"""Many at once on little money: nobody gets credit they do not have, and who is refused never reaches a provider."""

import asyncio
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import httpx2 as httpx

from accounts.models import User
from inference.chat.usage import BUCKETS
from tests.faults.caller import Caller, Heard
from tests.faults.conftest import LONG
from tests.faults.scenario import Scene
from tests.operations.test_metrics import Samples, summed

ACCOUNTS = 200 if LONG else 60
SLOW_CALLS = 1_000 if LONG else 150
AT_ONCE = 64
MIXED = [
    ("gpt-5-nano", 10, 3),
    ("claude-haiku-4.5", 12, 40),
    ("gemini-2.5-flash", 40, 200),
    ("kimi-k2.5", 9, 3),
    ("gpt-5.2", 300, 20),
]


def test_of_fifty_parallel_requests_on_ten_cents_one_at_a_time_is_served(
    patient: Scene, note: Callable[..., Any]
) -> None:
    customer = patient.customer(10)
    heard = patient.ask_all([(customer, "gpt-5-mini", f"say 3 words {number} [[pace=50]]", {}) for number in range(50)])
    statuses = [each.status for each in heard]
    assert (statuses.count(200), statuses.count(402)) == (1, 49)
    assert len(patient.upstream.meter()) == 1
    note(patient, "no credit for 49 of 50")
    assert customer.account.balance_cents == 9


def test_mixed_requests_of_many_accounts_on_two_workers(patient: Scene, note: Callable[..., Any]) -> None:
    asked = []
    for number in range(ACCOUNTS):
        model, cents, words = MIXED[number % len(MIXED)]
        customer = patient.customer(cents)
        text = f"say {words} words, said customer {number} [[pace=1]]"
        asked += [(customer, model, text, {"stream": bool(turn % 2), "max_tokens": 500}) for turn in range(3)]
    heard = patient.ask_all(asked)
    assert {each.status for each in heard} <= {200, 402}
    assert len(patient.upstream.meter()) == sum(each.status == 200 for each in heard)
    reckoning = note(patient, "no credit for some")
    assert {completion.settlement for completion in reckoning.completions} == {"exact"}


def test_metrics_scraped_under_load_agree_with_the_ledger_to_the_cent(patient: Scene, note: Callable[..., Any]) -> None:
    customers = [patient.customer(500) for _ in range(6)]
    before, seen, over = scraped(patient), [], threading.Event()

    def scrape() -> None:
        while not over.wait(0.2):
            seen.append(scraped(patient))

    scraping = threading.Thread(target=scrape)
    scraping.start()
    models = ("gpt-5-mini", "claude-haiku-4.5", "gemini-2.5-flash")
    for turn in range(8):
        text = f"say {10 + 40 * turn} words {turn} [[pace=1]]"
        patient.ask_all((each, models[turn % 3], text, {"stream": bool(turn % 2)}) for each in customers)
    over.set()
    scraping.join()
    patient.all_saw_the_end()
    reckoning = note(patient, "metrics scraped under load")
    counted = {name: value - before.get(name, 0) for name, value in scraped(patient).items()}
    rows = reckoning.completions
    assert counted["conway_settlements_total"] == len(rows) == 48
    booked = -sum(entry.amount_cents for entry in reckoning.entries if entry.type == "inference")
    assert counted["conway_charged_cents_total"] - counted.get("conway_given_back_cents_total", 0) == booked
    assert counted["conway_tokens_total"] == sum(getattr(row, f"{name}_tokens") for row in rows for name in BUCKETS)
    charges = [each["conway_charged_cents_total"] for each in seen if "conway_charged_cents_total" in each]
    assert len(set(charges)) > 2 and charges == sorted(charges)


def scraped(scene: Scene) -> Samples:
    answer = httpx.get(f"{scene.gateway.url}/metrics", timeout=30)
    assert answer.status_code == 200
    return summed(answer.text)


def test_a_key_limit_holds_on_two_workers(patient: Scene, note: Callable[..., Any]) -> None:
    customer = patient.customer(1_000, limit_cents=20)
    heard = patient.ask_all(
        [
            (customer, "claude-haiku-4.5", f"say 200 words {number} [[pace=2]]", {"max_tokens": 4_000})
            for number in range(40)
        ]
    )
    refused = [each for each in heard if each.status != 200]
    assert {each.error["code"] for each in refused if each.error} == {"key_limit_reached"}
    assert len(patient.upstream.meter()) == len(heard) - len(refused)
    reckoning = note(patient, "a key limit of 20 cents")
    assert sum(completion.charged_cents for completion in reckoning.completions) <= 20


def test_slow_calls_of_one_account_leave_room_for_twenty_honest_ones(patient: Scene, note: Callable[..., Any]) -> None:
    """Half of them leave at once: a left call counts until its provider is done."""
    greedy, honest = patient.customer(100_000), [patient.customer() for _ in range(20)]
    User.objects.filter(pk=greedy.user.pk).update(concurrency=AT_ONCE)
    slow, quick = "say 40 words [[pace=100]]", "say 20 words [[pace=10]]"

    async def scenario(caller: Caller) -> tuple[list[Heard], list[Heard]]:
        crowd = [
            asyncio.create_task(
                caller.ask(greedy.secret, "gpt-5.2", f"{slow} {number}", leave_in=2 if number % 2 else None)
            )
            for number in range(SLOW_CALLS)
        ]
        await asyncio.sleep(1)
        served = [
            caller.ask(customer.secret, "gpt-5.2", quick, stream=bool(turn)) for turn, customer in enumerate(honest)
        ]
        return await asyncio.gather(*served), await asyncio.gather(*crowd)

    patient.heard, crowd = patient.play(scenario)
    patient.all_saw_the_end()
    statuses = Counter(heard.status for heard in crowd)
    refused = [heard for heard in crowd if heard.status == 429]
    assert {heard.error["code"] for heard in refused if heard.error} == {"concurrency_limited"}
    assert all(heard.headers["retry-after"] for heard in refused) and len(refused) > SLOW_CALLS / 3
    assert set(statuses) <= {0, 200, 429}, statuses
    note(patient, f"{SLOW_CALLS} slow calls of one account beside 20 others", len(patient.heard) + len(crowd))
    assert max_at_once(greedy.completions) <= AT_ONCE
    assert greedy.account.running == 0


def max_at_once(completions: list[Any]) -> int:
    """By the books' own clock."""
    moments = [(completion.admitted_at, 1) for completion in completions]
    moments += [(completion.created_at, -1) for completion in completions]
    running = most = 0
    for _, step in sorted(moments):
        running += step
        most = max(most, running)
    return most

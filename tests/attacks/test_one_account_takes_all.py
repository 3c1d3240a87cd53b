"""One account with a thousand slow calls at a cent each must not leave the others without a provider."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from accounts import authentication
from accounts.models import ApiKey, User
from conway.common import database
from credits import ledger
from credits.ledger import AdmissionDenied
from credits.models import CreditAccount, Hold, KeyUse
from inference.api import chat
from inference.billing import admission
from inference.chat.provider_error import ProviderError
from inference.completion import concurrency, handler, task
from inference.upstream import client as upstream
from tests.inference.conftest import Sandbox

Run = Callable[[Coroutine[Any, Any, Any]], Any]
SLOW = "say 100 words [[pace=10]]"

pytestmark = pytest.mark.usefixtures("own_spool")


@pytest.fixture(autouse=True)
def three_at_once(settings: Any) -> Iterator[None]:
    settings.CONWAY_ACCOUNT_CONCURRENCY, settings.CONWAY_DRAIN_SECONDS = 3, 0
    authentication._cache.clear()
    concurrency._refused.clear()
    yield
    assert not concurrency._running and not +upstream._open_of and not +upstream._open
    task.running.clear()


@pytest.fixture
def carol(prices: None) -> str:
    """Another account's key."""
    user = User.objects.create_user(email="carol@example.org")
    ledger.top_up(user=user, cents=1000, reference="carol-begins", reason="Her first money", by=None)
    return ApiKey.issue(user=user, name="Carol's")[1]


async def asked(key: str, text: str = SLOW, model: str = "gpt-5.2", **fields: Any) -> handler.Answer:
    body = {"model": model, "messages": [{"role": "user", "content": text}], **fields}
    return await handler.complete(chat, {"authorization": key}, json.dumps(body).encode())


async def all_of(*asking: Coroutine[Any, Any, handler.Answer]) -> list[handler.Answer]:
    answers = await asyncio.gather(*asking)
    await upstream.close()
    return list(answers)


def code(answer: handler.Answer) -> str:
    assert isinstance(answer.body, bytes)
    return str(json.loads(answer.body)["error"]["code"])


# The account's limit


def test_a_crowd_of_one_account_is_429_beyond_its_limit_and_others_are_served(
    key: str, carol: str, sandbox: Sandbox, run: Run
) -> None:
    answers = run(all_of(*(asked(key) for _ in range(20)), asked(carol)))
    assert Counter(answer.status for answer in answers[:-1]) == {200: 3, 429: 17}
    refused = [answer for answer in answers[:-1] if answer.status == 429]
    assert {(code(answer), answer.headers["retry-after"]) for answer in refused} == {("concurrency_limited", "1")}
    assert answers[-1].status == 200 and len(sandbox.meter()) == 4


def test_a_crowd_on_several_machines_is_counted_as_one(alice: User, transactional_db: None) -> None:
    """A thread with a loop and a pool of its own stands for a machine; admission counts exactly."""

    async def crowd(machine: int) -> int:
        try:
            return sum(await asyncio.gather(*(admitted(alice, f"{machine}-{number}") for number in range(8))))
        finally:
            await database.close()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(lambda machine: asyncio.run(crowd(machine)), range(4))) == 3
    assert (CreditAccount.objects.get().running, Hold.objects.count()) == (3, 3)


ASKED: dict[str, Any] = {"need_cents": 1, "worst_cents": 1, "process": "test", "details": {}}


async def admitted(user: User, name: str, key_id: int | None = None) -> bool:
    try:
        await ledger.admit(completion_id=name, user_id=user.pk, key_id=key_id, **ASKED)
    except AdmissionDenied as refused:
        assert refused.reason == "concurrency_limited" and (refused.running, refused.concurrency) == (3, 3)
        return False
    return True


@pytest.mark.parametrize("stream", [False, True])
def test_a_call_whose_client_left_counts_until_its_provider_is_done(
    key: str, sandbox: Sandbox, run: Run, stream: bool
) -> None:
    """Else a thousand calls are begun and left at once."""

    async def scenario() -> tuple[handler.Answer, handler.Answer]:
        leaving = [asyncio.create_task(asked(key, model="gpt-5-mini", stream=stream)) for _ in range(3)]
        while len(task.running) < 3 or not all(each.state.is_answered or not stream for each in running()):
            await asyncio.sleep(0.01)
        for call in leaving:
            call.cancel()
            if stream and call.done():
                await call.result().body.aclose()  # type: ignore[union-attr]
        await asyncio.wait(leaving)
        for each in running():
            each.leave()
        refused = await asked(key)
        while task.running:
            await asyncio.sleep(0.01)
        return refused, *(await all_of(asked(key, "hello")))  # type: ignore[return-value]

    refused, later = run(scenario())
    assert (refused.status, later.status) == (429, 200)


def running() -> list[task.CompletionTask]:
    return list(task.running.values())


def test_who_is_at_the_limit_is_refused_before_the_body_is_looked_at(key: str, sandbox: Sandbox, run: Run) -> None:
    async def scenario() -> handler.Answer:
        asking = [asyncio.create_task(asked(key)) for _ in range(3)]
        while len(task.running) < 3:
            await asyncio.sleep(0.01)
        refused = await handler.complete(chat, {"authorization": key}, b"[" * 10_000)
        await all_of(*asking)  # type: ignore[arg-type]
        return refused

    assert run(scenario()).status == 429


def test_a_refusal_of_the_database_is_remembered_for_a_second_and_forgotten_when_one_ends(
    key: str, alice: User, sandbox: Sandbox, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three calls run on another machine: of a crowd here, the first asks the database, the others do not."""
    tries: list[str] = []
    true = ledger.admit

    async def counted(**given: Any) -> ledger.Admission:
        tries.append(given["completion_id"])
        return await true(**given)

    async def scenario() -> list[int]:
        for number in range(3):
            assert await admitted(alice, f"elsewhere-{number}")
        monkeypatch.setattr(ledger, "admit", counted)
        said = [(await asked(key)).status for _ in range(10)]
        for number in range(3):
            elsewhere = {
                "completion_id": f"elsewhere-{number}",
                "user_id": alice.pk,
                "details": {},
                "description": "",
                "row": {},
            }
            await ledger.settle(receipt=admission.NO_RECEIPT, params=elsewhere)
        await asyncio.sleep(concurrency.REMEMBERED_SECONDS)
        return [*said, *(answer.status for answer in await all_of(asked(key, "hello")))]

    assert run(scenario()) == [429] * 10 + [200]
    assert len(tries) == 2


def test_staff_raise_the_limit_of_an_account(
    key: str, alice: User, sam: User, client: Client, sandbox: Sandbox, run: Run
) -> None:
    client.force_login(sam)
    page = f"/admin/accounts/user/{alice.pk}/change/"
    form = client.get(page).context["adminform"].form
    wallets = {f"wallets-{name}": "0" for name in ("TOTAL_FORMS", "INITIAL_FORMS")}
    given = {name: value for name in form.fields if (value := form[name].value()) not in (None, False)}
    assert client.post(page, {**given, **wallets, "concurrency": "10"}).status_code == 302
    authentication._cache.clear()
    assert {answer.status for answer in run(all_of(*(asked(key, "hello") for _ in range(10))))} == {200}


def test_a_key_with_a_limit_of_its_own_keeps_it(alice: User, prices: None, sandbox: Sandbox, run: Run) -> None:
    key = ApiKey.issue(user=alice, name="One at a time", concurrency=1)[1]
    answers = run(all_of(*(asked(key) for _ in range(3))))
    refused = [answer for answer in answers if answer.status == 429]
    assert len(refused) == 2 and {code(answer) for answer in refused} == {"concurrency_limited"}
    assert {answer.status for answer in run(all_of(asked(key, "hello")))} == {200}


def test_a_count_that_an_older_version_left_too_high_is_counted_anew_before_anybody_is_refused(
    alice: User, transactional_db: None, run: Run
) -> None:
    CreditAccount.objects.update(running=99)
    assert run(admitted(alice, "first"))
    assert CreditAccount.objects.get().running == 1


def test_so_is_one_of_a_key(alice: User, transactional_db: None, run: Run) -> None:
    key = ApiKey.issue(user=alice, name="One at a time", concurrency=1)[0]
    assert run(admitted(alice, "first", key.pk))
    with pytest.raises(AdmissionDenied, match="key_concurrency_limited"):
        run(ledger.admit(completion_id="second", user_id=alice.pk, key_id=key.pk, **ASKED))
    Hold.objects.all().delete()  # as a process of an older version settles: it counts no requests
    CreditAccount.objects.update(held_cents=0, running=0)
    KeyUse.objects.update(held_cents=0)
    assert run(admitted(alice, "third", key.pk))
    assert KeyUse.objects.get().running == 1


def test_everybody_sees_their_limits(alice: User, prices: None, sandbox: Sandbox, client: Client, run: Run) -> None:
    key = ApiKey.issue(user=alice, name="Limited", concurrency=2, requests_per_minute=60, limit_cents=100)[1]
    assert run(admitted(alice, "elsewhere", ApiKey.objects.get(name="Limited").pk))
    said = client.get("/v1/limits", headers={"authorization": key}).json()
    assert said["concurrency"] == {"limit": 3, "running": 1}
    assert said["key"]["concurrency"] == {"limit": 2, "running": 1}
    assert said["key"]["requests_per_minute"] == {"limit": 60, "used": 1}
    assert said["key"]["spending"] == {"limit_cents": 100, "period": None, "left_cents": 99}
    plain = ApiKey.issue(user=alice, name="Plain")[1]
    unlimited = dict.fromkeys(("concurrency", "requests_per_minute", "spending"))
    assert client.get("/v1/limits", headers={"authorization": plain}).json()["key"] == unlimited


# A provider's connections


def test_an_account_that_staff_raised_gets_half_of_a_providers_connections_and_others_the_rest(
    key: str, alice: User, carol: str, sandbox: Sandbox, settings: Any, run: Run
) -> None:
    settings.CONWAY_PROVIDER_CONNECTIONS = 8
    User.objects.filter(pk=alice.pk).update(concurrency=1000)
    answers = run(all_of(*(asked(key) for _ in range(12)), asked(carol), asked(carol)))
    served = Counter(answer.status for answer in answers[:-2])
    assert served in (
        {200: 4, 429: 8},
        {200: 3, 429: 9},
    )  # three: both others came first
    assert {code(answer) for answer in answers if answer.status == 429} == {"concurrency_limited"}
    assert all(answer.headers["retry-after"] == "2" for answer in answers if answer.status == 429)
    assert [answer.status for answer in answers[-2:]] == [200, 200]


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=120), st.integers(1, 40))
def test_whatever_comes_and_goes_who_has_none_gets_a_connection_while_there_is_one(
    steps: list[tuple[int, bool]], most: int
) -> None:
    """And nobody has more than what was free when they took their last."""
    open_of: dict[int, list[ExitStack]] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(upstream.settings, "CONWAY_PROVIDER_CONNECTIONS", most)
        for account, comes in steps:
            mine, total = open_of.setdefault(account, []), sum(map(len, open_of.values()))
            if not comes:
                if mine:
                    mine.pop().close()
                continue
            stack = ExitStack()
            try:
                stack.enter_context(upstream.connection_of("openai", account))
                mine.append(stack)
                assert len(mine) <= most - total
            except ProviderError as fault:
                assert total == most or len(mine) >= most - total > 0
                assert fault.code == ("provider_busy" if total == most else "concurrency_limited")
        for stack in [stack for stacks in open_of.values() for stack in stacks]:
            stack.close()

"""What /metrics says, beside what the ledger booked."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Coroutine, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families

from accounts.models import ApiKey, User
from conway import monitoring
from credits.models import CreditTransaction
from inference import catalog
from inference.chat.usage import BUCKETS
from inference.models import Completion
from inference.upstream import client as upstream
from tests.inference.conftest import Ask, asked
from tests.sdk.gateway import plain_folder
from tests.served import Served, served

Run = Callable[[Coroutine[Any, Any, Any]], Any]
Samples = dict[str, float]
MODELS = ("gpt-5-mini", "claude-haiku-4.5", "gemini-3-flash", "kimi-k2.5", "qwen3-coder")


def summed(text: str) -> Samples:
    """By name, over all labels."""
    totals: Samples = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            totals[sample.name] = totals.get(sample.name, 0) + sample.value
    return totals


def scraped(run: Run) -> Samples:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    run(monitoring.page({"headers": [], "client": ["127.0.0.1", 1]}, send))
    assert sent[0]["status"] == 200
    return summed(sent[1]["body"].decode())


@pytest.fixture
def since(run: Run, transactional_db: None) -> Callable[[], Samples]:
    """What was counted since the test began: this process counts on through all tests."""
    before = scraped(run)
    return lambda: {name: value - before.get(name, 0) for name, value in scraped(run).items()}


def agrees_with_the_ledger(counted: Samples) -> None:
    rows = list(Completion.objects.all())
    charges = CreditTransaction.objects.filter(type="inference").values_list("amount_cents", flat=True)
    assert counted["conway_settlements_total"] == len(rows)
    assert counted["conway_charged_cents_total"] - counted["conway_given_back_cents_total"] == -sum(charges)
    assert counted["conway_tokens_total"] == sum(getattr(row, f"{bucket}_tokens") for row in rows for bucket in BUCKETS)
    cost = sum((row.cost_usd for row in rows), Decimal(0))
    assert abs(Decimal(counted["conway_cost_usd_total"]) - cost) < Decimal("0.000001")


def test_a_handful_of_completions_agrees_with_the_ledger_to_the_cent(ask: Ask, since: Callable[[], Samples]) -> None:
    for number, model in enumerate(MODELS):
        ask(model, "say 30 words", stream=bool(number % 2))
    ask(text="hello [[status=500]]")
    counted = since()
    agrees_with_the_ledger(counted)
    assert counted["conway_requests_total"] == len(MODELS) + 1
    assert counted["conway_completion_seconds_count"] == len(MODELS) + 1
    assert counted["conway_added_seconds_count"] == len(MODELS) + 1
    assert (counted["conway_upstream_errors_total"], counted["conway_upstream_retries_total"]) == (3, 2)


def test_a_settlement_that_waited_in_the_spool_is_counted_when_it_is_booked(
    key: str, sandbox: Any, run: Run, own_spool: Path, since: Callable[[], Samples], monkeypatch: pytest.MonkeyPatch
) -> None:
    from conway.common.database import DatabaseUnavailable
    from credits import ledger
    from inference.billing import settlement
    from inference.completion import recovery

    async def away(**_: Any) -> Any:
        raise DatabaseUnavailable("away")

    async def once() -> None:
        with monkeypatch.context() as patch:
            patch.setattr(ledger, "settle", away)
            await asked(f"Bearer {key}", model="gpt-5-mini")
            assert settlement.waiting
        await recovery.replay()
        await upstream.close()

    before = scraped(run)
    run(once())
    counted = since()
    assert before["conway_spool_bytes"] == 0
    assert counted["conway_charged_cents_total"] > 0
    agrees_with_the_ledger(counted)


def test_refusals_are_counted_by_the_status_their_caller_saw(ask: Ask, since: Callable[[], Samples]) -> None:
    assert ask(headers={"authorization": "Bearer nobody's"}).status == 401
    assert ask(raw=b"{").status == 400
    counted = since()
    assert (counted["conway_requests_total"], counted.get("conway_settlements_total", 0)) == (2, 0)


def test_tasks_that_stay_are_counted(run: Run, db: None) -> None:
    """A soak looks for them."""

    def counted() -> float:
        monitoring.sample()
        return summed(monitoring.text(monitoring.Now({})).decode())["conway_tasks"]

    async def story() -> tuple[float, float, float]:
        never, before = asyncio.Event(), counted()
        staying = [asyncio.create_task(never.wait()) for _ in range(3)]
        more = counted()
        never.set()
        await asyncio.gather(*staying)
        return before, more, counted()

    before, more, after = run(story())
    assert (more - before, after) == (3, before)


def test_labels_are_bounded_and_name_no_user(ask: Ask, run: Run) -> None:
    for name in ("no-such-model-1", "no-such-model-2"):
        ask(name)
    ask()
    allowed = {"format", "provider", "model", "status", "kind", "bucket", "code", "le", "pool", "worker"}
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    run(monitoring.page({"headers": [], "client": ["127.0.0.1", 1]}, send))
    for family in text_string_to_metric_families(sent[1]["body"].decode()):
        for sample in family.samples:
            if family.name.startswith("conway_"):
                assert set(sample.labels) <= allowed
                assert "no-such" not in sample.labels.get("model", "")


def test_strangers_are_told_that_there_is_nothing(run: Run) -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    run(monitoring.page({"headers": [], "client": ["10.0.0.9", 1]}, send))
    assert sent[0]["status"] == 404


# Several workers


@pytest.fixture
def two_workers(alice: User, tmp_path: Path, transactional_db: None) -> Iterator[Served]:
    catalog.load()
    state = {"CONWAY_DATA_DIR": str(plain_folder(tmp_path)), "CONWAY_SANDBOX": "1"}
    with served("manage.py", "serve", "--port", "0", "--workers", "2", **state) as server:
        yield server


def workers_of(server: Served) -> list[int]:
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
    return [int(child) for child in children if b"conway.server" in Path(f"/proc/{child}/cmdline").read_bytes()]


def test_workers_are_added_up_and_one_that_is_killed_takes_nothing_with_it(
    two_workers: Served, alice: User, tmp_path: Path
) -> None:
    secret = ApiKey.issue(user=alice, name="Alice's")[1]
    body = {"model": "gpt-5-mini", "messages": [{"role": "user", "content": "say 30 words"}]}

    def ask(times: int) -> None:
        for _ in range(times):  # on a connection each: any worker may take it
            said = httpx2.post(
                f"{two_workers.url}/v1/chat/completions",
                json=body,
                headers={"authorization": f"Bearer {secret}"},
                timeout=30,
            )
            assert said.status_code == 200

    ask(8)
    agrees_with_the_ledger(metrics_of(two_workers))
    before = workers_of(two_workers)
    os.kill(before[0], 9)
    wait_until(lambda: len(set(workers_of(two_workers)) | set(before)) == 3)
    ask(8)
    counted = metrics_of(two_workers)
    agrees_with_the_ledger(counted)
    assert counted["conway_requests_total"] == 16
    folders = list((tmp_path / "metrics").iterdir())
    assert len(folders) == 1
    assert len(list(folders[0].iterdir())) == 8  # four kinds, two seats: the third worker sits in a seat that was there
    assert two_workers.stop() == 0
    assert not list((tmp_path / "metrics").iterdir())


def metrics_of(server: Served) -> Samples:
    answer = httpx2.get(f"{server.url}/metrics", timeout=30)
    assert answer.status_code == 200
    return {"conway_given_back_cents_total": 0, **summed(answer.text)}


def wait_until(true: Callable[[], object]) -> None:
    from tests.conway.conftest import eventually

    assert eventually(true)


def test_a_worker_without_room_for_its_metrics_counts_for_itself(tmp_path: Path) -> None:
    code = "from conway import server; server.count_with_others('/nowhere', '0')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ})
    assert done.returncode == 0
    assert "metrics are its own" in done.stderr


def test_folders_of_parents_that_were_killed_are_removed(tmp_path: Path, settings: Any) -> None:
    from conway import metrics_folder

    settings.CONWAY_DATA_DIR = tmp_path
    gone = subprocess.Popen(["true"])
    gone.wait()
    (tmp_path / "metrics" / str(gone.pid)).mkdir(parents=True)
    with metrics_folder.made() as own:
        assert list((tmp_path / "metrics").iterdir()) == [own]
    assert not own.exists()

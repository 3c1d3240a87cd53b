"""The simulation that docs/scale.md quotes: where nothing waits it says what the arithmetic says."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from bench.scale import Plan, main, simulate

SMALL = Plan(requests=1_000, seconds=4, machines=2, workers=8, shards=2, cores=4, accounts=2_000, zipf=0.5)
SCALE = Path(__file__).parent.parent / "docs/scale.md"


def test_what_is_busy_is_rate_times_cost() -> None:
    outcome = simulate(SMALL)
    workers = 1_000 * (0.7 * 9.3 + 0.3 * 2.9) / 1000 / 16
    databases = 1_000 * (0.7 * 2.0 + 0.3 * 1.5) / 1000 / 8
    assert outcome.worker_busy == pytest.approx(workers, rel=0.05)
    assert sum(outcome.shard_busy) / 2 == pytest.approx(databases, rel=0.05)
    assert outcome.rows_per_day == pytest.approx(86_400_000, rel=0.05)


def test_twice_as_many_databases_are_half_as_busy() -> None:
    two, four = (simulate(replace(SMALL, shards=shards)).shard_busy for shards in (2, 4))
    assert sum(four) / 4 == pytest.approx(sum(two) / 4, rel=0.01)


def test_a_database_at_its_limit_makes_every_hold_wait() -> None:
    enough, too_few = (simulate(replace(SMALL, shards=1, cores=cores)) for cores in (4, 1))
    assert too_few.hold_ms[0] > 10 * enough.hold_ms[0] and too_few.done_per_second < 0.9 * enough.done_per_second


def test_an_account_that_asks_beyond_its_row_waits_for_itself() -> None:
    fair = replace(SMALL, workers=16)
    greedy = simulate(replace(fair, zipf=1.6))
    assert greedy.busiest_share * 1_000 * 2 > 800
    assert greedy.hold_ms[2] > 200 > 50 > simulate(fair).hold_ms[1]


def test_the_page_quotes_what_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    main([])
    (carried,) = re.findall(r"carried +([\d,]+)", capsys.readouterr().out)
    assert f"4 databases of 16 cores) | {carried} |" in SCALE.read_text()

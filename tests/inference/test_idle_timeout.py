import asyncio
import os
import signal
import subprocess
import sys
import time

import pytest

from inference.upstream.idle_timeout import IdleTimeout

READER = """
import asyncio, sys
from inference.upstream.idle_timeout import IdleTimeout

async def main():
    patience = IdleTimeout()
    patience.begin(1.5)
    print("waiting", flush=True)
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    print((await reader.readline()).decode(), flush=True)

asyncio.run(main())
"""


async def test_it_runs_out() -> None:
    patience = IdleTimeout()
    patience.begin(0.05)
    with pytest.raises(asyncio.CancelledError):
        await asyncio.sleep(5)
    assert patience.cancelled_by_us()
    await asyncio.sleep(0.01)  # and the task goes on


async def test_a_short_wait_behind_a_long_one_runs_out_in_its_own_time() -> None:
    patience = IdleTimeout()
    patience.begin(60)
    patience.end()
    patience.begin(0.05)
    with pytest.raises(asyncio.CancelledError):
        await asyncio.sleep(5)
    assert patience.cancelled_by_us()


async def test_each_thing_that_comes_gives_new_patience() -> None:
    patience = IdleTimeout()
    for _ in range(5):
        patience.begin(0.1)
        await asyncio.sleep(0.06)
        patience.end()
    patience.close()
    assert not patience.ran_out


async def test_time_that_is_not_waited_does_not_count() -> None:
    patience = IdleTimeout()
    patience.begin(0.05)
    patience.end()
    await asyncio.sleep(0.15)
    patience.close()
    assert not patience.ran_out


async def test_somebody_elses_cancelling_is_theirs() -> None:
    patience = IdleTimeout()
    patience.begin(5)
    asyncio.get_running_loop().call_later(0.01, asyncio.current_task().cancel)  # type: ignore[union-attr]
    with pytest.raises(asyncio.CancelledError):
        await asyncio.sleep(5)
    assert not patience.cancelled_by_us()
    patience.close()


def test_a_process_that_was_stopped_reads_what_came_meanwhile() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", READER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as reader:
        assert reader.stdin and reader.stdout
        reader.stdout.readline()
        time.sleep(0.2)
        os.kill(reader.pid, signal.SIGSTOP)
        reader.stdin.write("here\n")
        reader.stdin.flush()
        time.sleep(3)
        os.kill(reader.pid, signal.SIGCONT)
        assert reader.stdout.readline() == "here\n"


async def test_it_runs_out_though_the_loops_clock_is_a_hair_early(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was a thousandth of a millisecond short was waited for with a timer of uvloop's that has no time: never."""
    patience, loop = IdleTimeout(), asyncio.get_running_loop()
    patience.begin(0.05)
    assert patience.until is not None
    patience.until += 1e-6
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(asyncio.sleep(5), 1)
    assert patience.cancelled_by_us() and loop.time() < patience.due + 0.5


async def test_a_wait_that_is_nearly_over_begins_again_where_something_came() -> None:
    patience = IdleTimeout()
    patience.begin(0.05)
    for _ in range(200):
        patience.end()
        patience.begin(0.05)
        await asyncio.sleep(0.0005)
    with pytest.raises(asyncio.CancelledError):
        await asyncio.sleep(5)
    assert patience.cancelled_by_us()

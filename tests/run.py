"""Runs every test, in groups that share the two processors well, and prints what it runs and how long that took.

    python tests/run.py             everything: what `make test` runs after the checks
    python tests/run.py pages       one group
    python tests/run.py --list      the groups

All groups run side by side, so that no processor waits: those that wait themselves (for seconds to pass, processes to
end, a browser) come first to a processor, and those that compute take what they leave. Each group is one process, which
collects its own tests and no others', and has a data folder, and with it a database and a spool, of its own. What a
busy machine was too slow for is tried again by itself, twice, and named at the end: what fails three times has failed,
what failed once is to be mended.

The processor's time is told beside the clock's: it is the same on a busy machine, or nearly, and two processors cannot
do in ten minutes what takes more than twenty of it. That of the group's database server is not in it.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

MORE_TRIES = 2  # some bounds are of seconds, and a machine may be busy twice
BEHIND = 5  # of `nice`: what has seconds to keep goes first
ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Group:
    name: str
    paths: tuple[str, ...]
    nice: int = 0

    def pytest(self, *more: str) -> "subprocess.Popen[str]":
        state = ROOT / "var" / "tests" / self.name
        pytest = [sys.executable, "-m", "pytest", "-q", "-o", f"cache_dir={state / 'cache'}"]
        command = ["nice", "-n", str(self.nice), *pytest, *more, *self.paths]
        return subprocess.Popen(
            command,
            cwd=ROOT,
            env={**without_bytecode_ban(os.environ), "CONWAY_DATA_DIR": str(state)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


@dataclass(frozen=True)
class Outcome:
    passed: bool
    unsteady: tuple[str, ...]  # passed, but not at once
    processor: float  # seconds of it


WAITING = (
    Group("faults", ("tests/faults",)),
    Group("pages", ("tests/browser", "tests/pages/test_strangers.py")),  # nothing of asyncio's beside the browser
    Group(
        "clients", ("tests/conway", "tests/sdk", "tests/corpus", "tests/operations", "tests/inference/test_openapi.py")
    ),
)


def but(*groups: Group) -> tuple[str, ...]:
    return tuple(f"--ignore={path}" for group in groups for path in group.paths if not path.startswith("-"))


GATEWAY = Group("gateway", ("tests/inference", *but(*WAITING)), BEHIND)
BOOKS = Group("books", ("tests/accounts", "tests/credits", "tests/month"), BEHIND)
OTHERS = Group("others", ("tests", *but(*WAITING, GATEWAY, BOOKS)), BEHIND)  # whatever is in no other group
GROUPS = {group.name: group for group in (GATEWAY, BOOKS, OTHERS, *WAITING)}


def without_bytecode_ban(environment: Mapping[str, str]) -> dict[str, str]:
    """Hundreds of processes start here, each of which would compile all our modules anew."""
    return {name: value for name, value in environment.items() if name != "PYTHONDONTWRITEBYTECODE"}


def run(group: Group) -> Outcome:
    """Passed at the second try if not at the first."""
    began = time.monotonic()
    status, printed, processor = finished(group.pytest())
    unsteady = tuple(failed(printed))
    for _ in range(MORE_TRIES):
        if status:
            status, again, more = finished(group.pytest("--last-failed"))
            printed, processor = f"{printed}\n-- what failed, once more --\n{again}", processor + more
    passed = status == 0
    took = f"{minutes(time.monotonic() - began)}, {minutes(processor)} of a processor"
    print(f"== {group.name}: {'passed' if passed else 'FAILED'} in {took}\n{printed}", flush=True)
    return Outcome(passed, unsteady if passed else (), processor)


def failed(printed: str) -> Iterator[str]:
    """The tests that pytest's summary names."""
    for line in printed.splitlines():
        if line.startswith(("FAILED ", "ERROR ")):
            yield line.partition(" ")[2].partition(" - ")[0]


def finished(process: "subprocess.Popen[str]") -> tuple[int, str, float]:
    """Its status, what it printed, and the processor's seconds, those of the processes that it waited for too."""
    assert process.stdout
    printed = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, printed, used.ru_utime + used.ru_stime


def minutes(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def main(names: Sequence[str]) -> int:
    if "--list" in names:
        for group in GROUPS.values():
            print(f"{group.name:10} {' '.join(group.paths)}")
        return 0
    if unknown := [name for name in names if name not in GROUPS]:
        print(f"There is no group {', '.join(unknown)}; there are {', '.join(GROUPS)}.", file=sys.stderr)
        return 2
    began = time.monotonic()
    chosen = [GROUPS[name] for name in names] or list(GROUPS.values())
    print(f"Running {', '.join(group.name for group in chosen)}.", flush=True)
    with ThreadPoolExecutor(max_workers=len(chosen)) as together:
        outcomes = list(together.map(run, chosen))
    for test in (test for outcome in outcomes for test in outcome.unsteady):
        print(f"Passed at another try only: {test}", flush=True)
    processor = sum(outcome.processor for outcome in outcomes)
    print(f"All groups took {minutes(time.monotonic() - began)}, {minutes(processor)} of a processor.", flush=True)
    return 0 if all(outcome.passed for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

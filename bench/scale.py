"""What N machines and S databases carry: a simulation of requests, queues and rows. `python -m bench.scale --help`.

Nothing is measured here. Costs are arguments; their defaults are those of docs/performance.md. A request is begun by a
worker, admitted by the database its account lives in, answered by the provider, and settled. Workers and cores of
databases take one thing at a time, in the order it comes; an account's row takes one statement at a time, wherever it
comes from. Statements that go together in one are not simulated: what is said of databases and of holds is an upper
bound. Accounts ask by Zipf's law.
"""

import argparse
import heapq
import random
import sys
from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass, fields
from itertools import accumulate, count

ROW_BYTES = 1_300  # of a completion with its ledger row and indexes, measured
BILLION = 1_000_000_000


@dataclass(frozen=True)
class Plan:
    requests: float = 10_000  # a second
    seconds: float = 5  # of arrivals that are simulated
    streams: float = 0.7  # of the requests; the others are JSON
    stream_seconds: float = 10
    json_seconds: float = 2
    machines: int = 9
    workers: int = 16  # of a machine, each with a core
    shards: int = 4
    cores: int = 16  # of a shard's PostgreSQL
    accounts: int = 100_000
    zipf: float = 0.8
    stream_ms: float = 9.3  # ours
    json_ms: float = 2.9
    stream_database_ms: float = 2.0  # PostgreSQL's, admission and settlement together
    json_database_ms: float = 1.5
    account_ms: float = 1.25  # how long a statement has an account's row: 800 of them a second
    seed: int = 7


@dataclass(frozen=True)
class Outcome:
    plan: Plan
    admitted: int
    done_per_second: float  # admissions while requests came: what was carried
    worker_busy: float  # mean; of the time requests came
    shard_busy: tuple[float, ...]
    hold_ms: tuple[float, float, float]  # median, 99 of 100, longest: from arrival until admitted
    busiest_share: float  # of all requests, by the account that asks most
    open_streams: int  # computed: rate times length

    @property
    def rows_per_day(self) -> float:
        return self.done_per_second * 86_400

    @property
    def days_to_a_billion(self) -> float:
        return BILLION / self.rows_per_day

    @property
    def terabytes_per_day(self) -> float:
        return self.rows_per_day * ROW_BYTES / 1e12


@dataclass(order=True, slots=True)
class Step:
    """A request at one of its stations: `begin` at a worker, `ask` for its account's row, `admit`; `end` at the worker
    again, `tell` the row, `settle`."""

    at: float
    number: int
    name: str
    request: "Request"


@dataclass(slots=True)
class Request:
    arrived: float
    worker: int
    account: int
    is_stream: bool

    def __lt__(self, other: "Request") -> bool:
        return self.arrived < other.arrived


class Station:
    """Servers that take one thing at a time, first come, first served."""

    def __init__(self, servers: int) -> None:
        self.free = [0.0] * servers
        self.busy = 0.0

    def serve(self, at: float, seconds: float) -> float:
        """When it is done."""
        begins = max(at, heapq.heappop(self.free))
        heapq.heappush(self.free, begins + seconds)
        self.busy += seconds
        return begins + seconds


def simulate(plan: Plan) -> Outcome:
    draw = random.Random(plan.seed)
    workers = [Station(1) for _ in range(plan.machines * plan.workers)]
    shards = [Station(plan.cores) for _ in range(plan.shards)]
    rows: dict[int, float] = {}  # account → when its row is free
    numbers, waits, asked = count(), list[float](), dict[int, int]()
    steps = [Step(request.arrived, next(numbers), "begin", request) for request in arrivals(plan, draw)]
    for step in steps:
        asked[step.request.account] = asked.get(step.request.account, 0) + 1
    heapq.heapify(steps)
    done = 0

    def then(at: float, name: str, request: Request) -> None:
        heapq.heappush(steps, Step(at, next(numbers), name, request))

    def turn(at: float, request: Request) -> float:
        """When the account's row is this statement's. Who waits for it takes no core."""
        begins = max(at, rows.get(request.account, 0.0))
        rows[request.account] = begins + plan.account_ms / 1000
        return begins

    def stated(at: float, request: Request) -> float:
        """One of a request's two statements."""
        milliseconds = plan.stream_database_ms if request.is_stream else plan.json_database_ms
        return shards[request.account % plan.shards].serve(at, milliseconds / 2000)

    while steps:
        step = heapq.heappop(steps)
        at, request = step.at, step.request
        own = (plan.stream_ms if request.is_stream else plan.json_ms) / 2000  # half before the answer, half with it
        match step.name:
            case "begin":
                then(workers[request.worker].serve(at, own), "ask", request)
            case "ask":
                then(turn(at, request), "admit", request)
            case "admit":
                admitted = stated(at, request)
                waits.append(admitted - request.arrived)
                done += admitted <= plan.seconds
                # Answers take no time: so it is a steady state from the first second on.
                then(admitted, "end", request)
            case "end":
                then(workers[request.worker].serve(at, own), "tell", request)
            case "tell":
                then(turn(at, request), "settle", request)
            case "settle":
                stated(at, request)
    waits.sort()
    lengths = plan.streams * plan.stream_seconds + (1 - plan.streams) * plan.json_seconds
    return Outcome(
        plan,
        len(waits),
        done / plan.seconds,
        sum(worker.busy for worker in workers) / len(workers) / plan.seconds,
        tuple(shard.busy / plan.cores / plan.seconds for shard in shards),
        (waits[len(waits) // 2] * 1000, waits[len(waits) * 99 // 100] * 1000, waits[-1] * 1000),
        max(asked.values()) / len(waits),
        round(done / plan.seconds * lengths),
    )


def arrivals(plan: Plan, draw: random.Random) -> Iterator[Request]:
    shares = list(accumulate(1 / rank**plan.zipf for rank in range(1, plan.accounts + 1)))
    at, workers = 0.0, plan.machines * plan.workers
    while (at := at + draw.expovariate(plan.requests)) < plan.seconds:
        account = min(bisect(shares, draw.random() * shares[-1]), plan.accounts - 1)
        yield Request(at, draw.randrange(workers), account, draw.random() < plan.streams)


def told(outcome: Outcome) -> str:
    plan, (median, most, longest) = outcome.plan, outcome.hold_ms
    busiest = max(outcome.shard_busy)
    lines = [
        f"{plan.machines} machines of {plan.workers} workers, {plan.shards} databases of {plan.cores} cores,"
        f" {plan.requests:,.0f} requests a second asked of {plan.accounts:,} accounts (Zipf {plan.zipf})",
        f"carried             {outcome.done_per_second:,.0f} requests a second, {outcome.open_streams:,} under way",
        f"workers busy        {outcome.worker_busy:.0%}",
        f"databases busy      {sum(outcome.shard_busy) / plan.shards:.0%}, the busiest {busiest:.0%}",
        f"until a hold        {median:.1f} ms in the middle, {most:.1f} ms of 99 in 100, {longest:.0f} ms at most",
        f"the account that asks most has {outcome.busiest_share:.2%}:"
        f" {outcome.busiest_share * plan.requests * 2:,.0f} statements a second of {1000 / plan.account_ms:,.0f}",
        f"ledger rows         {outcome.rows_per_day / 1e6:,.0f} million a day, {outcome.terabytes_per_day:.2f} TB;"
        f" a billion in {outcome.days_to_a_billion:.1f} days",
    ]
    return "\n".join(lines)


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=(__doc__ or "").splitlines()[0])
    for each in fields(Plan):
        parser.add_argument(f"--{each.name.replace('_', '-')}", type=type(each.default), default=each.default)
    print(told(simulate(Plan(**vars(parser.parse_args(arguments))))))


if __name__ == "__main__":
    main(sys.argv[1:])

import argparse
import asyncio
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack

from bench import goals, openstreams, peers, rounds, soak, stage, unloaded
from bench.kinds import ALL, BESIDE, COMPARED, KINDS, OPEN, UNLOADED
from bench.processes import raise_descriptors
from bench.rounds import Measured, measure, ratio
from bench.stage import Stage

Figures = dict[str, float]
PAIRS = 4  # of a kind with the one it is held against
HEADINGS = ("", "CPU ms", "PostgreSQL's", "together", "requests/s", "p50 ms", "p95 ms", "failed", "worker MB")


def row(*cells: str) -> None:
    print("  ".join(cell.rjust(40 if not nth else 12) for nth, cell in enumerate(cells)), flush=True)


def told(name: str, found: Measured, *, postgresql: bool = True) -> None:
    of_database = (f"{found.database:.2f}", f"{found.together:.2f}") if postgresql else ("–", "–")
    times = (f"{found.per_second:.0f}", f"{found.p50:.0f}", f"{found.p95:.0f}")
    row(name[:40], f"{found.own:.2f}", *of_database, *times, str(found.failed), f"{found.memory_mb:.0f}")


def bare(seconds: float) -> None:
    with stage.bare() as on:
        told("bare ASGI function", asyncio.run(measure(on, KINDS["json"], seconds)), postgresql=False)


def loads(on: Stage, kinds: Sequence[str], seconds: float) -> Iterator[tuple[str, float]]:
    found: dict[str, Measured] = {}
    for kind in kinds:
        if kind in BESIDE:
            yield f"{kind}/{BESIDE[kind]}", in_turns(on, kind, BESIDE[kind], seconds / PAIRS)
            continue
        found[kind] = asyncio.run(measure(on, KINDS[kind], seconds))
        told(KINDS[kind].name, found[kind])
    if "one" in found and "json" in found:
        yield "one/json", found["one"].together / found["json"].together


def in_turns(on: Stage, kind: str, beside: str, seconds: float) -> float:
    """The median of what pairs come to; who begins a pair changes."""
    found: dict[str, list[float]] = {kind: [], beside: []}
    for nth in range(PAIRS):
        for each in (kind, beside) if nth % 2 else (beside, kind):
            measured = asyncio.run(measure(on, KINDS[each], seconds))
            told(KINDS[each].name, measured)
            found[each].append(measured.own)
    return ratio(found[kind], found[beside])


def first_bytes(on: Stage, upstream: str) -> Iterator[tuple[str, float]]:
    for name, stream in (("a stream", True), ("JSON", False)):
        p50, p99 = asyncio.run(unloaded.added(on, upstream, stream=stream))
        print(f"added to the first byte of {name}, unloaded: p50 {p50:.1f} ms, p99 {p99:.1f} ms", flush=True)
        yield from {f"first byte of {name}, p50 ms": p50, f"first byte of {name}, p99 ms": p99}.items()


def opened(on: Stage, kind: str) -> Iterator[tuple[str, float]]:
    what = OPEN[kind]
    found = asyncio.run(openstreams.measure(on, what))
    late = f"late p50 {found.late_p50_ms:.0f} ms, p99 {found.late_p99_ms:.0f} ms"
    print(f"{what.name}: {found.complete} complete, {late}, {found.kb_each:.0f} KB each", flush=True)
    yield from {f"{kind} complete": found.complete, f"{kind} late p99 ms": found.late_p99_ms}.items()
    yield f"{kind} KB", found.kb_each


def compared(stages: Sequence[Stage], number: int, seconds: float) -> Iterator[tuple[str, float]]:
    ours, *others = stages
    for kind, found in rounds.rounds(stages, COMPARED, number, seconds):
        for on in stages:
            for each in found[on.name]:
                told(f"{on.name}: {KINDS[kind].name}", each, postgresql=on.postgresql is not None)
        for on in others:
            theirs = [each.own for each in found[on.name]]
            for name, mine in (("", [each.own for each in found[ours.name]]),
                               (" together", [each.together for each in found[ours.name]])):  # fmt: skip
                of_all = ratio(mine, theirs)
                print(f"  {KINDS[kind].name}: ours{name} {of_all:.2f} × {on.name}'s", flush=True)
                yield f"{kind}{name}/{on.name}", of_all


def soaked(on: Stage, minutes: int) -> Iterator[tuple[str, float]]:
    kinds, found = ("json", "stream", "paced"), []
    for minute in soak.minutes(on, kinds, minutes):
        found.append(minute)
        told(f"minute {len(found)}: {KINDS[minute.kind].name}", minute.measured)
        counts = f"{minute.sockets} sockets, {minute.connections} PostgreSQL processes, {minute.tasks} tasks"
        print(f"  after it: {minute.memory_mb:.0f} MB, {counts}", flush=True)
    yield from soak.growth(found, len(kinds)).items()


def filled(upstream: str, on: Stage, options: argparse.Namespace) -> Iterator[tuple[str, float]]:
    """The same gateway before an empty ledger and one of so many rows, in turns."""
    print(f"filling a ledger with {options.rows:,} rows", flush=True)
    with stage.gateway(upstream, options.workers, options.rows) as other:
        other.name = "filled"
        for kind, found in rounds.rounds((on, other), ("json",), max(6, options.rounds), options.seconds):
            for name, several in found.items():
                for each in several:
                    told(f"{name}: {KINDS[kind].name}", each)
            yield "filled/empty", ratio(*([each.database for each in found[name]] for name in ("filled", on.name)))


def figures(options: argparse.Namespace) -> Figures:
    found: Figures = {}
    with ExitStack() as stack:
        upstream = stack.enter_context(stage.upstream())
        on = stack.enter_context(stage.gateway(upstream, options.workers))
        if options.peers:
            several = [on, *(stack.enter_context(one(upstream)) for one in (peers.portkey, peers.litellm))]
            found.update(compared(several, options.rounds, options.seconds))
        found.update(loads(on, [kind for kind in options.kinds if kind in KINDS], options.seconds))
        if UNLOADED in options.kinds:
            found.update(first_bytes(on, upstream))
        for kind in options.kinds:
            if kind in OPEN:
                found.update(opened(on, kind))
        if options.rows:
            found.update(filled(upstream, on, options))
        if options.soak:
            found.update(soaked(on, options.soak))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description="CPU a request, of the server's processes.")
    parser.add_argument("kinds", nargs="*", default=list(ALL), help=f"of {', '.join(ALL)}; all")
    parser.add_argument("--seconds", type=float, default=8, help="of each kind (8)")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--peers", action="store_true", help="beside Portkey and LiteLLM, installed into var/peers")
    parser.add_argument("--rounds", type=int, default=3, help="of each kind beside them (3)")
    parser.add_argument("--rows", type=int, default=0, help="beside a ledger of so many rows, too")
    parser.add_argument("--soak", type=int, default=0, metavar="MINUTES", help="go on so long, and watch what grows")
    options = parser.parse_args()
    if unknown := set(options.kinds) - set(ALL):
        parser.error(f"no such kind: {', '.join(unknown)}")
    raise_descriptors()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started is ended
    if options.peers:
        peers.install()
    row(*HEADINGS)
    bare(options.seconds)
    found = figures(options)
    bare(options.seconds)
    print()
    for goal, bound, measured, held in (("goal", "bound", "measured", "held"), *goals.judged(found)):
        print(f"{goal:58} {bound:>10} {measured:>10} {held:>6}")


if __name__ == "__main__":
    main()

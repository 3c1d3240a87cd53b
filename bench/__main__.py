import argparse
import asyncio
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager

from bench import stage
from bench.load import Load, request
from bench.processes import cpu_seconds, resident_mb
from bench.stage import ACCOUNTS, Stage

CHAT = "chat/completions"
# name, model, streamed, connections, accounts, and the address, which says the format
KINDS = {
    "json": ("JSON", "gpt-5-mini", False, 32, ACCOUNTS, CHAT),
    "one": ("JSON, one account", "gpt-5-mini", False, 32, 1, CHAT),
    "alone": ("JSON, one connection", "gpt-5-mini", False, 1, 1, CHAT),
    "stream": ("stream, 100 chunks at once", "gpt-5-mini", True, 32, ACCOUNTS, CHAT),
    "paced": ("stream, 50 chunks, 20 ms apart", "gpt-5-nano", True, 100, ACCOUNTS, CHAT),
    "responses": ("Responses, JSON", "gpt-5-mini", False, 32, ACCOUNTS, "responses"),
    "responses-stream": ("Responses, stream", "gpt-5-mini", True, 32, ACCOUNTS, "responses"),
    "messages": ("Messages, JSON", "gpt-5-mini", False, 32, ACCOUNTS, "messages"),
    "messages-stream": ("Messages, stream", "gpt-5-mini", True, 32, ACCOUNTS, "messages"),
}
HEADINGS = ("", "CPU ms", "PostgreSQL's", "together", "requests/s", "p50 ms", "p95 ms", "failed", "worker MB")


async def measure(on: Stage, kind: str, seconds: float) -> tuple[str, ...]:
    name, model, stream, connections, accounts, path = KINDS[kind]
    url = on.url.replace(CHAT, path)
    requests = [request(url, key, model, stream=stream) for key in on.keys[:accounts]]
    async with Load(requests, connections, on.url) as load:
        cpu, database, begun = cpu_seconds(on.process, on.postgresql), database_seconds(on), time.perf_counter()
        await asyncio.sleep(seconds)
        took, done = time.perf_counter() - begun, max(1, len(load.tally.seconds))
        cpu, database = cpu_seconds(on.process, on.postgresql) - cpu, database_seconds(on) - database
        memory = resident_mb(on.process)
    tally = load.tally
    if tally.failures:
        print(f"  failed, for one: {tally.failures[0]!r}")
    times = (f"{tally.per_cent(share):.0f}" for share in (50, 95))
    own = f"{cpu * 1000 / done:.2f}"
    others = f"{database * 1000 / done:.2f}" if on.postgresql else "–"
    both = f"{(cpu + database) * 1000 / done:.2f}"
    return (name, own, others, both, f"{done / took:.0f}", *times, str(len(tally.failures)), f"{memory:.0f}")


def database_seconds(on: Stage) -> float:
    return cpu_seconds(on.postgresql) if on.postgresql else 0.0


def table(rows: Iterator[tuple[str, ...]]) -> None:
    widths = [max(10, len(heading)) for heading in HEADINGS]
    widths[0] = 32
    print("  ".join(heading.rjust(width) for heading, width in zip(HEADINGS, widths, strict=True)))
    for row in rows:
        print("  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)), flush=True)


def rows(options: argparse.Namespace) -> Iterator[tuple[str, ...]]:
    def bare() -> Iterator[tuple[str, ...]]:
        with stage.bare() as on:
            yield "bare ASGI function", *asyncio.run(measure(on, "json", options.seconds))[1:]

    yield from bare()
    opened: AbstractContextManager[Stage] = stage.gateway(options.workers)
    with opened as on:
        for kind in options.kinds:
            yield asyncio.run(measure(on, kind, options.seconds))
        for minute in range(options.soak):
            kind = options.kinds[minute % len(options.kinds)]
            name, *rest = asyncio.run(measure(on, kind, 60))
            yield f"minute {minute + 1}: {name}"[:32], *rest
    yield from bare()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description="CPU a request, of the server's processes.")
    parser.add_argument("kinds", nargs="*", default=list(KINDS), help=f"of {', '.join(KINDS)}; all")
    parser.add_argument("--seconds", type=float, default=8, help="of each kind (8)")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--soak", type=int, default=0, metavar="MINUTES", help="go on so long, and watch the memory")
    options = parser.parse_args()
    if unknown := set(options.kinds) - set(KINDS):
        parser.error(f"no such kind: {', '.join(unknown)}")
    table(rows(options))


if __name__ == "__main__":
    main()

"""Every page on a big database: how long, how many queries. `make pages-at-scale` says how to make one.

    python bench/pages.py [--runs 3] [--only TEXT] [--shown 80]

Customer pages of the account with the longest history and of a small one, the staff admin's, and the first piece of
each export; which there are is found by every_page.py. Prints what took `--shown` ms or more; exit status 1 if one is
above 300 ms. It adds one superuser to the database, nothing else.
CPU is this process and the one of PostgreSQL that answers it, where that runs on this machine (Linux): what a page
costs, however busy the machine is; the least of the tries, for others cost caches. `--by-cpu` holds the bound to it.
"""

import argparse
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import django

sys.path.insert(0, str(Path(__file__).parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "conway.settings")
os.environ["CONWAY_STAFF_SECOND_FACTOR"] = "0"  # who measures has none to show
django.setup()

from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from bench.every_page import Known, visits
from bench.visitor import BUSIEST, SMALL, get, html, known_of, signed_in
from credits.models import CreditTransaction
from inference.models import Completion

MOST_MS = 300
MOST_QUERIES = 45
PLAIN = {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}


@dataclass(frozen=True)
class Taken:
    first: float
    least: float
    cpu: float
    queries: int
    status: int


def cpu_ms(backend: int) -> float:
    try:
        asked = int(Path(f"/proc/{backend}/schedstat").read_text().split()[0]) / 1e6
    except OSError:
        asked = 0
    return time.process_time() * 1000 + asked


def measured(client: Client, path: str, runs: int) -> Taken:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        backend = cursor.fetchone()[0]
    took, cost, queries, status = [], [], 0, 0
    for _ in range(runs + 1):
        with CaptureQueriesContext(connection) as captured:
            began, spent = time.perf_counter(), cpu_ms(backend)
            status = get(client, path).status_code
            took.append((time.perf_counter() - began) * 1000)
            cost.append(cpu_ms(backend) - spent)
        queries = len(captured)
        if status != 200:
            break
    return Taken(took[0], min(took[1:] or took), min(cost[1:] or cost), queries, status)


def readers() -> Iterator[tuple[str, Client, Known, bool]]:
    staff = User.objects.filter(email="measuring@example.org").first() or User.objects.create_superuser(
        "measuring@example.org"
    )
    for who, user in (("the busiest account's", BUSIEST), ("a small account's", SMALL)):
        yield who, signed_in(User.objects.get(pk=user)), known_of(user), False
    for who, user in (("the staff admin's", BUSIEST), ("the staff admin's, small", SMALL)):
        yield who, signed_in(staff), known_of(user), True


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--by-cpu", action="store_true")
    parser.add_argument("--who", default="", help="readers whose name holds this text")
    parser.add_argument("--only", default="", help="addresses that hold this text")
    parser.add_argument("--shown", type=int, default=80, help="ms from which a page stands in the table")
    asked = parser.parse_args()
    slow, pages, refused, seen = 0, 0, 0, set()
    print(f"{CreditTransaction.objects.count():,} transactions, {Completion.objects.count():,} completions\n")
    print("| page | first ms | least ms | CPU ms | queries |\n|---|---:|---:|---:|---:|", flush=True)
    for who, client, known, staff in readers():
        if asked.who not in who:
            continue
        for path in visits(partial(html, client), known, staff=staff):
            if asked.only not in path or (staff, path) in seen:
                continue
            seen |= {(staff, path)} if staff else set()
            taken = measured(client, path, asked.runs)
            if taken.status != 200:
                refused += 1
                continue
            pages += 1
            held = taken.cpu if asked.by_cpu else taken.least
            is_slow = held > MOST_MS or taken.queries > MOST_QUERIES
            slow += is_slow
            if held >= asked.shown or is_slow:
                name = f"{who} {path}{' **slow**' if is_slow else ''}"
                print(
                    f"| {name} | {taken.first:.0f} | {taken.least:.0f} | {taken.cpu:.0f} | {taken.queries} |",
                    flush=True,
                )
    print(f"\n{pages:,} pages, {slow} slow; {refused} addresses answered with something else.")
    return 1 if slow else 0


if __name__ == "__main__":
    with override_settings(STORAGES=PLAIN | {"default": {"BACKEND": "django.core.files.storage.FileSystemStorage"}}):
        sys.exit(main())

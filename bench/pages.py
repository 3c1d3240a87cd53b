"""Every page and admin list on a big database: how long, how many queries. `make pages-at-scale` says how to make one.

    python bench/pages.py [--runs 5]

Prints a table; exit status 1 if a page's median is above 300 ms. It adds one superuser to the database, nothing else.
CPU is this process and the one of PostgreSQL that answers it, where that runs on this machine (Linux): what a page
costs, however busy the machine is. `--by-cpu` holds the bound against it.
"""

import argparse
import os
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
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
from credits.models import CreditTransaction
from inference.models import Completion

MEDIAN_MS = 300
MOST_QUERIES = 40
PLAIN = {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
BUSIEST = 1  # fill_books gives user 1 one request in twenty
USER = "a user's"
STAFF = "the staff admin's"


@dataclass(frozen=True)
class Page:
    who: str
    name: str
    path: str


def pages() -> Iterator[Page]:
    yield from admin_pages()
    yield from user_pages()


def admin_pages() -> Iterator[Page]:
    entries, completions = CreditTransaction.objects.order_by("pk"), Completion.objects.order_by("created_at")
    newest, early = entries.values_list("pk", flat=True).last(), entries.values_list("pk", flat=True)[100]
    first, last = completions.first(), completions.last()
    assert newest and first and last
    middle = completions.filter(created_at__gte=first.created_at + (last.created_at - first.created_at) / 2)[0]
    refund = entries.filter(type="refund").last()
    day = middle.created_at.date()
    users = User.objects.count()
    lists = {
        "credits/creditaccount": ["", f"after={users // 2}", "q=user77@example.org", "q=1"],
        "credits/credittransaction": [
            *("", f"after={newest // 2}", f"after={early}", f"before={early}"),
            *("q=user1@example.org", f"q={middle.pk}"),
            *("type__exact=write_off", "type__exact=refund", "type__exact=inference"),
            *("model=kimi-k2.5", f"model=kimi-k2.5&after={newest // 2}", "provider=qwen"),
            *("settlement=lost", "settlement=estimated&model=qwen3-coder"),
            *(
                f"since={day}&until={day}",
                f"since={day}&until={day}&type__exact=refund",
                f"until={day}&provider=gemini",
            ),
        ],
        "inference/completion": [
            *("", f"after={middle.pk}", f"before={middle.pk}", f"after={completions[100].pk}"),
            *(f"q={middle.pk}", "q=user1@example.org", "q=user77@example.org", "q=cnwy_k_00001"),
            *("model_id=kimi-k2.5", f"model_id=kimi-k2.5&after={middle.pk}", "provider=qwen"),
            *("settlement=lost", "settlement=none&model_id=gpt-5.2"),
            *("status=failed", "status=429", "status=429&provider=anthropic", "alerts=any"),
            *("charged_cents=100", "margin=none", "output_tokens=10000", "first_byte_ms=10000", "total_ms=120000"),
            *("charged_cents=100&model_id=gpt-5-nano", "total_ms=600000&provider=qwen"),
            *(f"since={day}&until={day}", f"until={day}&status=failed"),
            f"since={day}&until={day}&model_id=gpt-5-nano&settlement=estimated",
        ],
        "credits/hold": [""],
        "credits/auditrun": [""],
        "inference/chatmodel": [""],
        "inference/price": [""],
        "accounts/user": ["", f"after={users // 2}", "after=90", "q=user77@example.org", "is_active__exact=1"],
        "accounts/apikey": ["", f"after={users // 2}", "q=cnwy_k_00077", "q=user77@example.org", "user__id__exact=1"],
    }
    yield Page(STAFF, "front page", "/admin/")
    for table, queries in lists.items():
        for query in queries:
            yield Page(STAFF, f"{table}?{query}" if query else table, f"/admin/{table}/?{query}")
    rows: dict[str, list[object]] = {
        "credits/creditaccount": [BUSIEST, 77],
        "credits/credittransaction": [refund.pk] if refund else [],
        "inference/completion": [middle.pk],
        "inference/chatmodel": ["gpt-5.2"],
        "accounts/user": [77],
        "accounts/apikey": [77],
    }
    for table, keys in rows.items():
        for key in keys:
            yield Page(STAFF, f"{table}/{key}", f"/admin/{table}/{key}/change/")
    yield Page(STAFF, "refund", f"/admin/credits/creditaccount/refund/?charge={middle.pk}")


def user_pages() -> Iterator[Page]:
    ids = CreditTransaction.objects.filter(account=BUSIEST).order_by("id").values_list("id", flat=True)
    middle, early = ids[ids.count() // 2], ids[1000]
    completion = Completion.objects.filter(user=BUSIEST).order_by("created_at")[100]
    day = completion.created_at.date()
    for name, path in {
        "overview": "/",
        "history": "/credits/history",
        "history, deep": f"/credits/history?before={middle}",
        "history, near the end": f"/credits/history?before={early}",
        "history of a model": "/credits/history?model=kimi-k2.5",
        "history of an old day": f"/credits/history?since={day}&until={day}",
        "history of top-ups": "/credits/history?type=top_up",
        "spend of a year": f"/credits/spend?since={day - timedelta(days=365)}&step=week&what=key",
        "statements": "/credits/statements",
        "statement": f"/credits/statements/{day:%Y-%m}",
        "requests": "/requests",
        "requests that failed": "/requests?outcome=failed",
        "requests of a model": "/requests?model=kimi-k2.5",
        "request by id": f"/requests?id={completion.request_id}",
        "notifications": "/credits/notifications",
        "receipt": f"/receipts/{completion.pk}",
        "keys": "/keys",
        "models": "/models",
        "playground": "/playground",
        "docs": "/docs/billing",
        "account": "/account",
        "key in its row": f"/keys?edit={completion.key_id}",
    }.items():
        yield Page(USER, name, path)


def signed_in(user: User) -> Client:
    client = Client(SERVER_NAME="localhost")
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def cpu_ms(backend: int) -> float:
    try:
        asked = int(Path(f"/proc/{backend}/schedstat").read_text().split()[0]) / 1e6
    except OSError:
        asked = 0
    return time.process_time() * 1000 + asked


def measured(client: Client, page: Page, runs: int) -> tuple[float, float, float, int]:
    """Milliseconds the first time, at the median of the others, of CPU at their median, and queries."""
    took, cost, queries = [], [], 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        backend = cursor.fetchone()[0]
    for run in range(runs + 1):
        with CaptureQueriesContext(connection) as captured:
            began, spent = time.perf_counter(), cpu_ms(backend)
            answer = client.get(page.path)
            took.append((time.perf_counter() - began) * 1000)
            cost.append(cpu_ms(backend) - spent)
        queries = max(queries, len(captured)) if run else 0
        if answer.status_code != 200:
            raise SystemExit(f"{page.path} answers {answer.status_code}")
    return took[0], statistics.median(took[1:]), statistics.median(cost[1:]), queries


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--by-cpu", action="store_true")
    asked = parser.parse_args()
    runs = asked.runs
    staff = User.objects.filter(email="measuring@example.org").first() or User.objects.create_superuser(
        "measuring@example.org"
    )
    clients = {STAFF: signed_in(staff), USER: signed_in(User.objects.get(pk=BUSIEST))}
    slow = 0
    print(f"{CreditTransaction.objects.count():,} transactions, {Completion.objects.count():,} completions\n")
    print("| page | first ms | median ms | CPU ms | queries |\n|---|---:|---:|---:|---:|")
    for page in pages():
        first, median, cpu, queries = measured(clients[page.who], page, runs)
        is_slow = (cpu if asked.by_cpu else median) > MEDIAN_MS or queries > MOST_QUERIES
        slow += is_slow
        print(
            f"| {page.who} {page.name}{' **slow**' if is_slow else ''} ",
            *(f"{ms:.0f} " for ms in (first, median, cpu)),
            f"{queries} |",
            sep="| ",
            flush=True,
        )
    return 1 if slow else 0


if __name__ == "__main__":
    with override_settings(STORAGES=PLAIN | {"default": {"BACKEND": "django.core.files.storage.FileSystemStorage"}}):
        sys.exit(main())

"""Checks the charges: each equals the formula on its completion's stored buckets and pinned price row, and stands in
the books once. The buckets of an estimate are made again from what it was counted from.

Every line it yields is a fault. Pages of a few thousand rows, so that memory and locks stay small at ten million.
"""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django.db import connection

from inference.billing import token_counting
from inference.catalog.pricing import PriceSheet, charged_cents
from inference.chat.usage import BUCKETS, Usage
from inference.models import Price

ROWS_AT_ONCE = 5_000
MOST_NAMED = 1_000


def faults() -> Iterator[str]:
    sheets = {price_id: PriceSheet.of(sheet) for price_id, sheet in Price.objects.values_list("id", "sheet")}
    for row in pages(COMPLETIONS_SQL, ""):
        yield from faults_of(row, sheets)
    yield from faults_of_charges()
    for (day,) in all_rows(DAYS_IN_BOTH_SQL):
        yield f"{day} is archived, and there are completions of that day"


def faults_of_charges() -> Iterator[str]:
    """Those without a completion are as many, and as much, as what was archived says. Walked again where an archive was
    made or restored meanwhile."""
    before, after = None, archived()
    while before != after:
        before, found, first = after, (0, 0), list[str]()
        for _, reference, cents in pages(CHARGES_SQL, 0):
            found = (found[0] + 1, found[1] - cents)
            if len(first) < MOST_NAMED:
                first.append(reference)
        after = archived()
    if found != after and after == (0, 0):
        yield from (f"{reference}: a charge without its completion" for reference in first)
    if found != after:
        yield (
            f"{found[0]} charges of {found[1]} cents are without their completion, those of archived days are "
            f"{after[0]} of {after[1]} cents"
        )


def archived() -> tuple[int, int]:
    ((charges, cents),) = all_rows(ARCHIVED_SQL)
    return charges, cents


def all_rows(sql: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def faults_of(row: tuple[Any, ...], sheets: dict[int, PriceSheet]) -> Iterator[str]:
    completion_id, settlement, price_id, cost_usd, charged, booked, seen, *buckets = row
    usage = Usage(**dict(zip(BUCKETS, buckets, strict=True)))
    cost = Decimal(0) if settlement == "none" else sheets[price_id].cost_usd(usage)
    if cost != cost_usd:
        yield f"{completion_id}: the cost is {cost_usd} USD, its tokens at price {price_id} cost {cost}"
    if charged != charged_cents(cost):
        yield f"{completion_id}: {charged} cents are charged, the formula gives {charged_cents(cost)}"
    if booked != charged:
        yield f"{completion_id}: {charged} cents are charged, the transactions say {booked}"
    if settlement in ("estimated", "lost"):
        yield from faults_of_estimate(completion_id, usage, json.loads(seen))


def faults_of_estimate(completion_id: str, usage: Usage, seen: dict[str, Any]) -> Iterator[str]:
    """Those settled before estimates kept what they were counted from say nothing of it."""
    if "prompt" in seen and usage.prompt_tokens != (prompt := token_counting.likely_prompt(**seen["prompt"])):
        yield f"{completion_id}: {usage.prompt_tokens} tokens in are estimated, the count of then gives {prompt}"
    if "output" in seen and usage.output != (output := token_counting.likely_output(**seen["output"])):
        yield f"{completion_id}: {usage.output} tokens out are estimated, the count of then gives {output}"


def pages(sql: str, after: Any) -> Iterator[tuple[Any, ...]]:
    while True:
        with connection.cursor() as cursor:
            cursor.execute(sql, {"after": after, "limit": ROWS_AT_ONCE})
            rows = cursor.fetchall()
        yield from (row for row in rows if row[1] is not None)
        if len(rows) < ROWS_AT_ONCE:
            return
        after = rows[-1][0]


COMPLETIONS_SQL = f"""
SELECT c.id, c.settlement, c.price_id, c.cost_usd, c.charged_cents,
       (SELECT coalesce(-sum(amount_cents), 0) FROM credits_credittransaction t
        WHERE t.reference IN ('inference:' || c.id, 'inference:' || c.id || '.corrected')),
       c.seen::text,
       {", ".join(f"c.{bucket}_tokens" for bucket in BUCKETS)}
FROM inference_completion c WHERE c.id > %(after)s ORDER BY c.id LIMIT %(limit)s"""

# The second column is empty where all is well.
CHARGES_SQL = """
SELECT t.id, CASE WHEN NOT EXISTS (
         SELECT FROM inference_completion c
         WHERE c.id = regexp_replace(substr(t.reference, 11), '\\.corrected$', '')) THEN t.reference END, t.amount_cents
FROM credits_credittransaction t WHERE t.type = 'inference' AND t.id > %(after)s ORDER BY t.id LIMIT %(limit)s"""


ARCHIVED_SQL = """
SELECT coalesce(sum(charges), 0)::bigint, coalesce(sum(booked_cents), 0)::bigint FROM inference_archivedday"""

DAYS_IN_BOTH_SQL = """
SELECT day FROM inference_archivedday WHERE EXISTS (
  SELECT FROM inference_completion
  WHERE created_at >= day::timestamp AT TIME ZONE 'UTC' AND created_at < (day + 1)::timestamp AT TIME ZONE 'UTC')
ORDER BY day"""

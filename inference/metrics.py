"""What is counted of completions. Labels are names of the catalogue and words of ours: they are bounded, and no user's.

conway_requests            each answer, refusals too, by the status its caller saw
conway_settlements         each booking in the ledger, and with it tokens, cost and charge
conway_upstream_errors     each failure of a provider, those that a retry healed too
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from conway.common.metrics import Counter, Gauge, Histogram, labelled
from inference.chat.usage import BUCKETS

SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120, 300, 600)
ADDED_SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

REQUESTS = Counter("conway_requests", "Answers to completions.", ["format", "provider", "model", "status"])
FIRST_BYTE = Histogram("conway_first_byte_seconds", "Until a reply's first byte.", ["provider"], buckets=SECONDS)
TOTAL = Histogram("conway_completion_seconds", "A whole completion.", ["provider"], buckets=SECONDS)
ADDED = Histogram("conway_added_seconds", "Of it, what we added: before and after the provider.", buckets=ADDED_SECONDS)

SETTLEMENTS = Counter("conway_settlements", "Settlements booked.", ["kind", "provider", "model"])
TOKENS = Counter("conway_tokens", "Tokens of settlements booked.", ["provider", "model", "bucket"])
COST_USD = Counter("conway_cost_usd", "What providers charge for them.", ["provider", "model"])
CHARGED = Counter("conway_charged_cents", "What was charged for them.", ["provider", "model"])
GIVEN_BACK = Counter("conway_given_back_cents", "Charges taken back when a lost one's true settlement came.")
WRITTEN_OFF = Counter("conway_written_off_cents", "Charges beyond the credit there was.")
ALERTS = Counter("conway_completion_alerts", "Alerts of completions, by their kind.", ["kind"])

UPSTREAM_ERRORS = Counter("conway_upstream_errors", "Failures of providers.", ["provider", "code"])
UPSTREAM_RETRIES = Counter("conway_upstream_retries", "Requests sent again after one.", ["provider"])

RUNNING = Gauge("conway_running_completions", "Completions under way.", multiprocess_mode="sum")
OPEN_STREAMS = Gauge("conway_open_streams", "Streams whose client is there.", multiprocess_mode="sum")
UPSTREAM_IN_USE = Gauge("conway_upstream_in_use", "Connections in use.", ["provider"], multiprocess_mode="sum")
UPSTREAM_SLOTS = Gauge("conway_upstream_slots", "Connections there may be.", ["provider"], multiprocess_mode="sum")
KEYS_RESTING = Gauge("conway_provider_keys_resting", "Keys refused of late.", ["provider"], multiprocess_mode="max")
UNBOOKED = Gauge("conway_settlements_waiting", "Settlements the database has yet to take.", multiprocess_mode="sum")


def answered(*, format: str, status: int, provider: str = "", model: str = "") -> None:
    labelled(REQUESTS, format, provider, model, status).inc()


def booked(row: Mapping[str, Any], *, due_cents: int, written_off_cents: int) -> None:
    """A receipt's row, and what the ledger made of it. A correction counts its difference alone: the lost settlement
    before it has counted the tokens."""
    provider, model = row["provider"], row["model_id"]
    labelled(SETTLEMENTS, row["settlement"], provider, model).inc()
    (labelled(CHARGED, provider, model) if due_cents >= 0 else GIVEN_BACK).inc(abs(due_cents))
    if written_off_cents > 0:
        WRITTEN_OFF.inc(written_off_cents)
    for alert in row["alerts"]:
        labelled(ALERTS, alert.partition(":")[0]).inc()
    if due_cents != row["charged_cents"]:
        return
    labelled(COST_USD, provider, model).inc(float(Decimal(row["cost_usd"])))
    for bucket in BUCKETS:
        if tokens := row[f"{bucket}_tokens"]:
            labelled(TOKENS, provider, model, bucket).inc(tokens)
    if (first_byte := row.get("first_byte_ms")) is not None:
        labelled(FIRST_BYTE, provider).observe(first_byte / 1000)
    if (total := row.get("total_ms")) is not None:
        labelled(TOTAL, provider).observe(total / 1000)

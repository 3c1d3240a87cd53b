"""A March and an April with everything that books can hold: refunds (one of them a month late), write-offs, corrections
upwards and downwards, adjustments, two keys, the playground. Booked row by row as the ledger would have.
"""

import json
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.db import connection

from accounts.models import ApiKey, User
from credits.models import CreditAccount
from inference import catalog
from inference.catalog.pricing import charged_cents
from inference.models import ChatModel, Completion

MARCH = datetime(2026, 3, 1, tzinfo=UTC)
MODELS = {"gpt-5.2": "openai", "claude-haiku-4.5": "anthropic", "kimi-k2.5": "moonshot"}
ENTRY = """
INSERT INTO credits_credittransaction (account_id, type, amount_cents, balance_after_cents, reference, refers_to,
  description, details, key_id, reason, internal_note, payment_reference, created_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"""


@dataclass
class Books:
    balances: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    entries: list[tuple[Any, ...]] = field(default_factory=list)
    completions: list[Completion] = field(default_factory=list)
    number: int = 0

    def book(self, user: User, type: str, cents: int, name: str, moment: datetime, **more: Any) -> None:
        self.entries.append(
            (
                user.pk, type, cents, 0, f"{type}:{name}", more.get("about"),
                more.get("said", ""), json.dumps(more.get("details", {})), more.get("key"), more.get("reason", ""),
                more.get("note", ""), more.get("payment"), moment,
            )
        )  # fmt: skip

    def charge(
        self, user: User, key: ApiKey | None, model: str, cost: str, moment: datetime, *, written_off: int = 0,
        settlement: str = "exact", ending: str = "complete",
    ) -> str:  # fmt: skip
        """The completion's id."""
        self.number += 1
        receipt, cents = f"chatcmpl-seeded{self.number:04}", charged_cents(Decimal(cost))
        details = {
            "model": model, "provider": MODELS[model], "tokens": {"input": 100, "output": 50}, "cost_usd": cost,
            "receipt": receipt, "settlement": settlement,
        }  # fmt: skip
        more = {"details": details, "key": key.pk if key else None, "said": f"{model}: 100 tokens in, 50 out"}
        if written_off:
            self.book(user, "write_off", written_off, receipt, moment, about=f"inference:{receipt}", **more)
        self.book(user, "inference", -cents, receipt, moment, **more)
        price = ChatModel.objects.get(pk=model).prices.get()
        self.completions.append(
            Completion(
                id=receipt, user=user, key=key, request_id=f"req_{self.number:032x}", model_id=model,
                provider=MODELS[model], price=price, is_stream=True, input_tokens=100, output_tokens=50,
                cost_usd=Decimal(cost), charged_cents=cents, settlement=settlement, ending=ending, status=200,
                admitted_at=moment, created_at=moment, first_byte_ms=200, total_ms=900,
            )
        )  # fmt: skip
        return receipt

    def refund(self, user: User, receipt: str, cents: int, moment: datetime) -> None:
        charge = next(entry for entry in self.entries if entry[4] == f"inference:{receipt}")
        self.book(
            user, "refund", cents, receipt, moment, about=f"inference:{receipt}", details=json.loads(charge[7]),
            key=charge[8], reason="The answer was cut short", note="INTERNAL: the provider admitted it",
        )  # fmt: skip

    def correct(self, user: User, receipt: str, cost: str, cents: int, moment: datetime) -> None:
        """`cents` on top, or back."""
        charge = next(entry for entry in self.entries if entry[4] == f"inference:{receipt}")
        details = {**json.loads(charge[7]), "cost_usd": cost, "settlement": "exact"}
        about = f"inference:{receipt}"
        self.book(
            user, "inference", -cents, f"{receipt}.corrected", moment, about=about, details=details, key=charge[8]
        )

    def write(self) -> None:
        """In the order of time, each row with the balance that it left."""
        rows = []
        for user_id, type, cents, _, *rest in sorted(self.entries, key=lambda entry: entry[-1]):
            self.balances[user_id] += cents
            rows.append((user_id, type, cents, self.balances[user_id], *rest))
        with connection.cursor() as cursor:
            for user_id in self.balances:
                cursor.execute(
                    "INSERT INTO credits_creditaccount (user_id) VALUES (%s) ON CONFLICT DO NOTHING", [user_id]
                )
            cursor.executemany(ENTRY, rows)
        Completion.objects.bulk_create(self.completions)
        for user_id, balance in self.balances.items():
            CreditAccount.objects.filter(pk=user_id).update(balance_cents=balance)


@dataclass
class Seeded:
    paul: User
    laptop: ApiKey
    agents: ApiKey
    quinn: User


def at(month: int, day: int, hour: int = 12, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def seed(incident: int = 0) -> Seeded:
    """`incident` is how many completions of one provider, on 11 March, went wrong."""
    catalog.load()
    catalog.forget()
    paul = User.objects.create_user("paul@example.org", "paul's password", name="Paul")
    quinn = User.objects.create_user("quinn@example.org", "quinn's password", name="Quinn")
    laptop, agents = (ApiKey.issue(user=paul, name=name)[0] for name in ("laptop", "agents"))
    books = Books()
    books.book(paul, "top_up", 10_000, "feb", at(2, 20), payment="INV-1", reason="First credit")
    books.charge(paul, laptop, "gpt-5.2", "0.123456", at(2, 28, 23, 59))
    books.book(paul, "top_up", 5_000, "mar", at(3, 1, 0, 0), payment="INV-2", reason="Invoice of March")
    books.book(quinn, "top_up", 300, "quinn", at(3, 2), payment="INV-3", reason="Trial")
    first = books.charge(paul, agents, "claude-haiku-4.5", "1.5", at(3, 3))
    second = books.charge(paul, laptop, "gpt-5.2", "0.31", at(3, 9))
    for day in range(4, 25):
        books.charge(
            paul, agents if day % 3 else laptop, "kimi-k2.5" if day % 2 else "gpt-5.2", f"0.0{day}7", at(3, day)
        )
    books.charge(paul, None, "kimi-k2.5", "0.002", at(3, 25))
    lost = books.charge(paul, agents, "claude-haiku-4.5", "0.5", at(3, 26), settlement="lost", ending="process_died")
    down = books.charge(
        paul, agents, "claude-haiku-4.5", "0.6", at(3, 26, 13), settlement="lost", ending="process_died"
    )
    books.charge(quinn, None, "gpt-5.2", "4", at(3, 27), written_off=250, settlement="estimated")
    books.refund(paul, first, 100, at(3, 28))
    books.book(paul, "adjustment", -40, "less", at(3, 29), reason="Counted twice", note="INTERNAL: see ticket 7")
    books.book(paul, "adjustment", 15, "more", at(3, 29, 13), reason="For the trouble")
    books.correct(paul, down, "0.4", -26, at(3, 30))
    last = books.charge(paul, agents, "gpt-5.2", "0.77", at(3, 31, 23, 59))
    books.refund(paul, second, 41, at(4, 1, 0, 0))
    books.correct(paul, lost, "0.9", 52, at(4, 2))
    books.refund(paul, last, 7, at(4, 3))
    books.charge(paul, laptop, "gpt-5.2", "0.05", at(4, 4))
    for number in range(incident):
        books.charge(paul, agents, "kimi-k2.5", "0.01", at(3, 11, 8, number // 5), ending="upstream_truncated")
    books.write()
    return Seeded(paul, laptop, agents, quinn)

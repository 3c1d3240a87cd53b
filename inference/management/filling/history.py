"""Who did what when, oldest first. Balances run along, so every row is what the ledger would have written.

Account 1 makes `busiest` of all requests, accounts 1 to 100 a fifth of them: somebody always has a long history.
"""

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from inference.management.filling.samples import COLUMNS, Sample, drawn

TRANSACTIONS = (
    "id", "account_id", "type", "amount_cents", "balance_after_cents", "reference", "refers_to", "description",
    "details", "key_id", "reason", "created_at",
)  # fmt: skip
COMPLETIONS = (
    "id",
    "user_id",
    "key_id",
    "request_id",
    "admitted_at",
    "created_at",
    "upstream_id",
    "finish_reason",
    *COLUMNS,
)
BUSY, BUSY_SHARE, BUSIEST_SHARE = 100, 0.20, 0.05
REFUNDS_SHARE, WRITE_OFFS_SHARE = 0.001, 0.0002
TOP_UPS_CENTS = (500, 1000, 2000, 5000, 10_000, 50_000)
AT_ONCE = 50_000


@dataclass
class History:
    """`chunk()` yields lines of both tables, until there are so many transactions."""

    rng: random.Random
    accounts: int
    transactions: int
    began: float  # seconds since 1970
    seconds: float  # from the first to the last
    samples: list[Sample]
    busiest: float = BUSIEST_SHARE
    balances: list[int] = field(init=False)
    written: int = 0
    entries: list[str] = field(default_factory=list)
    completions: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.balances = [0] * (self.accounts + 1)

    def chunks(self) -> Iterator[tuple[list[str], list[str]]]:
        for user in range(1, min(self.accounts, self.transactions) + 1):
            self.top_up(user)
        users, samples = self.users(), drawn(self.rng, self.samples)
        while self.written < self.transactions:
            self.complete(next(users), next(samples))
            if len(self.entries) >= AT_ONCE:
                yield self.taken()
        yield self.taken()

    def taken(self) -> tuple[list[str], list[str]]:
        chunk, self.entries, self.completions = (self.entries, self.completions), [], []
        return chunk

    def users(self) -> Iterator[int]:
        rng, busy = self.rng, min(BUSY, self.accounts)
        while True:
            luck = rng.random()
            is_busy = luck < self.busiest + BUSY_SHARE
            yield 1 if luck < self.busiest else rng.randint(1, busy if is_busy else self.accounts)

    def complete(self, user: int, sample: Sample) -> None:
        """Room for all that is booked with a charge is looked for first: no transaction more than was asked for."""
        charged, balance, luck = sample.charged_cents, self.balances[user], self.rng.random()
        writes_off = luck < WRITE_OFFS_SHARE and 0 < balance < charged
        if charged > balance and not writes_off:
            self.top_up(user, at_least=charged)
        left = self.transactions - self.written
        if left < 1 + writes_off:
            return
        completion = f"chatcmpl-{self.rng.getrandbits(128):032x}"
        stamp = self.stamp()
        self.completions.append(
            f"{completion}\t{user}\t{user}\treq-{self.written}\t{stamp}\t{stamp}\tup-{self.written}\tstop\t{sample.completion}\n"
        )
        if not charged:
            return
        details = f'{sample.details}, "receipt": "{completion}"}}'
        about = f"inference:{completion}"
        if writes_off:
            self.book(
                user, "write_off", charged - balance, completion, about, sample.description, details, user, stamp=stamp
            )
        self.book(user, "inference", -charged, completion, r"\N", sample.description, details, user, stamp=stamp)
        if luck > 1 - REFUNDS_SHARE and self.written < self.transactions:
            back = max(1, charged // 2)
            self.book(user, "refund", back, completion, about, "", details, user, reason="The answer was no use")

    def top_up(self, user: int, at_least: int = 0) -> None:
        if self.written < self.transactions:
            cents = at_least + self.rng.choice(TOP_UPS_CENTS)
            self.book(user, "top_up", cents, f"fill-{self.written}", r"\N", "", "{}", r"\N", reason="Filled in")

    def book(
        self, user: int, type: str, cents: int, name: str, about: str, said: str, details: str, key: int | str, *,
        reason: str = "", stamp: str = "",
    ) -> None:  # fmt: skip
        self.written += 1
        self.balances[user] += cents
        self.entries.append(
            f"{self.written}\t{user}\t{type}\t{cents}\t{self.balances[user]}\t{type}:{name}\t{about}\t{said}\t{details}"
            f"\t{key}\t{reason}\t{stamp or self.stamp()}\n"
        )

    def stamp(self) -> str:
        """Evenly spread, so that dates rise with ids."""
        moment = self.began + self.seconds * self.written / self.transactions
        second = int(moment)
        return f"{time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime(second))}.{int((moment - second) * 1e6):06}+00"

"""The ledger against a plain Python model: top-ups, holds, settlements, refunds, repeats and late truths."""

import asyncio
import itertools
import os

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from accounts.models import User
from conway.common import database
from credits import audit, ledger
from tests.credits.ledger_driver import admit, books_of, settle

CENTS = st.integers(1, 400)
NUMBER = st.integers(0, 9)  # few, so that completions and references come back

_lives = itertools.count()


class Ledger(RuleBasedStateMachine):
    @initialize()
    def open_account(self) -> None:
        self.life = next(_lives)
        self.user = User.objects.create_user(email=f"life-{self.life}@example.org")
        self.runner = asyncio.Runner()
        self.balance = 0
        self.holds: dict[str, int] = {}
        self.charges: dict[str, dict[str, int | str]] = {}
        self.booked: dict[str, int] = {}

    def teardown(self) -> None:
        if hasattr(self, "runner"):
            self.runner.run(database.close())
            self.runner.close()

    @property
    def available(self) -> int:
        return self.balance - sum(self.holds.values())

    @rule(number=NUMBER, cents=CENTS)
    def top_up(self, number: int, cents: int) -> None:
        reference = f"{self.life}-{number}"
        known = self.booked.get(reference)
        try:
            ledger.top_up(user=self.user, cents=cents, reference=reference, reason="Any", by=None)
            assert known in (None, cents)
        except ledger.ReferenceReused:
            assert known not in (None, cents)
        if known is None:
            self.booked[reference] = cents
            self.balance += cents

    @rule(number=NUMBER, cents=st.integers(-300, 300).filter(bool))
    def adjust(self, number: int, cents: int) -> None:
        reference = f"adjustment-{self.life}-{number}"
        known = self.booked.get(reference)
        try:
            ledger.adjust(user=self.user, cents=cents, reference=reference, reason="Any", by=None)
            assert known == cents or (known is None and self.available + cents >= 0)
        except ledger.ReferenceReused:
            assert known not in (None, cents)
        except ledger.BelowHeld:
            assert known is None and self.available + cents < 0
            return
        if known is None:
            self.booked[reference] = cents
            self.balance += cents

    @rule(number=NUMBER, need=st.integers(0, 300), more=st.integers(0, 500), cap=st.none() | CENTS)
    def hold(self, number: int, need: int, more: int, cap: int | None) -> None:
        completion, worst = self.completion(number), need + more
        room = min(self.available, self.available if cap is None else cap)
        try:
            admission = self.runner.run(
                admit(self.user, completion_id=completion, need=need, worst=worst, cap_cents=cap, idempotent=True)
            )
        except ledger.AdmissionDenied:
            charged = self.charges.get(completion, {"booked": False})["booked"]
            assert completion in self.holds or charged or self.available < max(10, need) or room < need
            return
        assert self.available >= max(10, need) and room >= need
        assert admission.cents == max(1, min(worst, room, max(need, 10, self.available // 4)))
        self.holds[completion] = admission.cents

    @rule(number=NUMBER, cents=st.integers(0, 600), how=st.sampled_from(["exact", "estimated", "lost"]))
    def settle(self, number: int, cents: int, how: str) -> None:
        completion = self.completion(number)
        charge = self.charges.get(completion)
        if completion not in self.holds and charge is None:
            return
        settled = self.runner.run(settle(self.user, completion, cents, how=how))
        held = self.holds.pop(completion, 0)
        if charge is None:
            paid = min(cents, self.available)
            self.charges[completion] = {"due": cents, "off": cents - paid, "back": 0, "how": how, "booked": cents > 0}
            self.balance -= paid
            assert (settled.charged_cents, settled.written_off_cents) == (cents, cents - paid)
        elif charge["how"] == "lost" and how != "lost":
            self.correct(charge, cents)
            charge["how"] = how
            assert settled.balance_cents == self.balance
        else:
            assert settled is None
            assert held >= 0

    def correct(self, charge, cents: int) -> None:
        """What the user has paid in the end: the true price, less what was forgiven, and never less than nothing."""
        before = charge["due"] - charge["off"] - charge["back"]
        if cents >= charge["due"]:
            short = max(0, cents - charge["due"] - self.available)
            charge["off"] += short
        else:
            charge["off"] -= min(charge["off"], charge["due"] - cents)
            charge["back"] = min(charge["back"], cents - charge["off"])
        charge["booked"] = charge["booked"] or cents != charge["due"]
        charge["due"] = cents
        self.balance -= charge["due"] - charge["off"] - charge["back"] - before

    @rule(number=NUMBER, cents=CENTS, attempt=st.sampled_from(["", "again", "once-more"]))
    def refund(self, number: int, cents: int, attempt: str) -> None:
        completion = self.completion(number)
        charge = self.charges.get(completion)
        reference = f"refund-{completion}-{attempt}"
        known = self.booked.get(reference)
        try:
            ledger.refund(reference=f"inference:{completion}", cents=cents, reason="Any", by=None, attempt=attempt)
        except ledger.UnknownCharge:
            assert charge is None or charge["due"] == 0
        except ledger.ReferenceReused:
            assert known not in (None, cents)
        except ledger.NotRefundable as refused:
            assert refused.refundable_cents == charge["due"] - charge["off"] - charge["back"] < cents
        else:
            assert known in (None, cents)
            if known is None:
                self.booked[reference] = cents
                charge["back"] += cents
                self.balance += cents

    @invariant()
    def the_books_agree(self) -> None:
        if hasattr(self, "user"):
            assert books_of(self.user) == (self.balance, sum(self.holds.values()))

    def completion(self, number: int) -> str:
        return f"life-{self.life}-{number}"


@pytest.mark.django_db(transaction=True)
def test_the_ledger_keeps_to_its_model():
    long = os.environ.get("CONWAY_LONG_TESTS") == "1"
    run_state_machine_as_test(
        Ledger,
        settings=settings(
            max_examples=500 if long else 15,
            stateful_step_count=60 if long else 25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert list(audit.faults()) == []

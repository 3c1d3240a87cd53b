"""A scenario: its customers and their money, the gateway they call, and the reckoning it ends with."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from accounts.models import ApiKey, User
from credits import ledger
from credits.models import CreditAccount, CreditTransaction, Hold
from inference.models import Completion
from tests.faults.caller import Caller, Heard
from tests.faults.gateway import Gateway
from tests.faults.reconciliation import Reckoning
from tests.faults.upstream import Upstream

REST_SECONDS = 60


@dataclass
class Customer:
    user: User
    secret: str

    @property
    def account(self) -> CreditAccount:
        return CreditAccount.objects.get(user=self.user)

    @property
    def completions(self) -> list[Completion]:
        return list(Completion.objects.filter(user=self.user).order_by("created_at"))

    @property
    def entries(self) -> list[tuple[str, int]]:
        """Everything that happened to their money, oldest first."""
        return list(
            CreditTransaction.objects.filter(account_id=self.user.pk).order_by("id").values_list("type", "amount_cents")
        )


@dataclass
class Scene:
    gateway: Gateway
    upstream: Upstream
    customers: list[Customer] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)

    def customer(self, cents: int = 1_000, **limits: Any) -> Customer:
        """Somebody with a key and so much credit."""
        user = User.objects.create_user(email=f"customer-{time.monotonic_ns()}@example.org", password=None)
        if cents:
            ledger.top_up(user=user, cents=cents, reference=f"start-{user.pk}", reason="To begin with", by=None)
        self.customers.append(Customer(user, ApiKey.issue(user=user, name="Key", **limits)[1]))
        return self.customers[-1]

    def play(self, scenario: Callable[[Caller], Coroutine[Any, Any, Any]]) -> Any:
        """Runs it against the gateway; what `all_of` and `one` heard is kept for the reckoning."""

        async def on_stage() -> Any:
            async with Caller(self.gateway.url) as caller:
                return await scenario(caller)

        return asyncio.run(on_stage())

    def ask(self, customer: Customer, model: str, text: Any, **how: Any) -> Heard:
        """One request, on its own."""
        return self.ask_all([(customer, model, text, how)])[0]

    def ask_all(self, requests: Iterable[tuple[Customer, str, Any, dict[str, Any]]]) -> list[Heard]:
        """All at once."""

        async def scenario(caller: Caller) -> list[Heard]:
            return await asyncio.gather(
                *(caller.ask(customer.secret, model, text, **how) for customer, model, text, how in requests)
            )

        heard: list[Heard] = self.play(scenario)
        self.heard += heard
        return heard

    def all_saw_the_end(self) -> None:
        unhappy = [
            str((each.status, each.left, each.broken, each.error, each.words))
            for each in self.heard
            if not each.saw_the_end
        ]
        assert not unhappy, "\n".join(unhappy)

    # The end

    def rest(self, seconds: float = REST_SECONDS) -> None:
        """Until nothing is under way: no hold of any customer, nothing running at the provider."""
        connection.close()  # it may have met a server that went away
        deadline = time.monotonic() + seconds
        while self.holds() or any(row["ended"] == "running" for row in self.upstream.meter()):
            assert time.monotonic() < deadline, f"after {seconds} s there are still holds: {self.holds()}"
            time.sleep(0.1)

    def holds(self) -> list[str]:
        users = [customer.user.pk for customer in self.customers]
        return list(Hold.objects.filter(account_id__in=users).values_list("completion_id", flat=True))

    def entries(self) -> list[CreditTransaction]:
        """All that was booked for its customers, oldest first."""
        users = [customer.user.pk for customer in self.customers]
        return list(CreditTransaction.objects.filter(account_id__in=users).order_by("id"))

    def reckon(self, seconds: float = REST_SECONDS, **exceptions: Any) -> Reckoning:
        """What every scenario must come to; see Reckoning."""
        self.rest(seconds)
        users = [customer.user.pk for customer in self.customers]
        completions = list(Completion.objects.filter(user__in=users))
        reckoning = Reckoning(completions, self.entries(), self.upstream.meter(), self.heard, **exceptions)
        reckoning.check()
        return reckoning

"""What a scenario came to, beside what the provider metered.

exact       the meter's tokens, priced by the tariff of these tests, are the charge, to the cent, bucket by bucket
estimated   the charge is at least what the meter's tokens cost: what was seen is counted high, never low
lost        charged by a checkpoint of what was seen: at most what the meter's tokens cost, plus the estimate's margin
none        nothing was delivered and nothing is charged, whatever the provider metered
Whoever saw the end of an answer was charged for it once, and nothing the provider served is unknown to us.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from credits import audit as books
from credits.models import CreditTransaction
from inference.models import Completion
from inference.reporting import audit as charges
from tests.faults import tariff
from tests.faults.caller import Heard

NOTHING = dict.fromkeys(tariff.BUCKETS, 0)


@dataclass
class Reckoning:
    completions: list[Completion]
    entries: list[CreditTransaction]
    meter: list[dict[str, Any]]
    heard: list[Heard]
    # Only where the provider counted what never reached us: bytes in flight, or a call of which nothing came.
    estimates_may_be_low: bool = False
    # Completion → its line of the tariff, where that is not its model's.
    priced_as: dict[str, str] = field(default_factory=dict)
    metered: dict[str, Counter[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for row in self.meter:
            self.metered.setdefault(row["request_id"], Counter(NOTHING)).update(row["usage"])

    def check(self) -> None:
        for faults in ([*books.faults(), *charges.faults()], self.differences(), self.unknown()):
            assert not faults, "\n".join(faults)
        booked: dict[str, list[int]] = {}
        for entry in self.entries:
            booked.setdefault(entry.reference.removesuffix(".corrected"), []).append(entry.amount_cents)
        settled = {completion.id: completion for completion in self.completions}
        for answered in {heard.id for heard in self.heard if heard.saw_the_end}:
            assert answered in settled, f"{answered} was answered and not settled"
            self.check_charged(settled[answered], booked.get(f"inference:{answered}", []))

    @staticmethod
    def check_charged(completion: Completion, booked: list[int]) -> None:
        assert completion.settlement in ("exact", "estimated") or completion.finish_reason == "content_filter"
        assert -sum(booked) == completion.charged_cents, f"{completion.id} is booked as {booked}"

    def differences(self) -> list[str]:
        return [said for completion in self.completions if (said := self.difference(completion))]

    def difference(self, completion: Completion) -> str:
        served, charged = self.served(completion), completion.charged_cents
        cents = self.cents_metered(completion)
        match completion.settlement:
            case "exact":
                buckets = {bucket: getattr(completion, f"{bucket}_tokens") for bucket in tariff.BUCKETS}
                wrong = charged != cents or buckets != dict(served)
            case "estimated":
                wrong = charged < cents and not self.estimates_may_be_low
            case _:
                wrong = completion.settlement == "none" and charged != 0
        return (
            f"{completion.id} {completion.settlement} {completion.ending}: {charged} for {dict(served)}"
            if wrong
            else ""
        )

    def unknown(self) -> list[str]:
        """Served by the provider for a request of which we know nothing."""
        ours = {completion.request_id for completion in self.completions}
        return [name for name, used in self.metered.items() if name not in ours and used["output"]]

    def served(self, completion: Completion) -> Counter[str]:
        return self.metered.get(completion.request_id, Counter(NOTHING))

    def cents_metered(self, completion: Completion) -> int:
        return tariff.cents(self.priced_as.get(completion.id, completion.model_id), self.served(completion))

    def sums(self, *settlements: str) -> tuple[int, int, int]:
        """Completions settled so, cents by the meter, cents charged."""
        some = [each for each in self.completions if each.settlement in settlements]
        return len(some), sum(map(self.cents_metered, some)), sum(each.charged_cents for each in some)

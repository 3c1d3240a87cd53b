"""How often a provider is asked for one completion, and when not again.

Before an answer: as often as the failure's row says (429, 5xx), and once more where its dialect mended the request.
After one: once in all, where nothing of it was told, and it was a fault alone or is known to mend (`second_try`).
What such an answer cost is ours, and staff see it.

Never where the client would not wait for it, and so often less as the client has asked again by itself: three of its
attempts with three of ours each were nine for the provider.
"""

import time
from dataclasses import dataclass, field
from typing import Any

from inference.chat.provider_error import ProviderError
from inference.chat.reply import Facts

LONGEST_WAIT_SECONDS = 2.0
PATIENCE_SECONDS = 60.0  # of a client that does not say: as long as a proxy waits by default


@dataclass(frozen=True, slots=True)
class Patience:
    """A client's, as it says itself: how long it waits for an answer, and how often it has asked already."""

    seconds: float = PATIENCE_SECONDS
    retried: int = 0


@dataclass(slots=True)
class Attempts:
    patience: Patience = field(default_factory=Patience)
    began: float = field(default_factory=time.monotonic)
    asked: float = field(default_factory=time.monotonic)
    failures: int = 0
    was_mended: bool = False
    answers: list[dict[str, Any]] = field(default_factory=list)  # those that were none

    def pause(self, fault: ProviderError, facts: Facts, *, is_answered: bool, is_mended: bool) -> float | None:
        """Seconds to the next attempt; None: there is none. `facts`: what the answer said of itself."""
        wait = fault.retry_after if fault.retry_after is not None else 0.25 * 2**self.failures
        if not self.is_in_time(0 if is_mended or fault.meaning.second_try else wait):
            return None
        if is_answered:
            return self.after_answer(fault, facts, wait)
        if is_mended and not self.was_mended:
            self.was_mended = True
            return 0
        if self.failures + self.patience.retried >= fault.meaning.retries or wait > LONGEST_WAIT_SECONDS:
            return None
        self.failures += 1
        return wait

    def is_in_time(self, wait: float) -> bool:
        """Whether an attempt as long as the last one would end while the client still waits."""
        now = time.monotonic()
        return now + wait + (now - self.asked) <= self.began + self.patience.seconds

    def after_answer(self, fault: ProviderError, facts: Facts, wait: float) -> float | None:
        is_fault_alone = bool(fault.meaning.retries) and facts.raw_usage is None
        if self.answers or not (fault.meaning.second_try or is_fault_alone) or wait > LONGEST_WAIT_SECONDS:
            return None
        answer = {"code": fault.code, "said": (fault.provider_code or fault.said)[:200], "usage": facts.raw_usage}
        self.answers.append(answer | {"upstream_id": facts.upstream_id})
        return 0 if fault.meaning.second_try else wait

    def tell(self, facts: Facts) -> None:
        """To the books, with what the last attempt came to."""
        facts.failed_tries = self.answers
        facts.alerts += [f"asked_again:{told['said'][:60]}" for told in self.answers]

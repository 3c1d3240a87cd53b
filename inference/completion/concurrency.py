"""How many completions of an account and of a key run in this process, and whether another may begin.

Admission counts them exactly, over all processes. This can be asked before a body is read, and asks nobody: it refuses
what admission would refuse, too. A call whose client left counts until its provider is done.
"""

import time
from collections import Counter
from collections.abc import Iterator

from django.conf import settings

from accounts.authentication import Caller
from credits.ledger import AdmissionDenied
from credits.ledger.admission import Reason

REMEMBERED_SECONDS = 1.0  # a refusal of admission's, unless one that counts here ends before
MOST_REMEMBERED = 10_000

Counted = tuple[Reason, int]  # what a caller is refused with when it is full, and whose it is

_running: Counter[Counted] = Counter()
_refused: dict[Counted, tuple[float, int]] = {}  # until when, and how many ran


def check(caller: Caller) -> None:
    """Raises `AdmissionDenied` as admission would."""
    for counted, most in limits(caller):
        until, running = _refused.get(counted, (0.0, 0))
        running = running if time.monotonic() < until else _running[counted]
        if running >= most:
            raise AdmissionDenied(counted[0], running=running, concurrency=most)


def limits(caller: Caller) -> Iterator[tuple[Counted, int]]:
    default = settings.CONWAY_ACCOUNT_CONCURRENCY
    yield ("concurrency_limited", caller.user_id), default if caller.concurrency is None else caller.concurrency
    if caller.key_id is not None and caller.key_concurrency is not None:
        yield ("key_concurrency_limited", caller.key_id), caller.key_concurrency


def remember(caller: Caller, refused: AdmissionDenied) -> None:
    """Remembers a refusal for a moment, so that the next of a crowd does not ask the database again."""
    for counted, _ in limits(caller):
        if counted[0] == refused.reason:
            if len(_refused) >= MOST_REMEMBERED:
                _refused.clear()
            _refused[counted] = time.monotonic() + REMEMBERED_SECONDS, refused.running


def begin(caller: Caller) -> None:
    for counted, _ in limits(caller):
        _running[counted] += 1


def end(caller: Caller) -> None:
    """Counts one less for the caller as it was at the beginning: a changed limit counts what begins from then on."""
    for counted, _ in limits(caller):
        _refused.pop(counted, None)
        _running[counted] -= 1
        if not _running[counted]:
            del _running[counted]

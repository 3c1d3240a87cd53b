"""Hashing a password takes half a second of a processor, and anybody may ask for it by guessing: so few at once."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher

from conway.common.errors import ApiError

WAIT_SECONDS = 1.0

_slots = threading.BoundedSemaphore(settings.CONWAY_PASSWORD_HASHES)


class Busy(ApiError):
    def __init__(self) -> None:
        message = "Too many passwords are being checked at this moment; try again in a few seconds."
        super().__init__(503, "busy", message, headers={"retry-after": "2"})


@contextmanager
def slot() -> Iterator[None]:
    """Raises Busy instead of waiting long: a queue would keep the threads that pages need."""
    if not _slots.acquire(timeout=WAIT_SECONDS):
        raise Busy
    try:
        yield
    finally:
        _slots.release()


class BoundedPBKDF2(PBKDF2PasswordHasher):
    """Django's default, its hashes included; here and not in the views, so that no way to a hash goes around it."""

    def encode(self, password: str, salt: str, iterations: int | None = None) -> str:
        with slot():
            return super().encode(password, salt, iterations)

"""Connections to the database are lent for as long as somebody works with them, and not while they wait for others."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections


@contextmanager
def lent() -> Iterator[None]:
    """This thread's connection goes back at the end: whoever takes what the block made may be slow about it."""
    try:
        yield
    finally:
        give_back()


def give_back() -> None:
    """This thread's, into the pool they are from: before an answer is sent, and before a mail is. What is inside a
    transaction keeps its own."""
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close()

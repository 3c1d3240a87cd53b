"""A client's socket, written to once for all that one turn of the event loop has to say.

Twisted asks the system first whether a socket takes anything: a turn later, and four system calls more for each piece
of a stream. This one writes, and asks only where the socket took less than it was given.
"""

import asyncio

from twisted.internet.interfaces import IPushProducer
from twisted.internet.tcp import Server
from zope.interface import implementer


class Transport(Server):
    is_due = False  # at the end of this turn
    is_watched = False  # the socket took less than it was given: the system tells when it takes more

    def startWriting(self) -> None:
        if not (self.is_due or self.is_watched):
            self.is_due = True
            self.reactor._asyncioEventloop.call_soon(self.send)

    def send(self) -> None:
        self.is_due = False
        if not self.connected or self.is_watched:
            return
        self.reactor._readOrWrite(self, False)
        if self.bytes_unsent() and self.connected and not (self.is_due or self._aborting):
            self.is_watched = True
            super().startWriting()

    def stopWriting(self) -> None:
        if self.is_watched:
            self.is_watched = False
            super().stopWriting()

    def bytes_unsent(self) -> int:
        return int(len(self.dataBuffer) - self.offset + self._tempDataLen)


@implementer(IPushProducer)
class Flow:
    """Twisted's word on whether the client's socket takes more."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.open.set()

    def pauseProducing(self) -> None:
        self.open.clear()

    def resumeProducing(self) -> None:
        self.open.set()

    stopProducing = resumeProducing  # the connection is gone: nobody shall wait for it

"""A new server takes the port over from the one that runs: the same socket, so nobody who waits at it is refused.

SO_REUSEPORT would let both bind the port, but a socket that is closed resets who waits in its own queue. Handed over
(SCM_RIGHTS), there is one queue all the time. The offer is a socket in CONWAY_DATA_DIR, for the same user alone:

    new → old   listening      old → new   its descriptor
    new → old   stop           when the new one takes requests; the old one lets its running answers end
"""

import asyncio
import logging
import os
import socket
import struct
from collections.abc import Callable
from pathlib import Path

from django.conf import settings

logger = logging.getLogger(__name__)

LISTENING, STOP = b"listening", b"stop"
SECONDS = 10  # for the other side to answer
PEER = struct.Struct("3i")  # of SO_PEERCRED: process, user, group


def place() -> Path:
    return Path(settings.CONWAY_DATA_DIR, "serve.sock")


class Predecessor:
    """The server that runs. Raises OSError where there is none, or it does not answer."""

    def __init__(self) -> None:
        self.way = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.way.settimeout(SECONDS)
        self.way.connect(str(place()))
        self.way.send(LISTENING)
        _, descriptors, _, _ = socket.recv_fds(self.way, 64, 1)
        if not descriptors:
            raise ConnectionError("It handed nothing over.")
        self.listening = socket.socket(fileno=descriptors[0])
        self.listening.setblocking(False)

    def stop(self) -> None:
        try:
            self.way.send(STOP)
        except OSError as error:  # it has ended by itself meanwhile
            logger.warning("The server before this one was not told to stop: %s", error)
        self.way.close()


class Offer:
    """To whoever comes next."""

    def __init__(self, listening: socket.socket, stop: Callable[[], None]) -> None:
        self.listening, self.stop = listening, stop
        self.loop = asyncio.get_running_loop()
        self.path = place()
        self.inode = 0

    def begin(self) -> None:
        """In place of the one before, at once: there is always somebody to ask."""
        own = self.path.with_name(f"{self.path.name}.{os.getpid()}")
        self.door = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            own.unlink(missing_ok=True)
            self.door.bind(str(own))
            own.chmod(0o600)
            self.inode = own.stat().st_ino
            own.rename(self.path)
        except OSError as error:  # a path that is too long for a socket, a disk that takes no file
            logger.warning("This server's port cannot be taken over by the next one: %s", error)
            return
        self.door.listen(4)
        self.door.setblocking(False)
        self.loop.add_reader(self.door, self.open)

    def end(self) -> None:
        self.loop.remove_reader(self.door)
        self.door.close()
        if self.path.exists() and self.path.stat().st_ino == self.inode:
            self.path.unlink()

    def open(self) -> None:
        try:
            way, _ = self.door.accept()
        except OSError:
            return
        if PEER.unpack(way.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, PEER.size))[1] != os.geteuid():
            return way.close()
        way.setblocking(False)
        self.loop.add_reader(way, self.hear, way)

    def hear(self, way: socket.socket) -> None:
        try:
            said = way.recv(64)
            if said == LISTENING:
                socket.send_fds(way, [LISTENING], [self.listening.fileno()])
                return
        except OSError:
            said = b""
        self.loop.remove_reader(way)
        way.close()
        if said == STOP:
            logger.info("Another server has taken over; this one lets its running answers end.")
            self.stop()

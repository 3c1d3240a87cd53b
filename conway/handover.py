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


def socket_path() -> Path:
    return Path(settings.CONWAY_DATA_DIR, "serve.sock")


class Predecessor:
    """The server that runs. Raises OSError where there is none, or it does not answer."""

    def __init__(self) -> None:
        self.connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.connection.settimeout(SECONDS)
        self.connection.connect(str(socket_path()))
        self.connection.send(LISTENING)
        _, descriptors, _, _ = socket.recv_fds(self.connection, 64, 1)
        if not descriptors:
            raise ConnectionError("It handed nothing over.")
        self.listening = socket.socket(fileno=descriptors[0])
        self.listening.setblocking(False)

    def stop(self) -> None:
        try:
            self.connection.send(STOP)
        except OSError as error:  # it has ended by itself meanwhile
            logger.warning("The server before this one was not told to stop: %s", error)
        self.connection.close()


class Offer:
    """This server lets the next one take its port over."""

    def __init__(self, listening: socket.socket, stop: Callable[[], None]) -> None:
        self.listening, self.stop = listening, stop
        self.loop = asyncio.get_running_loop()
        self.path = socket_path()
        self.inode = 0

    def begin(self) -> None:
        """Listens in place of the server before, at once: there is always one to ask."""
        own = self.path.with_name(f"{self.path.name}.{os.getpid()}")
        self.unix_socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            own.unlink(missing_ok=True)
            self.unix_socket.bind(str(own))
            own.chmod(0o600)
            self.inode = own.stat().st_ino
            own.rename(self.path)
        except OSError as error:  # a path that is too long for a socket, a disk that takes no file
            logger.warning("This server's port cannot be taken over by the next one: %s", error)
            return
        self.unix_socket.listen(4)
        self.unix_socket.setblocking(False)
        self.loop.add_reader(self.unix_socket, self.accept)

    def end(self) -> None:
        self.loop.remove_reader(self.unix_socket)
        self.unix_socket.close()
        if self.path.exists() and self.path.stat().st_ino == self.inode:
            self.path.unlink()

    def accept(self) -> None:
        try:
            connection, _ = self.unix_socket.accept()
        except OSError:
            return
        if PEER.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, PEER.size))[1] != os.geteuid():
            return connection.close()
        connection.setblocking(False)
        self.loop.add_reader(connection, self.receive, connection)

    def receive(self, connection: socket.socket) -> None:
        try:
            message = connection.recv(64)
            if message == LISTENING:
                socket.send_fds(connection, [LISTENING], [self.listening.fileno()])
                return
        except OSError:
            message = b""
        self.loop.remove_reader(connection)
        connection.close()
        if message == STOP:
            logger.info("Another server has taken over; this one lets its running answers end.")
            self.stop()

"""POSTs to addresses that strangers named. They reach nothing of ours: the name is looked up once, every address it has
must be a public one, and the connection goes to the address that was looked at. Redirects are not followed, little of
the answer is read, and the whole of it takes SECONDS at most.
"""

import http.client
import socket
import ssl
import threading
from collections.abc import Mapping
from urllib.parse import urlsplit

from django.conf import settings

from conway.common.public_addresses import is_public

SECONDS = 10
READ_BYTES = 1024


class NotAllowed(Exception):
    """The address is one that nobody may have us call; says why."""


def post(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    """The status of the answer. Raises NotAllowed, and OSError or HTTPException where there is none."""
    parts = urlsplit(url)
    address, port = allowed_address(url)
    connection = Pinned(parts.hostname or "", port, address, is_tls=parts.scheme == "https")
    watch = threading.Timer(SECONDS, connection.cut)
    watch.start()
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", target, body, dict(headers))
        answer = connection.getresponse()
        answer.read(READ_BYTES)
        return answer.status
    finally:
        watch.cancel()
        connection.close()


def allowed_address(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    may_be_private = settings.CONWAY_WEBHOOKS_PRIVATE
    if parts.scheme != "https" and not (may_be_private and parts.scheme == "http"):
        raise NotAllowed("The address begins with https://.")
    if not parts.hostname or parts.username or parts.password:
        raise NotAllowed("The address names a host, and no user.")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        found = {str(info[4][0]) for info in socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError):
        found = set()
    if not found or not (may_be_private or all(map(is_public, found))):  # nobody learns which names our network has
        raise NotAllowed("The host has no public address.")
    return sorted(found)[0], port


class Pinned(http.client.HTTPConnection):
    """A connection to an address that was looked up before; the certificate is checked against the name."""

    def __init__(self, host: str, port: int, address: str, *, is_tls: bool) -> None:
        super().__init__(host, port, timeout=SECONDS)
        self.address, self.is_tls = address, is_tls

    def connect(self) -> None:
        plain = socket.create_connection((self.address, self.port), self.timeout)
        context = ssl.create_default_context() if self.is_tls else None
        self.sock = context.wrap_socket(plain, server_hostname=self.host) if context else plain

    def cut(self) -> None:
        if self.sock is not None:
            try:
                self.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

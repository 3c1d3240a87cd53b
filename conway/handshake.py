"""Which requests open a WebSocket (RFC 6455 4.2.1): looked at before the connection changes hands.

Any other request with `Upgrade` is answered as if it had none (RFC 9110 7.8): nothing of it stays behind in a
connection that has become another.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

VERSION = b"13"
ONLY = {"sec-websocket-version": "13"}
KEY = re.compile(rb"[A-Za-z0-9+/]{21}[AQgw]==").fullmatch  # 16 bytes


class Flaw(NamedTuple):
    status: int
    message: str
    headers: Mapping[str, str]


def is_asked_for(method: bytes, version: bytes, headers: Any, *, has_body: bool) -> bool:
    wanted = b"websocket" in words(headers, b"Upgrade") and b"upgrade" in words(headers, b"Connection")
    return wanted and method == b"GET" and version == b"HTTP/1.1" and not has_body


def flaw(headers: Any) -> Flaw | None:
    if headers.getRawHeaders(b"Sec-WebSocket-Version") != [VERSION]:
        return Flaw(
            426, "A WebSocket is opened by version 13.", {"upgrade": "websocket", "sec-websocket-version": "13"}
        )
    keys = headers.getRawHeaders(b"Sec-WebSocket-Key", [])
    if len(keys) != 1 or not KEY(keys[0]):
        return Flaw(400, "A WebSocket is opened with one Sec-WebSocket-Key of 16 bytes in base64.", {})
    if not all(value.isascii() for value in headers.getRawHeaders(b"Sec-WebSocket-Protocol", [])):
        return Flaw(400, "Sec-WebSocket-Protocol is not ASCII.", {})
    return None


def words(headers: Any, name: bytes) -> list[bytes]:
    return [word.strip() for word in b",".join(headers.getRawHeaders(name, [])).lower().split(b",")]

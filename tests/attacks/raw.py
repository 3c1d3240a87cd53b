"""Bytes on a socket, as no well-behaved client would send them, and what comes back."""

import json
import socket
import time
from typing import Any

HOST = b"Host: localhost\r\n"


def connect(port: int, source: str = "127.0.0.1") -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port), timeout=15, source_address=(source, 0))
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client


def said(client: socket.socket, seconds: float = 15) -> bytes:
    """Until the other side closes."""
    client.settimeout(seconds)
    heard = b""
    try:
        while piece := client.recv(1 << 16):
            heard += piece
    except ConnectionResetError:
        pass
    return heard


def ask(port: int, request: bytes, *, shut: bool = False) -> bytes:
    with connect(port) as client:
        client.sendall(request)
        if shut:
            client.shutdown(socket.SHUT_WR)
        return said(client)


def post(body: bytes, *, key: str = "nobody's", path: str = "/v1/chat/completions", **headers: str) -> bytes:
    """A whole request that ends its connection."""
    named = {"content-length": str(len(body)), "connection": "close", **headers}
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in named.items())
    return f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n{lines}\r\n".encode() + body


def chat(text: str = "say 3 words", **fields: Any) -> bytes:
    content = {"model": "gpt-5-mini", "messages": [{"role": "user", "content": text}], **fields}
    return json.dumps(content).encode()


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer else 0


def error(answer: bytes) -> dict[str, Any]:
    """Django's come in a chunk."""
    body = answer.partition(b"\r\n\r\n")[2]
    found: dict[str, Any] = json.loads(body[body.index(b"{") : body.rindex(b"}") + 1])["error"]
    return found


def headers(answer: bytes) -> dict[str, str]:
    lines = answer.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]
    return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}


def sent_of(client: socket.socket, most: int, seconds: float) -> int:
    """How much of an endless body the other side takes in so long."""
    client.settimeout(0.2)
    total, until = 0, time.monotonic() + seconds
    while total < most and time.monotonic() < until:
        try:
            total += client.send(b"x" * 65536)
        except TimeoutError:
            pass
    return total

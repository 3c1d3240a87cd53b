"""Which address is answered by what."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest

from conway import asgi

HOST = [(b"host", b"localhost")]


def asked(path: str) -> tuple[int, Any]:
    """A POST without a key."""
    sent: list[Mapping[str, Any]] = []

    async def receive() -> Mapping[str, Any]:
        if sent:
            await asyncio.sleep(60)
        return {"type": "http.request", "body": b"{}", "more_body": False}

    async def send(message: Mapping[str, Any]) -> None:
        sent.append(message)

    asyncio.run(asgi.http({"type": "http", "method": "POST", "path": path, "headers": HOST}, receive, send))
    return sent[0]["status"], json.loads(b"".join(message.get("body", b"") for message in sent[1:]))


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/chat/completions"])
def test_completions_are_answered_with_and_without_v1(path: str) -> None:
    status, body = asked(path)
    assert status == 401 and body["error"]["code"] == "invalid_api_key"
